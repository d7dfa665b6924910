"""How one file writes its numbers and days: its decimal mark, and the order of day and month.

Both belong to the file: no cell decides for itself. They are told by cells that have one reading only (1.5, 25/03/2024), and
where none does by what else the file says: the sizes and periods of serial numbers, days that must follow one another, dates in
columns that nobody reads. What stays ambiguous is not read (`cells.sql`); a file that proves two forms is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import duckdb
from pydantic import Field

from carbon_assets.base import readers
from carbon_assets.base.configs import Model, load_yaml
from carbon_assets.base.settings import Settings
from carbon_assets.base.sqltext import literal, quote
from carbon_assets.registries import serial_forms
from carbon_assets.registries.description import Registry, Serial, Table


class Knowledge(Model):
    """The model of `configs/intake/forms.yml`, which says what its keys mean."""

    min_cells_of_decimal_comma: int = Field(ge=1)
    max_share_of_other_form: float = Field(ge=0, lt=0.5)
    min_rows_of_impossible_form: int = Field(ge=1)
    months: dict[int, tuple[str, ...]]
    ordinals: tuple[str, ...]
    links: tuple[str, ...]


@dataclass(frozen=True)
class Forms:
    """`decimal_mark`: '.' or ','. `day_first`: whether 03/04/2025 is in April. NULL where the file does not tell."""

    decimal_mark: str | None = None
    day_first: bool | None = None

    @property
    def mark(self) -> str:
        """SQL of the decimal mark."""
        return literal(self.decimal_mark) if self.decimal_mark else "null::varchar"

    @property
    def order(self) -> str:
        """SQL of whether days lead."""
        return "null::boolean" if self.day_first is None else str(self.day_first).lower()


@lru_cache(maxsize=8)
def load_knowledge(configs: Path) -> Knowledge:
    """What `configs/intake/forms.yml` says. Raises `ConfigError`."""
    return load_yaml(configs / "intake" / "forms.yml", Knowledge)


def forms_of(
    con: duckdb.DuckDBPyConnection, registry: Registry, spec: Table, raw: readers.RawTable, cells: dict[str, str]
) -> Forms:
    """How the file writes its numbers and days. `cells`: SQL of each canonical column's cell in the relation `raw r`.

    Raises `readers.UnreadableFile` where the file proves two forms.
    """
    known = load_knowledge(Settings.from_environment().configs)
    return Forms(
        decimal_mark=_decimal_mark(con, registry, spec, cells, known),
        day_first=_day_first(con, registry, spec, raw, cells, known),
    )


@dataclass(frozen=True)
class _Votes:
    """How many cells tell the first form and how many the second, an example of each, and how many have both readings."""

    first: int
    second: int
    undecided: int
    examples: tuple[str | None, str | None] = (None, None)

    @property
    def one_sided(self) -> bool:
        return bool(self.first) != bool(self.second)

    def outweighed_by(self, evidence: _Votes) -> _Votes:
        """With what the rows' other cells tell, which counts twice: more than the shape of one cell."""
        first, second = max(self.first, 2 * evidence.first), max(self.second, 2 * evidence.second)
        return _Votes(first, second, self.undecided, self.examples)


def _settled(
    votes: _Votes, known: Knowledge, names: tuple[str, str], examples: tuple[str | None, str | None]
) -> bool | None:
    """Whether the first form is proven, or the second; None: neither. Raises where both are."""
    if not votes.first and not votes.second:
        return None
    fewer, more = sorted((votes.first, votes.second))
    if fewer == more or (fewer > 1 and fewer > known.max_share_of_other_form * (fewer + more)):
        shown = " and ".join(
            f"{name}{f' ({cell!r})' if cell else ''}" for name, cell in zip(names, examples, strict=True)
        )
        raise readers.UnreadableFile(
            f"its columns prove two forms, {shown}: cells that have both readings cannot be told; save it in one form"
        )
    return votes.first > votes.second


# --- numbers --------------------------------------------------------------------------------------------------------

_MARKS = ("a decimal point", "a decimal comma")


def _decimal_mark(
    con: duckdb.DuckDBPyConnection, registry: Registry, spec: Table, cells: dict[str, str], known: Knowledge
) -> str | None:
    names = [name for name in cells if spec.cell_type(name) in ("tonnes", "count")]
    votes = _number_votes(con, cells, names)
    is_sure = votes.one_sided and votes.first + votes.second > 1
    if not is_sure and (votes.first or votes.second or votes.undecided):
        for evidence in (_votes_of_sizes(con, registry, cells), _votes_of_totals(con, spec, cells, known)):
            if evidence.one_sided:
                votes = votes.outweighed_by(evidence)
                break
    is_point = _settled(votes, known, _MARKS, votes.examples)
    if is_point is False and votes.second < known.min_cells_of_decimal_comma:
        return None
    return None if is_point is None else "." if is_point else ","


