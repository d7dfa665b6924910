"""Java's regular expressions, as far as histories need them: read by a grammar of our own, written anew for an engine.

Understood: characters, `.`, `^`, `$`, `\\b`, `\\d \\w \\s` and their opposites, classes, groups, alternatives, greedy and lazy
quantifiers. Refused with the place: everything else, above all back-references, look-arounds, possessive quantifiers, inline
flags, `\\p{...}` and unions of classes. What differs between Java and Python or RE2 is written out: case is folded for ASCII
letters only, `\\s` has the vertical tab, `.` excludes Java's line ends and `$` stands before a last one.

No text can make a search run away. Facets are searched by RE2 (in Arrow), which takes time linear in text and pattern
whatever the pattern; a pattern is refused beyond `LARGEST` steps. A replacement needs Python's engine (RE2 does not replace
the empty match behind another one, Java does), which backtracks; so of its patterns these are refused: a quantifier or an
alternative under a quantifier, more than one `*`, `+` or `{n,}`, more than `MAX_WAYS_THROUGH_A_PATTERN` ways through the rest; and cells beyond
`MAX_SEARCHED_CHARACTERS` are refused when they are met. The work is then at most length squared times ways: 0.04 s for a cell.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from carbon_assets.openrefine.java_regex import LINE_ENDS, Choice, Group, Mark, Node, Repeat, Series, Set, parse, shown
from carbon_assets.openrefine.values import MAX_RESULT_CHARACTERS, ExpressionError, ResultError, ResultTooLong

LARGEST = 1_000
MAX_WAYS_THROUGH_A_PATTERN = 64
MAX_SEARCHED_CHARACTERS = 10_000
"""Letters of a cell in which is replaced; fewer, by the root, where there are several ways through a pattern without end."""


@dataclass(frozen=True)
class Search:
    """A pattern for `found_in`: as RE2 reads it, and what a text must look like to it."""

    written: str
    seen: Callable[[str], str]


def searcher(pattern: str, case_sensitive: bool) -> Search:
    """The pattern for `found_in`. Raises `ExpressionError`."""
    node, _ = parse(pattern, case_sensitive)
    if _size(node) > LARGEST:
        raise ExpressionError(f"the regular expression {shown(pattern)} is too large")
    written = _write(node, r"\z", lambda last: _end_for_re2(pattern, last))
    search = Search(written, _seen(node))
    try:
        found_in(search, [""])
    except pa.ArrowInvalid as error:
        raise ExpressionError(f"the regular expression {shown(pattern)} cannot be used: {error}") from error
    return search


def found_in(search: Search, texts: Sequence[str]) -> list[bool]:
    """Which texts hold the pattern."""
    return pc.match_substring_regex(pa.array(map(search.seen, texts), pa.large_string()), search.written).to_pylist()


def replacer(pattern: str, case_sensitive: bool, template: str) -> Callable[[str], str]:
    """A function that replaces every match by Java's `template` (`$1`, `\\$`). Raises `ExpressionError`."""
    node, groups = parse(pattern, case_sensitive)
    if _size(node) > LARGEST or not _is_tame(node):
        raise ExpressionError(
            f"the regular expression {shown(pattern)} may take unbounded time: nothing variable may stand under a "
            "quantifier, and only one *, + or {n,} beside few alternatives"
        )
    unbounded, ways = _ways(node)
    longest = int(MAX_SEARCHED_CHARACTERS / ways**0.5) if unbounded else MAX_SEARCHED_CHARACTERS
    compiled = re.compile(_write(node, r"\Z", lambda last: rf"(?=\r\n\Z|(?<!\r)\n\Z|[{LINE_ENDS[1:]}]\Z|\Z)"), re.ASCII)
    pieces = _template(template, groups)
    seen = _seen(node)

    def replace(text: str) -> str:
        if len(text) > longest:
            raise ResultTooLong(f"a cell of {len(text):,} letters is too long for a regular expression")
        out, at, length, start, looked = [], 0, len(text), 0, seen(text)
        # Java goes on one unit behind an empty match; Python's finditer would look at the same place once more.
        while start <= len(text) and (match := compiled.search(looked, start)):
            to = "".join(text[slice(*match.span(p))] if isinstance(p, int) else p for p in pieces)
            length += len(to)
            if length > MAX_RESULT_CHARACTERS:
                raise ResultTooLong(f"a replacement makes a cell of more than {MAX_RESULT_CHARACTERS:,} letters")
            out += [text[at : match.start()], to]
            at = match.end()
            start = at if match[0] else at + 1
            is_within = not match[0] and text[at : at + 1] > "\uffff"  # of Java's two units of one character
            if is_within and compiled.match(f"{looked[:at]}\ud83d\ude00{looked[at + 1 :]}", at + 1):
                raise ResultError("a replacement of nothing cuts a character in two, as Java counts it as two")
        return "".join([*out, text[at:]])

    return replace


def _template(template: str, groups: int) -> list[str | int]:
    """Java's replacement as text and group numbers; further digits belong to a number as long as there is such a group."""
    pieces: list[str | int] = []
    at = 0
    while at < len(template):
        char = template[at]
        at += 1
        if char == "\\":
            if at == len(template):
                raise ExpressionError("the replacement ends in a backslash")
            pieces.append(template[at])
            at += 1
        elif char == "$":
            if not template[at : at + 1].isascii() or not template[at : at + 1].isdigit():
                raise ExpressionError("the replacement has a $ that names no group")
            number = int(template[at])
            at += 1
            if number > groups:
                raise ExpressionError(f"the replacement names the group {number}, there are {groups}")
            while template[at : at + 1].isascii() and template[at : at + 1].isdigit():
                longer = number * 10 + int(template[at])
                if longer > groups:
                    break
                number, at = longer, at + 1
            pieces.append(number)
        else:
            pieces.append(char)
    return pieces


