"""What a text says: the phrases in it, and the names that each leads to.

Which column counts before which belongs in `reader.py`; where a name ends, in `name_ends.py`; the phrases themselves stand in
`configs/beneficiaries/patterns.yml`. All matching is one pass of alternatives of plain words over a short text, so no text makes
it slow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from carbon_assets.beneficiaries.expressions import alternatives, any_of
from carbon_assets.beneficiaries.knowledge import Knowledge
from carbon_assets.beneficiaries.name_ends import OWNER, NameEnds
from carbon_assets.beneficiaries.name_shape import NameShape
from carbon_assets.beneficiaries.patterns import Phrase
from carbon_assets.beneficiaries.text import flat
from carbon_assets.beneficiaries.vocabulary import Vocabulary

CAPITAL = r"[^\W\d_a-z]"
"""A letter that is no small one without accents."""

MAX_LETTERS_OF_OWNER = 80
"""Letters between a phrase and the 's of the name that follows it."""

_LATER_YEAR = re.compile(rf" (?:19|20)\d\d ({CAPITAL}[^\W\d_]+)")
"""'Paris 2024 Olympic ...'."""


class PhraseReader:
    """Finds the phrases of stewards in texts, and the names that go with them."""

    def __init__(self, vocabulary: Vocabulary, knowledge: Knowledge, shape: NameShape, ends: NameEnds) -> None:
        words = vocabulary.words
        self._max_places = vocabulary.limits.max_places_of_phrase
        self._knowledge = knowledge
        self._forms = knowledge.forms
        self._shape = shape
        self._ends = ends
        self._phrases = [(phrase, any_of(phrase.words, _boundary(phrase))) for phrase in vocabulary.phrases]
        self._label = re.compile(f"(?:{alternatives(words.label_leads)} )?{alternatives(words.labels)}[:,] ?")
        self._also_named = re.compile(rf" [(]?{alternatives(words.also_named)}(?!\w)")
        self._for_theirs = re.compile(f" {alternatives(words.for_theirs)} ")
        self._duty = re.compile(rf"(?:[\w-]+ ){{0,4}}{alternatives(words.duties)}\b")
        self._undertaking = re.compile(rf" {alternatives(words.undertakings)}(?!\w)")
        self._as_another = re.compile(
            rf",? {alternatives(words.acting_as)} (?:{alternatives(words.articles)} )?"
            rf"{alternatives(words.agents + words.managers)}\b"
        )
        self._together = re.compile(rf",? {alternatives(words.together)}\b")
        # Capitals tell a user from a purpose, so these are searched in texts as they are written.
        marks = alternatives(words.period_marks + words.gas_marks, as_written=True)
        self._for_another = re.compile(f" {alternatives(words.for_another, as_written=True)} (?!{marks}){CAPITAL}")
        joint = alternatives((*words.then_another, "-", "–", "/"), as_written=True)
        self._then_another = re.compile(f"(?:,| {joint}) (?={CAPITAL})")
        self._for_in_cells = frozenset(f" {word} " for word in words.for_in_cells)
        self._and = frozenset({"&", *map(flat, words.list_joints)})

    def read(self, text: str) -> Iterator[tuple[Phrase, list[str]]]:
        """Each phrase in the tidy `text` that says something, with the names that it leads to: none if it tells of customers,
        third parties and the like, so that there is no name to look for any more."""
        folded = flat(text)
        for phrase, pattern in self._phrases:
            if phrase.kind != "whole" and not pattern.search(folded):
                continue
            names = list(self._names_at_places(text, folded, phrase, pattern))
            if names:
                yield phrase, [name for name in names if name is not None]

    def _names_at_places(
        self, text: str, folded: str, phrase: Phrase, pattern: re.Pattern[str]
    ) -> Iterator[str | None]:
        """The name at each place of the phrase; None where it says that there is none."""
        if phrase.kind == "whole":
            yield from self._accepted(text, phrase)
            return
        for match in islice(pattern.finditer(folded), self._max_places):
            if phrase.kind == "before":
                yield from self._before(text, folded, match.start(), phrase)
            elif phrase.kind == "possessive":
                yield from self._owner(text, folded, match.end(), phrase)
            else:
                yield from self._after(text, folded, match.end(), phrase)

    def _after(self, text: str, folded: str, start: int, phrase: Phrase) -> Iterator[str | None]:
        words = text[start:].lstrip(' :-"“”„«')
        begin = len(text) - len(words)
        if label := self._label.match(folded, begin):
            words, begin = text[label.end() :], label.end()
        if not phrase.rest:
            name = self._ends.cut(words, folded[begin:])
            if phrase.broker == "never" and self._for_another.match(words, len(name)):
                return
            if phrase.decides and self._is_for_another(words, name):
                yield None
                return
            words = self._user_of(words, name)
        yield from self._accepted(words, phrase)

    def _before(self, text: str, folded: str, end: int, phrase: Phrase) -> Iterator[str | None]:
        words = text[:end].rstrip(" -,;:")
        name = self._ends.cut(words, folded[: len(words)])
        if name and (name == words or self._also_named.match(folded, len(name))):
            yield from self._accepted(name, phrase)

    def _owner(self, text: str, folded: str, start: int, phrase: Phrase) -> Iterator[str | None]:
        end = folded.find(OWNER, start, start + MAX_LETTERS_OF_OWNER)
        if end > start:
            words = text[start:end].lstrip()
            behind = end + len(OWNER)
            is_own = self._ends.is_owned(text[behind:]) and not self._duty.match(folded, behind)
            if self._ends.cut(words, flat(words)) == words and is_own:
                yield from self._accepted(words, phrase)

    def _accepted(self, words: str, phrase: Phrase) -> Iterator[str | None]:
        """`words` as a name, if they are one and written as the phrase needs it; None if the phrase decides about a crowd."""
        if self._shape.names_a_crowd(words):
            if phrase.decides:
                yield None
            return
        name = self._knowledge.display(self._shape.without_leads(words))
        if phrase.needs == "form" and not (
            self._forms.has_form(name) or (phrase.kind == "whole" and self._knowledge.is_known(name))
        ):
            return
        if self._shape.is_name(name) and self._shape.has_capitals(name, strict=phrase.needs is not None):
            yield name

    # --- whom a name is for

    def _is_for_another(self, words: str, name: str) -> bool:
        """Whether another user follows `name`, as in 'X for Foo Ltd', 'X - Foo Ltd', 'X together with Foo', 'X as trustee'.
        'Foo Bank for Foo Tower' is one."""
        if not words.startswith(name):
            return False
        folded = flat(words)
        if self._as_another.match(folded, len(name)) or self._together.match(folded, len(name)):
            return True
        joint = self._then_another.match(words, len(name))
        if not joint:
            return False
        rest = words[joint.end() :]
        if joint[0] in self._for_in_cells and not (
            self._forms.has_form(name) or self._knowledge.is_known(name) or self._ends.is_purpose(rest)
        ):
            return not self._knowledge.are_related(name, " ".join(rest.split()[:4]))
        other = self._knowledge.display(self._ends.cut(rest, flat(rest)))
        is_named = self._forms.has_form(other) or self._knowledge.is_known(other)
        return is_named and not self._knowledge.are_related(name, other)

    def _user_of(self, text: str, words: str) -> str:
        """`words` that `text` begins with; their owner if they name a thing; blank if they name an undertaking."""
        rest = text[len(words) :] if text.startswith(words) else ""
        folded = flat(words)
        owner = folded.find(OWNER)
        if self._for_theirs.match(flat(rest)) and self._shape.names_a_crowd(who := " ".join(rest.split()[:4])):
            return f"{words} {who}"
        undertaking = self._undertaking.match(flat(rest))
        if undertaking:
            who = " ".join(rest[undertaking.end() :].split()[:2])
            if self._shape.names_a_crowd(who):
                return f"{words} {who}"
            if owner < 0 and not self._forms.has_form(words) and not self._knowledge.is_known(words):
                return ""
        if owner > 0 and (undertaking or self._shape.is_thing(folded.rpartition(" ")[2])):
            return words[:owner]
        if self._is_cut_at_year(words, rest):
            return ""
        return self._without_things(words)

    def _is_cut_at_year(self, words: str, rest: str) -> bool:
        """Whether one word and a year are the beginning of a longer name: 'Paris 2024 Olympic ...'."""
        more = _LATER_YEAR.match(rest)
        if not more or " " in words or self._knowledge.is_known(words):
            return False
        return not self._shape.is_common_word(flat(more[1])) and not self._shape.begins_with_never(flat(more[1]))

    def _without_things(self, words: str) -> str:
        """'Nestlé Travel & Fleet' is Nestlé: a known name without the things of it that follow."""
        parts = words.split(" ")
        for size in range(len(parts) - 1, max(0, len(parts) - 4), -1):
            word = flat(parts[size])
            if not self._shape.is_thing(word) and word not in self._and:
                break
            if self._knowledge.is_known(name := " ".join(parts[:size])) and not self._knowledge.is_known(words):
                return name
        return words


def _boundary(phrase: Phrase) -> str:
    """Words that may follow a name without a blank begin anywhere; all others begin words."""
    return r"(?:(?<=\w)|(?<= )|(?<=\.))" if phrase.kind == "before" else r"(?<!\w)"
