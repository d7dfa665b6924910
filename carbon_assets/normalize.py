"""One raw file becomes one canonical table and its quarantine.

The steps, the same for every registry: cells are mapped and typed, rows that cannot be read or contradict themselves
are set aside with the reason, the registry's hook (if it has one) turns file rows into projects or credits, events of
one key are summed where the registry says so, identifiers are made. What differs between registries is data in
`configs/registries/`, or a hook in `carbon_assets/registries/`; neither has a name in here.
"""

from __future__ import annotations

import importlib
import json
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa

from carbon_assets import readers, schema
from carbon_assets.config import Column, Label, Registry, Table
from carbon_assets.snapshots import Snapshot

CELLS = Path(__file__).with_name("cells.sql").read_text()

_EXPECTED = {
    "tonnes": "a number is expected, e.g. 1,234.5",
    "count": "a whole number is expected",
    "year": "a year is expected, e.g. 2024",
    "date": "a date is expected, e.g. 2024-03-25",
    "flag": "yes or no is expected",
}


@dataclass(frozen=True)
class Normalized:
    """A canonical table, its quarantine, and the account of both.

    Every row of the file is either in `rows_accepted` or in `quarantine`. `rows` can hold more or fewer rows than were
    accepted, where a hook or a sum says so.
    """

    rows: pa.Table
    quarantine: pa.Table
    rows_in: int
    rows_accepted: int
    unmapped_columns: tuple[str, ...]
    absent_columns: tuple[str, ...]
    snapshot_id: str

    @property
    def tonnes(self) -> dict[str, Decimal]:
        """tCO2e by transaction type; empty for projects."""
        if "quantity" not in self.rows.column_names:
            return {}
        sums = self.rows.group_by("transaction_type").aggregate([("quantity", "sum")]).to_pylist()
        return {row["transaction_type"]: row["quantity_sum"] for row in sums}


def read_snapshot(registry: Registry, table: str, snapshot: Snapshot, content: bytes) -> readers.RawTable:
    """The text table of a snapshot. Raises `readers.UnreadableFile`."""
    spec = registry.tables[table]
    raw = readers.read(snapshot.file, content, spec.header, spec.sheet)
    if not len(raw.rows) and not raw.bad_rows and not spec.may_be_empty:
        raise readers.UnreadableFile("the file has a header but no rows")
    return raw


def normalize(
    con: duckdb.DuckDBPyConnection,
    registry: Registry,
    table: str,
    snapshot: Snapshot,
    raw: readers.RawTable,
    projects: Path | None = None,
) -> Normalized:
    """The canonical form of `raw`.

    `projects` is the registry's normalized projects table, needed where columns resolve the registry's project keys.
    """
    spec = registry.tables[table]
    con.execute(CELLS)
    con.execute("set TimeZone = 'UTC'")
    con.register("raw_text", raw.rows)
    con.execute(f"create or replace temp table raw as select *, {_row_hash(raw)} as row_hash from raw_text")
    snapshot_id = f"{registry.id}/{table}@{_record_hash(con)}"
    con.execute(f"create or replace temp table typed as {_typed(registry, spec, raw, projects)}")
    judged = _judged(registry, spec, raw, snapshot)
    con.execute(f"create or replace temp table judged as {judged}")
    con.execute("create or replace temp view accepted as select * exclude (fault) from judged where fault is null")
    con.execute(f"create or replace temp table events as {_events(registry, table, snapshot)}")
    rows = con.execute(_identified(con, registry, table, spec, snapshot_id)).to_arrow_table()
    quarantine = pa.concat_tables(
        [
            _quarantined(con, registry, table, spec, snapshot, snapshot_id),
            _unsplit(raw, registry, table, snapshot, snapshot_id),
        ]
    )
    accepted = con.execute("select count(*) from accepted").fetchone()[0]
    rows_in = len(raw.rows) + len(raw.bad_rows)
    if rows_in != accepted + len(quarantine):
        raise AssertionError(f"{rows_in} rows read, but {accepted} accepted and {len(quarantine)} quarantined")
    used = {readers.header_key(name) for name in _names_used(spec)}
    return Normalized(
        rows=rows.cast(spec.canonical),
        quarantine=quarantine.sort_by([("line", "ascending"), ("reason", "ascending")]),
        rows_in=rows_in,
        rows_accepted=accepted,
        unmapped_columns=tuple(name for key, name in raw.header.items() if key not in used),
        absent_columns=tuple(name for name, column in spec.columns.items() if _present(raw, column.names) is None),
        snapshot_id=snapshot_id,
    )


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: str | bool | int | date) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "'" + str(value).replace("'", "''") + "'"


