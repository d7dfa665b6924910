"""What a text says: the phrases in it, the name that each goes with, and where that name ends.

What `patterns.yml` may say belongs in `beneficiary_patterns.py`. Which column counts before which, aliases and placeholders belong in `beneficiaries.py`; spellings in `entity_names.py`.
All matching is one pass of alternatives of plain words over a short text, so no text makes it slow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from carbon_assets.beneficiaries.names import LegalForms, display, flat, tax_id_at
from carbon_assets.beneficiaries.patterns import Patterns, Phrase, any_of

NOBODY = "nobody"
"""What a phrase says that names customers, third parties and the like: there is no name to look for any more."""

MOST_WORDS = 18
"""Words of a name; what is longer is prose."""

MOST_PLACES = 6
"""Times that one phrase is looked for in one text."""

_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|ene|abr|ago|dic|gen|mag|giu|lug|set|ott|mai|okt|dez"
_NUMBERS = (
    rf" [(\[]?(?:(?:fy|cy|ye|q|h|s|f) ?'?\d|(?:{_MONTHS})[a-z]{{0,7}}\.? ?'?\d|\d{{4}}(?!\w)|\d{{1,2}}[./-]\d|\d+% |\d+,\d)"
    r"|(?<!corp)(?<!ltda)(?<!bros)(?<!univ)(?<!dept)(?<!assn)(?<=\w{4})\. |(?<=\.) (?=(?:this|the|these|retire|in|to|for|we|it|as|credits?|on|program)\b)"
    r"|; | - | \||: | \\| //| / |\"|,(?= ?\d)"
)
_AND_NAMED = re.compile(
    r" and (?:its|their) (?:[\w-]+ ){0,3}(?:subsidiaries|affiliates|companies)[ :]{1,2}(?!for |to |in |as |with )\w"
)
"""Subsidiaries that are named go on with the list of names; others end the name."""

_CODE = re.compile(r"[A-Z]{1,4}(?:[ _-]| - )\d{1,4}\b|[A-Z]{1,4}\d{1,4}$")
"""Somebody's own numbers for things: 'GP-4'."""

_ALSO_NAMED = re.compile(
    r" [(]?(?:d/?b/?a|d\.b\.a\.?|c/o|t/a|o/a|f/k/a|trading as|doing business as|formerly|also known as)(?!\w)"
)
"""What parts a name from another name of the same entity, or from who cares for its letters."""

_UNIVERSITY = re.compile(r"(?:the )?univ(?:ersity|\.) of \w+$")
"""'University of California, Los Angeles' goes on behind the comma."""

_LABEL = re.compile(r"(?:our |the |its )?(?:client|customer|partner|cliente|kunde)[:,] ?")
_FOR_ANOTHER = re.compile(r" (?:for|on behalf|para|fur|für|pour|per) (?!FY|CY|YE|Q\d|Scope|GHG|CO2)[^\W\d_a-z]")
"""'Retired by X for Y': X may be a broker."""

_THEN_ANOTHER = re.compile(r"(?:,| (?:for|on behalf of|para|fur|für|pour|per|en|-|–|/)) (?=[^\W\d_a-z])")
"""What may stand between one name and another with its legal form, of which either may be the user."""

_TOGETHER = re.compile(
    r",? (?:together|jointly|along|alongside|as well as|in partnership|in collaboration|junto|conjuntamente|gemeinsam|ensemble)\b"
)

_FOR_THEIRS = re.compile(r" for (?:its|their|our) ")
_GOES_FURTHER = frozenset({"for", "to", "in", "on", "with", "at", "per", "from", "over", "under"})
"""Small words that end a name, and that short names hold too: 'Room to Read', 'Partners in Health'."""

_NEVER_FIRST = frozenset({"of", "and", "&", "with", "by", "et", "und", "c/o", "for", "pour", "para", "fur", "voor"})
_NEVER_LAST = frozenset(
    {"of", "and", "&", "for", "the", "with", "et", "und", "de", "del", "da", "dos", "das", "du", "des", "van", "von", "der", "c/o"}
)  # fmt: skip
"""Words that no name begins or ends with: there something was cut off."""

_NOT_ITS_OWN = re.compile(
    r"(?:[\w-]+ ){0,4}(?:ndcs?|nationally determined|standards?|laws?|acts?|ordinances?|regulations?|requirements?|obligations|pledge|suppliers?|vendors?|registry)\b"
)
"""What others meet or support: 'supporting Foo's climate pledge', 'to meet Bar's supplier requirements'."""

_NUMBERED = re.compile(r"#?\d{1,2}")
"""The last word of a plant, a phase or a part: 'Foo Hill 2'."""