# --- what a pattern costs


def _size(node: Node) -> int:
    """Steps of the pattern with all repetitions written out."""
    match node:
        case Group(inner, _):
            return 1 + _size(inner)
        case Repeat(inner, least, most, _):
            return 1 + max(least + 1 if most is None else most, 1) * _size(inner)
        case Series(parts) | Choice(parts):
            return 1 + sum(map(_size, parts))
    return 1


def _ways(node: Node) -> tuple[int, int]:
    """How many unbounded quantifiers, and in how many ways the rest can match at one place."""
    match node:
        case Group(inner, _):
            return _ways(inner)
        case Repeat(inner, least, most, _):
            unbounded, ways = _ways(inner)
            if least == most:
                return unbounded * least, min(ways, 2) ** min(least, 64)
            if unbounded or ways > 1:
                return 2, MAX_WAYS_THROUGH_A_PATTERN + 1
            return (1, 1) if most is None else (0, most - least + 1)
        case Series(parts):
            unbounded, ways = 0, 1
            for part in parts:
                more, factor = _ways(part)
                unbounded, ways = unbounded + more, ways * factor
            return unbounded, ways
        case Choice(branches):
            each = [_ways(branch) for branch in branches]
            return max(unbounded for unbounded, _ in each), sum(ways for _, ways in each)
    return 0, 1


def _is_tame(node: Node) -> bool:
    unbounded, ways = _ways(node)
    return unbounded <= 1 and ways <= MAX_WAYS_THROUGH_A_PATTERN


# --- marks at the edge of a word


def _seen(node: Node) -> Callable[[str], str]:
    """How a pattern must see a text. Java's `\\b` takes an accent that follows a letter for a part of the word: another part of
    a word stands in for it, of which the rest of the pattern says the same."""
    nodes = list(_inside(node))
    if Mark("edge") not in nodes:
        return lambda text: text
    sets = [inner for inner in nodes if isinstance(inner, Set)]

    def stand_in(char: str) -> str:
        for other in "_" + string.digits + string.ascii_letters:
            if all(_holds(one, char) is _holds(one, other) for one in sets):
                return other
        raise ResultError(f"a regular expression with \\b cannot be asked of a text with U+{ord(char):04X}")

    def seen(text: str) -> str:
        if text.isascii():
            return text
        out, is_word = [], False
        for char in text:
            kind = unicodedata.category(char) if char <= "\uffff" else ""
            is_word = kind[:1] == "L" or kind == "Nd" or (is_word and kind == "Mn")
            out.append(stand_in(char) if is_word and kind == "Mn" else char)
        return "".join(out)

    return seen


def _inside(node: Node) -> Iterator[Node]:
    yield node
    match node:
        case Group(inner, _) | Repeat(inner, _, _, _):
            yield from _inside(inner)
        case Series(parts) | Choice(parts):
            for part in parts:
                yield from _inside(part)


def _holds(one: Set, char: str) -> bool:
    return any(low <= ord(char) <= high for low, high in one.ranges) is not one.negated


# --- writing


def _write(node: Node, end: str, end_mark: Callable[[bool], str], last: bool = True) -> str:
    """The pattern for an engine. `last`: nothing of the pattern stands behind this node."""
    match node:
        case Set():
            return _write_set(node)
        case Mark(kind):
            return {"start": r"\A", "edge": r"\b"}.get(kind) or end_mark(last)
        case Group(inner, captures):
            return f"({'' if captures else '?:'}{_write(inner, end, end_mark, last)})"
        case Repeat(inner, least, most, lazy):
            count = f"{{{least},{'' if most is None else most}}}"
            return f"(?:{_write(inner, end, end_mark, False)}){count}{'?' if lazy else ''}"
        case Series(parts):
            lasts = [last and i == len(parts) - 1 for i in range(len(parts))]
            return "".join(_write(part, end, end_mark, is_last) for part, is_last in zip(parts, lasts, strict=True))
        case Choice(branches):
            return "(?:" + "|".join(_write(branch, end, end_mark, last) for branch in branches) + ")"


def _end_for_re2(pattern: str, last: bool) -> str:
    """RE2 looks nowhere ahead; where nothing follows, `$` may swallow the line end before which it stands."""
    if not last:
        raise ExpressionError(f"the regular expression {shown(pattern)} has a $ before its end")
    return rf"(?:\r\n|[{LINE_ENDS}])?\z"


def _write_set(node: Set) -> str:
    inner = "".join(_escaped(lo) if lo == hi else f"{_escaped(lo)}-{_escaped(hi)}" for lo, hi in node.ranges)
    single = len(node.ranges) == 1 and node.ranges[0][0] == node.ranges[0][1] and not node.negated
    return inner if single else f"[{'^' if node.negated else ''}{inner}]"


def _escaped(code: int) -> str:
    char = chr(code)
    return f"\\{char}" if char.isascii() and char.isprintable() and not char.isalnum() and char != " " else char
