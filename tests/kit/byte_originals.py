"""The sound files of registries' tables: every sample as it is, and in each format that a reader reads.

No registry is named: a later one is found by its YAML file and its sample. How files are damaged belongs in `byte_mutants.py`.
"""

from __future__ import annotations

import csv
import html
import io
import random
from collections.abc import Callable

from tests.kit import form_files
from tests.kit.byte_mutants import Original
from tests.kit.form_mutants import Rewritten, records_of
from tests.kit.sample_tables import Sample, samples

SAMPLES_BY_ID = {sample.id: sample for sample in samples() if sample.path}


def originals() -> list[Original]:
    """The files of all tables in an order drawn once, so that a few in turn are of many tables and formats. Formats that take long
    come once, others more often."""
    writers: tuple[Callable[[Sample], Original], ...] = (
        _as_it_is, _semicolons, _json, _as_it_is, _gzipped, _web_page, _as_it_is, _tabs, _json, _workbook,
    )  # fmt: skip
    files = [write(sample) for write in writers for sample in SAMPLES_BY_ID.values()]
    random.Random("originals").shuffle(files)
    return files


def _as_it_is(sample: Sample) -> Original:
    return Original(sample.id, sample.path.name, sample.content)


def _gzipped(sample: Sample) -> Original:
    return Original(sample.id, f"{sample.path.name}.gz", sample.content)  # packed when the damage is done


def _semicolons(sample: Sample) -> Original:
    return _delimited(sample, ";", csv.QUOTE_ALL, "\r\n")


def _tabs(sample: Sample) -> Original:
    return _delimited(sample, "\t", csv.QUOTE_MINIMAL, "\n")


def _delimited(sample: Sample, delimiter: str, quoting: int, line_end: str) -> Original:
    table = _table(sample)
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=line_end).writerows(
        [table.header, *table.rows]
    )
    return Original(sample.id, f"{sample.path.stem}.txt", text.getvalue().encode())


def _json(sample: Sample) -> Original:
    return _written(sample, form_files.as_json)


def _workbook(sample: Sample) -> Original:
    return _written(sample, form_files.as_workbook)


def _written(sample: Sample, write: Callable[[random.Random, Rewritten, Sample], form_files.File]) -> Original:
    file = write(random.Random(sample.id), _table(sample), sample)
    return Original(sample.id, f"{sample.path.stem}.{file.name.rpartition('.')[2]}", file.content)


def _web_page(sample: Sample) -> Original:
    table = _table(sample)
    rows = "".join(
        f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>\n" for row in [table.header, *table.rows]
    )
    page = f"<!DOCTYPE html>\n<html><head><title>Session expired</title></head><body><table>\n{rows}</table></body></html>\n"
    return Original(sample.id, sample.path.name, page.encode())


def _table(sample: Sample) -> Rewritten:
    """The sample's cells as all formats can hold them: each row as wide as the header, each column with a name of its own."""
    records = records_of(sample)
    places = {name: place for place, name in reversed(list(enumerate(records.header))) if name.strip()}
    kept = sorted(places.values())
    rows = [[_plain(row[place]) if place < len(row) else "" for place in kept] for row in records.rows if any(row)]
    return Rewritten([records.header[place] for place in kept], rows, [], [])


def _plain(cell: str) -> str:
    """A cell that a workbook can hold: no formula, no control character."""
    return form_files.ILLEGAL_CHARACTERS_RE.sub("", cell).replace("\r", " ").lstrip("=")
