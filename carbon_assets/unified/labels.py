"""Labels of credits: the words of registries for them, and the families that they are of (`configs/vocab/label/*.csv`).

Labels of one family say the same of a credit in more or fewer words, such as CORSIA and its phases: a credit can have several,
and counts once for the family. Which label a cell says is read in `registries`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from carbon_assets.base.configs import ConfigError
from carbon_assets.base.errors import Faults
from carbon_assets.base.lists import load_list
from carbon_assets.base.vocab import Vocabulary
from carbon_assets.unified import schema

_OWN = ("family", "phase")
"""Columns that only the vocabulary of labels has, and that a file may leave out."""


@dataclass(frozen=True)
class Label:
    """What is known of a label. `spellings`: the words of registries for it, as listed."""

    family: str
    phase: str | None
    spellings: tuple[str, ...]


def load_words(configs: Path) -> Vocabulary:
    """Raw word -> label. Raises `ConfigError`."""
    return Vocabulary(configs / "vocab" / "label", more=_OWN)


def load_labels(configs: Path) -> dict[str, Label]:
    """The labels of the vocabulary, each with its family: where none is stated, it is one of its own. Raises `ConfigError` where
    rows of one label state two families or phases."""
    load_words(configs)
    rows = load_list(configs / "vocab" / "label", ("raw", "canonical", *_OWN, "note"), key=("raw",), optional=_OWN)
    stated: dict[tuple[str, str], str] = {}
    spellings: dict[str, list[str]] = defaultdict(list)
    faults = Faults()
    for row in rows:
        label = row["canonical"]
        spellings[label].append(row["raw"])
        for column in _OWN:
            first = stated.setdefault((label, column), row[column]) if row[column] else row[column]
            if first != row[column]:
                faults.add(
                    f"{row['place']}: the {column} of {label!r} is {first!r} in another row, here {row[column]!r}"
                )
    faults.refuse(ConfigError)
    return {
        label: Label(stated.get((label, "family"), label), stated.get((label, "phase")), tuple(sorted(words)))
        for label, words in spellings.items()
    }


def labels_table(con: duckdb.DuckDBPyConnection, credits: Path, configs: Path) -> pa.Table:
    """Every label that is listed, or that the harmonized `credits` have, as `schema.LABELS_OF_CREDITS`, in order of label."""
    known = load_labels(configs)
    found = con.execute(
        "select distinct unnest(labels) from read_parquet($credits)", {"credits": str(credits)}
    ).fetchall()
    rows = []
    for name in sorted({*known, *(label for (label,) in found)}):
        label = known.get(name, Label(name, None, ()))
        rows.append(
            {"label": name, "family": label.family, "phase": label.phase, "spellings": list(label.spellings) or None}
        )
    return pa.Table.from_pylist(rows, schema=schema.LABELS_OF_CREDITS)
