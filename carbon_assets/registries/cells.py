"""The text of a file's columns becomes canonical values: SQL made from the column maps of `configs/registries/`.

What one cell of a type may look like is `cells.sql`, how a file writes its numbers and days `forms.py`, and what is wrong with
a cell or a row `faults.py`.
"""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

import duckdb

from carbon_assets.base import column_types, readers
from carbon_assets.base.settings import Settings
from carbon_assets.base.sqltext import literal, quote
from carbon_assets.registries import day_forms, form_votes, forms
from carbon_assets.registries.column import Column, Label
from carbon_assets.registries.description import Registry
from carbon_assets.registries.forms import Forms
from carbon_assets.registries.table import Table

EDGE_BLANKS = (
    " \t\n\r\v\f\x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200C))) + "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""What is trimmed from cells: Unicode's White_Space, and the zero-width blank and the byte order mark, which nobody sees."""

MACROS = (
    Path(__file__)
    .with_name("cells.sql")
    .read_text()
    .replace("'<edge blanks>'", literal(EDGE_BLANKS))
    .replace(
        "-- macros of words --",
        day_forms.macros_of_words(form_votes.load_knowledge(Settings.from_environment().configs)),
    )
)
"""The macros of `cells.sql`, with the words of `configs/intake/forms.yml`."""

_SQL_TYPES = {
    "tonnes": column_types.sql_type(column_types.TONNES),
    "count": column_types.sql_type(column_types.COUNT),
    "year": column_types.sql_type(column_types.YEAR),
    "date": column_types.sql_type(column_types.DATE),
    "flag": column_types.sql_type(column_types.FLAG),
}


def prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Make `con` ready for statements on the cells of a file.

    It has the macros, and looks for no common subexpressions: that takes half the time of a small file (50 to 1,400 ms), and
    saves none of a file of 600,000 rows.
    """
    try:
        con.execute("select as_compared('')")  # the last of the macros
    except duckdb.CatalogException:
        con.execute(MACROS)
    con.execute("set disabled_optimizers = 'common_subexpressions'")


def raw_key(raw: readers.RawTable, names: tuple[str, ...]) -> str | None:
    """The key of the first of `names` that the file has."""
    return next((key for key in map(readers.header_key, names) if key in raw.header), None)


def is_declared_missing(cell: str, missing: tuple[str, ...]) -> str:
    """SQL that tells whether a cell holds one of the texts that the table's description calls missing."""
    return _is_one_of(cell, missing)


def forms_of(con: duckdb.DuckDBPyConnection, registry: Registry, spec: Table, raw: readers.RawTable) -> Forms:
    """How the file in the relation `raw` writes its numbers and days. Raises `readers.UnreadableFile` where it proves two forms."""
    present = {name: key for name, column in spec.columns.items() if (key := raw_key(raw, column.names))}
    cells = {name: _shaped(spec.columns[name], f"r.{quote(key)}", spec.missing) for name, key in present.items()}
    return forms.forms_of(con, registry, spec, raw, cells)


def text_value(column: Column, raw: readers.RawTable, missing: tuple[str, ...], cell_type: str) -> str | None:
    """SQL of the text that a column says in a row of `raw r`; None where the file has no such column."""
    key = raw_key(raw, column.names)
    return f"as_{cell_type}({_shaped(column, f'r.{quote(key)}', missing)})" if key else None


def typed(spec: Table, raw: readers.RawTable, projects: str | None, form: Forms) -> str:
    """One column per canonical column: its value, and `<name>__cell` with the text that the value was made from.

    `projects`: SQL that names the registry's normalized projects, where `spec` resolves project keys. `form`: how the file writes
    its numbers and days.
    """
    texts, inner, values = [], ["*"], []
    shared: dict[str, dict[str, str]] = {}
    for name, column in spec.columns.items():
        key = raw_key(raw, column.names)
        cell = f"r.{quote(key)}" if key else "null"
        texts.append(f"{cell} as {quote(name + '__cell')}")
        kind, shaped = spec.cell_type(name), _shaped(column, cell, spec.missing)
        if shaped != cell:
            # A column of an inner query: what a macro is given is planned wherever it stands, which here takes a second.
            inner.append(f"{shaped} as {quote(name + _SHAPED)}")
            shaped = quote(name + _SHAPED)
        value = _value(name, kind, shaped, form)
        if key and kind in _READ_ONCE:
            shared.setdefault(_value(name, kind, "cell", form), {})[name] = shaped
            value = f"{quote(name + _READ)}.value"
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
    tables, joins = _read_once(shared)
    return (
        f"with known_projects as ({known}), shaped as not materialized (select {', '.join(inner)} from raw r){tables} "
        f"select r.{readers.LINE} as line, r.row_hash, {', '.join([*texts, *values])} from shaped r {joins}"
    )


_READ_ONCE = ("date", "tonnes", "count")
"""Types whose values are read of the distinct cells of all columns that are read alike: what they need takes milliseconds to plan
for each column, and few cells are distinct."""
_READ = "__read"
"""Ends the names of the relations that such columns have their values from."""


def _read_once(shared: dict[str, dict[str, str]]) -> tuple[str, str]:
    """SQL of one table of `cell` and `value` for each way of reading, and of the joins with them. `shared`: SQL of the value of
    `cell` -> column -> its cell in `shaped r`."""
    tables, joins = "", ""
    for number, (value, cells) in enumerate(shared.items()):
        distinct = f"select distinct unnest([{', '.join(cells.values())}]) as cell from shaped r"
        tables += f", values_{number} as materialized (select cell, {value} as value from ({distinct}))"
        for name, cell in cells.items():
            alias = quote(name + _READ)
            joins += f" left join values_{number} as {alias} on {alias}.cell = {cell}"
    return tables, joins


_SHAPED = "__shaped"
"""Ends the names of the cells that values are made of."""


def _shaped(column: Column, cell: str, missing: tuple[str, ...]) -> str:
    if missing:
        cell = f"case when not {is_declared_missing(cell, missing)} then {cell} end"
    if column.extract:
        cell = f"nullif(regexp_extract(trimmed({cell}), {literal(column.extract)}, 1), '')"
    if column.extract_all:
        cell = f"nullif(array_to_string(regexp_extract_all({cell}, {literal(column.extract_all)}, 1), ', '), '')"
    for pattern, replacement in column.replace.items():
        cell = f"regexp_replace(trimmed({cell}), {literal(pattern)}, {literal(replacement)})"
    if column.values:
        pairs = ", ".join(f"{literal(raw.casefold())}: {literal(value)}" for raw, value in column.values.items())
        cell = f"map {{{pairs}}}[lower(trimmed({cell}))]"
    return cell


def _value(name: str, cell_type: str, cell: str, form: Forms) -> str:
    if cell_type in ("id", "text", "code"):
        return f"as_{cell_type}({cell})"
    if cell_type == "tonnes":
        value = form.tonnes(cell)
    elif cell_type == "count":
        value = f"as_count({cell}, {form.mark})"
    elif cell_type == "date":
        value = form.day(name, cell)
    else:
        value = f"as_{cell_type}({cell})"
    return f"case when not is_missing_value({cell}) then {value} end"


def _labels(labels: tuple[Label, ...], raw: readers.RawTable) -> str:
    """SQL: all labels of a row; NULL where the file has none of the columns."""
    lists = []
    for (lists_labels, yes, without, odd), group in groupby(_label_cells(labels, raw), _how_it_is_read):
        if not lists_labels:
            pairs = ", ".join(
                f"{{'cell': {cell}, 'label': {literal(label.prefix + (label.label or ''))}}}" for label, cell in group
            )
            says_yes = f"coalesce(as_flag(x.cell), false) or {_is_one_of('x.cell', yes)}"
            lists.append(f"list_transform(list_filter([{pairs}], lambda x: {says_yes}), lambda x: x.label)")
            continue
        for label, cell in group:
            named = (
                f"regexp_extract_all({cell}, {literal(label.extract_all)}, 1)"
                if label.extract_all
                else f"string_split({cell}, {literal(label.split or '')})"
            )
            is_odd = f"{_is_one_of('x', without)} or {_fits('x', odd)}"
            kept = f"list_filter({named}, lambda x: not is_missing(x) and not ({is_odd}))"
            lists.append(f"list_transform({kept}, lambda x: {literal(label.prefix)} || trimmed(x))")
    if not lists:
        return "null::varchar[]"
    return f"flatten([{', '.join(lists)}])"


def _unknown_labels(labels: tuple[Label, ...], raw: readers.RawTable) -> str:
    """SQL: the cells of a row's columns of labels that say nothing known, neither yes nor no, or hold no match of the
    expression; NULL where there are none. Of a column that is split, every word is a label."""
    lists = []
    not_split = [(label, cell) for label, cell in _label_cells(labels, raw) if not label.split]
    for (expression, yes, without, _), group in groupby(not_split, _how_it_is_read):
        known = f"as_flag(x) is not null or {_is_one_of('x', yes)}"
        if expression:
            # '[]' lists nothing, and says so.
            known = f"regexp_matches(x, {literal(expression)}) or not regexp_matches(x, '[\\p{{L}}\\p{{N}}]')"
        skipped = f"is_missing_value(x) or {_is_one_of('x', without)} or {known}"
        cells = ", ".join(cell for _, cell in group)
        lists.append(f"list_transform(list_filter([{cells}], lambda x: not ({skipped})), lambda x: trimmed(x))")
    return f"nullif(flatten([{', '.join(lists)}]), []::varchar[])" if lists else "null::varchar[]"


def _how_it_is_read(labelled: tuple[Label, str]) -> tuple[str | None, tuple[str, ...], tuple[str, ...], str | None]:
    """What columns of labels must have in common to be read by one expression: how they list labels, if they do, words, and what is
    no label."""
    label, _ = labelled
    return label.extract_all or label.split, label.yes, label.without, label.without_pattern


def _label_cells(labels: tuple[Label, ...], raw: readers.RawTable) -> list[tuple[Label, str]]:
    """Each label that the file has a column for, with SQL for the cell."""
    keys = ((label, raw_key(raw, label.names)) for label in labels)
    return [(label, f"r.{quote(key)}") for label, key in keys if key]


def _fits(cell: str, expression: str | None) -> str:
    return f"regexp_matches({cell}, {literal(expression)})" if expression else "false"


def _is_one_of(cell: str, words: tuple[str, ...]) -> str:
    """SQL: the cell is one of the words, in whatever case."""
    listed = ", ".join(literal(word.casefold()) for word in words)
    return f"coalesce(lower(trimmed({cell})) in ({listed}), false)" if words else "false"