def _number_votes(con: duckdb.DuckDBPyConnection, cells: dict[str, str], names: list[str]) -> _Votes:
    """What the distinct cells of the columns tell by their shapes; those without a mark tell nothing."""
    if not names:
        return _Votes(0, 0, 0)
    distinct = " union all ".join(
        f"select {cells[name]} as cell, count(*) as n from raw r "
        f"where contains({cells[name]}, '.') or contains({cells[name]}, ',') group by cell"
        for name in names
    )
    ((first, second, undecided, *examples),) = con.execute(f"""
        with numbers as (select cell, bare_number(cell) as number, sum(n) as n from ({distinct}) group by cell)
        select
            coalesce(sum(n) filter (tells_point(number)), 0)::bigint, coalesce(sum(n) filter (tells_comma(number)), 0)::bigint,
            coalesce(sum(n) filter (tells_no_mark(number)), 0)::bigint,
            min(cell) filter (tells_point(number)), min(cell) filter (tells_comma(number))
        from numbers
    """).fetchall()
    return _Votes(first, second, undecided, (examples[0], examples[1]))


def _votes_of_sizes(con: duckdb.DuckDBPyConnection, registry: Registry, cells: dict[str, str]) -> _Votes:
    """What the sizes of serial blocks tell of the quantities of their rows: 8.000 for units 1000 to 8999 is 8,000."""
    if "quantity" not in cells or not (size := _size(registry, cells)):
        return _Votes(0, 0, 0)
    ((point, comma),) = con.execute(f"""
        with sized as (
            select as_tonnes(cell, '.') as by_point, as_tonnes(cell, ',') as by_comma, size
            from (select {cells["quantity"]} as cell, {size} as size from raw r)
            where (contains(cell, '.') or contains(cell, ',')) and size is not null
        )
        select
            count(*) filter (by_point = size and by_comma is distinct from size),
            count(*) filter (by_comma = size and by_point is distinct from size)
        from sized
    """).fetchall()
    return _Votes(point, comma, 0)


def _votes_of_totals(con: duckdb.DuckDBPyConnection, spec: Table, cells: dict[str, str], known: Knowledge) -> _Votes:
    """Which mark makes tonnes more than the total that they are part of: 425 of 41,000 are not of 41."""
    pairs = [(name, column.at_least) for name, column in spec.columns.items() if column.at_least]
    pairs = [
        (cells[whole], cells[part])
        for whole, part in [*pairs, ("quantity", "buffer_quantity")]
        if {whole, part} <= set(cells)
    ]
    return _impossible(con, "as_tonnes", pairs, ("'.'", "','"), known)


def _impossible(
    con: duckdb.DuckDBPyConnection, macro: str, pairs: list[tuple[str, str]], forms: tuple[str, str], known: Knowledge
) -> _Votes:
    """Votes for the form by which no row contradicts itself, where enough do by the other. `pairs`: SQL of two cells, of which
    the first is never less than the second."""
    if not pairs:
        return _Votes(0, 0, 0)
    wrong = (
        " + ".join(f"count(*) filter ({macro}({a}, {form}) < {macro}({b}, {form}))" for a, b in pairs) for form in forms
    )
    ((by_first, by_second),) = con.execute(f"select {', '.join(wrong)} from raw r").fetchall()
    needed = known.min_rows_of_impossible_form
    return _Votes(
        by_second if by_second >= needed and not by_first else 0,
        by_first if by_first >= needed and not by_second else 0,
        0,
    )


def _size(registry: Registry, cells: dict[str, str]) -> str | None:
    """SQL of how many units a row's serial numbers span."""
    if {"serial_start", "serial_end"} <= set(cells):
        return f"as_count({cells['serial_end']}, null) - as_count({cells['serial_start']}, null) + 1"
    return _by_serial(
        registry,
        cells,
        ("start", "end"),
        lambda start, end: f"try_cast({end} as bigint) - try_cast({start} as bigint) + 1",
    )


def _by_serial(registry: Registry, cells: dict[str, str], groups: tuple[str, str], made) -> str | None:  # noqa: ANN001
    """SQL of what is made of two groups of a serial number, by the first of the registry's forms that fits."""
    forms: list[Serial] = [serial for serial in registry.serials if set(groups) <= set(serial.groups)]
    if not forms or "serial_number" not in cells:
        return None
    text = f"trimmed({cells['serial_number']})"
    cases = (
        f"when {serial_forms.fits(form, text)} then {made(*(serial_forms.part(form, name, text) for name in groups))}"
        for form in forms
    )
    return f"case {' '.join(cases)} end"


# --- days -----------------------------------------------------------------------------------------------------------

_ORDERS = ("the day before the month", "the month before the day")
_YEAR_LAST = r"^\s*\d{1,2}[-/.]\d{1,2}[-/.]\d{4}"


