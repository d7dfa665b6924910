"""Which of a table's published layouts a file has: told by its columns, never by its date or name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from carbon_assets.base import readers
from carbon_assets.base.readers.tables import no_header
from carbon_assets.registries.table import Table

Headers = Sequence[Sequence[str]]
"""The rows of a file that may be its header."""


def layout_of(spec: Table, file: readers.Opened) -> str | None:
    """The name of the layout of a file; None where the table has but one form.

    Of layouts that all fit, the one that knows all columns that the others know, and more, counts. Raises
    `readers.UnreadableFile` where none fits, or several fit equally.
    """
    if not spec.layouts:
        return None
    headers: dict[str, Headers] = {}
    reasons: dict[str, str] = {}
    for layout in spec.layouts:
        try:
            headers[layout.name] = file.headers(spec.by(layout.name).shape)
        except readers.UnreadableFile as error:
            reasons[layout.name] = str(error)
    return _certain(spec, headers, reasons)


def layout_in(spec: Table, columns: Sequence[str]) -> str | None:
    """The name of the layout of a file that has these columns; None where they fit none of its layouts, or it has but one form."""
    try:
        return _certain(spec, {layout.name: [columns] for layout in spec.layouts}, {}) if spec.layouts else None
    except readers.UnreadableFile:
        return None


def _certain(spec: Table, headers: Mapping[str, Headers], reasons: Mapping[str, str]) -> str:
    """The layout that one of its `headers` fits. `reasons`: why a layout has none."""
    fitting = {name: known for name, found in headers.items() if (known := _known(spec.by(name), found)) is not None}
    if not fitting:
        raise readers.UnreadableFile(_nearest(spec, headers, reasons))
    certain = [
        name
        for name, known in fitting.items()
        if all(known > other for other_name, other in fitting.items() if other_name != name)
    ]
    if len(certain) != 1:
        raise readers.UnreadableFile(
            f"the file fits the layouts {' and '.join(map(repr, fitting))} equally: which one counts cannot be told"
        )
    return certain[0]


def _known(form: Table, headers: Headers) -> set[str] | None:
    """The most columns of a header that a layout reads; None where each lacks one that it requires."""
    keys = [{readers.header_key(name) for name in header} for header in headers]
    read = {readers.header_key(name) for source in form.sources for name in source.names}
    fitting = [
        header & read
        for header in keys
        if all(header & {readers.header_key(name) for name in names} for names in form.header)
    ]
    return max(fitting, key=len, default=None)


def _nearest(spec: Table, headers: Mapping[str, Headers], reasons: Mapping[str, str]) -> str:
    """That no layout fits, and what the nearest one lacks."""
    forms = {name: spec.by(name) for name in headers}
    lacks = {
        name: min((readers.missing_columns(forms[name].header, header) for header in found or [[]]), key=len)
        for name, found in headers.items()
    }
    nearest = min(lacks, key=lambda name: len(lacks[name]) / len(forms[name].header), default=None)
    if nearest is None or len(lacks[nearest]) == len(forms[nearest].header):
        return "; ".join(f"layout {name!r}: {why}" for name, why in reasons.items()) or _none_of(spec)
    lacking = no_header(forms[nearest].header, headers[nearest])
    others = ", ".join(repr(layout.name) for layout in spec.layouts if layout.name != nearest)
    return f"{lacking}; that is by the layout {nearest!r}, the nearest that is known (others: {others or 'none'})"


def _none_of(spec: Table) -> str:
    expected = "; ".join(
        f"{layout.name!r}: {', '.join(repr(names[0]) for names in spec.by(layout.name).header)}"
        for layout in spec.layouts
    )
    return f"no layout of the table fits, of none is any required column there ({expected})"
