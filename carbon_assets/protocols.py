"""What a methodology text says: which protocols of the catalogue, in which version, how sure, and what was left over.

Codes come first (`protocol_codes.py`), then titles (exactly, then within the slips of a typist). Below `ASSERTED` nothing is
asserted. What a protocol is belongs in the catalogue, what a project is in `project_types.py`.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import log

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from carbon_assets import protocol_codes
from carbon_assets.catalogue import Catalogue
from carbon_assets.protocol_codes import Code
from carbon_assets.protocol_text import BOILERPLATE, clean, squeeze, version_of, without_versions, words_of

ASSERTED = 0.85
"""The confidence from which a protocol is asserted."""

LONGEST_TITLE = 400
"""Letters; the longest title of the catalogue has some 200. What is longer is prose, of which only codes are read."""

MOST_PIECES = 20
"""Titles that one text may list; what has more pieces is prose."""

NEAR = 0.25
"""The share of its weight in words that a title must have in common with a text to be a candidate."""

_BREAK = re.compile(r"\s*[;|]\s*")
_BARE_VERSION = re.compile(r"^\W{0,4}(\d{1,2}(?:\.\d{1,3})+)(?![\w.]*[a-z])", re.IGNORECASE)
_JOINED = re.compile(r"^\W*(?:&|\+|/|and\b)|(?:&|\+|/|\band)\W*$", re.IGNORECASE)
_SIDES = re.compile(r"^[\s\W]+|[\s\W]+$")
_TELLING = (
    ("mexico", re.compile(r"\b(?:mx|mexic[oa]n?)\b", re.IGNORECASE)),
    ("canada", re.compile(r"\bcanad(?:a|ian)\b", re.IGNORECASE)),
    ("united states", re.compile(r"\bu\.? ?s\.?(?:a\b|\b|(?=\W|$))|\bunited states\b", re.IGNORECASE)),
    ("not", re.compile(r"\bnon\b|\bnon(?=federal|renewable)", re.IGNORECASE)),
)
"""Few letters by which one protocol differs from its neighbour: no slip of a typist."""


@dataclass(frozen=True)
class Reading:
    """What one text says.

    `method`: code, title, alias or registry-default, of several the least sure; None if nothing is asserted. `remainder`: the
    part that was not understood. `unassigned`: the pieces of it that may well name a protocol. `candidates`: ids that
    the text comes nearest to, best first. `outcome`: assigned, partly assigned, not understood, names none, or blank.
    """

    outcome: str
    ids: tuple[str, ...] = ()
    version: str | None = None
    method: str | None = None
    confidence: float | None = None
    remainder: str | None = None
    unassigned: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Name:
    """A title, alias or slug as it stands in the catalogue. `method`: what a match with it is called."""

    id: str
    program: str
    text: str
    method: str


@dataclass(frozen=True)
class _Found:
    """A protocol that a piece of text names."""

    id: str
    method: str
    confidence: float
    version: str | None


class ProtocolReader:
    """Reads texts against one catalogue.

    `says_nothing`: vocabulary of texts by which registries say that there is no protocol (yet). `defaults`: registry ->
    the one protocol of all its projects, where its text is blank.
    """

    def __init__(self, catalogue: Catalogue, says_nothing: Mapping[str, str], defaults: Mapping[str, str]) -> None:
        self._catalogue = catalogue
        self._says_nothing = says_nothing
        self._defaults = defaults
        self._keys = catalogue.title_keys
        protocols = catalogue.protocols
        self._spelled = [(p.id, protocol_codes.spelled_pattern(code)) for p in protocols.values() for code in p.codes]
        self._own = {p.registry: p.id for p in catalogue.programs.values() if p.registry}
        self._markers = {squeeze(m): p.id for p in catalogue.programs.values() for m in p.markers}
        markers = sorted((m for p in catalogue.programs.values() for m in p.markers), key=len, reverse=True)
        self._marker = re.compile(rf"(?<![a-z])(?:{'|'.join(map(re.escape, markers))})(?![a-z])", re.IGNORECASE)
        self._names: dict[str, list[_Name]] = defaultdict(list)
        for protocol in protocols.values():
            slugs = [("code", protocol.slug)] if protocol.slug else []
            for method, text in (("title", protocol.title), *slugs, *(("alias", alias) for alias in protocol.aliases)):
                program = catalogue.programs[protocol.program].name
                for key in {*self._keys.variants(text), squeeze(f"{program} {text}")}:
                    self._names[key].append(_Name(protocol.id, protocol.program, text, method))
        self._by_length = sorted(self._names, key=lambda key: (len(key), key))
        self._lengths = [len(key) for key in self._by_length]
        self._compliance = {p.id for p in catalogue.programs.values() if p.is_compliance}
        self._words = _WordIndex({text: p.id for p in protocols.values() for text in (p.title, *p.aliases)})

    def read(self, text: str | None, registry: str | None = None) -> Reading:
        """What `text` of `registry` says. Never raises, whatever the text."""
        whole = clean(re.sub(r"[\r\n]+", " ; ", text or ""))
        if not whole:
            return self._of_blank(registry)
        keys = self._title_keys(whole)
        if named := self._titled(whole, keys, registry):
            return self._reading([named], [])
        codes = self._codes(whole)
        if any(code.id in self._catalogue.protocols or code.is_module for code in codes):
            return self._of_codes(whole, codes, registry)
        if not codes and (named := self._nearly(whole, keys, registry)):
            return self._reading([named], [])
        pieces = [piece for piece in _BREAK.split(whole) if re.search(r"\w", piece)]
        found = [self._named(piece, registry) for piece in pieces] if 1 < len(pieces) <= MOST_PIECES else []
        left = [piece for piece, named in zip(pieces, found, strict=False) if not named] if any(found) else [whole]
        return self._reading([named for named in found if named], left)

    def _of_blank(self, registry: str | None) -> Reading:
        default = self._defaults.get(registry or "")
        return Reading("assigned", (default,), None, "registry-default", 0.9) if default else Reading("blank")

    def _reading(self, found: list[_Found], left: list[str], beside: tuple[str, ...] = ()) -> Reading:
        """Put together what the pieces of a text say. `left`: those that say nothing we understand; `beside`: words around
        a code that are no title of it, and no name of another protocol."""
        unique = list({f.id: f for f in reversed(found)}.values())[::-1]
        unassigned = tuple(piece for piece in left if piece not in self._says_nothing)
        remainder = "; ".join([*left, *beside]) or None
        candidates = self._words.nearest(" ".join(unassigned)[:LONGEST_TITLE])
        if not unique:
            outcome = "not understood" if unassigned else "names none"
            return Reading(outcome, remainder=remainder, unassigned=unassigned, candidates=candidates)
        weakest = min(unique, key=lambda f: f.confidence)
        return Reading(
            outcome="partly assigned" if unassigned else "assigned",
            ids=tuple(f.id for f in unique),
            version=_versions(unique),
            method=weakest.method,
            confidence=weakest.confidence,
            remainder=remainder,
            unassigned=unassigned,
            candidates=candidates,
        )

    # --- codes

    def _codes(self, text: str) -> list[Code]:
        spelled = protocol_codes.find_spelled(text, self._spelled)
        codes = protocol_codes.find(text, self._catalogue.protocols, self._begins_title)
        free = [c for c in codes if not any(c.start < s.end and s.start < c.end for s in spelled)]
        return sorted([*spelled, *free], key=lambda code: code.start)

    def _begins_title(self, id_: str, rest: str) -> bool:
        return squeeze(rest)[:6] == squeeze(self._catalogue.protocols[id_].title)[:6]

    def _of_codes(self, text: str, codes: list[Code], registry: str | None) -> Reading:
        """The text between the codes: a version, the code's own title, or something else."""
        ends = [0, *(code.end for code in codes)]
        starts = [*(code.start for code in codes), len(text)]
        parts = [text[end:start] for end, start in zip(ends, starts, strict=True)]
        versions = [_version_after(part) for part in parts[1:]]
        if len(codes) == 1 and versions == [None]:
            versions = [version_of(parts[0])]
        found: list[_Found] = []
        left: list[str] = []
        beside: list[str] = []
        for i, part in enumerate(parts):
            around = [code.id for code in codes[max(i - 1, 0) : i + 1]]
            for piece, is_beside in _pieces(part, follows=i > 0, precedes=i < len(codes)):
                if self._is_frill(piece) or (is_beside and self._is_title_of(piece, around)):
                    continue
                named = None if is_beside and not _JOINED.search(piece) else self._named(piece, registry)
                if named:
                    found.append(named)
                elif is_beside:
                    beside.append(_SIDES.sub("", piece))
                else:
                    left.append(_SIDES.sub("", piece))
            if i < len(codes) and codes[i].id in self._catalogue.protocols:
                found.append(_Found(codes[i].id, "code", 1.0, versions[i]))
            elif i < len(codes) and not codes[i].is_module:
                left.append(text[codes[i].start : codes[i].end])
        return self._reading(found, left, tuple(beside))

    def _is_frill(self, piece: str) -> bool:
        """Whether a piece holds but versions, names of programmes and boilerplate."""
        words = re.findall(r"[^\W\d_]+", self._marker.sub(" ", without_versions(piece)).casefold())
        return all(word in BOILERPLATE for word in words)

    def _is_title_of(self, piece: str, ids: Iterable[str]) -> bool:
        known = (self._catalogue.protocols[id_] for id_ in ids if id_ in self._catalogue.protocols)
        titles = (squeeze(title) for protocol in known for title in (protocol.title, *protocol.aliases))
        key = self._keys(piece)
        return any(fuzz.partial_ratio(key, title) >= 85 for title in titles)

    # --- titles

    def _named(self, text: str, registry: str | None) -> _Found | None:
        """The protocol whose title, alias or slug a text is; None where there is none, or more than one."""
        keys = self._title_keys(text)
        return self._titled(text, keys, registry) or self._nearly(text, keys, registry)

    def _title_keys(self, text: str) -> list[str]:
        if len(text) > LONGEST_TITLE or text in self._says_nothing:
            return []
        return [key for key in self._keys.variants(text) if key]

    def _titled(self, text: str, keys: list[str], registry: str | None) -> _Found | None:
        for key in keys:
            if key in self._names and (name := self._chosen(self._names[key], text, registry)):
                return _Found(name.id, name.method, 1.0, version_of(text))
        return None

    def _nearly(self, text: str, keys: list[str], registry: str | None) -> _Found | None:
        if not keys:
            return None
        near = [hit for key in keys for hit in self._near(key, text)]
        return self._unambiguous(near, text, registry) or self._reworded(text)

    def _chosen(self, names: list[_Name], text: str, registry: str | None) -> _Name | None:
        """Of names with one key, the registry's own, then the one spelled just so, then an alias, then that of a programme
        without codes: where there is a code, registries write it."""
        programs = self._programs_in(text)
        names = [n for n in names if n.program in programs] or names
        successors = {n.id for n in names}
        names = [n for n in names if self._catalogue.protocols[n.id].superseded_by not in successors]

        def rank(name: _Name) -> tuple[bool, ...]:
            own = name.program == self._own.get(registry or "")
            return (own, name.text == text, name.method == "alias", name.program not in protocol_codes.PROGRAMS)

        best = max(map(rank, names))
        chosen = [name for name in names if rank(name) == best]
        return chosen[0] if len({name.id for name in chosen}) == 1 else None

    def _near(self, key: str, text: str) -> list[tuple[int, int, _Name]]:
        """Names within the slips of a typist: (slips, letters, name)."""
        allowed = _slips(len(key))
        if not allowed:
            return []
        # A typist's slips hardly change the length; a place or a plant before a title does, and makes a project's name.
        first = bisect_left(self._lengths, len(key) - min(allowed, 3))
        last = bisect_right(self._lengths, len(key) + min(allowed, 3))
        hits = process.extract(
            key, self._by_length[first:last], scorer=OSA.distance, processor=None, score_cutoff=allowed, limit=None
        )
        return [
            (int(slips), len(key), name)
            for near, slips, _ in hits
            for name in self._names[near]
            if self._tells_the_same(text, name)
        ]

    def _unambiguous(self, near: list[tuple[int, int, _Name]], text: str, registry: str | None) -> _Found | None:
        if not near:
            return None
        slips, letters, _ = min(near, key=lambda hit: hit[0])
        chosen = self._chosen([name for n, _, name in near if n == slips], text, registry)
        if not chosen:
            return None
        rivals = [
            n for n, _, name in near if name.id != chosen.id and n <= 2 * slips and name.program == chosen.program
        ]
        confidence = round(1 - slips / letters, 3)
        if rivals or confidence < ASSERTED:
            return None
        return _Found(chosen.id, chosen.method, confidence, version_of(text))

    def _reworded(self, text: str) -> _Found | None:
        """A title whose words come in another order, or of which one is left out; never with a word of its own."""
        words = _content(text)
        if len(words) < 4:
            return None
        ordered = " ".join(sorted(words))
        scores: dict[str, tuple[float, _Name]] = {}
        for title, id_ in self._words.holding(words):
            name = _Name(id_, self._catalogue.protocols[id_].program, title, "title")
            score = fuzz.ratio(ordered, " ".join(sorted(_content(title)))) / 100
            if self._tells_the_same(text, name) and score > scores.get(id_, (0.0, name))[0]:
                scores[id_] = (score, name)
        ranked = sorted(scores.values(), key=lambda hit: -hit[0])
        if not ranked or ranked[0][0] < 0.9 or (len(ranked) > 1 and ranked[1][0] > ranked[0][0] - 0.05):
            return None
        return _Found(ranked[0][1].id, "title", round(ranked[0][0] * 0.97, 3), version_of(text))

    def _tells_the_same(self, text: str, name: _Name) -> bool:
        """Whether text and name agree in what is never a slip: numbers, countries, a compliance programme."""
        named = self._programs_in(text) & self._compliance
        return (
            named == ({name.program} & self._compliance)
            and _telling(text) == _telling(name.text)
            and _digits(text) == _digits(name.text)
        )

    def _programs_in(self, text: str) -> set[str]:
        return {self._markers[squeeze(marker[0])] for marker in self._marker.finditer(text)}


