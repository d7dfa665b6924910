"""How one file writes its numbers and days: its decimal mark, and the order of day and month.

Both belong to the file: no cell decides for itself. They are told by cells that have one reading only (1.5, 25/03/2024), and
where none does by what else the file says: the sizes and periods of serial numbers, days that must follow one another, dates in
columns that nobody reads; at last by how the registry writes its own files. What stays ambiguous is not read (`cells.sql`); a
file that proves two forms is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from carbon_assets.base import readers
from carbon_assets.base.settings import Settings
from carbon_assets.base.sqltext import literal
from carbon_assets.registries import day_forms, number_forms
from carbon_assets.registries.description import Registry
from carbon_assets.registries.form_votes import Cells, load_knowledge
from carbon_assets.registries.table import Table


@dataclass(frozen=True)
class Forms:
    """`decimal_mark`: '.' or ','. `day_first`: whether 03/04/2025 is in April. NULL where the file does not tell.

    `has_whole_credits`: a number of tonnes with three decimals is none. `counted_days`: the columns that hold the numbers by
    which spreadsheets count days. `short_years`: the columns whose years have two digits.
    """

    decimal_mark: str | None = None
    day_first: bool | None = None
    has_whole_credits: bool = False
    counted_days: frozenset[str] = frozenset()
    short_years: frozenset[str] = frozenset()

    @property
    def mark(self) -> str:
        """SQL of the decimal mark."""
        return literal(self.decimal_mark) if self.decimal_mark else "null::varchar"

    def tonnes(self, cell: str) -> str:
        """SQL of the tonnes in a cell."""
        return f"as_{'whole_' if self.has_whole_credits else ''}tonnes({cell}, {self.mark})"

    def day(self, name: str, cell: str) -> str:
        """SQL of the day in a cell of the column `name`."""
        if name in self.counted_days:
            return f"as_counted_day({cell})"
        order = "null::boolean" if self.day_first is None else str(self.day_first).lower()
        return f"as_date({f'with_century({cell})' if name in self.short_years else cell}, {order})"


def forms_of(
    con: duckdb.DuckDBPyConnection, registry: Registry, spec: Table, raw: readers.RawTable, cells: dict[str, str]
) -> Forms:
    """How the file writes its numbers and days. `cells`: SQL of each canonical column's cell in the relation `raw r`.

    Raises `readers.UnreadableFile` where the file proves two forms.
    """
    file = Cells(con, registry, spec, raw, cells, load_knowledge(Settings.from_environment().configs))
    counted_days, short_years = day_forms.columns_with_a_form(file)
    return Forms(
        decimal_mark=number_forms.decimal_mark(file),
        day_first=day_forms.day_first(file, short_years),
        has_whole_credits=registry.writes.whole_credits,
        counted_days=counted_days,
        short_years=short_years,
    )
