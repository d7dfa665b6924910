"""A rewritten table as the bytes of a file: delimited text, a workbook or JSON, as programs write them.

What its cells say belongs in `form_mutants.py`. Each writer says on which line each row begins, as quarantine must.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import pairwise

import openpyxl
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from carbon_assets.base.readers import delimited
from tests.kit.form_mutants import Number, Rewritten
from tests.kit.sample_tables import Sample


@dataclass(frozen=True)
class File:
    """A mutant's bytes, the file's name, and the line of each of its rows."""

    content: bytes
    name: str
    lines: list[int]
    steps: list[str]


# --- delimited text -------------------------------------------------------------------------------------------------

_TITLES = ([["Export of the registry"], []], [["Made for tests", "", "page 1"]], [[], ["All rows", "as shown"], []])


def as_delimited(rng: random.Random, table: Rewritten, sample: Sample, delimiter: str) -> File:
    """Text with one of the delimiters that the reader knows."""
    has_returns = any("\n" in str(cell) for row in [table.header, *table.rows] for cell in row)
    line_end = rng.choice(["\n", "\r\n"] if has_returns else ["\n", "\r\n", "\r"])
    quoting = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
    last = rng.choice([[], [], [""]])
    titles = rng.choice([[], [], [], *_TITLES])
    blank_line = rng.choice([None, None, None, [], [""] * len(table.header)])
    parts = [_record(row, delimiter, quoting, line_end) for row in titles]
    if rng.random() < 0.1:
        parts.insert(0, f"sep={delimiter}{line_end}")
    parts.append(_record([*table.header, *rng.choice([[], last])], delimiter, quoting, line_end))
    lines = []
    for row in table.rows:
        if blank_line is not None and rng.random() < 0.3:
            parts.append(_record(blank_line, delimiter, csv.QUOTE_MINIMAL, line_end))
        lines.append(1 + sum(_count(part, line_end) for part in parts))
        parts.append(_record([*row, *last], delimiter, quoting, line_end))
    text = "".join(parts)
    if rng.random() < 0.2 and not text.endswith(f"{line_end}{line_end}"):
        text = text.removesuffix(line_end)
    content, encoding = _encoded(rng, text)
    said = {csv.QUOTE_MINIMAL: "needed", csv.QUOTE_ALL: "all", csv.QUOTE_NONNUMERIC: "all"}[quoting]
    steps = [f"delimiter {delimiter!r}, {said} quotes, line ends {line_end!r}, {encoding}"]
    steps += [f"titles {titles}"] if titles else []
    steps += ["a delimiter at the end of rows"] if last else []
    steps += ["blank lines"] if blank_line is not None else []
    return File(content, f"{sample.table}{rng.choice(['.csv', '.csv', '.txt'])}", lines, steps)


def _record(row: Sequence[object], delimiter: str, quoting: int, line_end: str) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=line_end).writerow(row)
    return text.getvalue()


def _count(text: str, line_end: str) -> int:
    return text.count("\r" if line_end == "\r" else "\n")


_LOOKS_LIKE_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


def _encoded(rng: random.Random, text: str) -> tuple[bytes, str]:
    encoding = rng.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "windows-1252", "windows-1252"])
    try:
        content = text.encode(encoding)
    except UnicodeEncodeError:
        return text.encode(), "utf-8"
    if encoding == "windows-1252" and _LOOKS_LIKE_UTF8.search(content):  # nobody can tell
        return text.encode(), "utf-8"
    return content, encoding


# --- workbooks ------------------------------------------------------------------------------------------------------


def as_workbook(rng: random.Random, table: Rewritten, sample: Sample) -> File:
    """A workbook, at times with its rows on two sheets, or one that says it is smaller than it is."""
    asked = sample.spec.sheet
    cuts = [0, len(table.rows)]
    if asked is None and len(table.rows) > 1 and rng.random() < 0.4:
        cuts.insert(1, rng.randrange(1, len(table.rows)))
    book = openpyxl.Workbook()
    book.remove(book.active)
    titles = rng.choice([[], [], *_TITLES])
    lines: list[int] = []
    before = 0
    for number, (start, end) in enumerate(pairwise(cuts), 1):
        sheet = book.create_sheet(asked or f"Rows {number}")
        for row in [*titles, table.header, *table.rows[start:end]]:
            sheet.append([_of_sheet(cell) for cell in row])
        first = before + len(titles) + 2
        lines += range(first, first + end - start)
        before += len(titles) + 1 + end - start
    file = io.BytesIO()
    book.save(file)
    content = file.getvalue()
    steps = ["workbook", *([f"titles {titles}"] if titles else []), *(["two sheets"] if len(cuts) > 2 else [])]
    if rng.random() < 0.3:
        content = _understated(content)
        steps.append("an understated dimension")
    return File(content, f"{sample.table}.xlsx", lines, steps)


def _of_sheet(cell: object) -> object:
    if isinstance(cell, Number):
        return cell.value
    if isinstance(cell, date):
        return datetime.combine(cell, time())
    return cell or None


def _understated(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            xml = old.read(name)
            if name.startswith("xl/worksheets/sheet"):
                xml = re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:B2"', xml)
            new.writestr(name, xml)
    return out.getvalue()


def fits_a_workbook(table: Rewritten) -> bool:
    """Whether a sheet can hold the cells: no formulas, no control characters, no carriage returns, which XML drops."""
    cells = [cell for row in [table.header, *table.rows] for cell in row if isinstance(cell, str)]
    return not any("\r" in cell or cell.startswith("=") or ILLEGAL_CHARACTERS_RE.search(cell) for cell in cells)


# --- JSON -----------------------------------------------------------------------------------------------------------


def as_json(rng: random.Random, table: Rewritten, sample: Sample) -> File:
    """A list of records, alone or within an API's envelope; names with dots become objects, at times."""
    nests = rng.random() < 0.5
    blank = rng.choice(["", None])
    records = [_json_record(table.header, row, nests, blank) for row in table.rows]
    path = rng.choice([[], [], ["data"], ["datasets", "credits", "rows"]])
    document: object = records
    for name in reversed(path):
        document = {"count": len(records), name: document}
    text = json.dumps(document, ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, 1]))
    content = text.encode(rng.choice(["utf-8", "utf-8-sig", "utf-16"]))
    steps = [f"JSON at {'.'.join(path)!r}", *(["nested names"] if nests else []), f"blank cells as {blank!r}"]
    return File(content, f"{sample.table}.json", list(range(1, len(records) + 1)), steps)


