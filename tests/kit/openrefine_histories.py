"""Histories and tables for the tests of `carbon_assets.openrefine`, written short."""

from __future__ import annotations

import json

import pyarrow as pa

from carbon_assets.openrefine import history
from carbon_assets.openrefine.execute import Applied, apply


def text_facet(query: str, column: str = "v", **keys) -> dict:
    return {
        "type": "text", "name": column, "columnName": column, "query": query, "mode": "text", "caseSensitive": False,
        "invert": False,
    } | keys  # fmt: skip


def list_facet(expression: str, *choices: object, column: str = "v", **keys) -> dict:
    selection = [{"v": {"v": choice, "l": str(choice)}} for choice in choices]
    return {"type": "list", "columnName": column, "expression": expression, "selection": selection} | keys


def range_facet(expression: str, start: float, end: float, column: str = "v", **keys) -> dict:
    return {"type": "range", "columnName": column, "expression": expression, "from": start, "to": end} | keys


def transform(expression: str, *facets: dict, column: str = "v", **keys) -> dict:
    return {
        "op": "core/text-transform", "columnName": column, "expression": expression, "onError": "keep-original",
        "repeat": False, "repeatCount": 10, "engineConfig": {"facets": list(facets), "mode": "row-based"},
    } | keys  # fmt: skip


def mass_edit(edits: dict[str, str] | list[dict], *facets: dict, column: str = "v", **keys) -> dict:
    if isinstance(edits, dict):
        edits = [edit(to, text) for text, to in edits.items()]
    return {
        "op": "core/mass-edit", "columnName": column, "expression": "value", "edits": edits,
        "engineConfig": {"facets": list(facets), "mode": "row-based"},
    } | keys  # fmt: skip


def edit(to: str, *texts: str, **keys) -> dict:
    return {"from": list(texts), "fromBlank": False, "fromError": False, "to": to} | keys


def addition(expression: str, *facets: dict, base: str = "v", column: str = "new", at: int = 1, **keys) -> dict:
    return {
        "op": "core/column-addition", "baseColumnName": base, "newColumnName": column, "columnInsertIndex": at,
        "expression": expression, "onError": "keep-original",
        "engineConfig": {"facets": list(facets), "mode": "row-based"},
    } | keys  # fmt: skip


def parsed(*operations: dict) -> history.History:
    return history.parse(json.dumps(operations))


def table(**columns: list[str | None]) -> pa.Table:
    return pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()})


def applied(operations: list[dict], **columns: list[str | None]) -> Applied:
    return apply(parsed(*operations), table(**columns))


def after(operation: dict, *cells: str | None) -> list[str | None]:
    """The cells of the one column `v` after one operation."""
    return applied([operation], v=list(cells)).table["v"].to_pylist()
