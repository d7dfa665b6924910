"""The grammar of Java's regular expressions, as far as they are supported: text to nodes.

What is understood and refused is said in `patterns.py`, which also writes the nodes for an engine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from carbon_assets.openrefine.values import ExpressionError

MAX_PATTERN_CHARACTERS = 1_000
MAX_DEPTH = 20

LINE_ENDS = "\n\r\x85\u2028\u2029"
_KINDS = {
    "d": ((48, 57),),
    "w": ((48, 57), (65, 90), (95, 95), (97, 122)),
    "s": ((9, 13), (32, 32)),
}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_QUANTIFIER = re.compile(r"\{(\d{1,4})(,(\d{1,4})?)?\}")


@dataclass(frozen=True)
class Set:
    """One character out of ranges of code points, or out of all others."""

    ranges: tuple[tuple[int, int], ...]
    negated: bool = False


@dataclass(frozen=True)
class Mark:
    """A place: `start`, `end` (before a last line end) or `edge` (of an ASCII word: Java 21, under which 3.8.7 was run)."""

    kind: str


@dataclass(frozen=True)
class Group:
    """What stands in parentheses."""

    inner: Node
    captures: bool


@dataclass(frozen=True)
class Repeat:
    """`most` None: without end."""

    inner: Node
    least: int
    most: int | None
    lazy: bool


@dataclass(frozen=True)
class Series:
    """One part after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Choice:
    """One of the branches, the first that fits."""

    branches: tuple[Node, ...]


Node = Set | Mark | Group | Repeat | Series | Choice


def shown(pattern: str) -> str:
    """A pattern for a message."""
    return repr(pattern if len(pattern) <= 60 else pattern[:57] + "...")


def parse(pattern: str, case_sensitive: bool) -> tuple[Node, int]:
    """The pattern, and how many groups capture. Raises `ExpressionError`."""
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        raise ExpressionError(f"a regular expression of {len(pattern):,} letters is too long")
    reader = _Reader(pattern, case_sensitive)
    return reader.whole(), reader.groups


class _Reader:
    def __init__(self, pattern: str, case_sensitive: bool) -> None:
        self._text = pattern
        self._at = 0
        self._depth = 0
        self._case_sensitive = case_sensitive
        self.groups = 0

    def whole(self) -> Node:
        node = self._choice()
        if self._at < len(self._text):
            raise self._error("a ) that nothing opens")
        return node

    def _error(self, what: str) -> ExpressionError:
        return ExpressionError(f"the regular expression {shown(self._text)} has {what} at letter {self._at}")

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _choice(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error("groups nested too deep")
        branches = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._sequence())
        self._depth -= 1
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._quantified(self._atom()))
        return Series(tuple(parts))

    def _quantified(self, atom: Node) -> Node:
        char = self._peek()
        if char not in ("*", "+", "?", "{") or not char:
            return atom
        if isinstance(atom, Mark):
            raise self._error("a quantifier behind a place")
        least, most = {"*": (0, None), "+": (1, None), "?": (0, 1), "{": (0, 0)}[char]
        if char == "{":
            match = _QUANTIFIER.match(self._text, self._at)
            if not match:
                raise self._error("a { that is no quantifier")
            least = int(match[1])
            most = least if not match[2] else int(match[3]) if match[3] else None
            if most is not None and most < least:
                raise self._error("a quantifier that ends before it begins")
            self._at = match.end()
        else:
            self._at += 1
        if self._peek() in ("+", "*", "{"):
            raise self._error("a quantifier behind a quantifier")
        lazy = self._peek() == "?"
        self._at += lazy
        return Repeat(atom, least, most, lazy)

    def _atom(self) -> Node:
        char = self._peek()
        self._at += 1
        if char == "(":
            return self._group()
        if char == "[":
            return self._class()
        if char == "\\":
            return self._escape()
        if char in ("*", "+", "?", "{"):
            self._at -= 1
            raise self._error("a quantifier of nothing")
        if char in ("^", "$"):
            return Mark("start" if char == "^" else "end")
        if char == ".":
            return Set(tuple((ord(c), ord(c)) for c in LINE_ENDS), negated=True)
        return self._set([(ord(char), ord(char))])

    def _group(self) -> Node:
        captures = True
        if self._peek() == "?":
            if not self._text.startswith("?:", self._at):
                raise self._error("a group of an unsupported kind")
            self._at += 2
            captures = False
        self.groups += captures
        inner = self._choice()
        if self._peek() != ")":
            raise self._error("a ( that nothing closes")
        self._at += 1
        return Group(inner, captures)

    def _escape(self) -> Node:
        char = self._peek()
        self._at += 1
        if char == "b":
            return Mark("edge")
        if char.lower() in _KINDS and char:
            return Set(_KINDS[char.lower()], negated=char.isupper())
        code = self._escaped_char(char)
        return self._set([(code, code)])

    def _escaped_char(self, char: str) -> int:
        if char in _CONTROLS and char:
            return ord(_CONTROLS[char])
        if not char or not char.isascii() or char.isalnum():
            raise self._error("an unsupported escape")
        return ord(char)

    def _class(self) -> Node:
        negated = self._peek() == "^"
        self._at += negated
        ranges: list[tuple[int, int]] = []
        first = True
        while first or self._peek() != "]":
            first = False
            item = self._class_item()
            if isinstance(item, tuple):
                ranges += item
                if self._peek() == "-" and self._text[self._at + 1 : self._at + 2] != "]":
                    raise self._error("a range that begins with a kind of characters")
                continue
            high: int | tuple = item
            if self._peek() == "-" and self._text[self._at + 1 : self._at + 2] != "]":
                self._at += 1
                high = self._class_item()
            if isinstance(high, tuple) or high < item:
                raise self._error("a range that ends before it begins")
            ranges.append((item, high))
        self._at += 1
        return self._set(ranges, negated)

    def _class_item(self) -> int | tuple[tuple[int, int], ...]:
        char = self._peek()
        self._at += 1
        if not char or char in "[]" or (char == "&" and self._peek() == "&"):
            raise self._error("a class that is not closed, or that holds [, ] or && unescaped")
        if char != "\\":
            return ord(char)
        char = self._peek()
        self._at += 1
        return _KINDS[char] if char in _KINDS and char else self._escaped_char(char)

    def _set(self, ranges: list[tuple[int, int]], negated: bool = False) -> Set:
        """With the other case of its ASCII letters, unless case counts."""
        folded = list(ranges)
        if not self._case_sensitive:
            for lo, hi in ranges:
                for low, high, shift in ((65, 90, 32), (97, 122, -32)):
                    if max(lo, low) <= min(hi, high):
                        folded.append((max(lo, low) + shift, min(hi, high) + shift))
        return Set(tuple(dict.fromkeys(folded)), negated)
