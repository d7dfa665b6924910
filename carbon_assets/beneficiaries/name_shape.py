"""What a name looks like: whether words can be the name of a user at all.

Where in a text a name ends belongs in `name_ends.py`, which entity it is in `knowledge.py`.
"""

from __future__ import annotations

import re
from itertools import pairwise

from carbon_assets.beneficiaries.expressions import alternatives, any_of
from carbon_assets.beneficiaries.knowledge import Knowledge
from carbon_assets.beneficiaries.text import flat
from carbon_assets.beneficiaries.vocabulary import Vocabulary

_CODE = re.compile(r"[A-Z]{1,4}(?:[ _-]| - )\d{1,4}\b|[A-Z]{1,4}\d{1,4}$")
"""Somebody's own numbers for things: 'GP-4'."""

_LAST_NUMBER = re.compile(r"#?\d{1,2}")
"""The last word of a plant, a phase or a part: 'Foo Hill 2'."""

_LAST_BRACKETS = re.compile(r"(?: ?\([^()]*(?:\([^()]*\)[^()]*)?\)?)+$")
"""What stands in brackets at the end: '(Phase 2)', '(Foo (Lisbon) Co., Ltd.)'."""

_FIRST_YEAR = re.compile(r"^20[0-3]\d (?=[^\W\d_a-z])")


class NameShape:
    """Judges words by the lists of stewards."""

    def __init__(self, vocabulary: Vocabulary, knowledge: Knowledge) -> None:
        words, self._limits = vocabulary.words, vocabulary.limits
        self._knowledge = knowledge
        self._forms = knowledge.forms
        self._leads = any_of(words.leads, "^", "(?= )")
        self._crowds = any_of(words.crowds)
        self._never = any_of(words.never, r"(?<![\w.])", r"(?!\w|\.\w)")
        self._never_within = any_of(words.never_within, "", "")
        self._never_first = frozenset(map(flat, words.never_first))
        self._never_last = frozenset(map(flat, words.never_last))
        self._common = frozenset(map(flat, words.common))
        self._small = frozenset(words.small)
        self._joining = frozenset(map(flat, words.small + words.joining))
        self._countries = frozenset(map(flat, words.countries))
        self._things = frozenset(map(flat, words.things))
        self._undertaking = re.compile(rf" {alternatives(words.undertakings)}(?!\w)")
        self._no_users = tuple(f" {flat(ending)}" for ending in words.no_users)
        self._no_users_first = tuple(f"{flat(beginning)} " for beginning in words.no_users_first)
        self._university = re.compile(rf"{alternatives(words.universities)} \w+$")

    # --- whole names

    def is_name(self, name: str) -> bool:
        """Whether `name` looks like the name of somebody."""
        folded = flat(name)
        parts = re.findall(r"[^\W_]+", folded)
        if not self._is_shaped_like_name(name, folded, len(parts)):
            return False
        if self._knowledge.is_known(name):
            return True
        if all(part in self._common or part.isdigit() for part in parts) or self._knowledge.is_placeholder(name):
            return False
        if self._undertaking.fullmatch(f" {parts[-1]}") or self._never_within.search(folded):
            return False
        words = folded.split()
        if words[0] in self._never_first or words[-1] in self._never_last:
            return False
        is_numbered = len(words) > 1 and _LAST_NUMBER.fullmatch(words[-1])
        if (is_numbered or self.is_no_user(folded)) and not self._forms.has_form(_LAST_BRACKETS.sub("", name)):
            return False
        return not self._never.search(folded) and not self._crowds.search(folded)

    def _is_shaped_like_name(self, name: str, folded: str, words: int) -> bool:
        """Whether `name` has letters and the length of a name, and is no code, address or country."""
        letters = sum(map(str.isalpha, folded))
        return not (
            _CODE.match(name)
            or "@" in name
            or folded.startswith("www.")
            or self.is_country(folded)
            or letters < 2
            or (len(name) == 2 and name.isascii() and not self._knowledge.is_known(name))
            or len(name) > self._limits.max_letters_of_name
            or words > self._limits.max_words_of_name
            or letters * 2 < len(folded.replace(" ", ""))
        )

    def is_code(self, text: str) -> bool:
        """Whether `text` is somebody's own number for something."""
        return bool(_CODE.fullmatch(text))

    def is_university(self, text: str) -> bool:
        """Whether `text` is 'University of X, Y'."""
        return bool(self._university.match(flat(text.partition(",")[0])))

    def is_country(self, folded: str) -> bool:
        """Whether a flat text is the name of a country, as it stands at the end of an address."""
        return folded in self._countries

    def is_no_user(self, folded: str) -> bool:
        """Whether what is named is a place, an event or an undertaking by its first or last word."""
        if "(" in folded:
            folded = _LAST_BRACKETS.sub("", folded)
        return f" {folded}".endswith(self._no_users) or folded.startswith(self._no_users_first)

    def has_capitals(self, name: str, *, strict: bool) -> bool:
        """Whether `name` is written as names are: its first word, and if `strict` every word but small ones."""
        words = [word.strip("()[],.'\"") for word in name.split()]
        lower = [word for word in words if word and word.islower() and word not in self._small]
        if not lower or self._knowledge.is_known(name):
            return True
        if strict:
            return False
        return self._forms.has_form(name) or (words[0] not in lower and not self.is_mixed(name))

    def is_mixed(self, name: str) -> bool:
        """Whether a word in the midst of `name` is written small, as in 'Lisbon office of Foo': rather prose than a name."""
        words = [word for word in re.findall(r"[^\W_][^\s()\[\]]*", name) if flat(word) not in self._joining]
        return any(word.islower() and after[:1].isupper() for word, after in pairwise(words)) and words[0][:1].isupper()

    # --- words

    def names_a_crowd(self, words: str) -> bool:
        """Whether `words` are about customers, third parties and the like."""
        return bool(self._crowds.search(flat(words)))

    def begins_with_never(self, folded: str) -> bool:
        """Whether a flat text begins with what no name holds."""
        return bool(self._never.match(folded))

    def is_common(self, words: str) -> bool:
        """Whether `words` are all words that name nobody alone: 'Logistics'."""
        return all(word in self._common for word in re.findall(r"[^\W_]+", flat(words)))

    def is_common_word(self, folded: str) -> bool:
        """Whether one flat word names nobody alone."""
        return folded in self._common

    def is_small_word(self, word: str) -> bool:
        """Whether `word` is one that names hold in small letters."""
        return word in self._small

    def is_thing(self, folded: str) -> bool:
        """Whether a flat word names what belongs to a user."""
        return folded in self._things

    def without_leads(self, words: str) -> str:
        """`words` without articles and the like in front of the name; 'The' with a capital may be part of it."""
        folded = flat(words)
        start = 0
        while lead := self._leads.match(folded[start:]):
            if words[start : start + 1].isupper():
                break
            start += lead.end()
            start += len(words[start:]) - len(words[start:].lstrip())
        return _FIRST_YEAR.sub("", words[start:])

    def without_small_things(self, name: str) -> str:
        """'Foo business travel' is Foo: `name` without words at its end that are written small and name nobody."""
        parts = name.split(" ")
        is_small = parts[0][:1].isupper() and parts[-1].islower()
        while is_small and len(parts) > 1 and self._names_nobody(parts[-1]) and not parts[-1].istitle():
            parts.pop()
        return name if flat(parts[-1]) in self._joining else " ".join(parts)

    def _names_nobody(self, word: str) -> bool:
        return flat(word) in self._things or (flat(word) in self._common and word not in self._small)
