"""The titles, aliases and slugs of the catalogue, found again in what registries write: exactly, then within the slips of a
typist, then in other words' order.

Below `ASSERTED` nothing is found. Codes belong in `protocol_codes.py`; what a whole text says is put together in
`protocols.py`.
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

from carbon_assets.protocols import codes as protocol_codes
from carbon_assets.protocols.catalogue import Catalogue, Protocol
from carbon_assets.protocols.text import BOILERPLATE, clean, squeeze, without_versions, words_of

ASSERTED = 0.85
"""The confidence from which a protocol is asserted."""

FOREIGN = 0.86
"""The confidence in a short name ('Biochar') where another registry writes it than the one whose word it is."""

SHORT = 20
"""Letters of a name that other registries may well use for something else."""

REWORDED = 0.9
"""The likeness that a title keeps when its words are sorted; a title in another order is `REWORDED` to 1 times as sure."""

LONGEST_TITLE = 400
"""Letters; the longest title of the catalogue has some 230. What is longer is prose."""

COMMON = 60
"""Titles; a word that more of them share finds nothing by itself."""

NEAR = 0.25
"""The share of its weight in words that a title must have in common with a text to be a candidate."""

_TELLING = (
    ("mexico", re.compile(r"\b(?:mx|mexic[oa]n?)\b", re.IGNORECASE)),
    ("canada", re.compile(r"\bcanad(?:a|ian)\b", re.IGNORECASE)),
    ("united states", re.compile(r"\bu\.? ?s\.?(?:a\b|\b|(?=\W|$))|\bunited states\b", re.IGNORECASE)),
    ("not", re.compile(r"\bnon\b|\bnon(?=federal|renewable)", re.IGNORECASE)),
)
"""Few letters by which one protocol differs from its neighbour: no slip of a typist."""

_COUNTRY_CODE = re.compile(r"- ?([a-z]{2})\W*$", re.IGNORECASE)
"""CAR writes 'Livestock - MX'."""

_NEGATIONS = ("un", "an", "in", "non", "de", "dis", "anti")


@dataclass(frozen=True)
class Hit:
    """A protocol that a text names: its id, how it was found, and how sure that is."""

    id: str
    method: str
    confidence: float


@dataclass(frozen=True, eq=False)
class Name:
    """A title, alias or slug, with what is never a slip in it. `method`: what a match with it is called.

    Compared by identity: each is made once.
    """

    id: str
    program: str
    text: str
    key: str
    method: str
    codes: frozenset[str]
    telling: frozenset[str]
    digits: str
    words: tuple[str, ...]

    @property
    def has_direction(self) -> bool:
        """From one thing to another: in another order of words it would say the opposite."""
        words = words_of(self.text)
        return "to" in words and bool({"from", "by", "of"} & set(words))


class TitleIndex:
    """Finds the names of one catalogue. Texts must be cleaned (`protocol_text.clean`)."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._keys_of = catalogue.title_keys
        self._own = {p.registry: p.id for p in catalogue.programs.values() if p.registry}
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
            codes = frozenset(code.id for code in protocol_codes.find(cleaned, self._catalogue.protocols))
            words = tuple(_content(cleaned))
            key = self._keys_of(cleaned)
            name = Name(
                protocol.id, protocol.program, text, key, method, codes, _telling(cleaned), _digits(cleaned), words
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
        if len(text) > LONGEST_TITLE:
            return None
        found = [
            (order, name)
            for order, key in enumerate(self._keys(text))
            for name in self._names.get(key, ())
            if name.codes == codes
        ]
        return self._hit(self._chosen(found, text, registry), 1.0, text, registry)

    def candidates(self, text: str, limit: int = 3) -> tuple[str, ...]:
        """Ids of the titles that share at least `NEAR` of their weight in words with the text, best first."""
        words = set(_content(text[:LONGEST_TITLE]))
        total = sum(self._weights.get(word, 1.0) for word in words)
        shared: dict[Name, float] = defaultdict(float)
        for word in words:
            for name in self._telling_names(word):
                shared[name] += self._weights[word]
        scores = ((2 * weight / (total + self._weight_of[name]), name.id) for name, weight in shared.items())
        near = sorted((hit for hit in scores if hit[0] >= NEAR), key=lambda hit: (-hit[0], hit[1]))
        return tuple(list(dict.fromkeys(id_ for _, id_ in near))[:limit])

    def _telling_names(self, word: str) -> set[Name]:
        names = self._names_by_word.get(word, set())
        return names if len(names) <= COMMON else set()

    def is_title_of(self, piece: str, ids: frozenset[str]) -> bool:
        """Whether a piece of text is the title of one of the protocols, or a good part of it."""
        if len(piece) > LONGEST_TITLE:
            return False
        key = self._keys_of(piece)
        known = (self._catalogue.protocols[id_] for id_ in ids if id_ in self._catalogue.protocols)
        titles = (squeeze(clean(title)) for protocol in known for title in (protocol.title, *protocol.aliases))
        return len(key) > 3 and any(
            len(key) <= 1.15 * len(title) and fuzz.partial_ratio(key, title, score_cutoff=85) for title in titles
        )

    def holds_title_of(self, text: str, protocol: Protocol) -> bool:
        """Whether a text holds the whole title of a protocol, but for slips."""
        title = squeeze(clean(protocol.title))
        whole = squeeze(text[: 2 * LONGEST_TITLE])
        return len(whole) >= len(title) and bool(fuzz.partial_ratio(title, whole, score_cutoff=92))

    def is_frill(self, piece: str) -> bool:
        """Whether a piece holds but versions, names of programmes and boilerplate."""
        words = re.findall(r"[^\W\d_]+", self._marker.sub(" ", without_versions(piece)).casefold())
        return all(word in BOILERPLATE for word in words)

    # --- choosing

    def _hit(self, name: Name | None, confidence: float, text: str, registry: str | None) -> Hit | None:
        if not name:
            return None
        home = self._catalogue.programs[name.program].registry
        if registry and home and registry != home and len(squeeze(name.text)) < SHORT:
            return Hit(name.id, "alias" if name.method == "code" else name.method, min(confidence, FOREIGN))
        return Hit(name.id, name.method, confidence)

    def _chosen(self, found: list[tuple[int, Name]], text: str, registry: str | None) -> Name | None:
        """Of names that fit: the registry's own, then by the likelier key, then a slug spelled just so, then an alias, then
        that of a programme without codes, then one that is the whole key, not part of it. Where there is a code, registries write it; a title without one that Verra's
        revision shares with the CDM is the original's."""
        if not found:
            return None
        programs = self.programs_in(text)
        found = [hit for hit in found if hit[1].program in programs] or found
        ids = {name.id for _, name in found}
        found = [hit for hit in found if self._catalogue.protocols[hit[1].id].superseded_by not in ids]
        if any(name.program == "cdm" for _, name in found):
            found = [hit for hit in found if hit[1].program != "vcs"]

        key = self._keys_of(text)

        def rank(hit: tuple[int, Name]) -> tuple:
            order, name = hit
            own = name.program == self._own.get(registry or "")
            is_slug = name.method == "code" and name.text == text
            uncoded = name.program not in protocol_codes.PROGRAMS
            return (own, -order, is_slug, name.method == "alias", uncoded, name.key == key)

        best = max(map(rank, found))
        chosen = [name for order, name in found if rank((order, name)) == best]
        return chosen[0] if len({name.id for name in chosen}) == 1 else None

    def programs_in(self, text: str) -> set[str]:
        """Ids of the programmes that a text names."""
        return {self._markers[squeeze(marker[0])] for marker in self._marker.finditer(text)}

    # --- slips

    def _find_near(self, text: str, registry: str | None, codes: frozenset[str]) -> Hit | None:
        if len(text) > LONGEST_TITLE or (codes and codes not in self._codes_in_names):
            return None
        words = _content(text)
        near = [hit for key in self._keys(text) for hit in self._within_slips(key, text, words, codes)]
        return self._unambiguous(near, text, registry) or self._reworded(text, words, registry)

    def _within_slips(
        self, key: str, text: str, words: list[str], codes: frozenset[str]
    ) -> list[tuple[int, int, Name]]:
        """(slips, letters of the key, name) of what a typist may have meant."""
        allowed = _slips(len(key))
        if not allowed:
            return []
        # A typist's slips hardly change the length; a place or a plant before a title does, and makes a project's name.
        shortest, longest = len(key) - min(allowed, 3), len(key) + min(allowed, 3)
        if len(words) >= 4:
            telling = (
                self._keys_by_word[word] for word in words if 0 < len(self._names_by_word.get(word, ())) <= COMMON
            )
            keys = [near for near in set().union(*telling) if shortest <= len(near) <= longest]
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
            if any(word == no + other or other == no + word for no in _NEGATIONS for other in missing):
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
            n for n, _, name in near if name.id != chosen.id and n <= 2 * slips and name.program == chosen.program
        ]
        confidence = round(1 - slips / letters, 3)
        if rivals or confidence < ASSERTED:
            return None
        return self._hit(chosen, confidence, text, registry)

    def _reworded(self, text: str, words: list[str], registry: str | None) -> Hit | None:
        """A title whose words come in another order, or of which one is left out; never with a word of its own."""
        if len(words) < 4:
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
        if not ranked or ranked[0][0] < REWORDED or (len(ranked) > 1 and ranked[1][0] > ranked[0][0] - 0.05):
            return None
        return self._hit(ranked[0][1], round(max(ASSERTED, ranked[0][0] * REWORDED), 3), text, registry)

    def _tells_the_same(self, text: str, name: Name) -> bool:
        """Whether text and name agree in what is never a slip: numbers, countries, a compliance programme."""
        return (
            _telling(text) == name.telling
            and _digits(text) == name.digits
            and self.programs_in(text) & self._compliance == {name.program} & self._compliance
        )


def _content(text: str) -> list[str]:
    """The words of a text that carry meaning."""
    return [word for word in words_of(without_versions(text)) if len(word) > 1 and word not in BOILERPLATE]


@lru_cache(maxsize=1024)
def _telling(text: str) -> frozenset[str]:
    country = _COUNTRY_CODE.search(text)
    return frozenset(name for name, pattern in _TELLING if pattern.search(text)) | (
        {country[1].lower()} if country else set()
    )


@lru_cache(maxsize=1024)
def _digits(text: str) -> str:
    return "".join(sorted(re.findall(r"\d", without_versions(text))))


def _slips(letters: int) -> int:
    """How many letters may be wrong, missing, extra or swapped with their neighbour in a key of that length."""
    if letters < 7:
        return 0
    return 1 if letters < 16 else min(2 + (letters - 16) // 14, 8)
