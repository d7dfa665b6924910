"""Vocabularies: what a published word means, from the list `configs/vocab/<kind>/*.csv` (`raw,canonical,note`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from carbon_assets.base.configs import ConfigError
from carbon_assets.base.lists import load_list, word_key

COLUMNS = ("raw", "canonical", "note")


class Vocabulary(Mapping[str, str]):
    """raw word -> canonical word, of the list at `place`. Raises `ConfigError` where one word has two meanings."""

    def __init__(self, place: Path) -> None:
        self._meanings: dict[str, str] = {}
        for row in load_list(place, COLUMNS, key=("raw",)):
            if not word_key(row["raw"]) or not row["canonical"]:
                raise ConfigError(f"{row['place']}: needs both a raw and a canonical word")
            self._meanings[word_key(row["raw"])] = row["canonical"]

    def __getitem__(self, word: str) -> str:
        return self._meanings[word_key(word)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._meanings)

    def __len__(self) -> int:
        return len(self._meanings)
