"""What is wrong with a row, and why: the SQL that sets rows aside.

A row is set aside for a cell that cannot be read, for saying what no row can be, or for standing in the file already. Its
first fault counts, in the order of the table's description.
"""

from __future__ import annotations

from carbon_assets.base import readers
from carbon_assets.base.sqltext import literal, quote
from carbon_assets.registries.cells import is_declared_missing, raw_key
from carbon_assets.registries.description import Registry
from carbon_assets.registries.table import Table
from carbon_assets.snapshots.store import Snapshot

_FORMS = {"tonnes": "number", "count": "number", "date": "date"}
"""By cell type, what the form of an unreadable cell is of: there is a macro `form_of_<it>`."""
_EXPECTED = {
    "tonnes": "a number is expected, e.g. 1,234.5",
    "count": "a whole number is expected",
    "year": "a year is expected, e.g. 2024",
    "date": "a date is expected, e.g. 2024-03-25",
    "flag": "yes or no is expected",
}


def judged(registry: Registry, spec: Table, raw: readers.RawTable, snapshot: Snapshot) -> str:
    """`typed` with `fault`: column, value and reason of the first thing wrong with the row, or NULL.

    `fault.form` says whether the reason goes on with the form of the value (`full_reason`).
    """
    strangers = _where_faults(spec, raw)
    faults = [*strangers.values(), *_cell_faults(spec, raw), *_row_faults(registry, spec, raw, snapshot)]
    first = f"list_filter([{', '.join(faults)}], lambda f: f is not null)[1]"
    is_stranger = " or ".join(f"{fault} is not null" for fault in strangers.values()) or "false"
    rows = f"select *, coalesce({first}, {_same_row(spec, raw)}) as fault, {is_stranger} as is_stranger from typed"
    if strangers:
        cells = ", ".join(f"{quote(key)} as {quote(key + _WHERE)}" for key in strangers)
        rows += f" join (select {readers.LINE} as line, {cells} from raw) using (line)"
    return _with_twin_projects(rows, spec, raw) if spec.holds == "projects" else rows


_WHERE = "__where"
"""Ends the names of the cells of `where`."""


def _where_faults(spec: Table, raw: readers.RawTable) -> dict[str, str]:
    """Key of each column of `where` that the file has -> SQL of the fault of a row that counts something else than tCO2e."""
    faults = {}
    for published, expressions in spec.where.items():
        if (key := raw_key(raw, (published,))) is None:
            continue
        cell = quote(key + _WHERE)
        wanted = "|".join(f"(?:{expression})" for expression in expressions)
        reason = f"no row of tCO2e: rows with {' or '.join(expressions)} in this column are read"
        fault = _struct(raw.header[key], cell, literal(reason))
        fits = f"regexp_full_match(trimmed({cell}), {literal(f'(?i)(?:{wanted})')})"
        faults[key] = f"case when not is_missing_value({cell}) and not {fits} then {fault} end"
    return faults


def _same_row(spec: Table, raw: readers.RawTable) -> str:
    reason = "'the same row stands in line ' || min(line) over (partition by row_hash)"
    fault = _fault(spec, raw, "project_id", reason)
    return f"case when row_number() over (partition by row_hash order by line) > 1 then {fault} end"


def _with_twin_projects(rows: str, spec: Table, raw: readers.RawTable) -> str:
    """Of several sound rows of one project the fullest stays, whatever their order in the file."""
    filled = " + ".join(f"({quote(name)} is not null)::int" for name in spec.columns)
    window = f"over (partition by project_id, fault is null order by {filled} desc, row_hash)"
    reason = (
        f"'the project stands in line ' || first(line) {window} || ' too, with other cells; the fuller row is kept'"
    )
    twin = f"fault is null and row_number() {window} > 1"
    fault = f"case when {twin} then {_fault(spec, raw, 'project_id', reason)} else fault end"
    return f"select * replace ({fault} as fault) from ({rows})"


def _moves_tonnes(name: str, spec: Table) -> bool:
    return name == "quantity" or name not in spec.canonical.names


def full_reason(fault: str) -> str:
    """SQL of the reason of a fault, with the form of a cell that cannot be read. Only rows that are set aside are asked for it."""
    cases = " ".join(f"when '{form}' then form_of_{form}({fault}.value)" for form in dict.fromkeys(_FORMS.values()))
    return f"concat({fault}.reason, case {fault}.form {cases} end)"


def _struct(column: str, value: str, reason: str, form: str | None = None) -> str:
    form = literal(form) if form else "null::varchar"
    return f"{{'column': {literal(column)}, 'value': {value}, 'reason': {reason}, 'form': {form}}}"


def _fault(spec: Table, raw: readers.RawTable, name: str, reason: str, form: str | None = None) -> str:
    """SQL of a fault of the canonical column `name`; `reason` is SQL too."""
    column = spec.columns[name]
    key = raw_key(raw, column.names)
    header = raw.header[key] if key else column.names[0]
    return _struct(header, quote(name + "__cell"), reason, form)


def _cell_faults(spec: Table, raw: readers.RawTable) -> list[str]:
    faults = []
    for name, column in spec.columns.items():
        if raw_key(raw, column.names) is None:
            continue
        cell, value = quote(name + "__cell"), quote(name)
        blank = f"is_missing_value({cell})"
        if spec.missing:
            blank += f" or {is_declared_missing(cell, spec.missing)}"
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
            form = _FORMS.get(spec.cell_type(name)) if wrong in _EXPECTED.values() else None
            faults.append(f"case when {test} then {_fault(spec, raw, name, literal(wrong), form)} end")
    for name in spec.filled:
        fault = _fault(spec, raw, name, "'the cell is blank; a value is required'")
        faults.append(f"case when {quote(name)} is null then {fault} end")
    return faults


def _row_faults(registry: Registry, spec: Table, raw: readers.RawTable, snapshot: Snapshot) -> list[str]:
    """What no row can be: another registry's project, negative, before its issuance, of the future."""
    has = [name for name, column in spec.columns.items() if raw_key(raw, column.names)]
    observed = snapshot.observed_at.date()
    tests: list[tuple[str, str, str]] = []
    if form := registry.project_id_form or (registry.project_prefix and f"{registry.project_prefix}[A-Z0-9]+"):
        fits = f"regexp_full_match(project_id, {literal(form)})"
        tests.append(("project_id", f"not {fits}", literal(f"an id of the form {form} is expected")))
    # Tonnes beside the quantity, such as a correction of the buffer, may be negative.
    moved = [name for name in has if spec.cell_type(name) == "tonnes" and _moves_tonnes(name, spec)]
    tests += [(name, f"{quote(name)} < 0", "'a quantity cannot be negative'") for name in moved]
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
                    f"{name} > {literal(observed)}::date + 1",
                    literal(f"the day was not yet when the file was observed ({observed})"),
                )
            )
    for name, year in (("vintage", "vintage"), ("vintage_start", "year(vintage_start)")):
        if name in has:
            reason = literal(f"the vintage lies in the future: the file was observed on {observed}")
            tests.append((name, f"{year} > {observed.year}", reason))
    return [f"case when {test} then {_fault(spec, raw, name, reason)} end" for name, test, reason in tests]
