"""The names in words that should be one name or a list of names, such as a beneficiary cell.

Phrases belong in `phrases.py`. What is doubtful gives no name: half a list would be a wrong answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from carbon_assets.beneficiaries.expressions import alternatives, any_of
from carbon_assets.beneficiaries.knowledge import Knowledge
from carbon_assets.beneficiaries.name_ends import NameEnds
from carbon_assets.beneficiaries.name_shape import NameShape
from carbon_assets.beneficiaries.names import is_short_for
from carbon_assets.beneficiaries.text import flat
from carbon_assets.beneficiaries.words import Words

_LETTER = r"[^\W\d_]"
_WORD = rf"{_LETTER}\S*"
_LISTED = re.compile(r"\s*(?:;|\s/\s|\s\|\s)\s*")
_SLASHED = re.compile(rf"(?<={_LETTER}{{3}})/(?={_LETTER}{{3}})")
"""'Foo/Bar', two brands or a brand and its owner; 'S/A' and 'c/o' are not parted."""

_LAST_BRACKET = re.compile(r" ?\([^()]*\)$")
_LIST_IN_BRACKETS = re.compile(r" ?\([^()]*,[^()]*\)$")
"""A list in brackets at the end: whom the group consists of."""

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")

_PAIR_SIGNED = re.compile(rf"{_WORD} {_WORD}(?: \S+)? [&+] {_WORD} {_WORD}(?: \S+)?")
"""Two words, a sign, two words: as a rule two; longer names with a sign are as a rule one: 'Bill & Melinda Gates Foundation'."""


class NameLists:
    """Parts lists of names by the words of stewards."""

    def __init__(self, words: Words, knowledge: Knowledge, shape: NameShape, ends: NameEnds) -> None:
        self._knowledge = knowledge
        self._forms = knowledge.forms
        self._shape = shape
        self._ends = ends
        self._compile_joints(words)
        self._compile_tails(words)
        self._institutions = any_of(words.institutions)

    def _compile_joints(self, words: Words) -> None:
        joint = alternatives((*words.joints, "&", "+"), as_written=True)
        self._joint = re.compile(rf"\s{joint}\s", re.IGNORECASE)
        open_joint = alternatives((*words.open_joints, "+"), as_written=True)
        self._open_joint = re.compile(rf"\s{open_joint}\s", re.IGNORECASE)
        pair_joint = alternatives(words.pair_joints, as_written=True)
        self._pair = re.compile(f"{_WORD} {_WORD} {pair_joint} {_WORD} {_WORD}")
        self._couple = re.compile(rf"{alternatives(words.titles)}\b.* {alternatives((*words.couple_joints, '&'))} ")
        agent = f"{alternatives(words.acting_as)} (?:{alternatives(words.articles)} )?{alternatives(words.agents)}"
        self._partner = re.compile(f" (?:{alternatives(words.partner_joints)}|{agent}) ")
        and_ = alternatives((*words.pair_joints, "&"))
        self._family = re.compile(rf" {and_} (?:{alternatives(words.possessives)}\b|{alternatives(words.families)}$)")
        opening = alternatives((*words.pair_joints, "&", *words.group_openings))
        self._group = re.compile(
            rf" [(]?{opening} (?:{alternatives(words.group_modifiers)} )*"
            rf"{alternatives(words.groups + words.groups_unlisted)}\b[ :,)]*"
        )
        self._others = any_of(words.others, " ")

    def _compile_tails(self, words: Words) -> None:
        self._tail = re.compile(
            rf" {alternatives(words.tails)} | {alternatives(words.tails_of_agents)} (?={_LETTER})"
            rf"|[ ,(]+{alternatives(words.tails_of_accounts)}| ?\(?{alternatives(words.tails_of_contracts)}"
            rf"| {alternatives(words.tails_of_purpose)}"
        )
        self._half_dash = re.compile(
            rf"(?<=\w)- (?!{alternatives(words.compound_joints, as_written=True)} )(?=[^\W_])|(?<=\w) -(?=[^\W_])"
        )
        """A dash with a blank on one side, as in 'Foo- Bar'; 'Kreis- und Stadtwerke' is one word after another."""
        self._for = re.compile(f" {alternatives(words.for_in_cells, as_written=True)} ")
        self._street = re.compile(rf"{alternatives(words.streets)}[. ].*\d")

    # --- what stands beside names

    def names_a_group(self, folded: str) -> bool:
        """Whether a flat text names subsidiaries and the like of somebody, or others."""
        return bool(self._group.search(folded) or self._others.search(folded))

    def is_institution(self, name: str) -> bool:
        """Whether `name` is that of one body, such as a school or a ministry."""
        return bool(self._institutions.search(flat(name)))

    def without_family(self, text: str) -> str:
        """'X and its customers' and 'X and family' are X."""
        family = self._family.search(flat(text))
        return text[: family.start()] if family else text

    def without_others(self, text: str) -> tuple[str, bool]:
        """'X and others' is X, and there are more users than it names."""
        others = self._others.search(flat(text))
        return (text[: others.start()].rstrip(" ,"), True) if others else (text, False)

    def without_tail(self, cell: str) -> str:
        """A cell without what follows the name: an address, a purpose, a place."""
        tail = self._tail.search(flat(cell))
        cell = cell[: tail.start()] if tail else cell
        cell = self._half_dash.sub(" - ", _LIST_IN_BRACKETS.sub("", cell))
        cell = self._without_bracket(self._without_place(cell))
        cell = self._shape.without_small_things(self._ends.to_form(cell))
        joint = self._for.search(cell)
        head = cell[: joint.start()] if joint else ""
        if joint and " " in head.strip() and self._ends.cut(cell, flat(cell)) == head:
            if not self._ends.is_purpose(cell[joint.end() :]):
                return ""  # a name cut in two, or another user
            cell = head
        return self._side_of_dash(cell)

    def _side_of_dash(self, cell: str) -> str:
        """The part of 'X - Y' that is the user; all of it if it is a list, blank if that is doubtful."""
        head, dash, tail = cell.partition(" - ")
        if not dash or not self._shape.is_name(self._knowledge.display(head)) or self._knowledge.is_known(cell):
            return cell
        if self._knowledge.is_known(head) or _YEAR.search(tail) or not self._shape.is_name(tail):
            return head
        if is_short_for(head, tail) or is_short_for(tail, head):
            return max(head, tail, key=len)
        is_one = self._knowledge.are_related(head, tail)
        if self._forms.has_form(tail):
            return tail if is_one else cell if self._forms.has_form(head) else ""
        return head if self._forms.has_form(head) or is_one else ""

    def _without_place(self, cell: str) -> str:
        """'Foo, Portugal' and 'Foo GmbH, Main Street 5, Berlin' without where Foo is."""
        if "," not in cell:
            return cell
        parts = [part.strip() for part in cell.split(",")]
        name, *places = [piece.strip() for piece in self._pieces(cell)] or [cell]
        is_joined = bool(self._joint.search(cell))
        if self._shape.is_country(flat(parts[-1]).rstrip(".")) and not is_joined:
            if len(parts) > 2:
                return name
            return cell if self._forms.has_form(parts[0]) else parts[0]
        is_addressed = places and self._forms.ends(name) and not self._forms.has_form(cell)
        return name if is_addressed and not self._joint.search(",".join(places)) else cell

    def _without_bracket(self, cell: str) -> str:
        """'Foo (Corporate)' is Foo: brackets that name nobody say what of it."""
        head, bracket, tail = cell.rpartition(" (")
        return head if bracket and tail.endswith(")") and self._shape.is_common(tail) else cell

    # --- lists

    def split(self, text: str) -> list[str]:
        """The names in a text that should be one name or a list of names; none if it is neither."""
        folded = flat(text)
        if group := self._group.search(folded):
            rest = text[group.end() :]
            return self._checked([text[: group.start()], *(self._split_list(rest) if rest else [])])
        if self._couple.match(folded):
            return []
        return self._checked(self._split_list(self.without_family(text)))

    def distinct(self, names: Iterable[str]) -> list[str]:
        """`names`, the first spelling of each entity."""
        spellings: dict[str, str] = {}
        for name in names:
            spellings.setdefault(flat(self._knowledge.canonical(name) or self._knowledge.key(name)), name)
        return list(spellings.values())

    def _checked(self, parts: list[str]) -> list[str]:
        """The names if each part is one, else none."""
        names = [self._knowledge.display(self._shape.without_leads(part.strip())) for part in parts]
        return self.distinct(names) if all(map(self._shape.is_name, names)) else []

    def _split_list(self, text: str) -> list[str]:
        if not self._knowledge.is_known(text):
            if ": " in text:
                return []
            if not self._forms.has_form(text) and (self._partner.search(flat(text)) or self._shape.is_mixed(text)):
                return []
            text = _SLASHED.sub(" / ", text)
        parts = [part for part in _LISTED.split(text) if part and not self._street.match(flat(part))]
        sides = re.split(r" - |/", text)
        if len(parts) == 1 and len(sides) == 2 and all(map(self._forms.has_form, sides)):
            parts = sides
        lists = [self._split_joined(part) for part in parts]
        return [name for names in lists for name in names] if all(lists) else []

    def _split_joined(self, text: str) -> list[str]:
        """The parts of 'X, Y and Z' and 'X Inc. and Y Ltd'; a name such as 'Smith, Jones and Brown LLP' stays whole."""
        heads, last = self._last_joined(text)
        if last is None:
            return self._split_commas(text)
        if self._knowledge.is_known(text):
            return [text]
        if pair := self._known_pair(text):
            return pair
        pieces = self._pieces(heads)
        formed = [self._forms.has_form(self._without_country(piece)) for piece in [*pieces, last]]
        known = [self._knowledge.is_known(piece) for piece in [*pieces, last]]
        is_pair = len(pieces) == 1 and not any(formed) and self._pair.fullmatch(text)
        if is_pair or all(formed) or all(known) or (len(pieces) > 1 and not (formed[-1] and not any(formed[:-1]))):
            return [*pieces, last]
        if len(pieces) == 1 and formed[-1] and self._is_pair_of_long(heads, last):
            return []
        return [text] if formed[-1] or self._is_one_body(text, last) else []

    def _split_commas(self, text: str) -> list[str]:
        """The parts of 'X Inc., Y Ltd'; a name with a comma stays whole."""
        pieces = self._pieces(text)
        formed = [self._forms.has_form(piece) for piece in pieces]
        if len(pieces) > 1 and all(formed):
            return pieces
        is_brands = any(self._forms.starts(piece) for piece in pieces[1:])
        is_one = len(pieces) < 2 or (any(formed) and not is_brands) or self._shape.is_university(text)
        return [text] if is_one or self._knowledge.is_known(text) else []

    def _is_pair_of_long(self, head: str, last: str) -> bool:
        """Whether both sides of 'Foo Water and Bar Steel Ltd' are long enough to be names."""
        is_long = " " in head and len(self._knowledge.key(last).split()) > 1 and not self.is_institution(head)
        first = last.partition(" ")[0]
        return is_long and len(first.rstrip(".")) > 1 and not self._shape.is_common(first)

    def _is_one_body(self, text: str, last: str) -> bool:
        """Whether 'X and Y' without a legal form is one: 'School of Art and Design', 'Foo Transport and Logistics'."""
        if self._forms.has_form(text) or not self._open_joint.search(text):
            return self._forms.has_form(text) or not _PAIR_SIGNED.fullmatch(text)
        is_body = self.is_institution(text) and not self.is_institution(last)
        return is_body or self._shape.is_common(last)

    def _known_pair(self, text: str) -> list[str] | None:
        """The two sides of an 'and' that the alias table has, be they written with an 'and' themselves."""
        for joint in list(self._joint.finditer(text))[:4]:
            sides = [text[: joint.start()], text[joint.end() :]]
            if all(map(self._knowledge.is_known, sides)):
                return sides
        return None

    def _last_joined(self, text: str) -> tuple[str, str | None]:
        """What stands in front of the last 'and', and behind it; None if there is none, or it is part of a legal form."""
        joints = list(self._joint.finditer(text))
        if not joints:
            return text, None
        head, last = text[: joints[-1].start()].rstrip(" ,"), text[joints[-1].end() :]
        follows_form = self._forms.begins(f"{joints[-1][0]} {last}")
        return (text, None) if follows_form or self._forms.begins(last) or not head else (head, last)

    def _without_country(self, name: str) -> str:
        """'Marubeni Corporation, Japan' without what follows the last comma, 'Foo Ltd (UK)' without what is in brackets."""
        name = _LAST_BRACKET.sub("", name)
        head, comma, tail = name.rpartition(",")
        return head if comma and self._shape.is_country(flat(tail).strip()) else name

    def _pieces(self, text: str) -> list[str]:
        """The parts between commas, a legal form or a country kept with its name."""
        pieces: list[str] = []
        for part in text.split(","):
            if pieces and (self._forms.begins(part) or self._shape.is_country(flat(part).strip())):
                pieces[-1] += f",{part}"
            elif part.strip():
                pieces.append(part)
        return pieces
