"""An OpenRefine operation history: read from its JSON, held against what is supported, as frozen dataclasses.

What is not supported is refused here, before anything runs: `HistoryError` names the operation's index (from 0, as in the
file's array) and the reason. OpenRefine would go on silently: an unknown operation or a faulty facet is skipped, and a facet on
a missing column lets the operation hit all rows. What an expression may hold is said in `grel.py`, `jython.py` and
`patterns.py`; how operations run, in `execute.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from carbon_assets.openrefine import fields, grel, jython
from carbon_assets.openrefine.facets import Facet, ReadExpression, TextFacet, read_facets
from carbon_assets.openrefine.values import Expression, ExpressionError

LARGEST_FILE = 16 * 2**20
"""Bytes; the peer's history has 1.9 million. What is larger is refused before it is parsed."""

MAX_OPERATIONS = 20_000
"""The longest history of which we know has 2,500 (OpenRefine #4721)."""

KEEP, BLANK = "keep-original", "set-to-blank"


class HistoryError(ValueError):
    """The history, or one operation of it, cannot be applied; the message says which and why."""

    def __init__(self, reason: str, index: int | None = None) -> None:
        super().__init__(reason if index is None else f"operation {index}: {reason}")
        self.reason = reason
        self.index = index


@dataclass(frozen=True)
class ColumnAddition:
    """core/column-addition: `column`, at place `insert_at`, from `base`."""

    op = "core/column-addition"
    base: str
    column: str
    insert_at: int
    expression: Expression
    on_error: str
    facets: tuple[Facet, ...]
    source: str  # the expression as written, with its prefix


@dataclass(frozen=True)
class TextTransform:
    """core/text-transform of `column`."""

    op = "core/text-transform"
    column: str
    expression: Expression
    on_error: str
    facets: tuple[Facet, ...]
    source: str


@dataclass(frozen=True)
class MassEdit:
    """core/mass-edit of `column`: `edits` says what becomes of which text. None in `blank_to`, `error_to`: nothing."""

    op = "core/mass-edit"
    column: str
    expression: Expression
    edits: Mapping[str, str]
    blank_to: str | None
    error_to: str | None
    facets: tuple[Facet, ...]
    source: str


Operation = ColumnAddition | TextTransform | MassEdit


@dataclass(frozen=True)
class History:
    """The operations in the order of the file."""

    operations: tuple[Operation, ...]


def read(path: Path) -> History:
    """The history in the file `path`. Raises `HistoryError`, and `OSError` where there is no such file."""
    with path.open("rb") as file:
        return parse(file.read(LARGEST_FILE + 1))


def parse(content: bytes | str) -> History:
    """The history that is the JSON `content`. Raises `HistoryError`."""
    if len(content) > LARGEST_FILE:
        raise HistoryError(f"the history is larger than {LARGEST_FILE / 2**20:.0f} MiB")
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
        entries = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else error
        raise HistoryError(f"the history is not JSON that can be read: {reason}") from error
    if not isinstance(entries, list):
        raise HistoryError("the history is not a list of operations")
    if len(entries) > MAX_OPERATIONS:
        raise HistoryError(f"the history has {len(entries):,} operations; {MAX_OPERATIONS:,} is the limit")
    operations = []
    read_expression = _expressions()
    for index, entry in enumerate(entries):
        try:
            operations.append(_operation(entry, read_expression))
        except ExpressionError as error:
            raise HistoryError(str(error), index) from error
    return History(tuple(operations))


def check_columns(history: History, columns: Sequence[str]) -> list[str]:
    """The columns after the history has run on a table with `columns`. Raises `HistoryError` where one is missing."""
    now = list(columns)
    if len(set(now)) < len(now):
        raise HistoryError("the table has several columns of one name")
    known = set(now)
    for index, operation in enumerate(history.operations):
        for use, names in _used(operation).items():
            if missing := sorted(names - known):
                raise HistoryError(f"{use} needs the column {missing[0]!r}, which the table does not have here", index)
        if isinstance(operation, ColumnAddition):
            if operation.column in known:
                raise HistoryError(f"there is a column {operation.column!r} already", index)
            if operation.insert_at > len(now):
                raise HistoryError(f"columnInsertIndex {operation.insert_at} is beyond {len(now)} columns", index)
            now.insert(operation.insert_at, operation.column)
            known.add(operation.column)
    return now


def columns_of(operation: Operation) -> set[str]:
    """The columns that the operation reads or changes, but the one it adds."""
    return set().union(*_used(operation).values())


