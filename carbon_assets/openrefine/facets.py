"""The facets by which an operation selects its rows: text, list and range; read, and as frozen dataclasses.

Which rows a facet selects is said in `selecting.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from carbon_assets.openrefine import patterns
from carbon_assets.openrefine.fields import list_of, object_of, text_of, truth_of
from carbon_assets.openrefine.values import Expression, ExpressionError

ReadExpression = Callable[[str], Expression]


@dataclass(frozen=True)
class TextFacet:
    """`query` is in the text of the column; if `pattern`, it is found by that expression. Inverted, null is selected."""

    column: str
    query: str
    case_sensitive: bool
    invert: bool
    pattern: patterns.Search | None


@dataclass(frozen=True)
class ListFacet:
    """What the expression gives is one of `selection`, or blank, or a failure."""

    column: str
    expression: Expression
    selection: tuple[str | int | float | bool, ...]
    blank: bool
    error: bool
    invert: bool


@dataclass(frozen=True)
class RangeFacet:
    """What the expression gives is at least `start` and below `end`, or no number, or blank, or a failure."""

    column: str
    expression: Expression
    start: float
    end: float
    numeric: bool
    non_numeric: bool
    blank: bool
    error: bool


Facet = TextFacet | ListFacet | RangeFacet


def read_facets(engine: object, read_expression: ReadExpression) -> tuple[Facet, ...]:
    """The facets of an `engineConfig`. Raises `ExpressionError`."""
    config = object_of(engine, "engineConfig", "facets mode")
    if config["mode"] != "row-based":
        raise ExpressionError(f"the engine mode {str(config['mode'])[:50]!r} is not supported, only row-based")
    return tuple(_facet(facet, read_expression) for facet in list_of(config, "facets"))


def _facet(entry: object, read_expression: ReadExpression) -> Facet:
    facet: dict[str, Any] = entry if isinstance(entry, dict) else {}
    match facet.get("type"):
        case "text":
            return _text_facet(facet)
        case "list":
            return _list_facet(facet, read_expression)
        case "range":
            return _range_facet(facet, read_expression)
        case kind:
            raise ExpressionError(f"a facet of the type {str(kind)[:50]!r} is not supported")


def _text_facet(entry: dict[str, Any]) -> TextFacet:
    object_of(entry, "a text facet", "type columnName query mode", "name caseSensitive invert")
    if entry["mode"] not in ("text", "regex"):
        raise ExpressionError(f"a text facet of the mode {str(entry['mode'])[:50]!r} is not supported")
    query, case_sensitive = text_of(entry, "query"), truth_of(entry, "caseSensitive", False)
    return TextFacet(
        column=text_of(entry, "columnName"),
        query=query if case_sensitive else query.lower(),
        case_sensitive=case_sensitive,
        invert=truth_of(entry, "invert", False),
        pattern=patterns.searcher(query, case_sensitive) if query and entry["mode"] == "regex" else None,
    )


def _list_facet(entry: dict[str, Any], read_expression: ReadExpression) -> ListFacet:
    object_of(
        entry, "a list facet", "type columnName expression selection",
        "name invert omitBlank omitError selectBlank selectError",
    )  # fmt: skip
    return ListFacet(
        column=text_of(entry, "columnName"),
        expression=_facet_expression(entry, read_expression),
        selection=tuple(_choice(choice) for choice in list_of(entry, "selection")),
        blank=truth_of(entry, "selectBlank", False),
        error=truth_of(entry, "selectError", False),
        invert=truth_of(entry, "invert", False),
    )


def _choice(entry: object) -> str | int | float | bool:
    """`{"v": {"v": value, "l": label}}`."""
    value = object_of(object_of(entry, "a choice", "v")["v"], "a choice", "v", "l")["v"]
    if not isinstance(value, str | int | float):
        raise ExpressionError("a choice of a list facet is neither text nor number nor truth")
    return text_of({"choice": value}, "choice") if isinstance(value, str) else value


def _range_facet(entry: dict[str, Any], read_expression: ReadExpression) -> RangeFacet:
    selects = "selectNumeric selectNonNumeric selectBlank selectError"
    object_of(entry, "a range facet", "type columnName expression from to", f"name {selects}")
    numeric, non_numeric, blank, error = (truth_of(entry, key, True) for key in selects.split())
    return RangeFacet(
        column=text_of(entry, "columnName"),
        expression=_facet_expression(entry, read_expression),
        start=_number(entry, "from"),
        end=_number(entry, "to"),
        numeric=numeric,
        non_numeric=non_numeric,
        blank=blank,
        error=error,
    )


def _number(entry: dict[str, Any], key: str) -> float:
    value = entry[key]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ExpressionError(f"{key!r} is not a number")
    return value


def _facet_expression(entry: dict[str, Any], read_expression: ReadExpression) -> Expression:
    """Never a dead one: OpenRefine drops a facet that it cannot parse, and the operation hits all rows."""
    expression = read_expression(text_of(entry, "expression"))
    if expression.dead:
        raise ExpressionError("a facet whose expression does not parse would select every row")
    return expression
