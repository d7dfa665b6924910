"""What a text says: the phrases in it, the name that each goes with, and where that name ends.

What `patterns.yml` may say belongs in `beneficiary_patterns.py`. Which column counts before which, aliases and placeholders belong in `beneficiaries.py`; spellings in `entity_names.py`.
All matching is one pass of alternatives of plain words over a short text, so no text makes it slow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from carbon_assets.beneficiary_patterns import Patterns, Phrase, any_of
from carbon_assets.entity_names import LegalForms, display, flat, tax_id_at

NOBODY = "nobody"
"""What a phrase says that names customers, third parties and the like: there is no name to look for any more."""

MOST_WORDS = 18
"""Words of a name; what is longer is prose."""

MOST_PLACES = 6
"""Times that one phrase is looked for in one text."""

_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|ene|abr|ago|dic|gen|mag|giu|lug|set|ott|mai|okt|dez"
_NUMBERS = (
    rf" [(\[]?(?:(?:fy|cy|ye|q|h|s|f) ?'?\d|(?:{_MONTHS})[a-z]{{0,7}}\.? ?'?\d|\d{{4}}(?!\w)|\d{{1,2}}[./-]\d|\d+% |\d+,\d)"
    r"|(?<!corp)(?<!ltda)(?<!bros)(?<=\w{4})\. |(?<=\.) (?=(?:this|the|these|retire|in|to|for|we|it|as|credits?|on|program)\b)"
    r"|; | - | \||: | \\| //| / |\"|,(?= ?\d)"
)
_AND_NAMED = re.compile(
    r" and (?:its|their) (?:[\w-]+ ){0,3}(?:subsidiaries|affiliates|companies)[ :]{1,2}(?!for |to |in |as |with )\w"
)
"""Subsidiaries that are named go on with the list of names; others end the name."""

_CODE = re.compile(r"[A-Z]{1,4}[ _-]\d{1,4}\b|[A-Z]{1,4}\d{1,4}$")
"""Somebody's own numbers for things: 'GP-4'."""

_LOWER = frozenset(
    [
        "of",
        "and",
        "the",
        "de",
        "du",
        "des",
        "da",
        "do",
        "dos",
        "das",
        "del",
        "della",
        "dello",
        "di",
        "e",
        "y",
        "et",
        "und",
        "en",
        "la",
        "le",
        "les",
        "los",
        "las",
        "el",
        "van",
        "von",
        "der",
        "den",
        "das",
        "dem",
        "for",
        "in",
        "a",
        "o",
        "i",
        "ve",
        "og",
        "och",
        "at",
        "c/o",
        "pour",
        "para",
        "per",
        "voor",
        "&",
        "+",
        "z",
        "w",
        "na",
        "al",
        "bin",
        "ibn",
        "ul",
        "uk",
        "sur",
        "sous",
        "am",
        "im",
        "an",
        "spa",
        "srl",
        "gmbh",
        "inc",
        "ltd",
        "llc",
        "plc",
        "ag",
        "co",
        "bv",
        "nv",
        "sa",
        "sas",
    ]
)


