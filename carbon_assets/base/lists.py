"""Lists of stewards in CSV files: one list may stand in several files, so that who knows more adds a file and edits none.

What a list's words mean belongs to the module that loads it.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

from carbon_assets.base.configs import ConfigError, load_csv
from carbon_assets.base.errors import Faults

Row = dict[str, str]
"""A row's cells by column, `place` (file and line) and `file`."""

_SAME_PUNCTUATION = str.maketrans({"–": "-", "—": "-", "‑": "-", "’": "'", "_": " "})


def word_key(word: str) -> str:
    """A word without the differences that carry no meaning: case, width, repeated blanks, kinds of dashes.

    >>> word_key("GOLD_STANDARD_CERTIFIED_PROJECT") == word_key("Gold Standard  Certified Project")
    True
    """
    return " ".join(unicodedata.normalize("NFKC", word).translate(_SAME_PUNCTUATION).casefold().split())


def files_of(place: Path) -> list[Path]:
    """The files of a list: `<place>.csv`, then those in the folder `<place>/` in order of name."""
    alone = place.with_name(f"{place.name}.csv")
    return [*([alone] if alone.exists() else []), *sorted(place.glob("*.csv"))]


def list_patterns(place: str) -> tuple[str, str]:
    """Glob patterns of the files of a list, where `place` is below `configs/`."""
    return f"{place}.csv", f"{place}/*.csv"


def load_list(place: Path, columns: tuple[str, ...], key: tuple[str, ...], optional: tuple[str, ...] = ()) -> list[Row]:
    """The rows of a list, joined from all its files. Raises `ConfigError` with all that is wrong, also where there is no file.

    `key`: the columns that say what a row is about, compared by `word_key`. A file may say it once. Another file may repeat
    it, and must mean the same: all columns but `key` and `note` are equal. A repeated row is left out. `optional`: columns that a
    file may leave out; blank then.
    """
    files = files_of(place)
    if not files:
        raise ConfigError(f"{place}: expected the file {place.name}.csv, or files {place.name}/*.csv; found neither")
    meaning = [column for column in columns if column not in (*key, "note")]
    rows: dict[tuple[str, ...], Row] = {}
    faults = Faults()
    for path in files:
        for cells in faults.result_of(load_csv, path, columns, optional) or ():
            row = {**cells, "place": f"{path}, line {cells['line']}", "file": str(path)}
            first = rows.setdefault(tuple(word_key(row[column]) for column in key), row)
            if first is not row:
                with faults.collected():
                    _refuse_contradiction(first, row, key, meaning)
    faults.refuse(ConfigError)
    return list(rows.values())


def _refuse_contradiction(first: Row, again: Row, key: tuple[str, ...], meaning: list[str]) -> None:
    name = " of ".join(repr(again[column]) for column in reversed(key))
    if first["file"] == again["file"]:
        raise ConfigError(f"{again['place']}: {name} stands in line {first['line']} already: leave one of them")
    if differing := [column for column in meaning if first[column] != again[column]]:
        raise ConfigError(
            f"{again['place']}: {name} has another meaning in {first['place']}: "
            + ", ".join(f"{column} {again[column]!r} here, {first[column]!r} there" for column in differing)
            + ": leave one of them"
        )


def yes_or_no(row: Row, column: str) -> bool:
    """What a cell of yes or no says. Raises `ConfigError`."""
    if row[column] not in ("yes", "no"):
        raise ConfigError(f"{row['place']}: {column} is yes or no, not {row[column]!r}")
    return row[column] == "yes"