def _names_used(spec: Table) -> list[str]:
    return [name for column in [*spec.columns.values(), *spec.labels] for name in column.names]


def _present(raw: readers.RawTable, names: tuple[str, ...]) -> str | None:
    """The key of the first of `names` that the file has."""
    return next((key for key in map(readers.header_key, names) if key in raw.header), None)


def _row_hash(raw: readers.RawTable) -> str:
    """SQL for a hash of a row's cells that does not depend on the order of columns or rows, or on outer blanks."""
    cells = ", ".join(f"trim({_quote(key)})" for key in sorted(raw.header))
    return f"sha256(concat_ws(chr(31), {cells}))"


def _record_hash(con: duckdb.DuckDBPyConnection) -> str:
    """A hash of the file's records, whatever their order: the same records are the same snapshot."""
    return con.execute(
        "select left(sha256(coalesce(string_agg(row_hash, '' order by row_hash), '')), 16) from raw"
    ).fetchone()[0]


# --- cells ------------------------------------------------------------------------------------------------------


def _typed(registry: Registry, spec: Table, raw: readers.RawTable, projects: Path | None) -> str:
    """One column per canonical column: its value, and `<name>__cell` with the text that the value was made from."""
    texts, values = [], []
    for name, column in spec.columns.items():
        key = _present(raw, column.names)
        cell = f"r.{_quote(key)}" if key else "null"
        texts.append(f"{cell} as {_quote(name + '__cell')}")
        value = _value(spec.cell_type(name), _shaped(column, cell, spec.missing), registry.day_first)
        if column.resolve:
            value = f"(select any_value(p.project_id) from known_projects p where p.registry_key = {value})"
        if column.prefix:
            kept = "|".join([re.escape(column.prefix), *column.prefixed])
            number = f"regexp_replace(trim({value}), '\\.0$', '')"  # a number that a spreadsheet wrote as 5962.0
            value = f"if(regexp_matches({number}, '^({kept})'), '', {_literal(column.prefix)}) || {number}"
        values.append(f"{value} as {_quote(name)}")
    for name, constant in spec.constants.items():
        values.append(f"{_literal(constant)} as {_quote(name)}")
    values.append(f"{_labels(spec.labels, raw)} as labels")
    known = (
        f"select registry_key, project_id from read_parquet({_literal(str(projects))})"
        if spec.resolves_projects
        else "select null::varchar as registry_key, null::varchar as project_id"
    )
    return (
        f"with known_projects as ({known}) select r.{readers.LINE} as line, r.row_hash, "
        + ", ".join([*texts, *values])
        + " from raw r"
    )


def _shaped(column: Column, cell: str, missing: tuple[str, ...]) -> str:
    if missing:
        cell = (
            f"case when lower(trim({cell})) not in ({', '.join(_literal(m.lower()) for m in missing)}) then {cell} end"
        )
    if column.extract:
        cell = f"nullif(regexp_extract({cell}, {_literal(column.extract)}, 1), '')"
    if column.extract_all:
        cell = f"nullif(array_to_string(regexp_extract_all({cell}, {_literal(column.extract_all)}, 1), ', '), '')"
    if column.values:
        pairs = ", ".join(f"{_literal(raw.casefold())}: {_literal(value)}" for raw, value in column.values.items())
        cell = f"map {{{pairs}}}[lower(trim({cell}))]"
    return cell


def _value(cell_type: str, cell: str, day_first: bool) -> str:
    if cell_type in ("text", "code"):
        return f"as_{cell_type}({cell})"
    order = f", {_literal(day_first)}" if cell_type == "date" else ""
    return f"case when not is_missing_value({cell}) then as_{cell_type}({cell}{order}) end"


