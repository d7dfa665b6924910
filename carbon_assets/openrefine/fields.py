"""Fields of parsed JSON, held against what they must be: types, required keys, no unknown ones.

What a field means belongs in `history.py` and `facets.py`.
"""

from __future__ import annotations

from typing import Any

from carbon_assets.openrefine.values import ExpressionError


def object_of(value: object, what: str, required: str, optional: str = "") -> dict[str, Any]:
    """`value` if it is an object with the keys `required`, and no others but `optional`."""
    if not isinstance(value, dict):
        raise ExpressionError(f"{what} is not an object")
    if missing := [key for key in required.split() if key not in value]:
        raise ExpressionError(f"{what} has no {missing[0]!r}")
    if unknown := sorted(value.keys() - {*required.split(), *optional.split()}):
        raise ExpressionError(f"{what} has {unknown[0][:50]!r}, of which it is not known what it changes")
    return value


def text_of(entry: dict[str, Any], key: str) -> str:
    """The field `key`, which is text of whole characters."""
    value = entry[key]
    if not isinstance(value, str):
        raise ExpressionError(f"{key!r} is not text")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ExpressionError(f"{key!r} holds half a character (a lone surrogate)") from error
    return value


def truth_of(entry: dict[str, Any], key: str, default: bool) -> bool:
    """The field `key`, which is true or false, or is not there."""
    value = entry.get(key, default)
    if not isinstance(value, bool):
        raise ExpressionError(f"{key!r} is neither true nor false")
    return value


def list_of(entry: dict[str, Any], key: str) -> list[Any]:
    """The field `key`, which is a list."""
    if not isinstance(entry[key], list):
        raise ExpressionError(f"{key!r} is not a list")
    return entry[key]
