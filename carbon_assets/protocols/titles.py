"""The titles, aliases and slugs of the catalogue, found again in what registries write: exactly, then within the slips of a
typist, then in other words' order.

Below `min_confidence` nothing is found. Codes belong in `codes.py`; what a whole text says is put together in `reader.py`;
words of languages and thresholds are data (`reading_rules.py`).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache
from math import log

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from carbon_assets.protocols.catalogue import Catalogue, Protocol
from carbon_assets.protocols.codes import CodeGrammar
from carbon_assets.protocols.reading_rules import Words
from carbon_assets.protocols.text import Versions, clean, squeeze, words_of

_COUNTRY_CODE = re.compile(r"- ?([a-z]{2})\W*$", re.IGNORECASE)
"""CAR writes 'Livestock - MX'."""


@dataclass(frozen=True)
class Hit:
    """A protocol that a text names: its id, how it was found, and how sure that is."""

    id: str
    method: str
    confidence: float


@dataclass(frozen=True, eq=False)
class Name:
    """A title, alias or slug, with what is never a slip in it. `method`: what a match with it is called. `has_direction`: it
    goes from one thing to another, so that in another order of words it would say the opposite.

    Compared by identity: each is made once.
    """

    id: str
    program: str
    text: str
    key: str
    method: str
    codes: frozenset[str]
    distinctions: frozenset[str]
    digits: str
    words: tuple[str, ...]
    has_direction: bool


class _Language:
    """What the words of a cleaned text say, whatever the catalogue."""

    def __init__(self, words: Words) -> None:
        self.versions = Versions(words)
        self._boilerplate = frozenset(words.boilerplate)
        self._negations = words.negations
        self._to, self._from = frozenset(words.direction.to), frozenset(words.direction.from_)
        self._patterns = {name: re.compile(p, re.IGNORECASE) for name, p in words.distinctions.items()}
        self.distinctions = lru_cache(maxsize=1024)(self._distinctions)
        self.digits = lru_cache(maxsize=1024)(self._digits)

    def content(self, text: str) -> list[str]:
        """The words of a text that carry meaning."""
        words = words_of(self.versions.without(text))
        return [word for word in words if len(word) > 1 and word not in self._boilerplate]

    def is_boilerplate(self, words: list[str]) -> bool:
        """Whether all words are boilerplate."""
        return self._boilerplate.issuperset(words)

    def is_opposite(self, word: str, other: str) -> bool:
        """Whether one word negates the other."""
        return any(word == no + other or other == no + word for no in self._negations)

    def has_direction(self, text: str) -> bool:
        """Whether a text goes from one thing to another."""
        words = set(words_of(text))
        return bool(self._to & words) and bool(self._from & words)

    def _distinctions(self, text: str) -> frozenset[str]:
        """What tells one protocol from its neighbour in few letters: countries, and whether a text says 'not'."""
        country = _COUNTRY_CODE.search(text)
        names = frozenset(name for name, pattern in self._patterns.items() if pattern.search(text))
        return names | ({country[1].lower()} if country else set())

    def _digits(self, text: str) -> str:
        return "".join(sorted(re.findall(r"\d", self.versions.without(text))))


class TitleIndex:
    """Finds the names of one catalogue. Texts must be cleaned (`text.clean`)."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._limits = catalogue.rules.thresholds
        self._language = _Language(catalogue.rules.words)
        self._grammar = CodeGrammar(catalogue.rules.words, catalogue.protocols)
        self._revised_by = catalogue.rules.words.revised_by
        self._programs_with_codes = frozenset(catalogue.rules.words.codes.programs)
        self._keys_of = catalogue.title_keys
        self._own = {p.registry: p.id for p in catalogue.programs.values() if p.registry}
        types = catalogue.project_types.values()
        self._technologies = {squeeze(clean(word)) for type_ in types for word in (type_.id, type_.display_name)}
        self._compliance = {p.id for p in catalogue.programs.values() if p.is_compliance}
        markers = {m: p.id for p in catalogue.programs.values() for m in p.markers}
        self._markers = {squeeze(marker): program for marker, program in markers.items()}
        self._program_words = {word for marker in markers for word in words_of(marker)}
        longest_first = sorted(markers, key=len, reverse=True)
        self._marker = re.compile(rf"(?<![a-z])(?:{'|'.join(map(re.escape, longest_first))})(?![a-z])", re.IGNORECASE)
        self._names: dict[str, list[Name]] = defaultdict(list)
        self._keys_by_word: dict[str, set[str]] = defaultdict(set)
        self._names_by_word: dict[str, set[Name]] = defaultdict(set)
        for protocol in catalogue.protocols.values():
            self._add(protocol)
        self._by_length = sorted(self._names, key=lambda key: (len(key), key))
        self._lengths = [len(key) for key in self._by_length]
        total = len({name for names in self._names.values() for name in names})
        self._weights = {word: log(1 + total / len(names)) for word, names in self._names_by_word.items()}
        self._weight_of = {
            name: sum(self._weights[word] for word in set(name.words))
            for names in self._names.values()
            for name in names
        }
        self._codes_in_names = {name.codes for names in self._names.values() for name in names} - {frozenset()}
        self._keys = lru_cache(maxsize=1024)(self._keys_of.variants)

    def _add(self, protocol: Protocol) -> None:
        program = self._catalogue.programs[protocol.program].name
        slugs = [("code", protocol.slug)] if protocol.slug else []
        for method, text in (("title", protocol.title), *slugs, *(("alias", alias) for alias in protocol.aliases)):
            cleaned = clean(text)
            codes = frozenset(code.id for code in self._grammar.find(cleaned))
            words = tuple(self._language.content(cleaned))
            name = Name(
                protocol.id,
                protocol.program,
                text,
                self._keys_of(cleaned),
                method,
                codes,
                self._language.distinctions(cleaned),
                self._language.digits(cleaned),
                words,
                self._language.has_direction(text),
            )
            for key in {*self._keys_of.variants(cleaned), squeeze(f"{program} {cleaned}")}:
                self._names[key].append(name)
                for word in words:
                    self._keys_by_word[word].add(key)
            for word in words:
                self._names_by_word[word].add(name)

    def find(self, text: str, registry: str | None, codes: frozenset[str] = frozenset()) -> Hit | None:
        """The protocol that a text names by title; None where there is none, or more than one.

        `codes`: the ids of the codes in the text; a name must hold the same ones.
        """
        return self.find_exact(text, registry, codes) or self._find_near(text, registry, codes)

    def find_exact(self, text: str, registry: str | None, codes: frozenset[str] = frozenset()) -> Hit | None:
        """As `find`, without any slip."""
        if len(text) > self._limits.max_letters_of_title:
            return None
        found = [
            (order, name)
            for order, key in enumerate(self._keys(text))
            for name in self._names.get(key, ())
            if name.codes == codes
        ]
        return self._hit(self._chosen(found, text, registry), 1.0, text, registry)

    def candidates(self, text: str, limit: int = 3) -> tuple[str, ...]:
        """Ids of the titles that share at least `min_share_of_candidate` of their weight in words with the text, best first."""
        words = set(self._language.content(text[: self._limits.max_letters_of_title]))
        total = sum(self._weights.get(word, 1.0) for word in words)
        shared: dict[Name, float] = defaultdict(float)
        for word in words:
            for name in self._names_by_rare_word(word):
                shared[name] += self._weights[word]
        scores = ((2 * weight / (total + self._weight_of[name]), name.id) for name, weight in shared.items())
        near = sorted(
            (hit for hit in scores if hit[0] >= self._limits.min_share_of_candidate), key=lambda hit: (-hit[0], hit[1])
        )
        return tuple(list(dict.fromkeys(id_ for _, id_ in near))[:limit])

    def _names_by_rare_word(self, word: str) -> set[Name]:
        names = self._names_by_word.get(word, set())
        return names if len(names) <= self._limits.max_titles_of_rare_word else set()

    def is_title_of(self, piece: str, ids: frozenset[str]) -> bool:
        """Whether a piece of text is the title of one of the protocols, or a good part of it."""
        if len(piece) > self._limits.max_letters_of_title:
            return False
        key = self._keys_of(piece)
        known = (self._catalogue.protocols[id_] for id_ in ids if id_ in self._catalogue.protocols)
        titles = (squeeze(clean(title)) for protocol in known for title in (protocol.title, *protocol.aliases))
        return len(key) >= self._limits.min_letters_of_part and any(
            len(key) <= self._limits.max_length_of_part * len(title)
            and fuzz.partial_ratio(key, title, score_cutoff=self._limits.min_likeness_of_part)
            for title in titles
        )

    def holds_title_of(self, text: str, protocol: Protocol) -> bool:
        """Whether a text holds the whole title of a protocol, but for slips."""
        title = squeeze(clean(protocol.title))
        whole = squeeze(text[: 2 * self._limits.max_letters_of_title])
        cutoff = self._limits.min_likeness_of_whole
        return len(whole) >= len(title) and bool(fuzz.partial_ratio(title, whole, score_cutoff=cutoff))

    def is_frill(self, piece: str) -> bool:
        """Whether a piece holds but versions, names of programmes and boilerplate."""
        unnamed = self._marker.sub(" ", self._language.versions.without(piece))
        return self._language.is_boilerplate(re.findall(r"[^\W\d_]+", unnamed.casefold()))

    # --- choosing

    def _hit(self, name: Name | None, confidence: float, text: str, registry: str | None) -> Hit | None:
        """What a name that was found asserts; nothing where another registry writes the bare name of a technology."""
        if not name or (self._is_foreign(name, registry) and self._is_bare(name) and not self._is_named(name, text)):
            return None
        return Hit(name.id, name.method, confidence)

    def _is_foreign(self, name: Name, registry: str | None) -> bool:
        """Whether the name is the word of another registry than the one that writes it."""
        home = self._catalogue.programs[name.program].registry
        return bool(registry and home and registry != home)

    def _is_bare(self, name: Name) -> bool:
        """Whether a name says what is done, but not by whose protocol: 'Biochar', 'Improved Forest Management'."""
        letters = squeeze(clean(name.text))
        return len(letters) < self._limits.min_letters_of_telling_name or letters in self._technologies

    def _is_named(self, name: Name, text: str) -> bool:
        return name.program in self.programs_in(text)

    def _chosen(self, found: list[tuple[int, Name]], text: str, registry: str | None) -> Name | None:
        """Of names that fit: the registry's own, then by the likelier key, then a slug spelled just so, then an alias, then
        that of a programme without codes, then one that is the whole key, not part of it. Where there is a code, registries write it; a title without one that
        a revision by another programme shares with the original is the original's."""
        if not found:
            return None
        programs = self.programs_in(text)
        found = [hit for hit in found if hit[1].program in programs] or found
        ids = {name.id for _, name in found}
        found = [hit for hit in found if self._catalogue.protocols[hit[1].id].superseded_by not in ids]
        present = {name.program for _, name in found}
        revised = {program for original, by in self._revised_by.items() if original in present for program in by}
        found = [hit for hit in found if hit[1].program not in revised]

        key = self._keys_of(text)

        def rank(hit: tuple[int, Name]) -> tuple:
            order, name = hit
            own = name.program == self._own.get(registry or "")
            is_slug = name.method == "code" and name.text == text
            uncoded = name.program not in self._programs_with_codes
            return (own, -order, is_slug, name.method == "alias", uncoded, name.key == key)

        best = max(map(rank, found))
        chosen = [name for order, name in found if rank((order, name)) == best]
        return chosen[0] if len({name.id for name in chosen}) == 1 else None

    def programs_in(self, text: str) -> set[str]:
        """Ids of the programmes that a text names."""
        return {self._markers[squeeze(marker[0])] for marker in self._marker.finditer(text)}

    # --- slips

    def _find_near(self, text: str, registry: str | None, codes: frozenset[str]) -> Hit | None:
        if len(text) > self._limits.max_letters_of_title or (codes and codes not in self._codes_in_names):
            return None
        words = self._language.content(text)
        near = [hit for key in self._keys(text) for hit in self._within_slips(key, text, words, codes)]
        return self._unambiguous(near, text, registry) or self._reworded(text, words, registry)

    def _within_slips(
        self, key: str, text: str, words: list[str], codes: frozenset[str]
    ) -> list[tuple[int, int, Name]]:
        """(slips, letters of the key, name) of what a typist may have meant."""
        allowed = self._limits.slips(len(key))
        if not allowed:
            return []
        more_or_fewer = min(allowed, self._limits.max_slips_of_length)
        shortest, longest = len(key) - more_or_fewer, len(key) + more_or_fewer
        if len(words) >= self._limits.min_words_to_search_by:
            by_rare_words = (self._keys_by_word[word] for word in words if self._names_by_rare_word(word))
            keys = [near for near in set().union(*by_rare_words) if shortest <= len(near) <= longest]
        else:
            keys = self._by_length[bisect_left(self._lengths, shortest) : bisect_right(self._lengths, longest)]
        hits = process.extract(key, keys, scorer=OSA.distance, processor=None, score_cutoff=allowed, limit=None)
        return [
            (int(slips), len(key), name)
            for near, slips, _ in hits
            for name in self._names[near]
            if name.codes == codes and self._tells_the_same(text, name) and self._only_slips(words, name)
        ]

    def _only_slips(self, words: list[str], name: Name) -> bool:
        """Whether the words that differ are misspelt: a word that titles know, or the opposite of one, is another word."""
        extra = Counter(words) - Counter(name.words)
        missing = Counter(name.words) - Counter(words)
        for word in extra:
            if word in self._program_words or any(word.rstrip("s") == other.rstrip("s") for other in missing):
                continue
            if word in self._names_by_word:
                return False
            if any(self._language.is_opposite(word, other) for other in missing):
                return False
        return True

    def _unambiguous(self, near: list[tuple[int, int, Name]], text: str, registry: str | None) -> Hit | None:
        if not near:
            return None
        slips, letters, _ = min(near, key=lambda hit: hit[:2])
        chosen = self._chosen([(0, name) for n, _, name in near if n == slips], text, registry)
        if not chosen:
            return None
        rivals = [
            n
            for n, _, name in near
            if name.id != chosen.id and n <= self._limits.slips_of_rival * slips and name.program == chosen.program
        ]
        confidence = round(1 - slips / letters, 3)
        if rivals or confidence < self._limits.min_confidence:
            return None
        return self._hit(chosen, confidence, text, registry)

    def _reworded(self, text: str, words: list[str], registry: str | None) -> Hit | None:
        """A title whose words come in another order, or of which one is left out; never with a word of its own."""
        if len(words) < self._limits.min_words_to_search_by:
            return None
        holding = set.intersection(*(self._names_by_word.get(word, set()) for word in words))
        ordered = " ".join(sorted(words))
        scores: dict[str, tuple[float, Name]] = {}
        for name in sorted(holding, key=lambda name: name.text):
            score = fuzz.ratio(ordered, " ".join(sorted(name.words))) / 100
            better = score > scores.get(name.id, (0.0, name))[0]
            if better and not name.has_direction and not name.codes and self._tells_the_same(text, name):
                scores[name.id] = (score, name)
        ranked = sorted(scores.values(), key=lambda hit: -hit[0])
        least, lead = self._limits.min_likeness_reworded, self._limits.min_lead_reworded
        if not ranked or ranked[0][0] < least or (len(ranked) > 1 and ranked[1][0] > ranked[0][0] - lead):
            return None
        confidence = round(max(self._limits.min_confidence, ranked[0][0] * least), 3)
        return self._hit(ranked[0][1], confidence, text, registry)

    def _tells_the_same(self, text: str, name: Name) -> bool:
        """Whether text and name agree in what is never a slip: numbers, countries, a compliance programme."""
        return (
            self._language.distinctions(text) == name.distinctions
            and self._language.digits(text) == name.digits
            and self.programs_in(text) & self._compliance == {name.program} & self._compliance
        )