def _labels(labels: tuple[Label, ...], raw: readers.RawTable) -> str:
    """A list of all labels of a row; NULL where the file has none of the columns."""
    lists = []
    for label in labels:
        if (key := _present(raw, label.names)) is None:
            continue
        cell = f"r.{_quote(key)}"
        if label.extract_all:
            found = f"regexp_extract_all({cell}, {_literal(label.extract_all)}, 1)"
        elif label.split:
            found = f"string_split({cell}, {_literal(label.split)})"
        else:
            found = f"if(as_flag({cell}), [{_literal(label.label or '')}], [])"
        none = ", ".join(map(_literal, label.without)) or "''"
        named = f"list_filter({found}, lambda x: not is_missing(x) and trim(x) not in ({none}))"
        lists.append(f"list_transform({named}, lambda x: {_literal(label.prefix)} || trim(x))")
    if not lists:
        return "null::varchar[]"
    return f"flatten([{', '.join(lists)}])"


# --- faults -----------------------------------------------------------------------------------------------------


def _judged(registry: Registry, spec: Table, raw: readers.RawTable, snapshot: Snapshot) -> str:
    """`typed` with `fault`: column, value and reason of the first thing wrong with the row, or NULL."""
    faults = [*_cell_faults(spec, raw), *_row_faults(registry, spec, raw, snapshot)]
    first = f"list_filter([{', '.join(faults)}], lambda f: f is not null)[1]"
    twin = """case when row_number() over (partition by row_hash order by line) > 1 then {fault} end""".format(
        fault=_fault(
            spec, raw, "project_id", "'the same row stands in line ' || min(line) over (partition by row_hash)"
        )
    )
    judged = f"select *, coalesce({first}, {twin}) as fault from typed"
    if spec.holds == "credits":
        return judged
    filled = " + ".join(f"({_quote(name)} is not null)::int" for name in spec.columns)
    rank = f"row_number() over (partition by project_id, fault is null order by {filled} desc, row_hash)"
    reason = (
        "'the project stands in line ' || first(line) over (partition by project_id, fault is null "
        f"order by {filled} desc, row_hash) || ' too, with other cells; the fuller row is kept'"
    )
    other = _fault(spec, raw, "project_id", reason)
    return f"select * replace (case when fault is null and {rank} > 1 then {other} else fault end as fault) from ({judged})"


def _fault(spec: Table, raw: readers.RawTable, name: str, reason: str) -> str:
    """SQL of a fault of the canonical column `name`; `reason` is SQL too."""
    column = spec.columns[name]
    key = _present(raw, column.names)
    header = raw.header[key] if key else column.names[0]
    return f"{{'column': {_literal(header)}, 'value': {_quote(name + '__cell')}, 'reason': {reason}}}"


def _cell_faults(spec: Table, raw: readers.RawTable) -> list[str]:
    faults = []
    for name, column in spec.columns.items():
        if _present(raw, column.names) is None:
            continue
        cell, value = _quote(name + "__cell"), _quote(name)
        blank = f"is_missing_value({cell})"
        if spec.missing:
            blank += f" or lower(trim({cell})) in ({', '.join(_literal(m.lower()) for m in spec.missing)})"
        wrong = None
        if column.values:
            wrong = f"one of {', '.join(column.values)} is expected"
        elif column.resolve:
            wrong = "no project of this registry has this key"
        elif spec.cell_type(name) in _EXPECTED:
            wrong = _EXPECTED[spec.cell_type(name)]
        elif column.extract and name in spec.required:
            wrong = f"the text does not have the form {column.extract}"
        if wrong:
            test = f"{value} is null and not ({blank})"
            faults.append(f"case when {test} then {_fault(spec, raw, name, _literal(wrong))} end")
    for name in ("project_id", "quantity", "transaction_type"):
        if name in spec.required:
            fault = _fault(spec, raw, name, "'the cell is blank; a value is required'")
            faults.append(f"case when {_quote(name)} is null then {fault} end")
    return faults