_BRACKET = re.compile(r"(?: ?\([^()]*(?:\([^()]*\)[^()]*)?\)?)+$")
"""What stands in brackets at the end: '(Phase 2)', '(Foo (Lisbon) Co., Ltd.)'."""

_AS_ANOTHER = re.compile(
    r",? (?:as|in (?:its|the) capacity as) (?:a |an |the )?(?:trustee|agent|nominee|custodian|manager|operator|general partner)\b"
)
"""'X as trustee for Y'."""

_YEAR = re.compile(r"^20[0-3]\d (?=[^\W\d_a-z])")
_YEAR_OF_MORE = re.compile(r" (?:19|20)\d\d ([^\W\d_a-z][^\W\d_]+)")
_UNDERTAKING = re.compile(r" (?:programs?|programmes?|projects?|scheme|projeto|proyecto|programa)(?!\w)")
"""What makes the words before it the name of an undertaking: who owns it, or who takes part, may be the user."""


class NameFinder:
    """Finds names in texts.

    `is_placeholder`: whether a name stands for nobody. `is_known`: whether the alias table has it, which makes up for
    missing capitals. `are_related`: whether two names may be of one house.
    """

    def __init__(
        self,
        patterns: Patterns,
        forms: LegalForms,
        is_placeholder: Callable[[str], bool],
        is_known: Callable[[str], bool],
        are_related: Callable[[str, str], bool],
    ) -> None:
        self._forms = forms
        self._is_placeholder = is_placeholder
        self._is_known = is_known
        self._are_related = are_related
        self._phrases = [(phrase, any_of(phrase.words, _boundary(phrase))) for phrase in patterns.phrases]
        stops = any_of(patterns.stops, "(?: | ?[(])")
        self._stops = re.compile(stops.pattern + "|" + _NUMBERS)
        self._leads = any_of(patterns.leads, "^", "(?= )")
        self._keep_for = frozenset(map(flat, patterns.keep_for))
        self._crowds = any_of(patterns.crowds)
        self._owned_crowds = any_of(patterns.crowds + patterns.owned_crowds)
        self._never = any_of(patterns.never, r"(?<![\w.])", r"(?!\w|\.\w)")
        self._never_within = any_of(patterns.never_within, "", "")
        self._common = frozenset(map(flat, patterns.common))
        self._small = frozenset(patterns.small)
        self._joining = frozenset(map(flat, patterns.small + patterns.joining))
        self._countries = frozenset(map(flat, patterns.countries))
        self._things = frozenset(map(flat, patterns.things))
        self._no_users = tuple(f" {flat(words)}" for words in patterns.no_users)
        self._no_users_first = tuple(f"{flat(words)} " for words in patterns.no_users_first)

    # --- phrases

    def phrases(self, text: str) -> Iterator[tuple[Phrase, list[str] | str]]:
        """Each phrase that names somebody in the tidy `text`, with the words that name them, or `NOBODY`."""
        folded = flat(text)
        for phrase, pattern in self._phrases:
            if phrase.kind != "whole" and not pattern.search(folded):
                continue
            found = list(self._places(text, folded, phrase, pattern))
            if named := [words for words in found if words != NOBODY]:
                yield phrase, named
            elif found:
                yield phrase, NOBODY

    def _places(self, text: str, folded: str, phrase: Phrase, pattern: re.Pattern[str]) -> Iterator[str]:
        if phrase.kind == "whole":
            yield from self._believed(text, phrase)
            return
        for place, match in enumerate(pattern.finditer(folded)):
            if place == MOST_PLACES:
                return
            if phrase.kind == "before":
                yield from self._before(text, folded, match, phrase)
            elif phrase.kind == "possessive":
                yield from self._owner(text, folded, match.end(), phrase)
            else:
                yield from self._after(text, folded, match.end(), phrase)

    def _after(self, text: str, folded: str, start: int, phrase: Phrase) -> Iterator[str]:
        words = text[start:].lstrip(' :-"“”„«')
        begin = len(text) - len(words)
        if label := _LABEL.match(folded, begin):
            words, begin = text[label.end() :], label.end()
        if not phrase.rest:
            name = self.cut(words, folded[begin:])
            if phrase.broker == "never" and _FOR_ANOTHER.match(words, len(name)):
                return
            if phrase.decides and self._is_for_another(words, name):
                yield NOBODY
                return
            words = self._user_of(words, name)
        yield from self._believed(words, phrase)

    def _is_for_another(self, words: str, name: str) -> bool:
        """Whether another user follows `name`, as in 'X for Foo Ltd', 'X - Foo Ltd', 'X together with Foo', 'X as trustee'.
        'Foo Bank for Foo Tower' is one."""
        if not words.startswith(name):
            return False
        folded = flat(words)
        if _AS_ANOTHER.match(folded, len(name)) or _TOGETHER.match(folded, len(name)):
            return True
        joint = _THEN_ANOTHER.match(words, len(name))
        if not joint:
            return False
        rest = words[joint.end() :]
        if joint[0] == " for " and not (self._forms.has_form(name) or self._is_known(name) or self.is_purpose(rest)):
            return not self._are_related(name, " ".join(rest.split()[:4]))
        other = display(self.cut(rest, flat(rest)), self._forms)
        is_named = self._forms.has_form(other) or self._is_known(other)
        return is_named and not self._are_related(name, other)

    def _user_of(self, text: str, words: str) -> str:
        """`words` that `text` begins with; their owner if they name a thing; blank if they name an undertaking."""
        rest = text[len(words) :] if text.startswith(words) else ""
        owner = flat(words).find("'s ")
        if _FOR_THEIRS.match(flat(rest)) and self.names_a_crowd(who := " ".join(rest.split()[:4])):
            return f"{words} {who}"
        is_thing = flat(words).rpartition(" ")[2] in self._things
        if undertaking := _UNDERTAKING.match(flat(rest)):
            who = " ".join(rest[undertaking.end() :].split()[:2])
            if self.names_a_crowd(who):
                return f"{words} {who}"
            if owner < 0 and not self._forms.has_form(words) and not self._is_known(words):
                return ""
        if owner > 0 and (undertaking or is_thing):
            return words[:owner]
        more = _YEAR_OF_MORE.match(rest)
        is_part = more and flat(more[1]) not in self._common and not self._never.match(flat(more[1]))
        if is_part and " " not in words and not self._is_known(words):
            return ""
        return self._without_things(words)

    def _without_things(self, words: str) -> str:
        """'Nestlé Travel & Fleet' is Nestlé: a known name without the things of it that follow."""
        parts = words.split(" ")
        for size in range(len(parts) - 1, max(0, len(parts) - 4), -1):
            if flat(parts[size]) not in self._things | {"&", "and"}:
                break
            if self._is_known(name := " ".join(parts[:size])) and not self._is_known(words):
                return name
        return words

    def _before(self, text: str, folded: str, match: re.Match[str], phrase: Phrase) -> Iterator[str]:
        words = text[: match.start()].rstrip(" -,;:")
        name = self.cut(words, folded[: len(words)])
        if name and (name == words or _ALSO_NAMED.match(folded, len(name))):
            yield from self._believed(name, phrase)

    def _owner(self, text: str, folded: str, start: int, phrase: Phrase) -> Iterator[str]:
        end = folded.find("'s ", start, start + 80)
        if end > start:
            words = text[start:end].lstrip()
            is_own = self._is_purpose(text[end + 3 :]) and not _NOT_ITS_OWN.match(folded, end + 3)
            if self.cut(words, flat(words)) == words and is_own:
                yield from self._believed(words, phrase)

    def _believed(self, words: str, phrase: Phrase) -> Iterator[str]:
        if self.names_a_crowd(words):
            if phrase.decides:
                yield NOBODY
            return
        name = display(self.without_leads(words), self._forms)
        if phrase.needs == "form" and not (
            self._forms.has_form(name) or (phrase.kind == "whole" and self._is_known(name))
        ):
            return
        if self.is_name(name) and self._has_capitals(name, strict=phrase.needs is not None):
            yield name

    # --- names

    def cut(self, text: str, folded: str) -> str:
        """`text` up to where a name that begins it ends."""
        start = 0
        if (tax_id := tax_id_at(text)) is not None:
            text, folded = text[:tax_id], folded[:tax_id]
        while stop := self._stops.search(folded, start):
            if not self._goes_on(text, folded, stop):
                head, rest = text[: stop.start()], text[stop.end() :].lstrip()
                if self._is_cut_off(self.without_leads(head), stop[0].strip(), rest):
                    return ""
                text = head
                break
            start = stop.end()
        return self.to_form(self._to_comma(self._without_possessive(text)))

    def is_purpose(self, words: str) -> bool:
        """Whether `words`, which follow a 'for' or 'in', say what for or when: '2025', 'its flights', 'May', 'Portugal', 'Lisbon Tower'."""
        words = words[:80]
        folded = flat(words).lstrip(" (\"'")
        word = re.match(r"[^\W_]*", folded)[0]
        is_plain = not words.lstrip(" (\"'")[:1].isupper() or word in self._common or word in self._countries
        is_code = any(letter.isdigit() for letter in word) or re.match(rf"(?:fy|cy|ghg|scope|net|{_MONTHS})", folded)
        return is_plain or bool(is_code) or bool(self._never.match(folded)) or self._is_no_user(folded)

    def _is_cut_off(self, head: str, stop: str, rest: str) -> bool:
        """Whether a name of one word, which ends at a small word, may go on behind it."""
        is_short = bool(head) and not re.search(r"[\s,]", head) and not self._is_known(head)
        return is_short and stop in _GOES_FURTHER and not self.is_purpose(rest)

    def to_form(self, name: str) -> str:
        """'Foo Ltd products' is Foo Ltd: `name` up to a legal form that a word without a capital follows."""
        parts = name.split(" ")
        for size in range(2, min(len(parts), MOST_WORDS)):
            form, word = parts[size - 1], parts[size]
            is_end = word[:1].islower() and word not in self._small and not form.islower()
            is_end = is_end or self._is_no_part(parts[0], parts[size:])
            head = " ".join(parts[:size])
            if is_end and self._forms.ends(head) and not self._forms.begins(word):
                return head
        return name

    def _is_no_part(self, first: str, rest: list[str]) -> bool:
        """Whether `rest`, behind a legal form, is no part of the name: 'Corporate Travel', or a code such as 'FOOBR' of Foo Bar Ltd."""
        is_code = len(rest) == 1 and len(rest[0]) > 3 and rest[0].isupper() and flat(rest[0])[:3] == flat(first)[:3]
        return is_code or all(flat(word) in self._common or word.isdigit() for word in rest)

    def _without_possessive(self, words: str) -> str:
        """'Disney's' is Disney, where what it has follows; 'Ben & Jerry's' is known to end so."""
        folded = flat(words)
        end = folded.find("'s ")
        if end > 0 and self._is_purpose(words[end + 3 :]):
            words = words[:end]
        elif folded.endswith("'s") and not self._is_known(words):
            words = words[:-2]
        elif folded.endswith("s") and not self._is_known(words) and self._is_known(words[:-1]):
            words = words[:-1]  # 'Foos 2015 emissions', where Foo is known
        return words

    def _is_purpose(self, words: str) -> bool:
        """Whether `words` begin with what one has and is no part of a name: '2025 emissions', 'contribution to ...'."""
        folded = flat(words)
        if self._owned_crowds.search(" ".join(folded[:80].split()[:4])):
            return False
        word = re.match(r"[^\W\d_]*", folded)[0]
        return words[:1].islower() or words[:1].isdigit() or word in self._common or bool(self._never.match(folded))

    def _goes_on(self, text: str, folded: str, stop: re.Match[str]) -> bool:
        """Whether a stop is part of the name: 'Society for ...'; 'Institute of Technology in Vienna' is not."""
        last = folded[: stop.start()].rpartition(" ")[2]
        if stop[0].strip().isdigit() and self._forms.begins(text[stop.end() :].lstrip().partition(" ")[0]):
            return True  # 'Games 2022 LLC'
        rest = text[stop.end() :].lstrip()
        if stop[0].strip() in {"for", "para", "fur", "pour", "per", "voor"}:
            return last in self._keep_for and rest[:1].isupper() and not re.match(r"(?:FY|CY|YE|Q\d|Scope)", rest)
        return bool(_AND_NAMED.match(folded, stop.start()) and rest)

    def _to_comma(self, text: str) -> str:
        """`text` up to a comma, unless the name goes on behind it: a legal form, or a list of names."""
        head, comma, rest = text.partition(",")
        if not comma or not head.strip() or self._is_known(text):
            return text
        place = rest.partition(",")[0].strip()
        if _UNIVERSITY.match(flat(head)) and place[:1].isupper() and flat(place) not in self._countries:
            return f"{head}, {place}"
        if self._forms.begins(rest):
            form_end = re.match(r"\s*[^\s,]+(?:\s(?:de|en)?\s?[^\s,]+)?", rest)
            tail = rest[form_end.end() :] if form_end else ""
            return text if not tail.startswith(",") or self._is_list(text) else f"{head},{form_end[0]}"
        return text if self._is_list(text) else head

    def _is_list(self, text: str) -> bool:
        """'X, Y and Z': parts that each begin like a name, the last behind an 'and'."""
        return bool(re.search(r",[^,]* (?:and|y|e|et|und|&) [^\W\d_a-zà-ÿ]", text)) and all(
            part.strip()[:1].isupper() or part.strip()[:4] == "and " for part in text.split(",")
        )

    def without_leads(self, words: str) -> str:
        """`words` without articles and the like in front of the name; 'The' with a capital may be part of it."""
        folded = flat(words)
        start = 0
        while lead := self._leads.match(folded[start:]):
            if words[start : start + 1].isupper():
                break
            start += lead.end()
            start += len(words[start:]) - len(words[start:].lstrip())
        return _YEAR.sub("", words[start:])

    def names_a_crowd(self, words: str) -> bool:
        """Whether `words` are about customers, third parties and the like."""
        return bool(self._crowds.search(flat(words)))

    def formed_start(self, text: str) -> str | None:
        """The name with a legal form that `text` begins with, if `text` goes on behind it with something else."""
        name = display(self.cut(text, flat(text)), self._forms)
        is_one = self._forms.ends(name) and self.is_name(name) and self._has_capitals(name, strict=True)
        return name if is_one else None

    def is_university(self, text: str) -> bool:
        """Whether `text` is 'University of X, Y'."""
        return bool(_UNIVERSITY.match(flat(text.partition(",")[0])))

    def is_common(self, words: str) -> bool:
        """Whether `words` are all words that name nobody alone: 'Logistics'."""
        return all(word in self._common for word in re.findall(r"[^\W_]+", flat(words)))

    def is_code(self, text: str) -> bool:
        """Whether `text` is somebody's own number for something."""
        return bool(_CODE.fullmatch(text))

    def is_name(self, name: str) -> bool:
        """Whether `name` looks like the name of somebody."""
        folded = flat(name)
        parts = re.findall(r"[^\W_]+", folded)
        letters = sum(letter.isalpha() for letter in folded)
        if (
            _CODE.match(name)
            or "@" in name
            or folded.startswith("www.")
            or folded in self._countries
            or letters < 2
            or (len(name) == 2 and name.isascii() and not self._is_known(name))
            or len(name) > 140
            or len(parts) > MOST_WORDS
            or letters * 2 < len(folded.replace(" ", ""))
        ):
            return False
        if self._is_known(name):
            return True
        if all(part in self._common or part.isdigit() for part in parts) or self._is_placeholder(name):
            return False
        if _UNDERTAKING.fullmatch(f" {parts[-1]}") or self._never_within.search(folded):
            return False
        words = folded.split()
        if words[0] in _NEVER_FIRST or words[-1] in _NEVER_LAST:
            return False
        is_numbered = len(words) > 1 and _NUMBERED.fullmatch(words[-1])
        if (is_numbered or self._is_no_user(folded)) and not self._forms.has_form(_BRACKET.sub("", name)):
            return False
        return not self._never.search(folded) and not self._crowds.search(folded)

    def _is_no_user(self, folded: str) -> bool:
        """Whether what is named is a place, an event or an undertaking by its first or last word."""
        if "(" in folded:
            folded = _BRACKET.sub("", folded)
        return f" {folded}".endswith(self._no_users) or folded.startswith(self._no_users_first)

    def _has_capitals(self, name: str, *, strict: bool) -> bool:
        """Whether `name` is written as names are: its first word, and if `strict` every word but small ones."""
        words = [word.strip("()[],.'\"") for word in name.split()]
        lower = [word for word in words if word and word.islower() and word not in self._small]
        if not lower or self._is_known(name):
            return True
        if strict:
            return False
        return self._forms.has_form(name) or (words[0] not in lower and not self.is_mixed(name))

    def is_mixed(self, name: str) -> bool:
        """Whether a word in the midst of `name` is written small, as in 'Lisbon office of Foo': rather prose than a name."""
        words = [word for word in re.findall(r"[^\W_][^\s()\[\]]*", name) if flat(word) not in self._joining]
        return any(word.islower() and after[:1].isupper() for word, after in pairwise(words)) and words[0][:1].isupper()

    def without_small_things(self, name: str) -> str:
        """'Foo business travel' is Foo: `name` without words at its end that are written small and name nobody."""
        parts = name.split(" ")
        is_small = parts[0][:1].isupper() and parts[-1].islower()
        while is_small and len(parts) > 1 and self._is_thing(parts[-1]) and not parts[-1].istitle():
            parts.pop()
        return name if flat(parts[-1]) in self._joining else " ".join(parts)

    def _is_thing(self, word: str) -> bool:
        return flat(word) in self._things or (flat(word) in self._common and word not in self._small)


def _boundary(phrase: Phrase) -> str:
    """Words that may follow a name without a blank begin anywhere; all others begin words."""
    return r"(?:(?<=\w)|(?<= )|(?<=\.))" if phrase.kind == "before" else r"(?<!\w)"
