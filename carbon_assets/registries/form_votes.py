"""Votes for one of two forms, what settles them, and what serial numbers say that cells can be held against.

What numbers tell belongs in `number_forms.py`, what days tell in `day_forms.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import duckdb
from pydantic import Field

from carbon_assets.base import readers
from carbon_assets.base.configs import Model, load_yaml
from carbon_assets.registries import serial_forms
from carbon_assets.registries.description import Registry
from carbon_assets.registries.table import Table


class Knowledge(Model):
    """The model of `configs/intake/forms.yml`, which says what its keys mean."""

    min_cells_of_decimal_comma: int = Field(ge=1)
    max_share_of_other_form: float = Field(ge=0, lt=0.5)
    min_rows_of_impossible_form: int = Field(ge=1)
    min_rows_of_agreeing_years: int = Field(ge=1)
    months: dict[int, tuple[str, ...]]
    ordinals: tuple[str, ...]
    links: tuple[str, ...]


@lru_cache(maxsize=8)
def load_knowledge(configs: Path) -> Knowledge:
    """What `configs/intake/forms.yml` says. Raises `ConfigError`."""
    return load_yaml(configs / "intake" / "forms.yml", Knowledge)


@dataclass(frozen=True)
class Cells:
    """The cells of a file: `cells` is SQL of each canonical column's cell in the relation `raw r` of `con`."""

    con: duckdb.DuckDBPyConnection
    registry: Registry
    spec: Table
    raw: readers.RawTable
    cells: dict[str, str]
    known: Knowledge

    def of_types(self, *types: str) -> dict[str, str]:
        """The cells of the columns of these types."""
        return {name: cell for name, cell in self.cells.items() if self.spec.cell_type(name) in types}

    @property
    def is_as_published(self) -> bool:
        """Whether the file is separated as registries do it: a spreadsheet whose decimal mark is the comma writes semicolons."""
        return self.raw.delimiter in (",", None)

    def by_serial(self, groups: tuple[str, str], made: Callable[[str, str], str]) -> str | None:
        """SQL of what is made of two groups of a serial number, by the first of the registry's forms that fits."""
        forms = [serial for serial in self.registry.serials if set(groups) <= set(serial.groups)]
        if not forms or "serial_number" not in self.cells:
            return None
        text = f"trimmed({self.cells['serial_number']})"
        cases = (
            f"when {serial_forms.fits(form, text)} then {made(*(serial_forms.part(form, name, text) for name in groups))}"
            for form in forms
        )
        return f"case {' '.join(cases)} end"


@dataclass(frozen=True)
class Votes:
    """How many cells tell the first form and how many the second, an example of each, and how many have both readings."""

    first: int = 0
    second: int = 0
    undecided: int = 0
    examples: tuple[str | None, str | None] = (None, None)

    @property
    def one_sided(self) -> bool:
        """Whether only one of the forms is told."""
        return bool(self.first) != bool(self.second)

    @property
    def are_sure(self) -> bool:
        """Whether several cells tell one form and none the other."""
        return self.one_sided and self.first + self.second > 1

    def outweighed_by(self, evidence: Votes) -> Votes:
        """With what the rows' other cells tell, which counts twice: more than the shape of one cell."""
        first, second = max(self.first, 2 * evidence.first), max(self.second, 2 * evidence.second)
        return Votes(first, second, self.undecided, self.examples)


def settled(votes: Votes, known: Knowledge, names: tuple[str, str]) -> bool | None:
    """Whether the first form is proven, or the second; None: neither. Raises `readers.UnreadableFile` where both are."""
    if not votes.first and not votes.second:
        return None
    fewer, more = sorted((votes.first, votes.second))
    if fewer == more or (fewer > 1 and fewer > known.max_share_of_other_form * (fewer + more)):
        shown = " and ".join(
            f"{name}{f' ({cell!r})' if cell else ''}" for name, cell in zip(names, votes.examples, strict=True)
        )
        raise readers.UnreadableFile(
            f"its columns prove two forms, {shown}: cells that have both readings cannot be told; save it in one form"
        )
    return votes.first > votes.second


def impossible(file: Cells, macro: str, pairs: list[tuple[str, str]], forms: tuple[str, str]) -> Votes:
    """Votes for the form by which no row contradicts itself, where enough do by the other. `pairs`: SQL of two cells, of which
    the first is never less than the second."""
    if not pairs:
        return Votes()
    wrong = (
        " + ".join(f"count(*) filter ({macro}({a}, {form}) < {macro}({b}, {form}))" for a, b in pairs) for form in forms
    )
    ((by_first, by_second),) = file.con.execute(f"select {', '.join(wrong)} from raw r").fetchall()
    needed = file.known.min_rows_of_impossible_form
    return Votes(
        by_second if by_second >= needed and not by_first else 0,
        by_first if by_first >= needed and not by_second else 0,
    )