class NameFinder:
    """Finds names in texts.

    `is_placeholder`: whether a name stands for nobody. `is_known`: whether the alias table has it, which makes up for
    missing capitals.
    """

    def __init__(
        self,
        patterns: Patterns,
        forms: LegalForms,
        is_placeholder: Callable[[str], bool],
        is_known: Callable[[str], bool],
    ) -> None:
        self._forms = forms
        self._is_placeholder = is_placeholder
        self._is_known = is_known
        self._phrases = [(phrase, any_of(phrase.words, _boundary(phrase))) for phrase in patterns.phrases]
        stops = any_of(patterns.stops, "(?: | ?[(])")
        self._stops = re.compile(stops.pattern + "|" + _NUMBERS)
        self._leads = any_of(patterns.leads, "^", "(?= )")
        self._keep_for = frozenset(map(flat, patterns.keep_for))
        self._crowds = any_of(patterns.crowds)
        self._owned_crowds = any_of(patterns.crowds + patterns.owned_crowds)
        self._never = any_of(patterns.never, r"(?<![\w.])", r"(?!\w|\.\w)")
        self._common = frozenset(map(flat, patterns.common))

    # --- phrases

    def phrases(self, text: str) -> Iterator[tuple[Phrase, list[str] | str]]:
        """Each phrase that names somebody in the tidy `text`, with the words that name them, or `NOBODY`."""
        folded = flat(text)
        for phrase, pattern in self._phrases:
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
        words = text[start:].lstrip(" :-")
        begin = len(text) - len(words)
        words = words if phrase.rest else self.cut(words, folded[begin:])
        yield from self._believed(words, phrase)

    def _before(self, text: str, folded: str, match: re.Match[str], phrase: Phrase) -> Iterator[str]:
        words = text[: match.start()].rstrip(" -,;:")
        if words and self.cut(words, folded[: len(words)]) == words:
            yield from self._believed(words, phrase)

    def _owner(self, text: str, folded: str, start: int, phrase: Phrase) -> Iterator[str]:
        end = folded.find("'s ", start, start + 80)
        if end > start:
            words = text[start:end].lstrip()
            if self.cut(words, flat(words)) == words and self._is_purpose(text[end + 3 :]):
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
                return self._to_comma(self._without_possessive(text[: stop.start()]))
            start = stop.end()
        return self._to_comma(self._without_possessive(text))

    def _without_possessive(self, words: str) -> str:
        """'Disney's' is Disney, where what it has follows; 'Ben & Jerry's' is known to end so."""
        folded = flat(words)
        end = folded.find("'s ")
        if end > 0 and self._is_purpose(words[end + 3 :]):
            words = words[:end]
        elif folded.endswith("'s") and not self._is_known(words):
            words = words[:-2]
        return words

    def _is_purpose(self, words: str) -> bool:
        """Whether `words` begin with what one has and is no part of a name: '2025 emissions', 'contribution to ...'."""
        folded = flat(words)
        if self._owned_crowds.search(" ".join(folded[:80].split()[:4])):
            return False
        word = re.match(r"[^\W_]*", folded)[0]
        return words[:1].islower() or words[:1].isdigit() or word in self._common or bool(self._never.match(folded))

    def _goes_on(self, text: str, folded: str, stop: re.Match[str]) -> bool:
        """Whether a stop is part of the name: 'Society for ...'; 'Institute of Technology in Vienna' is not."""
        last = folded[: stop.start()].rpartition(" ")[2]
        rest = text[stop.end() :].lstrip()
        if stop[0].strip() in {"for", "para", "fur", "pour", "per", "voor"}:
            return last in self._keep_for and rest[:1].isupper() and not re.match(r"(?:FY|CY|YE|Q\d|Scope)", rest)
        return bool(_AND_NAMED.match(folded, stop.start()) and rest)

    def _to_comma(self, text: str) -> str:
        """`text` up to a comma, unless the name goes on behind it: a legal form, or a list of names."""
        head, comma, rest = text.partition(",")
        if not comma or (not head.strip()):
            return text
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
        return words[start:]

    def names_a_crowd(self, words: str) -> bool:
        """Whether `words` are about customers, third parties and the like."""
        return bool(self._crowds.search(flat(words)))

    def is_name(self, name: str) -> bool:
        """Whether `name` looks like the name of somebody."""
        folded = flat(name)
        parts = re.findall(r"[^\W_]+", folded)
        letters = sum(letter.isalpha() for letter in folded)
        if (
            _CODE.match(name)
            or letters < 2
            or len(name) > 140
            or len(parts) > MOST_WORDS
            or letters * 2 < len(folded.replace(" ", ""))
        ):
            return False
        if self._is_known(name):
            return True
        if all(part in self._common or part.isdigit() for part in parts) or self._is_placeholder(name):
            return False
        return not self._never.search(folded) and not self._crowds.search(folded)

    def _has_capitals(self, name: str, *, strict: bool) -> bool:
        """Whether `name` is written as names are: its first word, and if `strict` every word but small ones."""
        words = [word.strip("()[],.'\"") for word in name.split()]
        lower = [word for word in words if word and word.islower() and word not in _LOWER]
        if not lower or self._is_known(name):
            return True
        if strict:
            return False
        return words[0] not in lower or self._forms.has_form(name)


def _boundary(phrase: Phrase) -> str:
    """Words that may follow a name without a blank begin anywhere; all others begin words."""
    return r"(?:(?<=\w)|(?<= )|(?<=\.))" if phrase.kind == "before" else r"(?<!\w)"
