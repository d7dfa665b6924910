"""What the columns of a published file look like: names, blanks, kinds of cells, ways of writing, values.

A profile is of the text as published, before anything is mapped, so that two files can be compared whatever is read of them.
What a difference between two profiles means is `drift.py`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, ValidationError

from carbon_assets.base import readers, store
from carbon_assets.base.configs import Model
from carbon_assets.base.settings import Settings
from carbon_assets.base.sqltext import quote
from carbon_assets.registries import normalize
from carbon_assets.registries.cells import MACROS, prepare
from carbon_assets.registries.description import Registry
from carbon_assets.registries.table import Table
from carbon_assets.snapshots.store import Snapshot

KINDS = ("number", "date", "flag", "text")

FORMS = {
    "large": ("number", r"cell similar to '[+-]?(\d{4,}|\d{1,3}[,''’ \x{00a0}\x{2009}\x{202f}]\d{3}).*'"),
    "thousands by comma": ("large", "contains(cell, ',')"),
    "thousands by blank or apostrophe": ("large", r"regexp_matches(cell, '[''’ \x{00a0}\x{2009}\x{202f}]')"),
    "points before three digits": ("number", r"regexp_full_match(cell, '[+-]?\d{1,3}\.\d{3}')"),
    "decimals": ("number", r"regexp_matches(cell, '\.\d*[1-9]')"),
    "decimals that are all zero": ("number", r"regexp_matches(cell, '\.0*$')"),
    "more than six decimals": ("number", r"regexp_matches(cell, '\.\d{7}')"),
    "exponent": ("number", "regexp_matches(cell, '[eE]')"),
    "decimal comma": ("filled", r"regexp_full_match(cell, '[+-]?(\d+|\d{1,3}(\.\d{3})+),(\d{1,2}|\d{4,})')"),
    "points that group thousands": ("filled", r"regexp_full_match(cell, '[+-]?\d{1,3}(\.\d{3}){2,}(,\d+)?')"),
    "percent sign": ("filled", r"regexp_full_match(cell, '[+-]?\d[\d.,]* ?%')"),
    "year first": ("date", r"regexp_matches(cell, '^\d{4}')"),
    "year last": ("date", r"regexp_matches(cell, '^\d{1,2}[-/.]\d')"),
    "month in letters": ("date", "regexp_matches(cell, '[A-Za-z]{3}')"),
    "time of day": ("date", r"regexp_matches(cell, '\d:\d\d')"),
    "telling": ("year last", "leads is not null"),
    "day before month": ("telling", "leads"),
}
"""Ways of writing: what a cell must be to be asked (a kind, or another way), and the SQL that asks it."""
ASKED_ONLY = {"large", "telling"}
"""No way of writing, only what others are asked of: numbers of four digits and more, dates that tell the order of day
and month."""


class ProfileLimits(Model):
    """The part `profiles` of `configs/intake/drift.yml`, which says what its keys mean."""

    max_values_kept: int = Field(ge=1)
    sketch_size: int = Field(ge=16)
    max_letters_of_value: int = Field(ge=1)
    max_values_counted: int = Field(ge=1)
    cells_per_frequent_value: int = Field(ge=1)

    @property
    def maker(self) -> str:
        """What makes profiles by these limits: a hash of them, of the SQL and of the engine."""
        parts = [_BLANKS, _SIZES, _FEW_VALUES, _SEEN, MACROS, duckdb.__version__, self.model_dump_json()]
        return hashlib.sha256("".join(parts).encode()).hexdigest()[:16]


class Column(Model):
    """One column. `filled`: its cells that are not blank; `kinds`: how many of those can be read as each kind (0 and
    20240101 as several; text is what is nothing else); `forms`: how many are written in each way of `FORMS`; `values`:
    how often each value occurs, NULL where they are many; `sketch`: the smallest hashes of its values, of which a number
    or a day has the same however it is written."""

    name: str
    place: int
    filled: int
    kinds: dict[str, int]
    forms: dict[str, int]
    distinct: int
    values: dict[str, int] | None
    sketch: tuple[int, ...]

    def share(self, what: str) -> float:
        """The share of a kind among the filled cells, or of a way of writing among the cells that were asked."""
        asked = self.asked(what)
        return {**self.kinds, **self.forms}[what] / asked if asked else 0.0

    def asked(self, what: str) -> int:
        """Of how many cells a kind or a way of writing was asked."""
        of = "filled" if what in KINDS else FORMS[what][0]
        return {"filled": self.filled, **self.kinds, **self.forms}[of]


class Profile(Model):
    """All columns of a file, by header key, in their order. `made_by`: what made it; a profile that something else made
    is not compared with."""

    made_by: str
    rows: int
    columns: dict[str, Column]

    def blank_share(self, key: str) -> float:
        """The share of rows in which a column is blank."""
        return 1 - self.columns[key].filled / self.rows if self.rows else 0.0


def profile(con: duckdb.DuckDBPyConnection, raw: readers.RawTable, limits: ProfileLimits) -> Profile:
    """The profile of a text table. Neither the order of its rows nor their repetition changes a share in it."""
    prepare(con)
    keys, at_once = list(raw.header), max(1, _MAX_CELLS_AT_ONCE // max(1, len(raw.rows)))
    columns: dict[str, Column] = {}
    for start in range(0, len(keys), at_once):
        columns |= _columns(con, raw, keys[start : start + at_once], limits)
    return Profile(made_by=limits.maker, rows=len(raw.rows), columns={key: columns[key] for key in keys})


def _columns(
    con: duckdb.DuckDBPyConnection, raw: readers.RawTable, keys: list[str], limits: ProfileLimits
) -> dict[str, Column]:
    """Some columns in one go: planning takes longer than a small file."""
    cells = {f"c{i}": pc.utf8_trim(raw.rows.column(key), " \t\r\n\xa0") for i, key in enumerate(keys)}
    con.register("raw_columns", pa.table(cells))
    counts = (f"select {i} as i, {c} as cell, count(*) as n from raw_columns group by {c}" for i, c in enumerate(cells))
    con.execute(f"create or replace temp table filled as {' union all '.join(counts)}")
    con.unregister("raw_columns")
    ((blanks,),) = con.execute(_BLANKS).fetchall()
    con.execute("delete from filled where length(cell) < 8 and list_contains($blanks, cell)", {"blanks": blanks})
    con.execute("create or replace temp table sizes as " + _SIZES.format_map(limits.model_dump()))
    sizes = con.execute("from sizes").to_arrow_table().to_pylist()
    seen = con.execute(_SEEN, {"max_letters": limits.max_letters_of_value}).to_arrow_table().to_pylist()
    few = con.execute(_FEW_VALUES, {"few": limits.max_values_kept}).fetchall()
    size_of, seen_of, values_of = {row["i"]: row for row in sizes}, {row["i"]: row for row in seen}, dict(few)
    return {
        key: _column(raw, key, size_of.get(i, {}), seen_of.get(i, {}), values_of.get(i)) for i, key in enumerate(keys)
    }


def _column(raw: readers.RawTable, key: str, size: dict, seen: dict, values: dict[str, int] | None) -> Column:
    name = raw.header[key]
    counts = {what: round(seen.get(what) or 0) for what in [*KINDS[:-1], *FORMS]}
    filled = size.get("n_filled", 0)
    return Column(
        name=name if readers.header_key(name) == key else key,
        place=list(raw.header).index(key),
        filled=filled,
        kinds={kind: counts[kind] for kind in KINDS[:-1]} | {"text": filled - round(seen.get("read") or 0)},
        forms={form: counts[form] for form in FORMS},
        distinct=size.get("n_distinct", 0),
        values=values,
        sketch=tuple(size.get("sketch") or ()),
    )


_MAX_CELLS_AT_ONCE = 1_000_000
"""Of one file; what is counted at once is in memory at once."""

_BLANKS = """
    with short as materialized (select distinct cell from filled where length(cell) < 8)
    select coalesce(list(cell), []) from short where is_missing_value(cell)
