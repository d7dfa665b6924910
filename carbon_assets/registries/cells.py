"""The text of a file's columns becomes canonical values: SQL made from the column maps of `configs/registries/`.

What one cell of a type may look like is `cells.sql`; what is wrong with a cell or a row is `faults.py`.
"""

from __future__ import annotations

import re
from pathlib import Path

from carbon_assets.base import column_types, readers
from carbon_assets.base.sqltext import literal, quote
from carbon_assets.registries.description import Column, Label, Registry, Table

MACROS = Path(__file__).with_name("cells.sql").read_text()

_SQL_TYPES = {
    "tonnes": column_types.sql_type(column_types.TONNES),
    "count": column_types.sql_type(column_types.COUNT),
    "year": column_types.sql_type(column_types.YEAR),
    "date": column_types.sql_type(column_types.DATE),
    "flag": column_types.sql_type(column_types.FLAG),
}


def raw_key(raw: readers.RawTable, names: tuple[str, ...]) -> str | None:
    """The key of the first of `names` that the file has."""
    return next((key for key in map(readers.header_key, names) if key in raw.header), None)


def is_declared_missing(cell: str, missing: tuple[str, ...]) -> str:
    """SQL that tells whether a cell holds one of the texts that the table's description calls missing."""
    return _is_one_of(cell, missing)


def typed(registry: Registry, spec: Table, raw: readers.RawTable, projects: str | None) -> str:
    """One column per canonical column: its value, and `<name>__cell` with the text that the value was made from.

    `projects`: SQL that names the registry's normalized projects, where `spec` resolves project keys.
    """
    texts, values, orders = [], [], ["count(*) as rows"]
    for name, column in spec.columns.items():
        key = raw_key(raw, column.names)
        cell = f"r.{quote(key)}" if key else "null"
        texts.append(f"{cell} as {quote(name + '__cell')}")
        kind, shaped = spec.cell_type(name), _shaped(column, cell, spec.missing)
        if kind == "date":
            orders.append(f"{_day_first(shaped, registry.day_first)} as {quote(name)}")
        value = _value(kind, shaped, f"orders.{quote(name)}")
        if column.resolve:
            value = f"(select any_value(p.project_id) from known_projects p where p.registry_key = {value})"
        if column.prefix:
            kept = "|".join([re.escape(column.prefix), *column.prefixed])
            number = f"regexp_replace({value}, '\\.0$', '')"  # a number that a spreadsheet wrote as 5962.0
            value = f"if(regexp_matches({number}, '^({kept})'), '', {literal(column.prefix)}) || {number}"
        values.append(f"cast({value} as {_SQL_TYPES.get(kind, 'varchar')}) as {quote(name)}")
    for name, constant in spec.constants.items():
        values.append(f"{literal(constant)} as {quote(name)}")
    values += [f"{_labels(spec.labels, raw)} as labels", f"{_unknown_labels(spec.labels, raw)} as unknown_labels"]
    known = (
        f"select registry_key, project_id from {projects}"
        if spec.resolves_projects
        else "select null::varchar as registry_key, null::varchar as project_id"
    )
    return (
        f"with known_projects as ({known}), orders as (select {', '.join(orders)} from raw r) "
        f"select r.{readers.LINE} as line, r.row_hash, {', '.join([*texts, *values])} from raw r cross join orders"
    )


def _day_first(cell: str, registry_says: bool) -> str:
    """SQL of the order of a column's dates: the registry's, unless every cell that tells contradicts it."""
    day, month = (f"count(*) filter ({test} day_leads({cell}))" for test in ("", "not"))
    agrees, contradicts = (day, month) if registry_says else (month, day)
    return f"({contradicts} > 0 and {agrees} = 0) <> {literal(registry_says)}"


def _shaped(column: Column, cell: str, missing: tuple[str, ...]) -> str:
    if missing:
        cell = f"case when not {is_declared_missing(cell, missing)} then {cell} end"
    if column.extract:
        cell = f"nullif(regexp_extract({cell}, {literal(column.extract)}, 1), '')"
    if column.extract_all:
        cell = f"nullif(array_to_string(regexp_extract_all({cell}, {literal(column.extract_all)}, 1), ', '), '')"
    for pattern, replacement in column.replace.items():
        cell = f"regexp_replace(trim({cell}), {literal(pattern)}, {literal(replacement)})"
    if column.values:
        pairs = ", ".join(f"{literal(raw.casefold())}: {literal(value)}" for raw, value in column.values.items())
        cell = f"map {{{pairs}}}[lower(trim({cell}))]"
    return cell


def _value(cell_type: str, cell: str, day_first: str) -> str:
    if cell_type in ("id", "text", "code"):
        return f"as_{cell_type}({cell})"
    order = f", {day_first}" if cell_type == "date" else ""
    return f"case when not is_missing_value({cell}) then as_{cell_type}({cell}{order}) end"


def _labels(labels: tuple[Label, ...], raw: readers.RawTable) -> str:
    """SQL: all labels of a row; NULL where the file has none of the columns."""
    lists = []
    for label, cell in _label_cells(labels, raw):
        if label.extract_all:
            named = f"regexp_extract_all({cell}, {literal(label.extract_all)}, 1)"
        elif label.split:
            named = f"string_split({cell}, {literal(label.split)})"
        else:
            named = f"if({_says_yes(label, cell)}, [{literal(label.label or '')}], [])"
        kept = f"list_filter({named}, lambda x: not is_missing(x) and not {_is_one_of('x', label.without)})"
        lists.append(f"list_transform({kept}, lambda x: {literal(label.prefix)} || trim(x))")
    if not lists:
        return "null::varchar[]"
    return f"flatten([{', '.join(lists)}])"


def _unknown_labels(labels: tuple[Label, ...], raw: readers.RawTable) -> str:
    """SQL: the cells of a row's columns of labels that say nothing known, neither yes nor no, or hold no match of the
    expression; NULL where there are none. Of a column that is split, every word is a label."""
    lists = []
    for label, cell in _label_cells(labels, raw):
        if label.split:
            continue
        known = f"{_says_yes(label, cell)} or as_flag({cell}) is not null"
        if label.extract_all:
            # '[]' lists nothing, and says so.
            is_text = f"regexp_matches({cell}, '[\\p{{L}}\\p{{N}}]')"
            known = f"regexp_matches({cell}, {literal(label.extract_all)}) or not {is_text}"
        skipped = f"is_missing_value({cell}) or {_is_one_of(cell, label.without)} or {known}"
        lists.append(f"if({skipped}, [], [trim({cell})])")
    return f"nullif(flatten([{', '.join(lists)}]), []::varchar[])" if lists else "null::varchar[]"


def _label_cells(labels: tuple[Label, ...], raw: readers.RawTable) -> list[tuple[Label, str]]:
    """Each label that the file has a column for, with SQL for the cell."""
    keys = ((label, raw_key(raw, label.names)) for label in labels)
    return [(label, f"r.{quote(key)}") for label, key in keys if key]


def _says_yes(label: Label, cell: str) -> str:
    return f"(coalesce(as_flag({cell}), false) or {_is_one_of(cell, label.yes)})"


def _is_one_of(cell: str, words: tuple[str, ...]) -> str:
    """SQL: the cell is one of the words, in whatever case."""
    listed = ", ".join(literal(word.casefold()) for word in words)
    return f"coalesce(lower(trim({cell})) in ({listed}), false)" if words else "false"