def _json_record(header: list[str], row: list[object], nests: bool, blank: str | None) -> dict:
    record: dict = {}
    for name, cell in zip(header, row, strict=True):
        value = (
            cell.value if isinstance(cell, Number) else cell.isoformat() if isinstance(cell, date) else cell or blank
        )
        parts = name.split(".") if nests and not _is_within_another(name, header) else [name]
        inner = record
        for part in parts[:-1]:
            inner = inner.setdefault(part, {})
        if name:
            inner[parts[-1]] = value
    return record


def _is_within_another(name: str, header: list[str]) -> bool:
    return any(other != name and (name.startswith(f"{other}.") or other.startswith(f"{name}.")) for other in header)


def fits_json(table: Rewritten) -> bool:
    """Whether each column with cells has a name of its own."""
    named = [name for name in table.header if name]
    nameless = [place for place, name in enumerate(table.header) if not name]
    return len(set(named)) == len(named) and not any(row[place] for row in table.rows for place in nameless)


# --- any ------------------------------------------------------------------------------------------------------------

DELIMITED = tuple(delimited.DELIMITERS)
FORMATS = (*DELIMITED * 4, *[","] * 8, *["json"] * 2, *["typed json"] * 2, "xlsx", "typed xlsx")
"""What a file is drawn from; commas more often, as most files have them, and workbooks less, as one takes 40 ms to write and read."""


def write(rng: random.Random, table: Rewritten, sample: Sample, format: str) -> File:
    """The table as a file of a format, at times compressed."""
    writers: dict[str, Callable[[], File]] = {
        "xlsx": lambda: as_workbook(rng, table, sample),
        "json": lambda: as_json(rng, table, sample),
    }
    make = writers.get(format.removeprefix("typed "), lambda: as_delimited(rng, table, sample, format))
    file = make()
    if rng.random() < 0.1:
        return File(gzip.compress(file.content), f"{file.name}.gz", file.lines, [*file.steps, "gzip"])
    return file