"""
_SIZES = """
    select
        i, sum(n)::bigint as n_filled, count(*) as n_distinct, min(hash(lower(cell)) >> 16, {sketch_size}) as sketch,
        greatest(1, n_distinct // {max_values_counted}) as stride, n_filled / {cells_per_frequent_value} as often
    from filled group by i
"""
_FEW_VALUES = """
    select i, map(list(cell order by cell), list(n order by cell)) from filled join sizes using (i)
    where n_distinct <= $few group by i
"""


def _seen() -> str:
    """SQL that counts what there is in `filled`, by column.

    Macros that hold a query are evaluated for every row that reaches them, whatever `case` they stand in: so only what may
    be a number or a date reaches those.
    """
    tests = ", ".join(f"case when {quote(of)} then {test} end as {quote(form)}" for form, (of, test) in FORMS.items())
    sums = ", ".join(f"sum(weight) filter ({quote(name)}) as {quote(name)}" for name in [*KINDS[:-1], *FORMS])
    return f"""
        with sampled as (
            select i, cell, n, n >= often as is_often, hash(cell) % stride = 0 as is_chosen from filled join sizes using (i)
        ),
        looked_at as materialized (select * from sampled where is_often or is_chosen),
        scales as (
            select i, sum(n) filter (not is_often) / sum(n) filter (not is_often and is_chosen) as scale from sampled group by i
        ),
        weighed as (select i, cell, if(is_often, n, n * scale) as weight from looked_at join scales using (i)),
        sighted as materialized (
            select *, case when cell ~ '{_LIKE_A_DATE}' then 'date' when cell ~ '{_LIKE_A_NUMBER}' then 'number'
                when length(cell) <= 5 then 'flag' end as first_sight
            from weighed where length(cell) <= $max_letters
        ),
        candidates as (
            select *, is_number(cell) as number, coalesce(as_date(cell, false), as_date(cell, true)) is not null as date, day_leads(cell) as leads
            from sighted where first_sight = 'date'
            union all
            select *, is_number(cell), false, null from sighted where first_sight = 'number'
            union all
            select *, false, false, null from sighted where first_sight = 'flag'
        ),
        kinds as (select *, as_flag(cell) is not null as flag, true as filled from candidates),
        forms as (select *, {tests} from kinds)
        select i, {sums}, sum(weight) filter (number or date or flag) as read from forms group by i
    """


_LIKE_A_NUMBER = r"[+−-]?[\d.,][\d.,''’ʼeE+−%\pZ-]*"
_LIKE_A_DATE = (
    r"(\d{4}[-/.]\d{1,2}[-/.]\d.*|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}.*|\d{8}([T ].*)?"
    r"|\d{1,2}\D{0,3}[-/. ]+[\pL ]+.*|[\pL]{3,}[-/. ]+\d{1,2}\D{1,4}\d{4}.*)"
)
_SEEN = _seen()


def profile_of(
    settings: Settings, registry: Registry, table: str, snapshot: Snapshot, limits: ProfileLimits
) -> Profile:
    """The profile of a stored file, kept beside the raw store so that its bytes are read once.

    A file that lacks a required column has one too, if a header can be found. Raises `readers.UnreadableFile`.
    """
    path = settings.data / "profiles" / registry.id / table / f"{snapshot.name}.json"
    if (kept := _kept(path)) and kept.made_by == limits.maker:
        return kept
    raw = _read(registry, table, snapshot.file, snapshot.content(settings))
    with duckdb.connect(config={"threads": settings.threads}) as con:
        made = profile(con, raw, limits)
    path.parent.mkdir(parents=True, exist_ok=True)
    store.write_bytes(path, made.model_dump_json().encode())
    return made


def _kept(path: Path) -> Profile | None:
    try:
        return Profile.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):  # of an older form, or damaged: made anew
        return None


def _read(registry: Registry, table: str, file: str, content: bytes) -> readers.RawTable:
    spec = registry.tables[table]
    try:
        return normalize.read_file(registry, table, file, content)
    except readers.UnreadableFile:
        return readers.read(file, content, [sorted(names_read(spec))], readers.Shape(spec.sheet))


def names_read(spec: Table) -> set[str]:
    """Every column name that the table's description knows."""
    return {name for column in spec.sources for name in column.names}
