"""Forms of serial numbers as SQL: whether a text has one, and what its groups say."""

from __future__ import annotations

from carbon_assets.base.sqltext import literal, quote
from carbon_assets.registries.description import Registry, Serial
from carbon_assets.registries.table import Table

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


_TYPED = {
    "vintage": ("vintage", "try_cast({} as integer)"),
    "vintage_start": ("vintage_from", "cast(try_strptime({}, '%d%m%Y') as date)"),
    "vintage_end": ("vintage_to", "cast(try_strptime({}, '%d%m%Y') as date)"),
}
"""Canonical column -> the group that says it, and SQL that reads the group."""


def filled(registry: Registry, spec: Table, rows: str) -> str:
    """SQL: the typed `rows`, where the serial number fills what is blank in the columns of `from_serial`."""
    if not spec.from_serial:
        return rows
    values = []
    for name in spec.from_serial:
        said, read = _TYPED[name]
        forms = [form for form in registry.serials if said in form.groups]
        whens = (
            f"when {fits(form, 'serial_number')} then {read.format(part(form, said, 'serial_number'))}"
            for form in forms
        )
        value = f"case {' '.join(whens)} end" if forms else "null"
        is_blank = f"coalesce(is_missing_value({quote(name + '__cell')}), true)"
        values.append(f"if({quote(name)} is null and {is_blank}, {value}, {quote(name)}) as {quote(name)}")
    return f"select * replace ({', '.join(values)}) from ({rows})"
