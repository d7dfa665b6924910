"""The part of GREL that histories use: scanner, parser, and what each function makes of its arguments.

Understood: text in either quotes, `null`, `true`, `false`, `value`, `cells['column'].value` (or `cells.column.value`), arrays,
`==`, `!=`, parentheses, and `CONTROLS` and `FUNCTIONS`, called `f(x, y)` or `x.f(y)`; a regular expression (`/.../`, `/.../i`)
as what `replace` looks for; `facetCount` of the expression `value`. Everything else is refused: nothing is evaluated but what
stands here. The scanner keeps OpenRefine's manners: a doubled quote does not end text, an unknown escape is its letter.

Text is equal as in 3.8.7, by a collator for which composed and decomposed letters are the same (OpenRefine #6342); 3.6.2
compared letter by letter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from carbon_assets.openrefine import patterns
from carbon_assets.openrefine.grel_functions import MEANINGS, equal
from carbon_assets.openrefine.values import (
    FAILURE,
    MAX_EXPRESSION_CHARACTERS,
    MAX_EXPRESSION_DEPTH,
    Expression,
    ExpressionError,
    Run,
    Scope,
    Value,
    to_text,
)

CONTROLS: dict[str, int | None] = {"if": 3, "isNull": 1}
"""Arguments of each. OpenRefine knows these only as `f(x)`."""

FUNCTIONS: dict[str, int | None] = {
    "coalesce": None, "contains": 2, "endsWith": 2, "facetCount": 3, "join": 2, "length": 1, "replace": 3, "startsWith": 2,
    "trim": 1,
}  # fmt: skip
"""Arguments of each; None: one or more."""

_BLANKS = " \t\n\r\f\v"
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r"}


@dataclass(frozen=True)
class _Literal:
    value: Value


@dataclass(frozen=True)
class _Regex:
    pattern: str
    ignore_case: bool


@dataclass(frozen=True)
class _Name:
    name: str


@dataclass(frozen=True)
class _Field:
    of: _Node
    name: str


@dataclass(frozen=True)
class _Array:
    items: tuple[_Node, ...]


@dataclass(frozen=True)
class _Compare:
    left: _Node
    right: _Node
    is_equal: bool


@dataclass(frozen=True)
class _Call:
    name: str
    args: tuple[_Node, ...]


_Node = _Literal | _Regex | _Name | _Field | _Array | _Compare | _Call
_VALUE = _Name("value")


def parse(text: str) -> Expression:
    """The expression `text` (without prefix). Raises `ExpressionError`."""
    if len(text) > MAX_EXPRESSION_CHARACTERS:
        raise ExpressionError(f"an expression of {len(text):,} letters is too long")
    node = _Parser(text).whole()
    compiler = _Compiler()
    run = compiler.compile(node)
    return Expression(text, run, frozenset(compiler.columns), compiler.is_pure, _needle(node))


def _needle(node: _Node) -> str | None:
    """Text without which the expression gives back its value. Conditions on null are false or fail: it stays null."""
    match node:
        case _Call("if", (_Call("contains" | "startsWith" | "endsWith", (of, _Literal(str(needle)))), _, other)):
            return needle or None if of == other == _VALUE else None
        case _Call("replace", (of, _Literal(str(needle)), _Literal(str()))):
            return needle or None if of == _VALUE else None
    return None


# --- reading


@dataclass(frozen=True)
class _Token:
    kind: str  # text, name, regex, mark, end
    text: str
    at: int
    ignore_case: bool = False


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._token = self._next(True)

    def whole(self) -> _Node:
        node = self._expression()
        if self._token.kind != "end":
            raise self._error("nothing more is expected")
        return node

    def _error(self, what: str) -> ExpressionError:
        found = repr(self._token.text[:30]) if self._token.kind != "end" else "its end"
        return ExpressionError(f"GREL is not understood at letter {self._token.at}, {found}: {what}")

    def _next(self, regex_possible: bool) -> _Token:
        text, at = self._text, self._at
        while at < len(text) and text[at] in _BLANKS:
            at += 1
        if at == len(text):
            self._at = at
            return _Token("end", "", at)
        char = text[at]
        if char in "\"'":
            return self._quoted(at)
        if char == "/" and regex_possible:
            return self._regex(at)
        end = at
        while end < len(text) and (text[end] == "_" or text[end].isalnum()):
            end += 1
        if end > at and not char.isdigit():
            self._at = end
            return _Token("name", text[at:end], at)
        self._at = at + (2 if text[at : at + 2] in ("==", "!=") else 1)
        return _Token("mark", text[at : self._at], at)

    def _quoted(self, start: int) -> _Token:
        text, quote, at = self._text, self._text[start], start + 1
        out: list[str] = []
        while at < len(text):
            char = text[at]
            if char == quote and text[at + 1 : at + 2] != quote:
                self._at = at + 1
                return _Token("text", "".join(out), start)
            if char == "\\":
                at += 1
                char = _ESCAPES.get(text[at : at + 1], text[at : at + 1])
            out.append(char)
            at += 1
        raise ExpressionError(f"GREL is not understood: the text that begins at letter {start} does not end")

    def _regex(self, start: int) -> _Token:
        text, at = self._text, start + 1
        out: list[str] = []
        while at < len(text):
            if text[at] == "/":
                ignore_case = text[at + 1 : at + 2] == "i"
                self._at = at + 1 + ignore_case
                return _Token("regex", "".join(out), start, ignore_case)
            step = 2 if text[at] == "\\" else 1
            out.append(text[at : at + step])
            at += step
        raise ExpressionError(f"GREL is not understood: the regular expression of letter {start} does not end")

    def _step(self, regex_possible: bool) -> _Token:
        token = self._token
        self._token = self._next(regex_possible)
        return token

    def _is(self, mark: str) -> bool:
        return self._token.kind == "mark" and self._token.text == mark

    def _expression(self) -> _Node:
        self._depth += 1
        if self._depth > MAX_EXPRESSION_DEPTH:
            raise ExpressionError(f"an expression of more than {MAX_EXPRESSION_DEPTH} levels is too deep")
        node = self._factor()
        while self._is("==") or self._is("!="):
            is_equal = self._step(True).text == "=="
            node = _Compare(node, self._factor(), is_equal)
        self._depth -= 1
        return node

    def _factor(self) -> _Node:
        token = self._token
        if token.kind == "text":
            self._step(False)
            node: _Node = _Literal(token.text)
        elif token.kind == "regex":
            self._step(False)
            node = _Regex(token.text, token.ignore_case)
        elif token.kind == "name":
            self._step(False)
            node = self._call(token, CONTROLS | FUNCTIONS, ()) if self._is("(") else _named(token)
        elif self._is("("):
            self._step(True)
            node = self._expression()
            if not self._is(")"):
                raise self._error("a ) is expected")
            self._step(False)
        elif self._is("["):
            node = _Array(self._list("]"))
        else:
            raise self._error("text, a name, an array or a parenthesis is expected (numbers are not supported)")
        return self._path(node)

    def _path(self, node: _Node) -> _Node:
        while True:
            if self._is("."):
                self._step(False)
                if self._token.kind != "name":
                    raise self._error("the name of a function or field is expected")
                token = self._step(False)
                node = self._call(token, FUNCTIONS, (node,)) if self._is("(") else _Field(node, token.text)
            elif self._is("["):
                index = self._list("]")
                if node != _Name("cells") or len(index) != 1 or not isinstance(index[0], _Literal):
                    raise self._error("only cells['column'] is supported")
                node = _Field(node, to_text(index[0].value))
            else:
                return node

    def _call(self, name: _Token, known: dict[str, int | None], first: tuple[_Node, ...]) -> _Node:
        if name.text not in known:
            raise ExpressionError(f"the GREL function {name.text[:50]!r} is not supported here")
        args = first + self._list(")")
        if len(args) != known[name.text] and (known[name.text] or not args):
            raise ExpressionError(f"the GREL function {name.text} takes {known[name.text] or 'one or more'} arguments")
        return _Call(name.text, args)

    def _list(self, closing: str) -> tuple[_Node, ...]:
        self._step(True)
        items: list[_Node] = []
        while not self._is(closing):
            items.append(self._expression())
            if not self._is(","):
                break
            self._step(True)
        if not self._is(closing):
            raise self._error(f"a {closing} is expected")
        self._step(False)
        return tuple(items)


def _named(token: _Token) -> _Node:
    if token.text in ("null", "true", "false"):
        return _Literal({"null": None, "true": True, "false": False}[token.text])
    if token.text not in ("value", "cells"):
        raise ExpressionError(f"the GREL name {token.text[:50]!r} is not supported")
    return _Name(token.text)


# --- meaning


class _Compiler:
    """Nodes to functions; gathers what the expression hangs on."""

    def __init__(self) -> None:
        self.columns: set[str] = set()
        self.is_pure = True

    def compile(self, node: _Node, depth: int = 0) -> Run:
        if depth > MAX_EXPRESSION_DEPTH:
            raise ExpressionError(f"an expression of more than {MAX_EXPRESSION_DEPTH} levels is too deep")
        match node:
            case _Literal(value):
                return lambda scope: value
            case _Name("value"):
                return lambda scope: scope.value
            case _Field(_Field(_Name("cells"), column), "value"):
                self.columns.add(column)
                self.is_pure = False
                return lambda scope: scope.cell(column)
            case _Array(items):
                runs = [self.compile(item, depth + 1) for item in items]
                return _applied(lambda *values: list(values), runs)
            case _Compare(left, right, is_equal):
                runs = [self.compile(left, depth + 1), self.compile(right, depth + 1)]
                return _applied(lambda one, other: equal(one, other) is is_equal, runs)
            case _Call(name, args):
                return self._call(name, args, depth)
            case _Regex():
                raise ExpressionError("a regular expression is supported only as what replace looks for")
        raise ExpressionError("only value and cells['column'].value are supported, no other fields")

    def _call(self, name: str, args: tuple[_Node, ...], depth: int) -> Run:
        if name == "facetCount":
            return self._facet_count(args, depth)
        if name == "replace" and isinstance(args[1], _Regex):
            return self._replace_pattern(args[0], args[1], args[2], depth)
        runs = [self.compile(arg, depth + 1) for arg in args]
        if name == "if":
            return _if(*runs)
        if name == "isNull":
            return lambda scope: runs[0](scope) is None
        return _applied(MEANINGS[name], runs)

    def _facet_count(self, args: tuple[_Node, ...], depth: int) -> Run:
        match args:
            case (choice, _Literal("value" | "grel:value"), _Literal(str(column))):
                self.columns.add(column)
                self.is_pure = False
                value = self.compile(choice, depth + 1)
                return lambda scope: FAILURE if (of := value(scope)) is FAILURE else scope.count(column, of)
        raise ExpressionError('facetCount is supported only as facetCount(..., "value", "column")')

    def _replace_pattern(self, of: _Node, regex: _Regex, to: _Node, depth: int) -> Run:
        if not isinstance(to, _Literal) or not isinstance(to.value, str):
            raise ExpressionError("a regular expression is supported only with a replacement that is plain text")
        replace = patterns.replacer(regex.pattern, not regex.ignore_case, to.value)
        return _applied(
            lambda text: FAILURE if text is None else replace(to_text(text)),
            [self.compile(of, depth + 1)],
        )


def _applied(function: Callable[..., Value], runs: list[Run]) -> Run:
    """A function of arguments: the first that fails is the result."""

    def run(scope: Scope) -> Value:
        values = []
        for argument in runs:
            value = argument(scope)
            if value is FAILURE:
                return FAILURE
            values.append(value)
        return function(*values)

    return run


def _if(condition: Run, then: Run, other: Run) -> Run:
    def run(scope: Scope) -> Value:
        value = condition(scope)
        if value is FAILURE:
            return FAILURE
        is_true = value is True or (isinstance(value, str) and value.lower() == "true")
        return then(scope) if is_true else other(scope)

    return run
