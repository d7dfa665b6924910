"""CSV as OpenRefine is told to read it: text as written, a blank cell is null, nothing trimmed, no types guessed.

Encodings other than UTF-8, other delimiters and titles above the header belong in `base/readers`.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from carbon_assets.openrefine.history import HistoryError


def read(path: Path) -> pa.Table:
    """The table in a CSV file. Raises `HistoryError` where it cannot be read as one."""
    return parse(path.read_bytes(), str(path))


def parse(content: bytes, name: str) -> pa.Table:
    """The table that is the CSV `content` of the file `name`."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise HistoryError(f"{name} is not UTF-8: {error}") from error
    header = next(csv.reader(io.StringIO(text, newline="")), None)
    if not header:
        raise HistoryError(f"{name} has no header")
    if len(set(header)) < len(header):
        raise HistoryError(f"{name} has several columns of one name")
    try:
        return pyarrow.csv.read_csv(
            pa.BufferReader(text.encode()),
            pyarrow.csv.ReadOptions(block_size=len(content) + 1, use_threads=False),
            # A blank line is a row only where a row has one cell.
            pyarrow.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=len(header) > 1),
            pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()), null_values=[""], strings_can_be_null=True
            ),
        )
    except pa.ArrowInvalid as error:
        raise HistoryError(f"{name} is not CSV: {error}") from error


def write(table: pa.Table, path: Path) -> None:
    """Write `table`: null as empty, quotes only where they are needed, lines ended by LF. Complete or not at all."""
    rest = path.with_name(path.name + ".part")
    rest.write_text(written(table), encoding="utf-8", newline="")
    rest.replace(path)


def written(table: pa.Table) -> str:
    """`table` as CSV. (Arrow's own writer puts every text in quotes, Python's leaves a lone CR without.)"""
    names = pa.chunked_array([table.column_names], pa.string())
    header = ",".join(_quoted(names, table.num_columns == 1).to_pylist())
    columns = [_quoted(table.column(name), table.num_columns == 1) for name in table.column_names]
    rows = pc.binary_join_element_wise(*columns, _text(",")).to_pylist() if columns else []
    return "\n".join([header, *rows, ""])


def _quoted(column: pa.ChunkedArray, is_alone: bool) -> pa.ChunkedArray:
    """Cells in quotes if need be; the blank cell of an only column too, whose line would else be empty."""
    cells = pc.fill_null(column.cast(pa.large_string()), "")
    quoted = pc.binary_join_element_wise(_text('"'), pc.replace_substring(cells, '"', '""'), _text('"'), _text(""))
    needed = pc.match_substring_regex(cells, '[",\r\n]')
    return pc.if_else(pc.or_(needed, pc.equal(cells, "")) if is_alone else needed, quoted, cells)


def _text(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())
