"""What changed in a table from one file to another, record by record.

A record is a row of the file, its fields are the file's columns: every difference that a plain comparison by key finds is
told here, and nothing else. How a number or a date is written is no difference, nor is the order of rows or columns, nor a
column that only one of the files has (`schema_changes` tells that). What rows mean belongs in `normalize.py`, what a change
means in `change_classes.py`; which columns there are, in `drift.py`; which files are compared, in `changes.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import NamedTuple

import duckdb
import pyarrow as pa

from carbon_assets.base import column_types, readers
from carbon_assets.base.readers import RawTable
from carbon_assets.base.settings import Settings
from carbon_assets.base.sqltext import literal, quote
from carbon_assets.base.vocab import Vocabulary
from carbon_assets.history import classes, schema
from carbon_assets.registries import events, normalize
from carbon_assets.registries.cells import MACROS, is_declared_missing, raw_key, typed
from carbon_assets.registries.description import Registry, Table
from carbon_assets.snapshots.store import Snapshot

PAIRS_COMPARED = 10_000
"""Up to so many pairs of rows with one key are weighed against each other; larger groups are paired in their order."""

_TYPED = ("tonnes", "count", "year", "date", "flag")
_BLANKS = "concat(e' \\t\\r\\n', chr(160))"
_SIDES = ("old", "new")
_TONNES = column_types.sql_type(column_types.TONNES)
_LONGEST_MARKER = 4  # bytes, of those that cells.sql knows


class Version(NamedTuple):
    """A snapshot, and how its bytes are got: they are large, and needed only once."""

    snapshot: Snapshot
    content: Callable[[], bytes]


@dataclass(frozen=True)
class Field:
    """A column that both files have. `name`: as the newer file writes it; `keys`: its key in the older and the newer file;
    `canonical`: the canonical columns that it is read into."""

    name: str
    keys: tuple[str, str]
    canonical: tuple[str, ...]

    def typed_as(self, spec: Table) -> str | None:
        """The canonical column whose value stands for the whole cell, if there is one."""
        for name in self.canonical:
            column = spec.columns[name]
            is_whole = not (column.extract or column.extract_all or column.values or column.prefix)
            if is_whole and spec.cell_type(name) in _TYPED:
                return name
        return None


def between(
    con: duckdb.DuckDBPyConnection, settings: Settings, registry: Registry, table: str, old: Snapshot, new: Snapshot
) -> pa.Table:
    """The changes from `old` to `new`, as `schema.REGISTRY_CHANGES`. Raises `readers.UnreadableFile`."""
    versions = [Version(snapshot, partial(snapshot.content, settings)) for snapshot in (old, new)]
    return compare(con, settings, registry, table, *versions)


def compare(
    con: duckdb.DuckDBPyConnection, settings: Settings, registry: Registry, table: str, old: Version, new: Version
) -> pa.Table:
    """The changes from one file of a table to another. Raises `readers.UnreadableFile`."""
    con.execute(MACROS)
    con.execute("set TimeZone = 'UTC'")
    raws = [_read(registry, table, version) for version in (old, new)]
    spec = registry.tables[table]
    fields = fields_of(spec, *raws)
    key = _KeyParts.of(spec, fields)
    _set_aside_equal_rows(con, fields, raws)
    for side, raw, version in zip(_SIDES, raws, (old, new), strict=True):
        _make_side(con, settings, registry, table, side, raw, version.snapshot, fields, key)
    _match(con, registry, len(fields))
    _rank_statuses(con, settings)
    _find_covered_blocks(con)
    con.execute(f"create or replace temp table changes_changed as {_changed(spec, fields, old.snapshot)}")
    told = " union all by name ".join(
        [
            _CHANGED_RECORDS,
            *(_one_sided(spec, side, raw) for side, raw in zip(_SIDES, raws, strict=True)),
            _unsplit(con, raws),
        ]
    )
    fixed = {
        "registry": literal(registry.id), "table": literal(table), "from_snapshot": literal(old.snapshot.name),
        "to_snapshot": literal(new.snapshot.name), "observed_at": f"timestamptz {literal(new.snapshot.observed_at)}",
        "is_retroactive": f"change_class in ({', '.join(map(literal, classes.RETROACTIVE))})",
    }  # fmt: skip
    columns = ", ".join(f"{value} as {quote(name)}" for name, value in fixed.items())
    shape = schema.REGISTRY_CHANGES
    rows = con.execute(
        f"select {column_types.projection(shape, set(shape.names))} from (select {columns}, * from ({told})) "
        "order by record_key, project_id, change, change_class, fields::varchar"
    ).to_arrow_table()
    _forget(con)
    return rows.cast(shape)


def _read(registry: Registry, table: str, version: Version) -> RawTable:
    """The text table of a version; what reading it took is given back, several times the file's size."""
    raw = normalize.read_file(registry, table, version.snapshot.file, version.content())
    pa.default_memory_pool().release_unused()
    return raw


