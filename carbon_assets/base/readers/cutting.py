"""A file without some of its columns, such as those with personal data: the same format, all other cells as they were.

Which columns are cut is said by the description of a registry.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable

from carbon_assets.base.readers import delimited, records
from carbon_assets.base.readers.records import Document
from carbon_assets.base.readers.shape import Shape
from carbon_assets.base.readers.tables import UnreadableFile, header_key


def cut_json(document: Document, drop: Iterable[str], shape: Shape) -> str | None:
    """The document without the named members of its records, `a.b` within objects and lists too; None where it has none of
    them. It is changed in place. Raises `UnreadableFile`."""
    columns = _Columns(drop)
    with records.refused_where_broken():
        count = sum(columns.cut_from(record) for record in records.records_in(document, shape))
        return json.dumps(document.value, ensure_ascii=False) if count else None


class _Columns:
    """Names of columns, as they are compared; a path of a document is compared once."""

    def __init__(self, names: Iterable[str]) -> None:
        self.keys = {header_key(name) for name in names}
        self._is_one: dict[str, bool] = {}

    def have(self, name: str) -> bool:
        if name not in self._is_one:
            self._is_one[name] = header_key(name) in self.keys
        return self._is_one[name]

    def cut_from(self, value: object, prefix: str = "") -> int:
        """Take the columns out of a record; how many members that were."""
        if isinstance(value, list):
            return sum(self.cut_from(element, prefix) for element in value if isinstance(element, list | dict))
        if not isinstance(value, dict):
            return 0
        named = [name for name in value if self.have(prefix + name)]
        for name in named:
            del value[name]
        inner = ((name, member) for name, member in value.items() if isinstance(member, list | dict))
        return len(named) + sum(self.cut_from(member, f"{prefix}{name}.") for name, member in inner)


def cut_delimited(text: str, drop: Iterable[str], shape: Shape) -> str | None:
    """The text without the named columns, with every cell quoted; None where no header has any of them. What stands above the
    header stays. Raises `UnreadableFile` for a row that cannot be split: what it holds in a column cannot be told."""
    columns = _Columns(drop)
    header = delimited.header_where(text, lambda names: any(columns.have(name) for name in names))
    if header is None:
        return None
    raw = delimited.split(text, header, shape.surplus_cells)
    if raw.bad_rows:
        row = raw.bad_rows[0]
        raise UnreadableFile(
            f"{', '.join(sorted(columns.keys))} cannot be cut out of line {row.line}, as its cells cannot be told apart "
            f"({row.reason}): mend or remove the line"
        )
    kept = {key: name for key, name in raw.header.items() if not columns.have(name)}
    file = io.StringIO(newline="")
    file.write(delimited.titles(text, header))
    writer = csv.writer(file, delimiter=header.delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(kept.values())
    writer.writerows(zip(*(raw.rows.column(key).to_pylist() for key in kept), strict=True))
    return file.getvalue()
