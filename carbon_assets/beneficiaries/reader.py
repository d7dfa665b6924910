"""Who retired credits: what one retirement's account, beneficiary, note and reason say, and which spellings are one entity.

How phrases are matched belongs in `beneficiary_phrases.py`, what is known of names in `beneficiary_knowledge.py`, how names are compared in `entity_names.py`; tables and
OpenRefine histories elsewhere. What is doubtful stays unnamed: a wrong name is worse than none.

The knowledge lies in `configs/beneficiaries/`: `placeholders.csv` (texts that name nobody), `intermediaries.csv` (who buys
for others: no user unless a text says so), `aliases.csv` (spelling -> entity), `legal_forms.csv`, `patterns.yml`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from carbon_assets.beneficiaries.knowledge import Knowledge
from carbon_assets.beneficiaries.names import display, flat, is_short_for, tidy
from carbon_assets.beneficiaries.patterns import Phrase, any_of, load_patterns
from carbon_assets.beneficiaries.phrases import NOBODY, NameFinder

OF_CELL = 0.97
"""The confidence in a beneficiary cell that is a name."""

OF_ALIAS = 0.99
"""The confidence in a name of the cell that the alias table knows."""

OF_ACCOUNT = 0.85
"""The confidence in an account holder who says that it retired for itself."""

OF_START = 0.9
"""The confidence in a name with its legal form that begins a text and is followed by more."""

MOST_TIMES = 20
"""Times that the name of a cell is looked for in the note."""

SURE = 0.95
"""From this confidence on a phrase of the note that names another than the cell makes both doubtful."""

_AND = re.compile(r"\s(?:and|&|\+|y|e|et|und|ve|en)\s", re.IGNORECASE)
_PAIR = re.compile(r"[^\W\d_]\S* [^\W\d_]\S* (?:and|y|e|et|und) [^\W\d_]\S* [^\W\d_]\S*")
"""Two words, 'and', two words: as a rule two people or two companies; where it is one, NULL is the lesser fault."""

_PAIR_SIGNED = re.compile(r"[^\W\d_]\S* [^\W\d_]\S*(?: \S+)? [&+] [^\W\d_]\S* [^\W\d_]\S*(?: \S+)?")
"""The same with a sign, where longer names are as a rule one: 'Bill & Melinda Gates Foundation'."""

_JOINED_BY_WORD = re.compile(r"\s(?:and|\+|y|e|et|und|ve)\s", re.IGNORECASE)
"""'Foo and Bar' may be one company or two; 'Foo & Bar' is nearly always one."""

_LISTED = re.compile(r"\s*(?:;|\s/\s|\s\|\s)\s*")
_SLASHED = re.compile(r"(?<=[^\W\d_]{3})/(?=[^\W\d_]{3})")
"""'Foo/Bar', two brands or a brand and its owner; 'S/A' and 'c/o' are not parted."""

_TOGETHER = re.compile(
    r" (?:with|by|x|mit|avec|junto con|junto com|together with|in partnership with|as (?:a |an |the )?(?:trustee|agent|nominee|custodian)) "
)
"""What parts two who did something together, or one for the other: which of them is the user is open."""

_HALF_DASH = re.compile(r"(?<=\w)- (?!(?:und|oder|and|or|en|y|e|et) )(?=[^\W_])|(?<=\w) -(?=[^\W_])")
"""A dash with a blank on one side, as in 'Foo- Bar'; 'Kreis- und Stadtwerke' is one word after another."""

_LAST_BRACKET = re.compile(r" ?\([^()]*\)$")
_IN_BRACKETS = re.compile(r" ?\([^()]*,[^()]*\)$")
"""A list in brackets at the end: whom the group consists of."""
_AND_ITS = re.compile(
    r" [(]?(?:and|&|including|e|y|et|und) (?:all )?(?:(?:of )?(?:its|their|our) )?(?:wholly[ -]owned |global |retail |operating |affiliated |group )*"
    r"(?:subsidiaries|affiliates|companies|subsidiary|subsidiarias|filiales|filiais|controladas|tochtergesellschaften)\b[ :,)]*"
)
_AND_OTHERS = re.compile(
    r" (?:and other|and others|and their|ve [^,;]{0,90}diger sirketler|y otras|e outras|et autres|und weitere|(?:and|&|y|e) \d+ others?)\b| et al\b| etc\b"
)
_AND_ITS_CROWD = re.compile(
    r" (?:and|&|y|e|et|und) (?:(?:its|their|sus|suas|ses|ihre|seine|his|her)\b|(?:the )?family$)"
)
_COUPLE = re.compile(r"(?:mr|mrs|ms|dr|herr|frau)\b.* (?:and|&|und) ")
_CELL_ENDS = re.compile(
    r" c/o | (?:through|via|a traves de|atraves de|uber) (?=[^\W\d_])| - (?=reporting|retire|\d)| d/?b/?a | d\.b\.a\.? |[ ,(]+(?:with )?coas account| [(]?o/a | ?\(?hereinafter| identificad[ao] con"
    r"| ?\(?also known as| for (?=(?:the )?(?:fy|cy|ye|q\d|\d|scope|its |their |emissions|carbon))"
    r"| (?:to|for) (?:offset|compensat|neutrali|mitigat|cover)"
)
_PLACE = r"(?:facility|plant|site|station|refinery|terminal|mine|works|factory|project)\b"
_ADDRESS = re.compile(r"(?:av|avenida|rua|calle|carrera|cra|street|plot|strasse|via)[. ].*\d")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


@dataclass(frozen=True)
class Named:
    """What one retirement says.

    `names`: who used the credits, as written but cleaned; none if nobody is named, several if the row has no one user.
    `has_others`: the text speaks of more users than it names ("X and others"): then X is listed, but not the one user.
    `basis`: the cell that says so: beneficiary, note, account or reason. `method`: alias if the alias table knows each
    name, else pattern, be it a cell that is a name or a phrase. 'operation' and 'fingerprint' are never said here: the
    first is said of names that an OpenRefine history wrote, the second of names whose spelling `join_spellings` changed
    without an alias.
    """

    names: tuple[str, ...] = ()
    basis: str | None = None
    method: str | None = None
    confidence: float | None = None
    has_others: bool = False

    @property
    def user(self) -> str | None:
        """The one user, if it is one."""
        return self.names[0] if len(self.names) == 1 and not self.has_others else None


_NOBODY = Named()


class BeneficiaryReader:
    """Reads retirements against the knowledge of one folder of configs. Raises `ConfigError` where that contradicts itself."""

    def __init__(self, configs: Path) -> None:
        folder = configs / "beneficiaries"
        self._knowledge = Knowledge(folder)
        self.forms = self._knowledge.forms
        self.key = self._knowledge.key
        self.canonical = self._knowledge.canonical
        self.is_placeholder = self._knowledge.is_placeholder
        self.is_intermediary = self._knowledge.is_intermediary
        patterns = load_patterns(folder / "patterns.yml")
        self._finder = NameFinder(
            patterns, self.forms, self.is_placeholder, self._knowledge.is_known, self._knowledge.are_related
        )
        self._own_reasons = frozenset(map(self.key, patterns.own.reasons))
        self._own_notes = any_of(patterns.own.notes)
        self._not_own = any_of(patterns.own.against)
        self._project_holders = any_of(patterns.project_holders, "^")
        self._sellers = any_of(patterns.sellers)
        self._institutions = any_of(patterns.institutions)
        self._not_used = any_of(patterns.not_used)
        self._no_use = any_of(patterns.not_used + patterns.gifts)
        self._countries = frozenset(map(flat, patterns.countries))

    # --- reading

    def read(self, account: str | None, beneficiary: str | None, note: str | None, reason: str | None) -> Named:
        """Who used the credits of one retirement. Never raises, whatever the texts."""
        account, beneficiary, note, reason = (tidy(text) for text in (account, beneficiary, note, reason))
        if self._not_used.search(flat(reason)) or any(self._no_use.search(flat(text)) for text in (beneficiary, note)):
            return _NOBODY
        told = self._of_text(note, "note")
        named = self._of_cell(beneficiary, account, note, told)
        if named is None:
            named = told if told is not None else self._of_text(reason, "reason")
        if named is None and self._may_be_account(beneficiary, account):
            named = self._of_account(account, note, reason)
        return named or _NOBODY

    def _of_cell(self, cell: str, account: str, note: str, told: Named | None) -> Named | None:
        """What the beneficiary cell says, against what the note told; None if it says nothing."""
        if not cell or self.is_placeholder(cell) or self._finder.is_code(cell):
            return None
        folded = flat(cell)
        own = self._of_text(cell, "beneficiary", deciding=True)
        if own is not None:
            return own
        if self._finder.names_a_crowd(self._without_its_crowd(cell, folded)):
            return told if self._is_clients_name(cell, told) else _NOBODY
        cell, has_others = self._without_others(cell)
        names = self._split(self._without_tail(cell, flat(cell)))
        if not names:
            return told or self._of_start(cell, "beneficiary")
        if self._is_part(names[0], note):
            return told or _NOBODY
        return self._against_note(self._named(names, "beneficiary", OF_CELL, has_others), account, told)

    def _is_part(self, name: str, note: str) -> bool:
        """Whether the note shows that a name of the cell is cut off ('oo Bank' where it writes 'Foo Bank'), or a plant of the
        user ('FOO-Bar' where it writes 'Bar facility')."""
        if self._knowledge.is_known(name):
            return False
        folded, text = flat(name), flat(note)
        if (place := folded.rpartition("-")[2]) != folded and re.search(rf"\b{re.escape(place)} {_PLACE}", text):
            return True
        around = text.split(folded)[:MOST_TIMES] if len(folded) > 5 else []
        return len(around) > 1 and all(
            before[-1:].isalpha() or (after[:2].isalpha() and len(after) > 1) for before, after in pairwise(around)
        )

    def _may_be_account(self, cell: str, account: str) -> bool:
        """Whether the account holder may be the user: not where the cell says something else that could not be read."""
        return not cell or self.is_placeholder(cell) or self._knowledge.are_related(cell, account)

    def _against_note(self, named: Named, account: str, told: Named | None) -> Named | None:
        """The name of the cell, unless the note tells of another user: customers of it, or those whom a broker serves."""
        name = named.names[0]
        if named.user is None:
            return named
        if told is None:
            return None if self.is_intermediary(name) else named
        if not told.names:
            return None if self.is_intermediary(name) or not self._is_served(account, name) else named
        if self.is_intermediary(name) or (
            len(told.names) > 1 and told.confidence >= SURE and self._has_more(told, name)
        ):
            return told
        contradicts = told.confidence >= SURE and not any(
            self._knowledge.are_related(name, other) for other in told.names
        )
        return _NOBODY if contradicts else named

    def _has_more(self, told: Named, name: str) -> bool:
        """Whether the note names `name` and somebody else of another house."""
        return not all(self._knowledge.are_related(name, other) for other in told.names)

    def _is_clients_name(self, cell: str, told: Named | None) -> bool:
        """Whether the note names the one of whom the cell 'client of X' speaks."""
        if told is None or told.user is None or told.confidence < SURE:
            return False
        return not self._knowledge.are_related(cell, told.user)

    def _is_served(self, account: str, name: str) -> bool:
        """Whether another holds the account: then a named user with attendees or guests is the user."""
        return bool(account) and self.key(account) != self.key(name)

    def _of_text(self, text: str, basis: str, *, deciding: bool = False) -> Named | None:
        """What the phrases in a text say: names, or that it is for nobody in particular; None if they say nothing.

        `deciding`: only phrases that decide count, as in a cell that should be a name itself.
        """
        if not text or self.is_placeholder(text):
            return None
        for phrase, found in self._finder.phrases(text):
            if deciding and not (phrase.decides or phrase.confidence >= OF_CELL):
                continue
            if found == NOBODY:
                return _NOBODY
            parts = [self._without_others(words) for words in found]
            if names := self._distinct(
                name for words, _ in parts for name in self._split(self._without_tail(words, flat(words)))
            ):
                names = self._without_brokers(names, phrase)
            elif phrase.decides and not any(map(self.is_intermediary, found)):
                return _NOBODY  # it names somebody, but who is doubtful
            if names:
                return self._named(names, basis, phrase.confidence, any(has_others for _, has_others in parts))
        return None if deciding else self._of_start(text, basis)

    def _of_start(self, text: str, basis: str) -> Named | None:
        """The name with a legal form that begins a text and is followed by something else than customers."""
        folded = flat(text)
        is_one = not (self._finder.names_a_crowd(text) or _AND_ITS.search(folded) or _AND_OTHERS.search(folded))
        name = self._finder.formed_start(text) if is_one else None
        if name is None or self.is_intermediary(name) or len(self._split(name)) != 1:
            return None
        if basis != "beneficiary" and self._is_seller(name):
            return None
        return self._named([name], basis, OF_START)

    def _without_brokers(self, names: list[str], phrase: Phrase) -> list[str]:
        """The names that may be users: a broker 'for 2025 emissions' of its own is, 'retired by' or 'for' a broker is not."""
        if phrase.kind in {"before", "possessive"} and len(names) == 1:
            return names
        if phrase.broker == "never" or phrase.kind == "whole":
            names = [name for name in names if not self._is_seller(name)]
        return [name for name in names if not self.is_intermediary(name)]

    def _of_account(self, account: str, note: str, reason: str) -> Named | None:
        """The account holder, if reason or note say that it retired for itself and it is nobody's broker."""
        name = display(account, self.forms)
        if not self._finder.is_name(name) or self.is_intermediary(name) or self._project_holders.match(flat(name)):
            return None
        if self._is_seller(name) and not self._institutions.search(flat(name)):
            return None
        if self._not_own.search(flat(f"{reason} {note}")):
            return None
        if self.key(reason) in self._own_reasons or self._own_notes.search(flat(note)):
            return self._named([name], "account", OF_ACCOUNT)
        return None

    def _is_seller(self, name: str) -> bool:
        """Whether `name` sounds like one who develops projects or trades: where nothing says that it used credits, it may not."""
        return bool(self._sellers.search(flat(name))) and not self._knowledge.is_known(name)

    def _named(self, names: list[str], basis: str, confidence: float, has_others: bool = False) -> Named:
        known = all(self._knowledge.is_known(name) for name in names)
        method = "alias" if known else "pattern"
        return Named(
            tuple(names), basis, method, OF_ALIAS if known and confidence >= OF_CELL else confidence, has_others
        )

    # --- names of a cell

    def _without_its_crowd(self, text: str, folded: str) -> str:
        """'X and its customers' is X."""
        found = _AND_ITS_CROWD.search(folded)
        return text[: found.start()] if found else text

    def _without_others(self, text: str) -> tuple[str, bool]:
        """'X and others' is X, and more users than it names."""
        found = _AND_OTHERS.search(flat(text))
        return (text[: found.start()].rstrip(" ,"), True) if found else (text, False)

    def _without_tail(self, cell: str, folded: str) -> str:
        """A cell without what follows the name: an address, a purpose, a place."""
        found = _CELL_ENDS.search(folded)
        cell = cell[: found.start()] if found else cell
        cell = _HALF_DASH.sub(" - ", _IN_BRACKETS.sub("", cell))
        cell = self._without_place(cell)
        cell = self._finder.without_small_things(self._finder.to_form(self._without_bracket(cell)))
        head, joint, rest = cell.partition(" for ")
        if joint and " " in head.strip() and self._finder.cut(cell, flat(cell)) == head:
            if not self._finder.is_purpose(rest):
                return ""  # a name cut in two, or another user
            cell = head
        head, dash, tail = cell.partition(" - ")
        if not dash or not self._finder.is_name(display(head, self.forms)):
            return cell
        if self._knowledge.is_known(cell):
            return cell
        if self._knowledge.is_known(head) or _YEAR.search(tail) or not self._finder.is_name(tail):
            return head
        if is_short_for(head, tail) or is_short_for(tail, head):
            return max(head, tail, key=len)
        if self.forms.has_form(tail):
            is_one = self._knowledge.are_related(head, tail)
            return (
                tail if is_one else cell if self.forms.has_form(head) else ""
            )  # a list, or two that are not both clear
        return head if self.forms.has_form(head) or self._knowledge.are_related(head, tail) else ""

    def _without_place(self, cell: str) -> str:
        """'Foo, Portugal' and 'Foo GmbH, Main Street 5, Berlin' without where Foo is."""
        if "," not in cell:
            return cell
        parts = [part.strip() for part in cell.split(",")]
        name, *places = [piece.strip() for piece in self._commas(cell)] or [cell]
        is_joined = bool(_AND.search(cell))
        if flat(parts[-1]).rstrip(".") in self._countries and not is_joined:
            if len(parts) > 2:
                return name
            return cell if self.forms.has_form(parts[0]) else parts[0]
        is_addressed = places and self.forms.ends(name) and not self.forms.has_form(cell)
        return name if is_addressed and not _AND.search(",".join(places)) else cell

    def _without_bracket(self, cell: str) -> str:
        """'Foo (Corporate)' is Foo: brackets that name nobody say what of it."""
        head, bracket, tail = cell.rpartition(" (")
        return head if bracket and tail.endswith(")") and self._finder.is_common(tail) else cell

    def _split(self, text: str) -> list[str]:
        """The names in a text that should be one name or a list of names; none if it is neither."""
        folded = flat(text)
        if found := _AND_ITS.search(folded):
            head, rest = text[: found.start()], text[found.end() :]
            others = self._split_list(rest) if rest else []
            return self._checked([head, *others])
        if _COUPLE.match(folded):
            return []
        text = self._without_its_crowd(text, folded)
        parts = self._split_list(text)
        return self._checked(parts)

    def _split_list(self, text: str) -> list[str]:
        if not self._knowledge.is_known(text):
            if ": " in text:
                return []
            if not self.forms.has_form(text) and (_TOGETHER.search(flat(text)) or self._finder.is_mixed(text)):
                return []
            text = _SLASHED.sub(" / ", text)
        parts = [part for part in _LISTED.split(text) if part and not _ADDRESS.match(flat(part))]
        sides = re.split(r" - |/", text)
        if len(parts) == 1 and len(sides) == 2 and all(map(self.forms.has_form, sides)):
            parts = sides
        found = [self._split_joined(part) for part in parts]
        return [name for names in found for name in names] if all(found) else []

    def _split_joined(self, text: str) -> list[str]:
        """The parts of 'X, Y and Z' and 'X Inc. and Y Ltd'; a name such as 'Smith, Jones and Brown LLP' stays whole."""
        heads, last = self._last_joined(text)
        if last is None:
            pieces = self._commas(text)
            formed = [self.forms.has_form(piece) for piece in pieces]
            if len(pieces) > 1 and all(formed):
                return pieces
            is_brands = any(self.forms.starts(piece) for piece in pieces[1:])
            is_one = len(pieces) < 2 or (any(formed) and not is_brands) or self._finder.is_university(text)
            return [text] if is_one or self._knowledge.is_known(text) else []
        if self._knowledge.is_known(text):
            return [text]
        if pair := self._known_pair(text):
            return pair
        pieces = self._commas(heads)
        formed = [self.forms.has_form(self._without_country(piece)) for piece in [*pieces, last]]
        known = [self._knowledge.is_known(piece) for piece in [*pieces, last]]
        is_pair = len(pieces) == 1 and not any(formed) and _PAIR.fullmatch(text)
        if is_pair or all(formed) or all(known) or (len(pieces) > 1 and not (formed[-1] and not any(formed[:-1]))):
            return [*pieces, last]
        if len(pieces) == 1 and formed[-1] and self._is_pair_of_long(heads, last):
            return []
        return [text] if formed[-1] or self._is_one_body(text, last) else []

    def _is_pair_of_long(self, head: str, last: str) -> bool:
        """Whether both sides of 'Foo Water and Bar Steel Ltd' are long enough to be names."""
        is_long = " " in head and len(self.key(last).split()) > 1 and not self._institutions.search(flat(head))
        first = last.partition(" ")[0]
        return is_long and len(first.rstrip(".")) > 1 and not self._finder.is_common(first)

    def _is_one_body(self, text: str, last: str) -> bool:
        """Whether 'X and Y' without a legal form is one: 'School of Art and Design', 'Foo Transport and Logistics'."""
        if self.forms.has_form(text) or not _JOINED_BY_WORD.search(text):
            return self.forms.has_form(text) or not _PAIR_SIGNED.fullmatch(text)
        is_body = self._institutions.search(flat(text)) and not self._institutions.search(flat(last))
        return bool(is_body) or self._finder.is_common(last)

    def _known_pair(self, text: str) -> list[str] | None:
        """The two sides of an 'and' that the alias table has, be they written with an 'and' themselves."""
        for joint in list(_AND.finditer(text))[:4]:
            sides = [text[: joint.start()], text[joint.end() :]]
            if all(map(self._knowledge.is_known, sides)):
                return sides
        return None

    def _last_joined(self, text: str) -> tuple[str, str | None]:
        joints = list(_AND.finditer(text))
        if not joints:
            return text, None
        head, last = text[: joints[-1].start()].rstrip(" ,"), text[joints[-1].end() :]
        follows_form = self.forms.begins(f"{joints[-1][0]} {last}")
        return (text, None) if follows_form or self.forms.begins(last) or not head else (head, last)

    def _without_country(self, name: str) -> str:
        """'Marubeni Corporation, Japan' without what follows the last comma, 'Foo Ltd (UK)' without what is in brackets."""
        name = _LAST_BRACKET.sub("", name)
        head, comma, tail = name.rpartition(",")
        return head if comma and flat(tail).strip() in self._countries else name

    def _commas(self, text: str) -> list[str]:
        """The parts between commas, a legal form or a country kept with its name."""
        parts: list[str] = []
        for part in text.split(","):
            if parts and (self.forms.begins(part) or flat(part).strip() in self._countries):
                parts[-1] += f",{part}"
            elif part.strip():
                parts.append(part)
        return parts

    def _checked(self, parts: list[str]) -> list[str]:
        """The names if each part is one, else none: half a list would be a wrong answer."""
        names = [display(self._finder.without_leads(part.strip()), self.forms) for part in parts]
        return self._distinct(names) if all(self._finder.is_name(name) for name in names) else []

    def _distinct(self, names: Iterable[str]) -> list[str]:
        """`names`, the first spelling of each entity."""
        found: dict[str, str] = {}
        for name in names:
            found.setdefault(flat(self.canonical(name) or self.key(name)), name)
        return list(found.values())


def join_spellings(named: Iterable[tuple[Named, Decimal]], reader: BeneficiaryReader) -> dict[str, str]:
    """found spelling -> canonical spelling: that of the alias table, else the spelling with most tonnes of those that
    share a key; of equals the first in order of text."""
    tonnes: dict[str, Decimal] = defaultdict(Decimal)
    for row, quantity in named:
        for name in row.names:
            tonnes[name] += quantity
    alike: dict[str, list[str]] = defaultdict(list)
    for name in tonnes:
        alike[reader.key(name)].append(name)
    joined: dict[str, str] = {}
    for key in sorted(alike):
        heaviest = min(alike[key], key=lambda name: (-tonnes[name], name))
        joined |= {name: reader.canonical(name) or heaviest for name in sorted(alike[key])}
    return joined