def _forget(con: duckdb.DuckDBPyConnection) -> None:
    """Drop what was made for the comparison: the next one may need the memory."""
    made = con.execute(
        "select table_name from duckdb_tables() where table_name like 'changes\\_%' escape '\\'"
    ).fetchall()
    for (name,) in [*made, ("typed",)]:
        con.execute(f"drop table if exists temp.{quote(name)}")
    con.execute("drop view if exists raw")
    for side in _SIDES:
        con.unregister(f"changes_text_{side}")


def fields_of(spec: Table, old: RawTable, new: RawTable) -> list[Field]:
    """The columns that both files have, in the newer file's order; one that was renamed between two names of its
    description is the same."""
    canonical: dict[tuple[str, str], list[str]] = {}
    for name, column in spec.columns.items():
        if (before := raw_key(old, column.names)) and (now := raw_key(new, column.names)):
            canonical.setdefault((before, now), []).append(name)
    for label in spec.labels:
        if (before := raw_key(old, label.names)) and (now := raw_key(new, label.names)):
            canonical.setdefault((before, now), [])
    for key in new.header:
        if key in old.header:
            canonical.setdefault((key, key), [])
    found: list[Field] = []
    taken: tuple[set[str], set[str]] = set(), set()
    for (before, now), names in canonical.items():
        if before not in taken[0] and now not in taken[1]:
            taken[0].add(before)
            taken[1].add(now)
            found.append(Field(new.header[now], (before, now), tuple(names)))
    order = list(new.header)
    return sorted(found, key=lambda field: order.index(field.keys[1]))


@dataclass(frozen=True)
class _KeyParts:
    """The canonical columns that identify a record, as far as both files have them: those of a row with a serial number, and
    those of any other."""

    serial: tuple[str, ...]
    stable: tuple[str, ...]

    @classmethod
    def of(cls, spec: Table, fields: list[Field]) -> _KeyParts:
        shared = {name for field in fields for name in field.canonical}
        if spec.holds == "projects":
            return cls((), ("project_id",))
        serial = [name for name in ("serial_number", "serial_start", "serial_end") if name in shared]
        stable = tuple(name for name in spec.key if name in shared)
        return cls(tuple(serial) if "serial_number" in serial else (), stable or ("project_id",))


# --- the records of one file ----------------------------------------------------------------------------------------


def _set_aside_equal_rows(con: duckdb.DuckDBPyConnection, fields: list[Field], raws: list[RawTable]) -> None:
    """Make `changes_unlike_<side>`, the lines of the rows that are not written alike in both files: most are."""
    for place, (side, raw) in enumerate(zip(_SIDES, raws, strict=True)):
        con.register(f"changes_text_{side}", raw.rows)
        text = _row_text(_trimmed(quote(field.keys[place])) for field in fields)
        content = _row_text(quote(name) for name in sorted(raw.header))
        con.execute(f"""
            create or replace temp table changes_written_{side} as
            with rows as (
                select {readers.LINE} as line, md5_number({text}) as same, md5_number({content}) as content
                from changes_text_{side}
            )
            select line, same, row_number() over (partition by same order by content) as twin from rows
        """)
    for side, other in (_SIDES, _SIDES[::-1]):
        con.execute(f"""
            create or replace temp table changes_unlike_{side} as
            select line from changes_written_{side} anti join changes_written_{other} using (same, twin)
        """)


