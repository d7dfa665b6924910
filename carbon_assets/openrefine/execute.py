"""Applies an operation history to a table of text: what OpenRefine would make of it, and how many cells each operation changed.

Rows that agree in every column that the history touches fare alike, so operations run over distinct tuples of those columns
and the result is spread over the rows at the end. Of the column to be edited an index leads from text to tuples: a mass edit
looks its texts up, a transform looks for what it needs in all distinct texts before it evaluates anything. Facets are asked only
of the tuples that would change. All changes of an operation are collected before the first is made, as OpenRefine does: what
an operation reads is the state before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from carbon_assets.openrefine.haystack import Haystack
from carbon_assets.openrefine.history import (
    BLANK,
    ColumnAddition,
    History,
    HistoryError,
    MassEdit,
    Operation,
    TextTransform,
    check_columns,
    columns_of,
)
from carbon_assets.openrefine.selecting import select
from carbon_assets.openrefine.values import (
    FAILURE,
    Expression,
    ResultError,
    ResultTooLong,
    Scope,
    Value,
    is_blank,
    same,
    to_text,
)

MAX_ADDED_CHARACTERS = 1_000_000_000
"""Letters that all operations together may add to distinct tuples: a history that makes every cell long is stopped before it
fills the memory."""


@dataclass(frozen=True)
class OperationResult:
    """`cells`: how many were changed (of a column that is added: filled), as in `description`, which is OpenRefine's."""

    index: int
    op: str
    description: str
    column: str
    cells: int
    note: str | None


@dataclass(frozen=True)
class Applied:
    """The table after the last operation, and one result per operation."""

    table: pa.Table
    results: tuple[OperationResult, ...]


def apply(history: History, table: pa.Table) -> Applied:
    """`history` applied to `table`, whose columns are text. Raises `HistoryError`, and then nothing was changed."""
    order = check_columns(history, table.column_names)
    touched = set().union(*map(columns_of, history.operations)) & set(table.column_names)
    tuples, tuple_of_row = _distinct(table, sorted(touched))
    results = []
    for index, operation in enumerate(history.operations):
        try:
            cells = tuples.run(operation)
        except ResultError as error:
            raise HistoryError(str(error), index) from error
        results.append(
            OperationResult(
                index, operation.op, _described(operation, cells), operation.column, cells, operation.expression.dead
            )
        )
    return Applied(_spread(table, order, tuples, tuple_of_row), tuple(results))


def _described(operation: Operation, cells: int) -> str:
    """In the words of 3.8.7."""
    match operation:
        case MassEdit():
            return f"Mass edit {cells:,} cells in column {operation.column}"
        case TextTransform():
            return f"Text transform on {cells:,} cells in column {operation.column}: {operation.source}"
    return (
        f"Create new column {operation.column} based on column {operation.base} by filling {cells:,} rows "
        f"with {operation.source}"
    )


# --- rows to tuples and back


def _distinct(table: pa.Table, columns: list[str]) -> tuple[_Tuples, np.ndarray]:
    """The distinct tuples of `columns`, and the tuple of each row."""
    tuple_of_row = np.zeros(table.num_rows, dtype=np.int64)
    encoded = {}
    for column in columns:
        texts = _text_column(table, column).dictionary_encode("encode")
        codes = texts.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        encoded[column] = texts.dictionary.to_pylist(), codes
        tuple_of_row = np.unique(tuple_of_row * len(texts.dictionary) + codes, return_inverse=True)[1]
    _, first, tuple_of_row, counts = np.unique(tuple_of_row, return_index=True, return_inverse=True, return_counts=True)
    values = {column: [texts[code] for code in codes[first].tolist()] for column, (texts, codes) in encoded.items()}
    return _Tuples(values, counts.tolist()), tuple_of_row


def _text_column(table: pa.Table, name: str) -> pa.Array:
    column = table.column(name)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type) or pa.types.is_null(column.type)):
        raise HistoryError(f"the column {name!r} of the table is {column.type}, not text")
    combined = column.cast(pa.large_string()).combine_chunks()
    return combined if isinstance(combined, pa.Array) else pa.concat_arrays(combined.chunks)


def _spread(table: pa.Table, order: list[str], tuples: _Tuples, tuple_of_row: np.ndarray) -> pa.Table:
    places = pa.array(tuple_of_row)
    columns = []
    for name in order:
        if name not in tuples.changed:
            columns.append(table.column(name))
            continue
        texts = [None if value is None else to_text(value) for value in tuples.column(name)]
        spread = pa.array(texts, pa.large_string()).take(places)
        kept = name in table.column_names and pa.types.is_large_string(table.schema.field(name).type)
        columns.append(spread if kept else spread.cast(pa.string()))
    return pa.table(columns, names=order)


# --- operations over tuples


