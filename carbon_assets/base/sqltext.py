"""Names and values as SQL text."""

from __future__ import annotations

from datetime import date


def quote(name: str) -> str:
    """A name as a quoted identifier.

    >>> quote("Status Effective")
    '"Status Effective"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | bool | int | date) -> str:
    """A value as a literal: truth as true or false, anything else as text.

    >>> literal("Cote d'Ivoire")
    "'Cote d''Ivoire'"
    """
    if isinstance(value, bool):
        return str(value).lower()
    return "'" + str(value).replace("'", "''") + "'"
