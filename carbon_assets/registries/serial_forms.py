"""Forms of serial numbers as SQL: whether a text has one, and what its groups say."""

from __future__ import annotations

from carbon_assets.base.sqltext import literal
from carbon_assets.registries.description import Serial

SEPARATOR = "; "
"""What stands between the serial numbers of one row."""


def fits(serial: Serial, text: str) -> str:
    """SQL: the expression `text` has this form."""
    equal = [f"{group(serial, name, text)} = {group(serial, again, text)}" for name, again in serial.repeated]
    return " and ".join([f"regexp_full_match({text}, {literal(serial.pattern)})", *equal])


def part(serial: Serial, name: str, text: str) -> str:
    """SQL: what the form's group `name` says in `text`, as text; NULL where the form has no such group."""
    if name == "key" and serial.key:
        return literal(serial.key)
    return f"nullif({group(serial, name, text)}, '')" if name in serial.groups else "cast(null as varchar)"


def group(serial: Serial, name: str, text: str) -> str:
    """SQL: what the form's group `name` holds in `text`; '' where it holds nothing."""
    # Anchored, because the expression is to fit the whole: 'a|b' alone would fit a part.
    return f"regexp_extract({text}, {literal(f'^(?:{serial.pattern})$')}, {serial.groups[name]})"
