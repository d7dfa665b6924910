"""What a methodology text says: which protocols of the catalogue, in which version, how sure, and what was left over.

A code says what it says; a title counts where no code stands, or beside one. How codes are spelled belongs in
`codes.py`, how titles are found in `titles.py`, what a project is in `project_types.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from carbon_assets.protocols.catalogue import Catalogue
from carbon_assets.protocols.codes import Code, CodeGrammar, find_spelled, spelled_pattern
from carbon_assets.protocols.reading_rules import any_of
from carbon_assets.protocols.text import Versions, clean, plain_version, squeeze
from carbon_assets.protocols.titles import Hit, TitleIndex

_BREAK = re.compile(r"\s*[;|]\s*")
_BARE_VERSION = re.compile(r"^\W{0,4}(\d{1,2}(?:\.\d{1,3})+)(?![\w.]*[a-z])", re.IGNORECASE)
_SIDES = re.compile(r"^[\s\W]+|[\s\W]+$")


@dataclass(frozen=True)
class Reading:
    """What one text says.

    `outcome`: assigned, partly assigned, not understood, names none, or blank. `method`: code, title, alias or
    registry-default, of several the least sure; None if nothing is asserted. `remainder`: the part that was not
    understood. `unassigned`: the pieces of it that may well name a protocol. `candidates`: ids that these come nearest
    to, best first.
    """

    outcome: str
    ids: tuple[str, ...] = ()
    version: str | None = None
    method: str | None = None
    confidence: float | None = None
    remainder: str | None = None
    unassigned: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()


@dataclass
class _Findings:
    """What is found on the way through a text: protocols with their versions, pieces that may name another, words beside a
    code that are no title of it."""

    found: list[tuple[Hit, str | None]]
    left: list[str]
    beside: list[str]


class ProtocolReader:
    """Reads texts against one catalogue.

    `says_nothing`: vocabulary of texts by which registries say that there is no protocol (yet). `defaults`: registry ->
    the one protocol of all its projects, where its text is blank.
    """

    def __init__(self, catalogue: Catalogue, says_nothing: Mapping[str, str], defaults: Mapping[str, str]) -> None:
        self._protocols = catalogue.protocols
        self._titles = TitleIndex(catalogue)
        self._says_nothing = says_nothing
        self._defaults = defaults
        words, self._limits = catalogue.rules.words, catalogue.rules.thresholds
        self._versions = Versions(words)
        self._grammar = CodeGrammar(words, catalogue.protocols)
        self._programs_with_codes = frozenset(words.codes.programs)
        # The year of an edition belongs to the title before it: 'Biochar, 2022'.
        joining = rf"(?:,(?!\s*(?:19|20)\d\d\b)|[/&+]|\b(?:{any_of(words.joining)})\b)"
        self._joint = re.compile(rf"\s*{joining}\s*", re.IGNORECASE)
        self._spelled = [(p.id, spelled_pattern(code)) for p in catalogue.protocols.values() for code in p.codes]

    def read(self, text: str | None, registry: str | None = None) -> Reading:
        """What `text` of `registry` says. Never raises, whatever the text."""
        text = text or ""
        if len(text) > self._limits.max_letters_of_text:
            return self._reading(_Findings([], [text], []))
        whole = clean(re.sub(r"[\r\n]+", " ; ", text.strip()))
        if not whole:
            return self._of_blank(registry)
        codes = self._codes(whole)
        if hit := self._named_as_a_whole(whole, codes, registry):
            return self._reading(_Findings([(hit, self._versions.first(whole))], [], []))
        if any(code.id in self._protocols or code.is_module for code in codes):
            return self._reading(self._of_codes(whole, codes, registry))
        return self._reading(self._of_titles(whole, registry))

    def _of_blank(self, registry: str | None) -> Reading:
        default = self._defaults.get(registry or "")
        if not default:
            return Reading("blank")
        return Reading("assigned", (default,), None, "registry-default", self._limits.confidence_in_default)

    def _named_as_a_whole(self, whole: str, codes: list[Code], registry: str | None) -> Hit | None:
        """The protocol of which the text is a title; a title with a code in it must be that of the title."""
        if whole in self._says_nothing:
            return None
        return self._titles.find(whole, registry, frozenset(code.id for code in codes))

    def _of_titles(self, whole: str, registry: str | None) -> _Findings:
        """The protocols of a list of titles; of what is joined by a comma, '&' or 'and', all or none."""
        pieces = [piece for piece in _BREAK.split(whole) if re.search(r"\w", piece)]
        findings = _Findings([], [], [])
        if len(pieces) <= self._limits.max_pieces:
            for piece in pieces:
                self._list(piece, registry, findings, is_new=len(pieces) > 1)
        if not findings.found:
            findings.left = [whole]
        return findings

    def _list(self, piece: str, registry: str | None, findings: _Findings, *, is_new: bool) -> None:
        if hit := self._named(piece, registry) if is_new else None:
            findings.found.append((hit, self._versions.first(piece)))
            return
        parts = [part for part in self._joint.split(piece) if re.search(r"\w", part)]
        hits = (
            [self._titles.find_exact(part, registry) for part in parts]
            if 1 < len(parts) <= self._limits.max_pieces
            else []
        )
        named = [(hit, self._versions.first(part)) for hit, part in zip(hits, parts, strict=False) if hit]
        if named and len(named) == len(parts):
            findings.found += named
        else:
            findings.left.append(piece)

    def _named(self, piece: str, registry: str | None) -> Hit | None:
        return None if piece in self._says_nothing else self._titles.find(piece, registry)

    # --- codes

    def _codes(self, text: str) -> list[Code]:
        spelled = find_spelled(text, self._spelled)
        codes = self._grammar.find(text, self._begins_title)
        free = [c for c in codes if not any(c.start < s.end and s.start < c.end for s in spelled)]
        return self._without_inner(text, sorted([*spelled, *free], key=lambda code: code.start))

    def _begins_title(self, id_: str, rest: str) -> bool:
        seen, compared = self._limits.letters_seen_of_beginning, self._limits.letters_compared_of_beginning
        return squeeze(rest[:seen])[:compared] == squeeze(self._protocols[id_].title[:seen])[:compared]

    def _without_inner(self, text: str, codes: list[Code]) -> list[Code]:
        """Without the codes that belong to the title of another: 'VMR0001: Revisions to ACM0008 to include ...'."""
        inner: set[str] = set()
        for code in codes:
            protocol = self._protocols.get(code.id)
            others = {other.id for other in codes} - {code.id}
            if protocol and others and any(char.isdigit() or char == "." for char in protocol.title):
                named = {c.id for c in self._grammar.find(clean(protocol.title))} & others
                inner |= named if named and self._titles.holds_title_of(text, protocol) else set()
        return [code for code in codes if code.id not in inner]

    def _of_codes(self, text: str, codes: list[Code], registry: str | None) -> _Findings:
        """The codes, and what stands between them: versions, titles of theirs, further protocols, other words."""
        findings = _Findings([], [], [])
        ids = frozenset(code.id for code in codes[: self._limits.max_pieces])
        ends = [0, *(code.end for code in codes)]
        starts = [*(code.start for code in codes), len(text)]
        for i, (end, start) in enumerate(zip(ends, starts, strict=True)):
            code = codes[i - 1] if i else None
            if code and not code.is_module:
                self._add_code(text, code, findings)
            version = self._between(text[end:start], ids, registry, findings, follows=i > 0, precedes=i < len(codes))
            if code:
                is_only = len(codes) == len(findings.found) == 1
                _set_version(
                    findings, code.id, version or (self._versions.first(text[: code.start]) if is_only else None)
                )
        if sum(len(words.split()) for words in findings.beside) >= self._limits.min_words_of_prose:
            findings.found = [(self._less_sure(hit), version) for hit, version in findings.found]
        return findings

    def _add_code(self, text: str, code: Code, findings: _Findings) -> None:
        if code.id not in self._protocols:
            findings.left.append(text[code.start : code.end])
        elif all(hit.id != code.id for hit, _ in findings.found):
            findings.found.append((Hit(code.id, "code", 1.0), None))

    def _between(
        self,
        part: str,
        ids: frozenset[str],
        registry: str | None,
        findings: _Findings,
        *,
        follows: bool,
        precedes: bool,
    ) -> str | None:
        """Sort what stands between two codes into `findings`; the version of the code before it."""
        version, titled = None, False
        pieces = _BREAK.split(part, maxsplit=self._limits.max_pieces)
        for i, piece in enumerate(pieces):
            parts = self._apart(piece, ids)
            for j, words in enumerate(parts):
                touches = (follows and i == j == 0) or (precedes and i == len(pieces) - 1 and j == len(parts) - 1)
                stands_alone = len(parts) == 1 and not touches
                bare = _SIDES.sub("", self._versions.without(_BARE_VERSION.sub(" ", words)))
                if not self._titles.is_frill(bare) and not self._titles.is_title_of(bare, ids):
                    hit = self._named(words, registry) if stands_alone else self._joined(words, registry, touches)
                    if hit:
                        findings.found.append((hit, self._versions.first(words)))
                        titled = True
                    else:
                        (findings.left if stands_alone else findings.beside).append(bare)
                if follows and not titled and not version:
                    version = self._version_after(words)
        return version

    def _joined(self, words: str, registry: str | None, touches: bool) -> Hit | None:
        """A protocol beside a code, behind a comma, '&' or 'and'. A title whose programme has codes belongs to the code that
        is there, even if it is not its own."""
        hit = None if touches else self._titles.find_exact(words, registry)
        return hit if hit and self._protocols[hit.id].program not in self._programs_with_codes else None

    def _apart(self, piece: str, ids: frozenset[str]) -> list[str]:
        """A piece, or its parts at commas and the like where one of them is the title of a protocol."""
        bare = self._versions.without(piece)
        if self._titles.is_frill(bare) or self._titles.is_title_of(_SIDES.sub("", bare), ids):
            return [piece]
        parts = self._joint.split(piece)
        known = 1 < len(parts) <= self._limits.max_pieces and any(self._titles.find_exact(part, None) for part in parts)
        return parts if known else [piece]

    def _version_after(self, part: str) -> str | None:
        bare = _BARE_VERSION.match(part)
        return plain_version(bare[1]) if bare else self._versions.first(part)

    # --- the answer

    def _less_sure(self, hit: Hit) -> Hit:
        return Hit(hit.id, hit.method, min(hit.confidence, self._limits.confidence_in_prose))

    def _reading(self, findings: _Findings) -> Reading:
        found = list({hit.id: (hit, version) for hit, version in reversed(findings.found)}.values())[::-1]
        left = findings.left
        unassigned = tuple(piece for piece in left if piece not in self._says_nothing)
        remainder = "; ".join([*left, *findings.beside]) or None
        candidates = self._titles.candidates(" ".join(unassigned)[: self._limits.max_letters_of_title])
        if not found:
            outcome = "not understood" if unassigned else "names none"
            return Reading(outcome, remainder=remainder, unassigned=unassigned, candidates=candidates)
        weakest = min((hit for hit, _ in found), key=lambda hit: hit.confidence)
        return Reading(
            outcome="partly assigned" if unassigned else "assigned",
            ids=tuple(hit.id for hit, _ in found),
            version=_versions(found),
            method=weakest.method,
            confidence=weakest.confidence,
            remainder=remainder,
            unassigned=unassigned,
            candidates=candidates,
        )


def _set_version(findings: _Findings, id_: str, version: str | None) -> None:
    findings.found = [(hit, known or (version if hit.id == id_ else None)) for hit, known in findings.found]


def _versions(found: list[tuple[Hit, str | None]]) -> str | None:
    """The version of the one protocol; of several, each that is known, with its protocol."""
    if len(found) == 1:
        return found[0][1]
    return "; ".join(f"{hit.id} {version}" for hit, version in found if version) or None
