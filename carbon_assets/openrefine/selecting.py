"""Which rows a facet selects, over distinct rows.

How facets are written belongs in `facets.py`, what is then done with the rows in `execute.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from carbon_assets.openrefine import patterns
from carbon_assets.openrefine.facets import Facet, ListFacet, RangeFacet, TextFacet
from carbon_assets.openrefine.values import FAILURE, Expression, Value, is_blank, is_number, same, to_text


class Rows(Protocol):
    """The rows among which is selected."""

    def column(self, name: str) -> Sequence[Value]:
        """The values of a column, by row."""

    def evaluate(self, expression: Expression, column: str, rows: Iterable[int]) -> list[Value]:
        """What the expression, based on a column, gives for each of the rows."""


def select(facets: Iterable[Facet], rows: list[int], table: Rows) -> list[int]:
    """Those of `rows` that all facets select."""
    for facet in facets:
        if rows and not _selects_all(facet):
            rows = _selected(facet, rows, table)
    return rows


def _selects_all(facet: Facet) -> bool:
    """An empty query or no choice is no filter, even if it is inverted."""
    if isinstance(facet, TextFacet):
        return not facet.query
    return isinstance(facet, ListFacet) and not (facet.selection or facet.blank or facet.error)


def _selected(facet: Facet, rows: list[int], table: Rows) -> list[int]:
    if isinstance(facet, TextFacet):
        values = table.column(facet.column)
        if facet.pattern is not None:
            return _rows_matching(facet.pattern, facet.invert, rows, values)
        holds = _holds_cased if facet.case_sensitive else _holds_lowered
        return [row for row in rows if holds(values[row], facet.query) is not facet.invert]
    results = table.evaluate(facet.expression, facet.column, rows)
    test: Callable[[Value], bool]
    if isinstance(facet, ListFacet):
        test = lambda value: _is_chosen(value, facet)  # noqa: E731
    else:
        test = lambda value: _is_in_range(value, facet)  # noqa: E731
    invert = isinstance(facet, ListFacet) and facet.invert
    return [row for row, result in zip(rows, results, strict=True) if _any(result, test) is not invert]


def _holds_lowered(value: Value, query: str) -> bool:
    if type(value) is str:
        return query in value.lower()
    return value is not None and query in to_text(value).lower()


def _holds_cased(value: Value, query: str) -> bool:
    return value is not None and query in to_text(value)


def _rows_matching(pattern: patterns.Search, invert: bool, rows: list[int], values: Sequence[Value]) -> list[int]:
    texts = list(dict.fromkeys(to_text(values[row]) for row in rows if values[row] is not None))
    found = {text for text, is_found in zip(texts, patterns.found_in(pattern, texts), strict=True) if is_found}
    return [row for row in rows if (values[row] is not None and to_text(values[row]) in found) is not invert]


def _any(result: Value, test: Callable[[Value], bool]) -> bool:
    """Of an array, one item is enough."""
    return any(map(test, result)) if isinstance(result, list) else test(result)


def _is_chosen(value: Value, facet: ListFacet) -> bool:
    """Choices are typed: true is not "true", but 3 is 3.0."""
    if value is FAILURE:
        return facet.error
    if is_blank(value):
        return facet.blank
    if is_number(value):
        return any(not isinstance(choice, bool | str) and choice == value for choice in facet.selection)
    return any(same(value, choice) for choice in facet.selection)


def _is_in_range(value: Value, facet: RangeFacet) -> bool:
    if value is FAILURE:
        return facet.error
    if is_blank(value):
        return facet.blank
    if is_number(value):
        return facet.numeric and facet.start <= value < facet.end
    return facet.non_numeric