def _day_first(
    con: duckdb.DuckDBPyConnection,
    registry: Registry,
    spec: Table,
    raw: readers.RawTable,
    cells: dict[str, str],
    known: Knowledge,
) -> bool | None:
    days = {name: cell for name, cell in cells.items() if spec.cell_type(name) == "date"}
    votes = _day_votes(con, days.values())
    is_sure = votes.one_sided and votes.first + votes.second > 1
    if not is_sure and votes.undecided:
        for evidence in (_votes_of_periods(con, registry, cells), _votes_of_sequence(con, days, known)):
            if evidence.one_sided:
                votes = votes.outweighed_by(evidence)
                break
        else:
            if not (votes.first or votes.second):
                others = _day_votes(con, (f"r.{quote(key)}" for key in raw.header))
                return others.first > others.second if others.one_sided else None
    return _settled(votes, known, _ORDERS, votes.examples)


def _day_votes(con: duckdb.DuckDBPyConnection, cells: Iterable[str]) -> _Votes:
    """What the distinct days in numbers tell by themselves: 25/03/2024 and 03/25/2024."""
    distinct = " union all ".join(f"select {cell} as cell, count(*) as n from raw r group by cell" for cell in cells)
    if not distinct:
        return _Votes(0, 0, 0)
    ((first, second, undecided, *examples),) = con.execute(f"""
        with days as materialized (select cell, sum(n) as n from ({distinct}) where regexp_matches(cell, {literal(_YEAR_LAST)}) group by cell),
        told as (select *, day_leads(cell) as leads, as_date(cell, true) is distinct from as_date(cell, false) as matters from days)
        select
            coalesce(sum(n) filter (leads), 0)::bigint, coalesce(sum(n) filter (not leads), 0)::bigint,
            coalesce(sum(n) filter (leads is null and matters), 0)::bigint, min(cell) filter (leads), min(cell) filter (not leads)
        from told
    """).fetchall()
    return _Votes(first, second, undecided, (examples[0], examples[1]))


def _votes_of_periods(con: duckdb.DuckDBPyConnection, registry: Registry, cells: dict[str, str]) -> _Votes:
    """What the periods in serial numbers tell of the vintage's days in their rows."""
    votes = [0, 0]
    for name, group in (("vintage_start", "vintage_from"), ("vintage_end", "vintage_to")):
        day = _by_serial(registry, cells, (group, group), lambda day, _: f"cast(try_strptime({day}, '%d%m%Y') as date)")
        if name in cells and day:
            for place, told in enumerate(_agreeing(con, cells[name], day)):
                votes[place] += told
    return _Votes(votes[0], votes[1], 0)


def _agreeing(con: duckdb.DuckDBPyConnection, cell: str, day: str) -> tuple[int, int]:
    """In how many rows only the day-first reading of a cell is `day`, and in how many only the other."""
    ((first, second),) = con.execute(f"""
        with days as (select as_date({cell}, true) as a, as_date({cell}, false) as b, {day} as day from raw r)
        select count(*) filter (a = day and b is distinct from day), count(*) filter (b = day and a is distinct from day) from days
    """).fetchall()
    return first, second


_SEQUENCES = (
    ("issued_on", "transaction_date"),
    ("vintage_start", "vintage_end"),
    ("crediting_period_start", "crediting_period_end"),
)


def _votes_of_sequence(con: duckdb.DuckDBPyConnection, days: dict[str, str], known: Knowledge) -> _Votes:
    """Which order puts days where they cannot be: a retirement before its issuance, the end of a period before its start."""
    pairs = [(days[later], days[earlier]) for earlier, later in _SEQUENCES if {earlier, later} <= set(days)]
    return _impossible(con, "as_date", pairs, ("true", "false"), known)


# --- words ----------------------------------------------------------------------------------------------------------


def macros_of_words(known: Knowledge) -> str:
    """SQL of `day_in_words(day)`: year, month and day of a date with the name of a month; NULL where it has no such form."""
    month_of = {_plain(word): number for number, words in known.months.items() for word in words}
    numbers = ", ".join(f"{literal(word)}: {number}" for word, number in month_of.items())
    ordinal, link = (f"(?:{'|'.join(map(re.escape, words))})" for words in (known.ordinals, known.links))
    # No class of all letters: it takes a millisecond to compile, wherever a date is read.
    day, between, month = rf"(\d{{1,2}}) ?{ordinal}?", rf"[-/., ]+(?:{link} )?", r"([^\d\s/.,-]+)"
    pattern = rf"^(?:{day}{between}{month}|{month}{between}{day}){between}(\d{{4}})$"
    return f"""
create or replace macro day_in_words(day) as list_transform(
    [regexp_extract(
        lower(strip_accents(day)),
        {literal(pattern)},
        ['day', 'month', 'month_before', 'day_after', 'year']
    )],
    lambda t: calendar_day(t.year, map {{{numbers}}}[t.month || t.month_before], t.day || t.day_after)
)[1];
"""


def _plain(word: str) -> str:
    """A word without capitals and accents."""
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c)).lower()
