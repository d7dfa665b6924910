"""What cells and expressions hold, as OpenRefine types it, and the form in which languages hand over an expression.

How an expression is written belongs in `grel.py` and `jython.py`, what an operation makes of a value in `execute.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeGuard

MAX_EXPRESSION_CHARACTERS = 10_000
"""Letters; the longest of the peer's 1,480 operations has 209."""

MAX_EXPRESSION_DEPTH = 50
"""Calls within calls. Far below Python's recursion limit (1,000), of which one level takes several frames."""

MAX_RESULT_CHARACTERS = 100_000
"""Letters of a cell that an expression may make. A few operations that double their cell would fill any memory."""


class ExpressionError(ValueError):
    """The expression is outside of what is supported; the message says where and why."""


class ResultError(Exception):
    """An expression made what is not supported; known only when it runs."""


class ResultTooLong(ResultError):
    """An expression made a cell longer than `MAX_RESULT_CHARACTERS`."""


class _Failure:
    """The value of an expression that failed: OpenRefine's EvalError, without its text (that differs between versions)."""

    def __repr__(self) -> str:
        return "FAILURE"


FAILURE: Final = _Failure()

Value = str | int | list["Value"] | _Failure | None
"""Text, a number, a truth, an array, a failure, or null."""


class Scope:
    """What an expression sees of one row: the cell's value, other cells, and how many rows hold a value in a column."""

    __slots__ = ("cell", "count", "value")

    def __init__(self, cell: Callable[[str], Value], count: Callable[[str, Value], Value]) -> None:
        self.value: Value = None
        self.cell = cell
        self.count = count


Run = Callable[[Scope], Value]
"""An expression ready to run."""


@dataclass(frozen=True)
class Expression:
    """An expression that can be run.

    `columns`: those of `cells[...]` and `facetCount`. `is_pure`: the result hangs on the value alone. `needle`: text without
    which a text value surely stays as it is (and null stays null). `dead`: why OpenRefine cannot even parse it and therefore
    leaves every cell as it is; such an expression is never run.
    """

    text: str
    run: Run
    columns: frozenset[str] = frozenset()
    is_pure: bool = True
    needle: str | None = None
    dead: str | None = None


def is_blank(value: Value) -> bool:
    """Null or empty text: OpenRefine's blank."""
    return value is None or value == ""


def is_number(value: object) -> TypeGuard[int]:
    """A number. Python's truths are numbers too, OpenRefine's are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def to_text(value: Value) -> str:
    """A value as OpenRefine writes it out. Raises `ResultError` for an array, of which it writes where in memory it lies.

    >>> to_text(True), to_text(3), to_text(None)
    ('true', '3', '')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        raise ResultError("an expression makes text of an array, in which OpenRefine writes an address")
    return "" if value is None else str(value)


def same(one: object, other: object) -> bool:
    """Equal in type and value: true is not 1, and 3 is not "3". Arrays are never equal, as Java compares which they are."""
    return type(one) is type(other) and not isinstance(one, list) and one == other


def java_length(text: str) -> int:
    """Length in UTF-16 units, as Java counts: an emoji has two.

    >>> java_length("a😀")
    3
    """
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
