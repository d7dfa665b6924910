"""The law for the cells of mutants, many files at once: what a table's rows become before any is judged, hashed or summed.

Most of what normalizing a small file takes is the planning of statements. Here each file is read, and its forms of numbers and
days are found, by itself; then the files of one table in which the same forms were found are typed by one statement. What
becomes of whole tables, quarantine and tonnes belongs in `form_judge.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from carbon_assets.base import readers
from carbon_assets.base.sqltext import literal, quote
from carbon_assets.registries import normalize, serial_forms
from carbon_assets.registries.cells import forms_of, prepare, typed
from carbon_assets.registries.forms import Forms
from tests.kit.engine import connection
from tests.kit.sample_tables import Sample


@dataclass(frozen=True)
class Rows:
    """A file of a sample's rows: its bytes, its name, the line of each row, and which row of the sample that is."""

    content: bytes
    name: str
    lines: Sequence[int]
    of_sample: Sequence[int]


@dataclass(frozen=True)
class Compared:
    """What is wrong with files, by number; and in which of them every value was read."""

    faults: dict[int, str]
    read_whole: set[int]


def compare(sample: Sample, clear: Rows, files: dict[int, Rows], projects: pa.Table | None) -> Compared:
    """The files, by number, against the one in which every cell has one reading. Each value is that of its row there, or NULL
    where the file does not tell the form that it needs. `projects`: as `normalize.normalize` takes them."""
    with connection() as con:
        prepare(con)
        con.execute("set TimeZone = 'UTC'")
        if projects is not None:
            con.register("own_projects", projects)
        reader = _Reader(con, sample)
        clear_rows, clear_form = reader.read(0, clear)
        con.execute(f"create temp table clear as {reader.typed(clear_form, [clear_rows])}")
        faults, by_form = {}, defaultdict(list)
        for number, file in files.items():
            try:
                rows, form = reader.read(number, file)
            except (readers.UnreadableFile, _RowsAreOthers) as fault:
                faults[number] = f"{type(fault).__name__}: {fault}"
            else:
                by_form[form].append(rows)
        read_whole = set(files) - set(faults)
        for form, tables in by_form.items():
            con.execute(f"create or replace temp table mutants as {reader.typed(form, tables)}")
            for number, row, wrong, unread in con.execute(_differences(sample, form)).fetchall():
                read_whole.discard(number)
                if wrong or unread:
                    faults.setdefault(number, f"row {row}: {wrong or unread}")
        return Compared(faults, read_whole)


class _RowsAreOthers(Exception):
    """A file has not the rows or the columns that were written."""


class _Reader:
    """Reads files of one table, and types them."""

    def __init__(self, con: duckdb.DuckDBPyConnection, sample: Sample):
        self.con, self.sample = con, sample
        self.keys: list[str] = []
        self.clear: readers.RawTable | None = None

    def read(self, number: int, file: Rows) -> tuple[pa.Table, Forms]:
        """The text cells of the file with its number and the rows of the sample, and its forms. The first file is the clear one,
        which has the columns that all must have."""
        registry, spec = self.sample.registry, self.sample.spec
        raw = normalize.read_file(registry, self.sample.table, file.name, file.content)
        if raw.bad_rows or raw.rows[readers.LINE].to_pylist() != list(file.lines):
            found = raw.rows[readers.LINE].to_pylist()
            raise _RowsAreOthers(f"rows on lines {list(file.lines)}, read on {found} and not split: {raw.bad_rows}")
        if self.clear is None:
            self.clear = raw
            used = {readers.header_key(name) for column in spec.sources for name in column.names}
            self.keys = [key for key in raw.header if key in used]
        if missing := [key for key in self.keys if key not in raw.header]:
            raise _RowsAreOthers(f"no columns {missing} among {list(raw.header)}")
        self.con.register("raw", raw.rows)
        form = forms_of(self.con, registry, spec, raw)
        size = len(file.of_sample)
        rows = raw.rows.select(self.keys).append_column("number", pa.array([number] * size, pa.int64()))
        return rows.append_column("row", pa.array(file.of_sample, pa.int64())), form

    def typed(self, form: Forms, tables: Iterable[pa.Table]) -> str:
        """SQL of the typed rows of files that have the same forms, with the numbers of file and row."""
        rows = pa.concat_tables(tables)
        lines = pa.array(range(len(rows)), pa.int64())
        self.con.register("raw", rows.append_column(readers.LINE, lines).append_column("row_hash", lines))
        self.con.register("of_files", rows.select(["number", "row"]).append_column("line", lines))
        spec = self.sample.spec
        cells = serial_forms.filled(self.sample.registry, spec, typed(spec, self.clear, "own_projects", form))
        return f"select * from ({cells}) join of_files using (line)"


def _differences(sample: Sample, form: Forms) -> str:
    """SQL: number and row of `mutants` that differ from `clear`, which other values stand there, and which are not read though
    the file tells their form."""
    spec = sample.spec
    open_types = {
        *(("tonnes", "count") if form.decimal_mark is None or form.has_whole_credits else ()),
        *(("date",) if form.day_first is None else ()),
    }
    names = [*spec.columns, *spec.constants, "labels", "unknown_labels"]
    told = [name for name in names if name not in spec.columns or spec.cell_type(name) not in open_types]
    differ = {name: f"m.{quote(name)} is distinct from c.{quote(name)}" for name in names}
    wrong = [(name, f"{differ[name]} and m.{quote(name)} is not null") for name in names]
    unread = [(name, f"{differ[name]} and m.{quote(name)} is null") for name in told]
    return f"""
        select m.number, m.row, {_shown(wrong)}, {_shown(unread)}
        from mutants m left join clear c using (row) where {" or ".join(differ.values())}
        order by m.number, m.row
    """


def _shown(tests: Iterable[tuple[str, str]]) -> str:
    """SQL of a text for each test that is met: the column, and what was expected and found."""
    texts = (
        f"case when {test} then concat({literal(name)}, ': expected ', c.{quote(name)}::varchar, ', found ', m.{quote(name)}::varchar) end"
        for name, test in tests
    )
    return f"list_filter([{', '.join(texts)}]::varchar[], lambda x: x is not null)"