class _WordIndex:
    """Finds the titles that share words with a text; a rare word counts for more."""

    def __init__(self, titles: Mapping[str, str]) -> None:
        self._ids = dict(titles)
        self._titles: dict[str, list[str]] = defaultdict(list)
        for title in titles:
            for word in set(_content(title)):
                self._titles[word].append(title)
        self._weights = {word: log(1 + len(titles) / len(found)) for word, found in self._titles.items()}
        self._sums = {title: sum(self._weights[word] for word in set(_content(title))) for title in titles}

    def holding(self, words: list[str]) -> list[tuple[str, str]]:
        """(title, id) of every title that holds all of the words."""
        sets = [set(self._titles.get(word, ())) for word in set(words)]
        return sorted((title, self._ids[title]) for title in set.intersection(*sets))

    def nearest(self, text: str, limit: int = 3) -> tuple[str, ...]:
        """Ids of the titles that share at least `NEAR` of their weight with the text."""
        words = set(_content(text))
        total = sum(self._weights.get(word, 1.0) for word in words)
        shared: Counter[str] = Counter()
        for word in words:
            for title in self._titles.get(word, ()):
                shared[title] += self._weights[word]
        scores = ((2 * weight / (total + self._sums[title]), title) for title, weight in shared.items())
        near = sorted((hit for hit in scores if hit[0] >= NEAR), key=lambda hit: (-hit[0], hit[1]))
        return tuple(list(dict.fromkeys(self._ids[title] for _, title in near))[:limit])