class _Tuples:
    """Distinct tuples, with the number of rows of each."""

    def __init__(self, values: dict[str, list[Value]], rows: list[int]) -> None:
        self._values = values
        self._rows = rows
        self._indexes: dict[str, dict[str, set[int]]] = {}
        self._haystacks: dict[str, Haystack] = {}
        self._others: dict[str, int] = {}  # by column: cells that are neither text nor null
        self._grown = 0
        self.changed: set[str] = set()

    def run(self, operation: Operation) -> int:
        """Apply one operation; how many cells it changed."""
        match operation:
            case ColumnAddition():
                return self._add(operation)
            case TextTransform():
                return 0 if operation.expression.dead else self._change(operation.column, self._transformed(operation))
            case MassEdit():
                return self._change(operation.column, self._edited(operation))

    def column(self, name: str) -> list[Value]:
        """The values of a column, by tuple."""
        return self._values[name]

    def evaluate(self, expression: Expression, column: str, rows: Iterable[int]) -> list[Value]:
        """What the expression, based on a column, gives for each of the tuples."""
        values, run = self._values[column], expression.run
        at = 0
        scope = Scope(lambda name: self._values[name][at], self._count)
        known: dict[tuple[type, Value], Value] = {}
        results = []
        for row in rows:
            scope.value = values[row]
            if not expression.is_pure:
                at = row
                results.append(run(scope))
                continue
            key = (type(scope.value), scope.value)
            if key not in known:
                known[key] = run(scope)
            results.append(known[key])
        return results

    def _count(self, column: str, value: Value) -> Value:
        """`facetCount`: rows that hold the value, over the whole table; of a blank value, the blank ones."""
        if isinstance(value, list):
            return [self._count(column, item) for item in value]
        return sum(self._rows[i] for i in self._index(column).get(to_text(value), ()))

    def _index(self, column: str) -> dict[str, set[int]]:
        """Text -> tuples; blank ones under "". Numbers stand under their text, as mass edits and counts find them."""
        if column not in self._indexes:
            index: dict[str, set[int]] = {}
            for i, value in enumerate(self._values[column]):
                index.setdefault(to_text(value), set()).add(i)
            self._indexes[column] = index
        return self._indexes[column]

    def _holding(self, column: str, needle: str) -> list[int]:
        """The tuples whose text holds `needle`, in order."""
        index = self._index(column)
        if column not in self._haystacks:
            self._haystacks[column] = Haystack(index)
        return sorted(set().union(*(index.get(text, ()) for text in self._haystacks[column].holding(needle))))

    def _add(self, operation: ColumnAddition) -> int:
        selected = select(operation.facets, list(range(len(self._rows))), self)
        results = self.evaluate(operation.expression, operation.base, selected)
        base = self._values[operation.base]
        added: list[Value] = [None] * len(self._rows)
        for i, result in zip(selected, results, strict=True):
            if _is_error(result):
                result = None if operation.on_error == BLANK else base[i]
            added[i] = result
            self._grow(result, None)
        self._values[operation.column] = added
        self._others[operation.column] = sum(_is_other(value) for value in added)
        self.changed.add(operation.column)
        return sum(rows for rows, value in zip(self._rows, added, strict=True) if value is not None)

    def _transformed(self, operation: TextTransform) -> list[tuple[int, Value]]:
        values = self._values[operation.column]
        needle = operation.expression.needle
        if needle and not self._others.get(operation.column):
            candidates = self._holding(operation.column, needle)
        else:
            candidates = list(range(len(self._rows)))
        selected = select(operation.facets, candidates, self)
        changes = []
        for i, result in zip(selected, self.evaluate(operation.expression, operation.column, selected), strict=True):
            if _is_error(result):
                if operation.on_error != BLANK:
                    continue
                result = None
            if not same(result, values[i]):
                changes.append((i, result))
        return changes

    def _edited(self, operation: MassEdit) -> list[tuple[int, Value]]:
        """A cell that is set to what it is counts too."""
        to_by_tuple: dict[int, str] = {}
        if operation.expression.text == "value":
            index = self._index(operation.column)
            for text, edited in operation.edits.items():
                if text in index:
                    to_by_tuple |= dict.fromkeys(index[text], edited)
            if operation.blank_to is not None:
                to_by_tuple |= dict.fromkeys(index.get("", ()), operation.blank_to)
        else:
            everything = range(len(self._rows))
            results = self.evaluate(operation.expression, operation.column, everything)
            for i, result in zip(everything, results, strict=True):
                to = _edit_of(operation, result)
                if to is not None:
                    to_by_tuple[i] = to
        return [(i, to_by_tuple[i]) for i in select(operation.facets, sorted(to_by_tuple), self)]

    def _change(self, column: str, changes: list[tuple[int, Value]]) -> int:
        if not changes:
            return 0
        self.changed.add(column)
        values, index, haystack = self._values[column], self._indexes.get(column), self._haystacks.get(column)
        for i, new in changes:
            old = values[i]
            values[i] = new
            self._grow(new, old)
            self._others[column] = self._others.get(column, 0) + _is_other(new) - _is_other(old)
            if index is not None:
                tuples = index[to_text(old)]
                tuples.discard(i)
                if not tuples:
                    del index[to_text(old)]
                if haystack is not None and to_text(new) not in index:
                    haystack.add(to_text(new))
                index.setdefault(to_text(new), set()).add(i)
        return sum(self._rows[i] for i, _ in changes)

    def _grow(self, new: Value, old: Value) -> None:
        self._grown += max(0, len(to_text(new)) - len(to_text(old)))
        if self._grown > MAX_ADDED_CHARACTERS:
            raise ResultTooLong(f"the history adds more than {MAX_ADDED_CHARACTERS:,} letters to the table")


def _edit_of(operation: MassEdit, result: Value) -> str | None:
    if result is FAILURE:
        return operation.error_to
    if is_blank(result):
        return operation.blank_to
    return operation.edits.get(to_text(result))


def _is_error(result: Value) -> bool:
    """A failure, or an array, which no cell can hold."""
    return result is FAILURE or isinstance(result, list)


def _is_other(value: Value) -> bool:
    return value is not None and not isinstance(value, str)