def _row_faults(registry: Registry, spec: Table, raw: readers.RawTable, snapshot: Snapshot) -> list[str]:
    """What no row can be: another registry's project, negative, before its issuance, of the future."""
    has = [name for name, column in spec.columns.items() if _present(raw, column.names)]
    observed = snapshot.observed_at.date()
    tests: list[tuple[str, str, str]] = []
    if registry.project_prefix:
        tests.append(
            (
                "project_id",
                f"not regexp_matches(project_id, '^{registry.project_prefix}[A-Za-z0-9]')",
                _literal(f"an id that begins with {registry.project_prefix} is expected"),
            )
        )
    tests += [
        (name, f"{_quote(name)} < 0", "'a quantity cannot be negative'")
        for name in has
        if spec.cell_type(name) == "tonnes"
    ]
    if {"transaction_date", "issued_on"} <= set(has):
        tests.append(
            (
                "transaction_date",
                "transaction_date < issued_on",
                "'the transaction comes before the issuance of ' || issued_on",
            )
        )
    for name in ("transaction_date", "issued_on"):
        if name in has:
            # One day of grace: a registry's day can begin before ours.
            tests.append(
                (
                    name,
                    f"{name} > {_literal(observed)}::date + 1",
                    _literal(f"the day was not yet when the file was observed ({observed})"),
                )
            )
    for name, year in (("vintage", "vintage"), ("vintage_start", "year(vintage_start)")):
        if name in has:
            reason = _literal(f"the vintage lies in the future: the file was observed on {observed}")
            tests.append((name, f"{year} > {observed.year}", reason))
    if {"vintage_start", "vintage_end"} <= set(has):
        tests.append(
            ("vintage_end", "vintage_end < vintage_start", "'the vintage ends before it starts on ' || vintage_start")
        )
    return [f"case when {test} then {_fault(spec, raw, name, reason)} end" for name, test, reason in tests]


def _quarantined(
    con: duckdb.DuckDBPyConnection, registry: Registry, table: str, spec: Table, snapshot: Snapshot, snapshot_id: str
) -> pa.Table:
    quantity = "j.quantity" if "quantity" in spec.columns else "null"
    return (
        con.execute(
            f"""
        with records as (select {readers.LINE} as line, r as record from raw_text r)
        select $registry as registry, $table as "table", $file as file, j.line, j.fault.column as "column",
            j.fault.value as value, j.fault.reason as reason, cast({quantity} as {schema.sql_type(schema.TONNES)}) as quantity,
            json_merge_patch(to_json(records.record), '{{"{readers.LINE}": null}}')::varchar as record, $snapshot_id as snapshot_id
        from judged j join records using (line) where j.fault is not null
        """,
            {"registry": registry.id, "table": table, "file": snapshot.file, "snapshot_id": snapshot_id},
        )
        .to_arrow_table()
        .cast(schema.QUARANTINE)
    )


def _unsplit(raw: readers.RawTable, registry: Registry, table: str, snapshot: Snapshot, snapshot_id: str) -> pa.Table:
    """Quarantine rows of the lines that the reader could not split."""
    rows = [
        {
            "registry": registry.id, "table": table, "file": snapshot.file, "line": row.line, "column": None,
            "value": None, "reason": row.reason, "quantity": None, "record": json.dumps(row.text, ensure_ascii=False),
            "snapshot_id": snapshot_id,
        }
        for row in raw.bad_rows
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=schema.QUARANTINE)


# --- events -----------------------------------------------------------------------------------------------------


def _events(registry: Registry, table: str, snapshot: Snapshot) -> str:
    """What the registry's hook makes of the accepted rows; the rows themselves where it has none for this table."""
    spec = registry.tables[table]
    hook = _hook(registry, table)
    rows = hook("accepted", spec.parameters, snapshot.observed_at.date()) if hook else "select * from accepted"
    return _summed(rows, spec) if spec.sum_by else rows


def _hook(registry: Registry, table: str):  # noqa: ANN202
    if registry.hooks is None:
        return None
    return getattr(importlib.import_module(registry.hooks), table, None)


