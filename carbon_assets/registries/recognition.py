"""Which table of which registry a file is by what is in it: its header and its project ids.

What a file's name says belongs in `drops.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from carbon_assets.base import readers
from carbon_assets.registries import normalize
from carbon_assets.registries.description import Registry

MIN_SHARE_OF_OWN_IDS = 0.9
"""Share of a file's project ids that must have the registry's form: a footer or a stray cell may lack it."""

TableOf = tuple[Registry, str]


def tables_in(file: str, content: bytes, registries: Iterable[Registry]) -> list[TableOf]:
    """The tables that a file with this name and these bytes can be: one where that is certain, none where nothing fits.

    Of tables that all fit, the one that knows all columns that the others know, and more, is certain. Raises
    `UnreadableFile` for a file that no reader takes.
    """
    headers_in = _Headers(readers.opened(file, content))
    fitting: list[tuple[TableOf, set[str]]] = []
    for registry in registries:
        for table, spec in registry.tables.items():
            fit = [header for form in spec.forms for header in headers_in(form.shape) if _has_all(header, form.header)]
            if fit and _is_of(registry, table, file, content):
                known = {readers.header_key(name) for source in spec.sources for name in source.names}
                fitting.append(((registry, table), known & set().union(*fit)))
    if not fitting:
        headers_in.refuse_what_no_reader_takes()
    certain = [one for one, known in fitting if all(known > other for who, other in fitting if who != one)]
    return certain if len(certain) == 1 else [one for one, _ in fitting]


class _Headers:
    """The keys of every row of a file that may be its header, by the shape in which the file is read; none where it has not that
    shape."""

    def __init__(self, file: readers.Opened) -> None:
        self._file = file
        self._found: dict[readers.Shape, list[set[str]]] = {}

    def __call__(self, shape: readers.Shape) -> list[set[str]]:
        if shape not in self._found:
            try:
                rows = self._file.headers(shape)
            except readers.UnreadableFile:
                rows = []
            self._found[shape] = [{readers.header_key(name) for name in row} for row in rows]
        return self._found[shape]

    def refuse_what_no_reader_takes(self) -> None:
        """Raises `UnreadableFile`."""
        self._file.headers()


def _has_all(header: set[str], required: list[tuple[str, ...]]) -> bool:
    return all(header & {readers.header_key(name) for name in names} for names in required)


def _is_of(registry: Registry, table: str, file: str, content: bytes) -> bool:
    """Whether the file can be read as the table, and its project ids, where it has any, are the registry's."""
    try:
        raw = normalize.read_file(registry, table, file, content)
    except readers.UnreadableFile:
        return False
    ids = list(_project_ids(registry, table, raw))
    if not ids or registry.project_id_form is None:
        return True
    return sum(bool(re.fullmatch(registry.project_id_form, each)) for each in ids) >= MIN_SHARE_OF_OWN_IDS * len(ids)


def _project_ids(registry: Registry, table: str, raw: readers.RawTable) -> Iterator[str]:
    """The project ids of a file with the registry's prefix; none where its cells hold keys of another kind."""
    column = registry.tables[table].by(raw.layout).columns["project_id"]
    key = next((readers.header_key(name) for name in column.names if readers.header_key(name) in raw.header), None)
    if key is None or column.resolve or column.extract:
        return
    own = tuple(prefix for prefix in (column.prefix, *column.prefixed) if prefix)
    for cell in raw.rows.column(key).to_pylist():
        number = re.sub(r"\.0+$", "", cell.strip())
        if number:
            yield number if not column.prefix or number.startswith(own) else column.prefix + number
