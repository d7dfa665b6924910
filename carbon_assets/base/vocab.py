"""Vocabularies: what a published word means, from `configs/vocab/<name>.csv` (`raw,canonical,note`).

Words are compared without case, punctuation of the same meaning and repeated blanks.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path

from carbon_assets.base.configs import ConfigError, load_csv

COLUMNS = ("raw", "canonical", "note")
_SAME = str.maketrans({"–": "-", "—": "-", "‑": "-", "’": "'", "_": " "})


def word_key(word: str) -> str:
    """A word without the differences that carry no meaning.

    >>> word_key("GOLD_STANDARD_CERTIFIED_PROJECT") == word_key("Gold Standard  Certified Project")
    True
    """
    return " ".join(unicodedata.normalize("NFKC", word).translate(_SAME).casefold().split())


class Vocabulary(Mapping[str, str]):
    """raw word -> canonical word. Raises `ConfigError` where a file gives one word two meanings."""

    def __init__(self, path: Path) -> None:
        self._meanings: dict[str, str] = {}
        lines: dict[str, str] = {}
        for row in load_csv(path, COLUMNS):
            key = word_key(row["raw"])
            if not key or not row["canonical"]:
                raise ConfigError(f"{path}, line {row['line']}: needs both a raw and a canonical word")
            if key in self._meanings:
                raise ConfigError(f"{path}, line {row['line']}: {row['raw']!r} stands in line {lines[key]} already")
            self._meanings[key] = row["canonical"]
            lines[key] = row["line"]

    def __getitem__(self, word: str) -> str:
        return self._meanings[word_key(word)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._meanings)

    def __len__(self) -> int:
        return len(self._meanings)