def _make_side(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    registry: Registry,
    table: str,
    side: str,
    raw: RawTable,
    snapshot: Snapshot,
    fields: list[Field],
    key: _KeyParts,
) -> None:
    """Make `changes_<side>`: the key of each row that is not set aside, what the classes need of it, and its fields in the
    form that is compared."""
    spec = registry.tables[table]
    projects = settings.table("normalized", registry.id, "projects")
    knows_projects = not spec.resolves_projects or projects.exists()
    if not knows_projects:
        spec = _unresolved(spec)
    cells_as_published = ", ".join(quote(f"{name}__cell") for name in spec.columns)
    con.execute(f"create or replace temp view raw as select *, null::varchar as row_hash from changes_text_{side}")
    con.execute(f"""
        create or replace temp table typed as
        select * exclude ({cells_as_published}) from ({typed(registry, spec, raw, f"read_parquet({literal(str(projects))})")})
        where line in (select line from changes_unlike_{side})
    """)
    place = _SIDES.index(side)
    cells = ", ".join(f"{_compared(spec, field, field.keys[place])} as f{i}" for i, field in enumerate(fields))
    own = {
        "project_id": "t.project_id" if knows_projects else "null::varchar",
        "quantity": "t.quantity" if "quantity" in spec.columns else f"null::{_TONNES}",
        "kind": _kind(spec),
        "status": _status(con, registry, table, snapshot),
        **_serial(spec),
    }
    parts = {name: _key_part(spec, raw, name) for name in dict.fromkeys([*key.serial, *key.stable])}
    made = ", ".join(f"{value} as {name}" for name, value in own.items())
    has_serial = f"{_part('serial_number')} is not null" if key.serial else "false"
    con.execute(f"""
        create or replace temp table changes_{side} as
        with records as (
            select
                t.line, {made}, {cells}, md5({_row_text(f"r.{quote(name)}" for name in sorted(raw.header))}) as content,
                {", ".join(f"{value} as {_part(name)}" for name, value in parts.items())}
            from typed t join raw r on r.{readers.LINE} = t.line
        )
        select
            * exclude ({", ".join(map(_part, parts))}),
            md5({_row_text(f"f{i}" for i in range(len(fields)))}) as compared,
            if({has_serial}, {_joined_key("s", key.serial)}, {_joined_key("k", key.stable)}) as key,
            if({has_serial}, {_shown_key(key.serial)}, {_shown_key(key.stable)}) as record_key
        from records
    """)


def _unresolved(spec: Table) -> Table:
    """The description where no project of the registry is known: the registry's keys stay as they are."""
    required, optional = (
        {name: column.model_copy(update={"resolve": False}) for name, column in columns.items()}
        for columns in (spec.required, spec.optional)
    )
    return spec.model_copy(update={"required": required, "optional": optional})


def _row_text(cells: Iterable[str]) -> str:
    return _joined(f"coalesce({cell}, '')" for cell in cells)


def _joined(texts: Iterable[str]) -> str:
    return f"concat_ws(chr(31), {', '.join(texts)})"


def _joined_key(kind: str, names: tuple[str, ...]) -> str:
    return _joined([literal(kind), *(f"coalesce({_part(name)}, '')" for name in names)])


def _shown_key(names: tuple[str, ...]) -> str:
    """SQL of a key as people read it; NULL: it is blank."""
    return f"nullif(concat_ws(' / ', {', '.join(map(_part, names)) or 'null'}), '')"