def _summed(rows: str, spec: Table) -> str:
    """One event for each value of `sum_by`. What the summed rows agree in is kept; serials and labels are joined."""
    merged = {
        "quantity": "sum(quantity)",
        "buffer_quantity": "sum(buffer_quantity)",
        "vintage_start": "min(vintage_start)",
        "vintage_end": "max(vintage_end)",
        "issued_on": "min(issued_on)",
        "is_buffer": "bool_and(is_buffer)",
        "serial_number": "string_agg(serial_number, '; ' order by serial_number)",
        "labels": "list_sort(list_distinct(flatten(list(labels) filter (labels is not null))))",
    }
    columns = [name for name in [*spec.columns, *spec.constants, "labels"] if name in spec.canonical.names]
    selected = [
        f"{merged.get(name) or f'case when count(distinct {name}) = 1 then min({name}) end'} as {name}"
        for name in dict.fromkeys(columns)
        if name not in spec.sum_by
    ]
    keys = ", ".join(spec.sum_by)
    return f"select {keys}, {', '.join(selected)} from ({rows}) group by {keys} having sum(quantity) > 0"


def _identified(con: duckdb.DuckDBPyConnection, registry: Registry, table: str, spec: Table, snapshot_id: str) -> str:
    """`events` in the canonical shape, with identifiers, in a fixed order."""
    present = {row[0] for row in con.execute("describe events").fetchall()} - {"source", "snapshot_id"}
    own_keys = [name for name in spec.key if name not in spec.canonical.names]
    complete = f"select {', '.join([schema.projection(spec.canonical, present), *own_keys])} from events"
    filled = {"source": _literal(f"{registry.id}/{table}"), "snapshot_id": _literal(snapshot_id)}
    if spec.holds == "projects":
        return f"select * replace ({_aliased(filled)}) from ({complete}) order by project_id"
    filled |= {
        "is_buffer": "coalesce(is_buffer, false)",
        # D2: where a registry publishes a period and no year, the vintage is the year of its first day.
        "vintage": "vintage" if "vintage" in spec.columns else "coalesce(vintage, year(vintage_start))",
        "labels": "list_sort(list_distinct(labels))",
        **_serial_parts(registry),
    }
    rows = f"select * replace ({_aliased(filled)}) from ({complete})"
    canonical = ", ".join(spec.canonical.names)
    return (
        f"select {canonical} from (select * replace ({_credit_id(spec)} as credit_id) from ({rows})) order by credit_id"
    )


def _aliased(values: dict[str, str]) -> str:
    return ", ".join(f"{value} as {name}" for name, value in values.items())


def _credit_id(spec: Table) -> str:
    """Made of the event's key alone, so that it stays when the file grows; twins of one key are numbered."""
    key = "concat_ws(chr(31), " + ", ".join(
        f"coalesce({name}::varchar, '')" for name in ("source", "transaction_type", *spec.key)
    ) + ")"  # fmt: skip
    content = ", ".join(name for name in spec.canonical.names if name != "credit_id")
    number = f"row_number() over (partition by {key} order by {content})"
    return f"left(sha256({key} || chr(31) || {number}), 24)"


def _serial_parts(registry: Registry) -> dict[str, str]:
    """SQL for start, end and key of a serial number, by the first of the registry's patterns that fits."""
    parts = {}
    for name, type_ in (("start", "bigint"), ("end", "bigint"), ("key", "varchar")):
        column = f"serial_{name}"
        found = []
        for serial in registry.serials:
            group = _literal(serial.key) if name == "key" and serial.key else _group(serial.pattern, name)
            one_block = (
                f"regexp_full_match(serial_number, {_literal(serial.pattern)}) and not contains(serial_number, '; ')"
            )
            found.append(f"when {one_block} then {group}")
        parsed = f"try_cast(case {' '.join(found)} end as {type_})" if found else "null"
        parts[column] = f"coalesce({column}, {parsed})"
    return parts


def _group(pattern: str, name: str) -> str:
    return f"regexp_extract(serial_number, {_literal(pattern)}, {re.compile(pattern).groupindex[name]})"