def _content(text: str) -> list[str]:
    """The words of a text that carry meaning."""
    return [word for word in words_of(without_versions(text)) if len(word) > 1 and word not in BOILERPLATE]


def _telling(text: str) -> set[str]:
    return {name for name, pattern in _TELLING if pattern.search(text)}


def _digits(text: str) -> str:
    return "".join(sorted(c for c in without_versions(text) if c.isdecimal()))


def _slips(letters: int) -> int:
    """How many letters may be wrong, missing, extra or swapped with their neighbour in a key of that length."""
    if letters < 7:
        return 0
    return 1 if letters < 16 else min(2 + (letters - 16) // 14, 8)


def _pieces(part: str, *, follows: bool, precedes: bool) -> Iterator[tuple[str, bool]]:
    """What stands between codes, at its breaks, without versions; and whether a piece stands right beside a code."""
    pieces = _BREAK.split(part)
    for i, piece in enumerate(pieces):
        after = follows and i == 0
        bare = without_versions(_BARE_VERSION.sub(" ", piece) if after else piece).strip()
        yield bare, after or (precedes and i == len(pieces) - 1)


def _version_after(part: str) -> str | None:
    bare = _BARE_VERSION.match(part)
    return version_of(f"v {bare[1]}") if bare else version_of(part)


def _versions(found: list[_Found]) -> str | None:
    """The version of the one protocol; of several, each that is known, with its protocol."""
    if len(found) == 1:
        return found[0].version
    return "; ".join(f"{f.id} {f.version}" for f in found if f.version) or None