def _part(name: str) -> str:
    return quote("key__" + name)


def _trimmed(cell: str) -> str:
    """SQL of a cell without outer blanks. Only where there can be other blanks than spaces are they looked for, which costs
    more than all else."""
    odd = " or ".join(f"contains({cell}, {blank})" for blank in ("e'\\t'", "e'\\r'", "e'\\n'", "chr(160)"))
    return f"case when {odd} then trim({cell}, {_BLANKS}) else trim({cell}) end"


def _blank(spec: Table, cell: str, is_typed: bool) -> str:
    """SQL of whether a cell is blank or holds a marker that says so."""
    marker = f"is_missing_value({cell})" if is_typed else f"is_missing({cell})"
    blank = f"case when strlen({_trimmed(cell)}) <= {_LONGEST_MARKER} then {marker} else false end"
    return f"({blank} or {is_declared_missing(cell, spec.missing)})" if spec.missing else f"({blank})"


def _as_text(cell: str) -> str:
    return f"nullif(as_compared({_trimmed(cell)}), '')"


def _compared(spec: Table, field: Field, key: str) -> str:
    """SQL of a cell in the form in which equal cells are equal texts; NULL: blank.

    A date counts by its day. A year counts as such only where nothing else is in the cell: 2019-2020 is no 2019.
    """
    cell, name = f"r.{quote(key)}", field.typed_as(spec)
    form = _as_text(cell)
    if name:
        value = f"t.{quote(name)}::varchar"
        if spec.cell_type(name) == "year":
            value = f"case when regexp_full_match({form}, '\\d{{4}}') then {value} end"
        form = f"coalesce({value}, {form})"
    return f"case when not {_blank(spec, cell, name is not None)} then {form} end"


def _key_part(spec: Table, raw: RawTable, name: str) -> str:
    key = raw_key(raw, spec.columns[name].names)
    cell = f"r.{quote(key)}" if key else "null::varchar"
    kind = spec.cell_type(name)
    value = f"t.{quote(name)}::varchar"
    if kind == "tonnes":
        value = f"rtrim(rtrim({value}, '0'), '.')"
    blank = _blank(spec, cell, kind in _TYPED)
    return f"case when not {blank} then coalesce({_as_text(value)}, {_as_text(cell)}) end"


def _kind(spec: Table) -> str:
    """SQL of what a row of credits is. Where neither the table nor a column says it, a dated row is a retirement."""
    if spec.holds == "projects":
        return "null::varchar"
    if "transaction_type" in spec.columns:
        return "t.transaction_type"
    if "transaction_type" in spec.constants:
        return literal(spec.constants["transaction_type"])
    if "transaction_date" in spec.columns:
        return "if(t.transaction_date is null, 'issuance', 'retirement')"
    return "'issuance'"


def _status(con: duckdb.DuckDBPyConnection, registry: Registry, table: str, snapshot: Snapshot) -> str:
    """SQL of a project's status as published; the registry's hook may choose among several columns."""
    if registry.tables[table].holds != "projects":
        return "null::varchar"
    chosen = events.events(registry, table, snapshot, "typed")
    columns = {row[0] for row in con.execute(f"describe {chosen}").fetchall()}
    if not {"line", "status_raw"} <= columns:
        return "t.status_raw" if "status_raw" in registry.tables[table].columns else "null::varchar"
    con.execute(f"create or replace temp table changes_status as select line, status_raw from ({chosen})")
    return "(select any_value(s.status_raw) from changes_status s where s.line = t.line)"


_SERIAL = {"serial_number": "varchar", "serial_key": "varchar", "serial_start": "bigint", "serial_end": "bigint"}


def _serial(spec: Table) -> dict[str, str]:
    """SQL of what a row says of its serial block."""
    return {
        name: f"t.{name}" if spec.holds == "credits" and name in spec.columns else f"null::{type_}"
        for name, type_ in _SERIAL.items()
    }


# --- which record is which ------------------------------------------------------------------------------------------