def _used(operation: Operation) -> dict[str, set[str]]:
    own = operation.base if isinstance(operation, ColumnAddition) else operation.column
    facets = {facet.column for facet in operation.facets}
    inner = {c for f in operation.facets if not isinstance(f, TextFacet) for c in f.expression.columns}
    return {"it": {own}, "its expression": set(operation.expression.columns), "a facet of it": facets | inner}


# --- JSON


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entry = dict(pairs)
    if len(entry) < len(pairs):
        raise ValueError("an object has the same key twice")
    return entry


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


# --- operations


def _expressions() -> ReadExpression:
    """Reads expressions, each text once: a history repeats the same few in its facets."""
    known: dict[str, Expression] = {}

    def read_expression(text: str) -> Expression:
        if text not in known:
            known[text] = _expression(text)
        return known[text]

    return read_expression


def _expression(text: str) -> Expression:
    """By its prefix; what has none, or another, is GREL as a whole."""
    language, colon, _ = text[:20].partition(":")
    match language.lower() if colon else "":
        case "grel":
            return grel.parse(text[len("grel:") :])
        case "jython":
            return jython.parse(text[len("jython:") :])
        case "clojure":
            raise ExpressionError("Clojure is not supported")
    return grel.parse(text)


def _operation(entry: object, read_expression: ReadExpression) -> Operation:
    if not isinstance(entry, dict) or not isinstance(entry.get("op"), str):
        raise ExpressionError("it is not an object with an 'op'")
    match entry["op"]:
        case "core/column-addition":
            return _column_addition(entry, read_expression)
        case "core/text-transform":
            return _text_transform(entry, read_expression)
        case "core/mass-edit":
            return _mass_edit(entry, read_expression)
    raise ExpressionError(f"the operation {entry['op'][:50]!r} is not supported")


def _column_addition(entry: dict[str, Any], read_expression: ReadExpression) -> ColumnAddition:
    fields.object_of(
        entry, "it", "op engineConfig baseColumnName expression onError newColumnName columnInsertIndex", "description"
    )
    at = entry["columnInsertIndex"]
    if type(at) is not int or at < 0:
        raise ExpressionError("'columnInsertIndex' is not a place")
    expression = read_expression(fields.text_of(entry, "expression"))
    if expression.dead:
        raise ExpressionError(f"{expression.dead}; of a column that is added this is not known")
    return ColumnAddition(
        base=fields.text_of(entry, "baseColumnName"),
        column=fields.text_of(entry, "newColumnName"),
        insert_at=at,
        expression=expression,
        on_error=_on_error(entry),
        facets=read_facets(entry["engineConfig"], read_expression),
        source=entry["expression"],
    )


def _text_transform(entry: dict[str, Any], read_expression: ReadExpression) -> TextTransform:
    fields.object_of(entry, "it", "op engineConfig columnName expression onError", "repeat repeatCount description")
    if fields.truth_of(entry, "repeat", False):
        raise ExpressionError("'repeat' is not supported")
    expression = read_expression(fields.text_of(entry, "expression"))
    return TextTransform(
        column=fields.text_of(entry, "columnName"),
        expression=expression,
        on_error=_on_error(entry),
        facets=read_facets(entry["engineConfig"], read_expression),
        source=entry["expression"],
    )


def _on_error(entry: dict[str, Any]) -> str:
    if entry["onError"] not in (KEEP, BLANK):
        raise ExpressionError(f"onError {str(entry['onError'])[:50]!r} is not supported")
    return entry["onError"]


def _mass_edit(entry: dict[str, Any], read_expression: ReadExpression) -> MassEdit:
    """The last edit of the same text wins. `from: [""]` alone means blank; beside others "" means nothing."""
    fields.object_of(entry, "it", "op engineConfig columnName expression edits", "description")
    expression = read_expression(fields.text_of(entry, "expression"))
    if expression.dead:
        raise ExpressionError(f"{expression.dead}; of a mass edit this is not known")
    edits: dict[str, str] = {}
    blank_to = error_to = None
    for edit in fields.list_of(entry, "edits"):
        fields.object_of(edit, "an edit", "from to", "fromBlank fromError")
        to = fields.text_of(edit, "to")
        texts = [fields.text_of({"from": text}, "from") for text in fields.list_of(edit, "from")]
        edits |= {text: to for text in texts if text}
        if fields.truth_of(edit, "fromBlank", False) or texts == [""]:
            blank_to = to
        if fields.truth_of(edit, "fromError", False):
            error_to = to
    return MassEdit(
        column=fields.text_of(entry, "columnName"),
        expression=expression,
        edits=edits,
        blank_to=blank_to,
        error_to=error_to,
        facets=read_facets(entry["engineConfig"], read_expression),
        source=entry["expression"],
    )
