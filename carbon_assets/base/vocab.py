"""Vocabularies: what a published word means, from the list `configs/vocab/<kind>/*.csv` (`raw,canonical,note`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from carbon_assets.base.configs import ConfigError
from carbon_assets.base.errors import Faults
from carbon_assets.base.lists import load_list, word_key

COLUMNS = ("raw", "canonical", "note")


class Vocabulary(Mapping[str, str]):
    """raw word -> canonical word, of the list at `place`.

    `why_not`: why a canonical word cannot be, as `known_words.why_unknown` says it; None where it can. Raises `ConfigError` with
    all that is wrong: a raw word with two meanings, a canonical word that cannot be. `more`: columns that files of this kind may
    have besides, which are read elsewhere.
    """

    def __init__(
        self, place: Path, why_not: Callable[[str], str | None] = lambda word: None, more: tuple[str, ...] = ()
    ) -> None:
        self._meanings: dict[str, str] = {}
        faults = Faults()
        for row in load_list(place, (*COLUMNS[:2], *more, *COLUMNS[2:]), key=("raw",), optional=more):
            if not word_key(row["raw"]) or not row["canonical"]:
                faults.add(f"{row['place']}: needs both a raw and a canonical word")
            elif reason := why_not(row["canonical"]):
                faults.add(f"{row['place']}: {reason}")
            self._meanings[word_key(row["raw"])] = row["canonical"]
        faults.refuse(ConfigError)

    def __getitem__(self, word: str) -> str:
        return self._meanings[word_key(word)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._meanings)

    def __len__(self) -> int:
        return len(self._meanings)