def _match(con: duckdb.DuckDBPyConnection, registry: Registry, width: int) -> None:
    """Make `changes_rest_old` and `changes_rest_new`, the records that are not the same in both files, and `changes_pairs`,
    which of them are one record.

    Rows of one key that agree in all fields cancel out. Of the others those that differ least are paired first; no step
    looks at the order of rows.
    """
    block = ", ".join(
        f"{value} as {name.replace('serial', 'block')}" for name, value in events.serial_parts(registry).items()
    )
    for side in _SIDES:
        con.execute(f"""
            create or replace temp table changes_counted_{side} as
            with same as (select line, content, md5_number(key || chr(31) || compared) as same from changes_{side})
            select line, same, row_number() over (partition by same order by content) as twin from same
        """)
    for side, other in (_SIDES, _SIDES[::-1]):
        con.execute(f"""
            create or replace temp table changes_rest_{side} as
            select *, {block}, row_number() over (order by key, compared, content) as id
            from changes_{side}
            where line in (
                select line from changes_counted_{side} anti join changes_counted_{other} using (same, twin)
            )
        """)
    differences = " + ".join(f"(o.f{i} is distinct from n.f{i})::int" for i in range(width))
    con.execute(f"""
        create or replace temp table changes_groups as
        select key, o.rows * n.rows as pairs
        from (select key, count(*) as rows from changes_rest_old group by key) o
        join (select key, count(*) as rows from changes_rest_new group by key) n using (key);

        create or replace temp table changes_pairs as
        with placed_old as (
            select key, id, row_number() over (partition by key order by project_id, id) as place from changes_rest_old
        ),
        placed_new as (
            select key, id, row_number() over (partition by key order by project_id, id) as place from changes_rest_new
        )
        select o.id as old_id, n.id as new_id
        from placed_old o join placed_new n using (key, place) join changes_groups g using (key)
        where g.pairs = 1 or g.pairs > {PAIRS_COMPARED};

        create or replace temp table changes_candidates as
        select
            o.id as old_id, n.id as new_id,
            row_number() over (
                order by o.project_id is distinct from n.project_id, {differences}, o.id, n.id
            ) as preference
        from changes_rest_old o join changes_rest_new n using (key) join changes_groups g using (key)
        where g.pairs between 2 and {PAIRS_COMPARED};
    """)
    while con.execute("from changes_candidates limit 1").fetchone():
        # The best pair of its old and of its new row: at least one per key and round.
        con.execute("""
            create or replace temp table changes_best as
            select old_id, new_id from changes_candidates
            qualify preference = min(preference) over (partition by old_id)
                and preference = min(preference) over (partition by new_id);
            insert into changes_pairs from changes_best;
            create or replace temp table changes_candidates as
            select * from changes_candidates
            anti join changes_best using (old_id)
            anti join (select new_id from changes_best) b on changes_candidates.new_id = b.new_id;
        """)


