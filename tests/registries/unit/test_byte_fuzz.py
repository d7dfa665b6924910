"""No bytes break more than their file: mutants of every table's sample, in every format, damaged as bytes by seed.

The law: a file is a table all of whose rows are accepted or in quarantine, and whose digits all stand in a row, in quarantine or
above the first row; or it is refused in one line. It takes neither long nor much memory. Replay one mutant:
`python -m tests.registries.unit.test_byte_fuzz 17`.
"""

import gzip
import io
import os
import sys
import tempfile
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import pyarrow.compute as pc
import pytest

from carbon_assets.base import readers
from carbon_assets.base.readers.limits import unzipped
from carbon_assets.base.settings import Limits
from carbon_assets.registries import contents, normalize, recognition
from tests.kit.byte_judge import explained, fault, judge_all, mutant, why_no_reason
from tests.kit.byte_mutants import Damaged, Original
from tests.kit.byte_originals import SAMPLES_BY_ID, originals
from tests.kit.effort import quick_or_thorough
from tests.kit.engine import connection
from tests.kit.sample_tables import Sample, normalizer

MUTANTS = int(os.environ.get("CARBON_TEST_MUTANTS", "2000")) * 4 // 5
MUTANTS_OF_A_QUICK_LOOK = 160
"""The rest of 200 and of `MUTANTS` are of boundaries."""
DEPTHS = (0, 1, 0, 0, 1, 0, 2, 0, 0, 1, 0, 0)
"""How far mutants are followed, in turn: read; described, too, which takes five times as long; normalized, too, which takes 20 times as
long."""
REPLAY = "python -m tests.registries.unit.test_byte_fuzz"

normalize_sample = normalizer(records="those of a mutant")


def read(changed: Damaged, depth: int) -> str | None:
    """What is wrong with what becomes of a file of a table."""
    sample = SAMPLES_BY_ID[changed.original.of]
    try:
        raw = normalize.read_file(sample.registry, sample.table, changed.name, changed.content)
        wrong = _lost_digits(changed, raw)
    except readers.UnreadableFile as error:
        raw, wrong = None, why_no_reason(str(error))
    if wrong or depth == 0:
        return wrong
    inside = contents.describe(sample.registry, sample.table, changed.name, changed.content)
    if inside.unreadable:
        return why_no_reason(inside.unreadable)
    rows = len(raw.rows) + len(raw.bad_rows) if raw else None
    if inside.rows != rows:
        return f"{inside.rows} rows in the manifest, {rows} read"
    return None if depth == 1 else _normalized(changed, sample, inside.rows)


def _normalized(changed: Damaged, sample: Sample, rows: int) -> str | None:
    _ask_which_table(changed)
    try:
        made = normalize_sample(sample, changed.content, changed.name)
    except readers.UnreadableFile as error:
        return why_no_reason(str(error))
    if made.rows_in == rows == made.rows_accepted + len(made.quarantine):
        return None
    return f"{rows} rows, {made.rows_in} in, {made.rows_accepted} accepted, {len(made.quarantine)} set aside"


def _ask_which_table(changed: Damaged) -> None:
    try:
        recognition.tables_in(changed.name, changed.content, [SAMPLES_BY_ID[changed.original.of].registry])
    except readers.UnreadableFile:
        return


def _lost_digits(changed: Damaged, raw: readers.RawTable) -> str | None:
    """That digits of a delimited file stand neither in a row, nor in a bad one, nor above the first."""
    content = changed.content
    if changed.name.lower().endswith(".gz"):
        content = unzipped(content, Limits.from_environment())
    is_shown_short = any("a cell holds more than" in row.reason for row in raw.bad_rows)
    if raw.delimiter is None or is_shown_short or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return None
    first = min([*raw.rows[readers.LINE].to_pylist(), *(row.line for row in raw.bad_rows)], default=None)
    if first is None:
        return None
    text = content.decode("latin-1")
    text = text if "\n" in text else text.replace("\r", "\n")
    above = _digits("".join(islice(io.StringIO(text, newline=""), first - 1)))
    cells = sum(pc.sum(pc.count_substring_regex(raw.rows[name], "[0-9]")).as_py() or 0 for name in raw.header)
    bad = sum(_digits(row.text) for row in raw.bad_rows)
    if _digits(text) == above + cells + bad:
        return None
    return f"{_digits(text)} digits in the file; {above} above line {first}, {cells} in rows, {bad} in bad rows"


def _digits(text: str) -> int:
    return sum(map(text.count, "0123456789"))


@pytest.fixture
def one_engine(monkeypatch):
    """Describing a file opens DuckDB, which takes longer than all else."""
    monkeypatch.setattr(contents, "duckdb", SimpleNamespace(connect=connection))


def test_no_bytes_break_more_than_their_file(one_engine):
    seeds = quick_or_thorough(range(MUTANTS_OF_A_QUICK_LOOK), range(MUTANTS))
    judge_all(originals(), seeds, read, DEPTHS, REPLAY)


def test_every_sound_file_is_read_but_a_web_page():
    """Or its mutants would prove nothing."""
    for original in originals():
        is_page = original.content.startswith(b"<!DOCTYPE html>")
        sample, content = SAMPLES_BY_ID[original.of], original.content
        content = gzip.compress(content, 1) if original.name.endswith(".gz") else content
        with pytest.raises(readers.UnreadableFile, match="web page") if is_page else nullcontext():
            normalize.read_file(sample.registry, sample.table, original.name, content)


def test_what_is_not_foreseen_is_noticed(one_engine, monkeypatch):
    (one, *_) = originals()
    sound = Damaged(one, one.name, one.content, ())
    assert fault(sound, read, depth=2) is None
    monkeypatch.setattr(readers, "opened", lambda *_: {}["cells"])
    assert "KeyError" in fault(sound, read, depth=1)
    assert "KeyError" in fault(sound, read, depth=2)


def test_a_lost_row_is_noticed(one_engine, monkeypatch):
    one = next(original for original in originals() if original.name.endswith(".csv"))
    whole = readers.delimited.read_delimited
    monkeypatch.setattr(readers, "read_delimited", lambda *given: _without_a_row(whole(*given)))
    assert "digits" in fault(Damaged(one, one.name, one.content, ()), read, depth=1)


def _without_a_row(raw: readers.RawTable) -> readers.RawTable:
    return readers.RawTable(raw.rows.slice(0, len(raw.rows) - 1), raw.header, raw.twins, raw.bad_rows, raw.delimiter)


def replayed(files: list[Original], seed: int) -> str:
    """What is wrong with the mutant of a seed, and where its bytes now lie."""
    changed = mutant(files, seed)
    path = Path(tempfile.mkdtemp(), changed.name)
    path.write_bytes(changed.content)
    return explained(changed, seed, fault(changed, read, depth=2) or "no fault") + f"\n  the file: {path}"


if __name__ == "__main__":
    print(replayed(originals(), int(sys.argv[1])))  # noqa: T201
