"""Names of the catalogue that lead to two protocols: an alias, code, slug or other id that another entry has, too.

A name that equals another protocol's id, other id or code would take over the texts of that protocol. How an entry is written
belongs in `catalogue.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

from carbon_assets.protocols.codes import CodeGrammar
from carbon_assets.protocols.reading_rules import Words
from carbon_assets.protocols.text import TitleKeys, Versions, clean

if TYPE_CHECKING:
    from carbon_assets.protocols import catalogue


class Place(Protocol):
    """Tells `<file>, line <n>` of an entry of a protocol, or of what stands under some of its keys."""

    def __call__(self, *entry: str | int) -> str:
        """The place."""


Names = list[tuple[str, str, str, tuple[str | int, ...]]]
"""Kind, name as written, key by which it is compared, entry."""


def confusions(
    protocols: Mapping[str, catalogue.Protocol], places: Mapping[str, Place], keys: TitleKeys, words: Words
) -> Iterator[str]:
    """Why names cannot be: those that say nothing, and those that lead to another protocol, too."""
    titles = {(p.program, keys(p.title)): p.id for p in protocols.values()}
    owner: dict[tuple[str, str], str] = {}
    taken = _Taken(protocols, words)
    for id_, protocol in protocols.items():
        for kind, name, key, entry in _names(protocol, keys):
            place = f"{places[id_](*entry)}: {id_!r}: the {kind} {name!r}"
            if not key:
                yield f"{place} says nothing"
                continue
            if kind == "other id" and name == id_:
                yield f"{place} is its own id: leave it out"
            others = {owner.setdefault((kind, key), id_)}
            if kind == "alias":
                others.add(titles.get((protocol.program, key), id_))
            for other in sorted(others - {id_}):
                yield f"{place} leads to {other!r} ({places[other]()}) too: leave it where it belongs"
            # A slug is its registry's own word, and read in its texts only.
            if kind != "slug" and others == {id_}:
                yield from (
                    f"{place} is the {what} of {other!r} ({places[other]()}), whose texts it would take: leave it out"
                    for what, other in taken.by(name)
                    if other != id_
                )


class _Taken:
    """What names are by their letters and digits: an id, a code, another id."""

    def __init__(self, protocols: Mapping[str, catalogue.Protocol], words: Words) -> None:
        self._grammar = CodeGrammar(words, protocols)
        self._versions = Versions(words)
        self._spelled: dict[str, tuple[str, str]] = {_letters(id_): ("id", id_) for id_ in protocols}
        for id_, protocol in protocols.items():
            for code in protocol.codes:
                self._spelled.setdefault(_letters(code), ("code", id_))
            for other in protocol.other_ids:
                self._spelled.setdefault(_letters(other), ("other id", id_))

    def by(self, name: str) -> list[tuple[str, str]]:
        """What a name is, and of which protocols: as it is written, without a version, by the grammar of codes."""
        text = self._versions.without(clean(name))
        spellings = {_letters(name), _letters(text), self._code(text)}
        return sorted({self._spelled[spelling] for spelling in spellings if spelling in self._spelled})

    def _code(self, text: str) -> str:
        """The letters of the id that a text is by the grammar ('AMS-1.D.' is ams-i-d); blank where it says more."""
        codes = self._grammar.find(text)
        is_whole = len(codes) == 1 and not _letters(text[: codes[0].start] + text[codes[0].end :])
        return _letters(codes[0].id) if is_whole else ""


def _names(protocol: catalogue.Protocol, keys: TitleKeys) -> Names:
    slug = [] if protocol.slug is None else [("slug", protocol.slug, protocol.slug, ("slug",))]
    return [
        *(("alias", alias, keys(alias), ("aliases", n)) for n, alias in enumerate(protocol.aliases)),
        *slug,
        *(("code", code, code.casefold(), ("codes", n)) for n, code in enumerate(protocol.codes)),
        *(("other id", other, other, ("other_ids", n)) for n, other in enumerate(protocol.other_ids)),
    ]


def _letters(text: str) -> str:
    """Letters and digits; the plus sign tells M/LU-REDD+ from M/LU-REDD."""
    return re.sub(r"[^a-z0-9+]+", "", text.casefold())