def _rank_statuses(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Make `changes_status_ranks`: how far along each published status is; NULL: unknown."""
    words = con.execute(
        "select distinct status from (from changes_rest_old union all from changes_rest_new) where status is not null"
    ).fetchall()
    known = Vocabulary(settings.configs / "vocab" / "status") if words else {}
    meanings = {word: known.get(word) for (word,) in words}
    ranks = [
        classes.STATUS_ORDER.index(meaning) if meaning in classes.STATUS_ORDER else None
        for meaning in meanings.values()
    ]
    table = pa.table({"status": pa.array(meanings, pa.string()), "rank": pa.array(ranks, pa.int64())})
    con.register("changes_ranks", table)
    con.execute("create or replace temp table changes_status_ranks as from changes_ranks")
    con.unregister("changes_ranks")


def _find_covered_blocks(con: duckdb.DuckDBPyConnection) -> None:
    """Make `changes_covered`: records of one file alone whose whole serial block stands in rows of the other that were not
    there before, in rows of any kind and in rows of their own kind. A record that both files have is known by its block, so
    that it covers nothing anew."""
    con.execute(f"""
        create or replace temp table changes_alone as
        select 'old' as side, id, kind, block_key, block_start, block_end from changes_rest_old
        where id not in (select old_id from changes_pairs)
        union all
        select 'new', id, kind, block_key, block_start, block_end from changes_rest_new
        where id not in (select new_id from changes_pairs);

        create or replace temp table changes_blocks as
        with sound as (
            select side, kind, block_key, block_start, block_end from changes_alone
            where block_key is not null and block_start <= block_end
        )
        select side, 'any' as kind, block_key, block_start, block_end from sound
        union all
        select side, kind, block_key, block_start, block_end from sound where kind is not null;

        create or replace temp table changes_islands as
        with reached as (
            select *, max(block_end) over (
                partition by side, kind, block_key order by block_start, block_end
                rows between unbounded preceding and 1 preceding
            ) as reach
            from changes_blocks
        ),
        numbered as (
            select *, count(*) filter (reach is null or block_start > reach + 1) over (
                partition by side, kind, block_key order by block_start, block_end rows unbounded preceding
            ) as island
            from reached
        )
        select side, kind, block_key, min(block_start) as island_start, max(block_end) as island_end
        from numbered group by side, kind, block_key, island;

        create or replace temp table changes_covered as
        {" union all ".join(_covered_by(kind) for kind in ("'any'", "b.kind"))};
    """)


def _covered_by(kind: str) -> str:
    return f"""
        select b.side, b.id, {"true" if kind == "'any'" else "false"} as by_any
        from (select *, if(side = 'old', 'new', 'old') as other, {kind} as wanted from changes_alone b) b
        asof join changes_islands i
            on i.side = b.other and i.kind = b.wanted and i.block_key = b.block_key and b.block_start >= i.island_start
        where i.island_end >= b.block_end
    """


# --- the changes --------------------------------------------------------------------------------------------------


def _changed(spec: Table, fields: list[Field], old: Snapshot) -> str:
    """One row per changed field of a record that both files have: its class, and the tonnes that it moved."""
    cells = ", ".join(
        f"case when o.f{i} is distinct from n.f{i} then {{'place': {i}, 'was': o.f{i}, 'is': n.f{i}, "
        f"'old': nullif(ro.{quote(field.keys[0])}, ''), 'new': nullif(rn.{quote(field.keys[1])}, '')}} end"
        for i, field in enumerate(fields)
    )
    return f"""
        with roles(place, field, role, type, is_date) as (values {_roles(spec, fields)}),
        differences as (
            select
                p.old_id, p.new_id, n.record_key, coalesce(n.project_id, o.project_id) as project_id,
                coalesce(n.quantity, o.quantity) as record_quantity, o.kind as old_kind, n.kind as new_kind,
                o.status is distinct from n.status as is_other_status,
                coalesce(bn.rank < bo.rank, false) as is_backwards,
                unnest(list_filter([{cells}], lambda cell: cell is not null), recursive := true)
            from changes_pairs p
            join changes_rest_old o on o.id = p.old_id
            join changes_rest_new n on n.id = p.new_id
            join changes_text_old ro on ro.{readers.LINE} = o.line
            join changes_text_new rn on rn.{readers.LINE} = n.line
            left join changes_status_ranks bo on bo.status = o.status
            left join changes_status_ranks bn on bn.status = n.status
        ),
        read as (
            select
                * exclude (place), place, role in ('event', 'quantity', 'amount') as is_tonnes,
                if(is_tonnes, try_cast(was as {_TONNES}), null) as was_t,
                if(is_tonnes, try_cast("is" as {_TONNES}), null) as is_t,
                (was is not null and was_t is null) or ("is" is not null and is_t is null) as is_unread,
                coalesce(is_date and try_cast(was as date) > {literal(_day(old))}::date, false) as is_plan,
                coalesce(type, new_kind, old_kind) as tonnes_kind
            from differences join roles using (place)
        )
        select *, {classes.OF_FIELD} as change_class, abs(coalesce(is_t, 0) - coalesce(was_t, 0)) as moved
        from read
    """


def _day(snapshot: Snapshot) -> date:
    """The day that a file speaks of: its name's, else the one on which it was taken."""
    return snapshot.file_date or snapshot.observed_at.date()


def _roles(spec: Table, fields: list[Field]) -> str:
    rows = []
    for place, field in enumerate(fields):
        role, kind = classes.role(spec, field.canonical)
        name = field.typed_as(spec)
        is_date = name is not None and spec.cell_type(name) == "date"
        told = ", ".join([literal(field.name), literal(role), literal(kind) if kind else "null::varchar"])
        rows.append(f"({place}, {told}, {literal(is_date)})")
    return ", ".join(rows)


_CHANGED_RECORDS = f"""
    select
        any_value(coalesce(record_key, 'no key')) as record_key, any_value(project_id) as project_id, 'changed' as change,
        arg_min(change_class, gravity) as change_class,
        coalesce(
            nullif(sum(moved) filter (is_gravest and role in ('event', 'quantity')), 0),
            nullif(max(moved) filter (is_gravest and role = 'amount'), 0),
            any_value(record_quantity)
        ) as quantity,
        list({{'field': field, 'old': "old", 'new': "new"}} order by place) as fields
    from (
        select *, {classes.GRAVITY} as gravity, gravity = min(gravity) over (partition by old_id, new_id) as is_gravest
        from changes_changed
    )
    group by old_id, new_id
"""
"""The tonnes of a record are those that its gravest fields moved, else those that it stands for."""


def _one_sided(spec: Table, side: str, raw: RawTable) -> str:
    """The records that only one of the files has, with their filled cells."""
    cells = ", ".join(
        f"case when not {_blank(spec, f'r.{quote(key)}', False)} then {{'field': {literal(name)}, "
        + ", ".join(f"'{s}': {f'r.{quote(key)}' if s == side else 'null::varchar'}" for s in _SIDES)
        + "} end"
        for key, name in raw.header.items()
    )
    return f"""
        select
            coalesce(a.record_key, 'no key') as record_key, a.project_id,
            {literal("disappeared" if side == "old" else "appeared")} as change,
            if(a.record_key is null, 'unreadable row', {classes.of_one_sided(spec, side)}) as change_class,
            a.quantity, list_filter([{cells}], lambda cell: cell is not null) as fields
        from (
            select
                *, coalesce(id in (select id from changes_covered where side = {literal(side)} and by_any), false) as by_any,
                coalesce(id in (select id from changes_covered where side = {literal(side)} and not by_any), false) as by_own
            from changes_rest_{side} where id not in (select {side}_id from changes_pairs)
        ) a join changes_text_{side} r on r.{readers.LINE} = a.line
    """


def _unsplit(con: duckdb.DuckDBPyConnection, raws: list[RawTable]) -> str:
    """The lines of only one of the files that could not be split into columns: they have no key."""
    for side, raw in zip(_SIDES, raws, strict=True):
        con.register("changes_lines", pa.table({"text": pa.array([row.text for row in raw.bad_rows], pa.string())}))
        con.execute(f"create or replace temp table changes_lines_{side} as from changes_lines")
        con.unregister("changes_lines")
    return " union all by name ".join(
        f"""
        select
            left(text, 200) as record_key, null::varchar as project_id, '{change}' as change,
            'unreadable row' as change_class, null::{_TONNES} as quantity,
            [{{'field': 'row', 'old': {old}, 'new': {new}}}] as fields
        from (select text from changes_lines_{side} except all select text from changes_lines_{other})
        """
        for side, other, change, old, new in (
            ("old", "new", "disappeared", "text", "null::varchar"),
            ("new", "old", "appeared", "null::varchar", "text"),
        )
    )
