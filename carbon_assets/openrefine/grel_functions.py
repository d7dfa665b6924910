"""What GREL's functions make of their arguments, none of which has failed.

How they are called, and those that need more than their arguments (`if`, `facetCount`), belong in `grel.py`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from carbon_assets.openrefine.values import (
    FAILURE,
    MAX_RESULT_CHARACTERS,
    ResultError,
    ResultTooLong,
    Value,
    is_blank,
    java_length,
    same,
    to_text,
)

_GUAVA_BLANKS = "".join(
    map(chr, [*range(9, 14), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000])
)
"""What `trim` takes off: no-break spaces, unlike Java's own trim."""


_IGNORED = "\x00-\x08\x0e-\x1f\x7f-\x9f\u200b-\u200f"
_LIGHT = (
    "\t-\r \xa0\xad\u0300-\u0345\u0360\u0361\u0483-\u0486\u2000-\u200a\u2010-\u2015\u20d0-\u20e1\u2212\u3000\ufeff\\-"
)
_UNCOUNTED = re.compile(f"[{_IGNORED}]+(?![{_LIGHT}{_IGNORED}])")
_COUNTED = re.compile(f"[{_IGNORED}]")


def equal(one: Value, other: Value) -> bool:
    """`==`. Of texts since 3.8, what Java's collator takes for equal: composed as decomposed, controls ignored."""
    if isinstance(one, str) and isinstance(other, str):
        return one == other or _collated(one) == _collated(other)
    return same(one, other)


def _collated(text: str) -> str:
    """Controls count, all alike, only before what the collator gives little weight: blanks, accents and dashes."""
    if text.isascii() and text.isprintable():
        return text
    return _COUNTED.sub("\x00", _UNCOUNTED.sub("", unicodedata.normalize("NFD", text)))


def _coalesce(*values: Value) -> Value:
    if len(values) < 2:
        return FAILURE
    return next((value for value in values if value is not None), None)


def _contains(text: Value, part: Value) -> Value:
    """Null, unlike the others, where it is not asked of text."""
    return part in text if isinstance(text, str) and isinstance(part, str) else None


def _starts_with(text: Value, part: Value) -> Value:
    return text.startswith(part) if isinstance(text, str) and isinstance(part, str) else FAILURE


def _ends_with(text: Value, part: Value) -> Value:
    return text.endswith(part) if isinstance(text, str) and isinstance(part, str) else FAILURE


def _trim(text: Value) -> Value:
    return text.strip(_GUAVA_BLANKS) if isinstance(text, str) else FAILURE


def _length(value: Value) -> Value:
    if isinstance(value, list):
        return len(value)
    return FAILURE if value is None else java_length(to_text(value))


def _replace(of: Value, find: Value, to: Value) -> Value:
    """`$` and backslash mean themselves."""
    if of is None or not isinstance(find, str) or not isinstance(to, str):
        return FAILURE
    text = to_text(of)
    if not find and text and max(text) > "\uffff":
        raise ResultError("a replacement of nothing cuts a character in two, as Java counts it as two")
    found = text.count(find)
    if found:
        _bound(len(text) + found * (len(to) - len(find)))
    return text.replace(find, to)


def _join(values: Value, separator: Value) -> Value:
    """Nulls are skipped, and the separator as long as nothing is written: unlike Python's join."""
    if not isinstance(values, list) or not isinstance(separator, str):
        return FAILURE
    parts = [to_text(value) for value in values if value is not None]
    while parts and is_blank(parts[0]):
        del parts[0]
    _bound(sum(map(len, parts)) + len(separator) * len(parts))
    return separator.join(parts)


def _bound(length: int) -> None:
    if length > MAX_RESULT_CHARACTERS:
        raise ResultTooLong(f"an expression makes a cell of {length:,} letters; {MAX_RESULT_CHARACTERS:,} is the limit")


MEANINGS: dict[str, Callable[..., Value]] = {
    "coalesce": _coalesce,
    "contains": _contains,
    "endsWith": _ends_with,
    "join": _join,
    "length": _length,
    "replace": _replace,
    "startsWith": _starts_with,
    "trim": _trim,
}
