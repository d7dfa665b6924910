"""The part of Jython that histories use: give back text, null or the value, on the condition that the value starts or ends so.

    if value.startswith("a"):      if value.endswith("a"): return "b"
      return "b"                   return value
    else:
      return value

The text is parsed by Python's `ast` and read by a whitelist; nothing of it is ever compiled or run. What parses and is outside
of the whitelist is refused. What does not parse is `dead`: OpenRefine keeps every cell, and so do we. As Jython is Python 2, a
text counts as dead only if it has no mark of Python 2 outside its quotes (`print x`, backticks, `10L`, ...), else it is refused.
Refused too, because what Jython 2 makes of them was not measured: letters outside ASCII, and `\\u`, `\\U`, `\\N` in text.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable
from typing import Final

from carbon_assets.openrefine.values import FAILURE, Expression, ExpressionError, ResultError, Run, Scope, Value

MAX_EXPRESSION_CHARACTERS = 2_000
"""Letters; the peer's longest has 130."""

MAX_NESTED_BRACKETS = 20
"""Beyond some 200 Python's own parser gives up with an error that looks like a mistake in the text."""

_PYTHON_2 = re.compile(
    r"\b(?:print|exec|except|raise|async|await|nonlocal|None|True|False|lambda|def|ur?|\d\w*)\b|`|<>|\t"
)


class _NoReturn:
    """What a statement gives that lets the next one follow."""


_GOES_ON: Final = _NoReturn()
_Step = Callable[[Scope], Value | _NoReturn]
_QUOTED = re.compile(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"")


def parse(text: str) -> Expression:
    """The expression `text` (without prefix). Raises `ExpressionError`."""
    if len(text) > MAX_EXPRESSION_CHARACTERS:
        raise ExpressionError(f"Jython of {len(text):,} letters is too long")
    if not text.isascii() or "\0" in text or re.search(r"\\[uUN]", text):
        raise ExpressionError("Jython with letters outside ASCII, or their escapes, is not supported")
    if sum(text.count(bracket) for bracket in "([{") > MAX_NESTED_BRACKETS:
        raise ExpressionError("Jython with so many brackets is not supported")
    try:
        body = _body(text)
    except SyntaxError as error:
        if isinstance(error, TabError) or _PYTHON_2.search(_QUOTED.sub("''", text)):
            raise ExpressionError(f"Jython that does not parse ({error.msg}), unless as Python 2") from error
        reason = f"Jython does not parse ({error.msg}): OpenRefine keeps every cell"
        return Expression(text, lambda scope: FAILURE, dead=reason)
    except (RecursionError, MemoryError) as error:
        raise ExpressionError("Jython that is nested too deep") from error
    return Expression(text, _run(body), needle=_needle(body))


def _body(text: str) -> list[ast.stmt]:
    """The statements, parsed as OpenRefine does: indented by two blanks under a function."""
    lines = re.split(r"\r\n|\r|\n", text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes such as "\d", which Python 2 takes as they are
        module = ast.parse("def expression(value):" + "".join(f"\n  {line}" for line in lines))
    if len(module.body) != 1 or not isinstance(module.body[0], ast.FunctionDef):
        raise ExpressionError("Jython beyond one block of if and return is not supported")
    return module.body[0].body


def _run(body: list[ast.stmt]) -> Run:
    """What a block gives back: null if it comes to no return."""
    block = _block(body)

    def run(scope: Scope) -> Value:
        value = block(scope)
        return None if isinstance(value, _NoReturn) else value

    return run


def _block(body: list[ast.stmt]) -> _Step:
    """The statements one after the other, up to the first that gives something back."""
    steps = [_statement(statement) for statement in body]

    def run(scope: Scope) -> Value | _NoReturn:
        return next((value for step in steps if (value := step(scope)) is not _GOES_ON), _GOES_ON)

    return run


def _statement(statement: ast.stmt) -> _Step:
    if isinstance(statement, ast.Return):
        return _result(statement.value)
    if not isinstance(statement, ast.If):
        raise ExpressionError(f"the Jython statement {type(statement).__name__} is not supported")
    is_start, part = _condition(statement.test)
    then, other = _block(statement.body), _block(statement.orelse)

    def run(scope: Scope) -> Value | _NoReturn:
        value = scope.value
        if not isinstance(value, str):
            return FAILURE  # null and numbers have no such method
        holds = value.startswith(part) if is_start else value.endswith(part)
        return then(scope) if holds else other(scope)

    return run


def _condition(test: ast.expr) -> tuple[bool, str]:
    match test:
        case ast.Call(
            ast.Attribute(ast.Name("value"), "startswith" | "endswith" as name), [ast.Constant(str(part))], []
        ) if part.isascii():
            return name == "startswith", part
    raise ExpressionError("the only supported Jython conditions are value.startswith('...') and value.endswith('...')")


def _result(value: ast.expr | None) -> Run:
    match value:
        case None | ast.Constant(None):
            return lambda scope: None
        case ast.Constant(str(text)) if text.isascii():
            return lambda scope: text
        case ast.Name("value"):
            return _value
    raise ExpressionError("the only supported Jython results are text, None and value")


def _value(scope: Scope) -> Value:
    if isinstance(scope.value, int):
        raise ResultError("Jython makes other types of the numbers and truths of cells, which is not supported")
    return scope.value


def _needle(body: list[ast.stmt]) -> str | None:
    """Text without which the value stays: of one condition, if the other way gives back the value."""
    match body:
        case [ast.If(test, [ast.Return(_)], [ast.Return(ast.Name("value"))])]:
            return _condition(test)[1] or None
        case [ast.If(test, [ast.Return(_)], []), ast.Return(ast.Name("value"))]:
            return _condition(test)[1] or None
    return None
