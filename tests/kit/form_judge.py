"""Mutants of the samples by seed, and the judge that compares them with what their samples say.

How the cells of many are compared at once belongs in `form_cells.py`. How tables are rewritten belongs in `form_mutants.py` and `form_files.py`; the law is in `tests/registries/unit/test_form_fuzz.py`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from carbon_assets.base import readers
from tests.kit import form_cells, form_files
from tests.kit.form_cells import Compared, Rows
from tests.kit.form_files import File
from tests.kit.form_mutants import clear, draw_table, meaning_of
from tests.kit.sample_tables import Sample, normalizer, samples

TABLES = [sample for sample in samples() if sample.path]
MEANINGS = {sample.id: meaning_of(sample) for sample in TABLES}
MIN_SHARE_READ_WHOLE = 0.7
"""Of so many mutants every sound row must be read: setting all rows aside would keep the law, too."""
MAX_FAULTS_SHOWN = 3
TURNS_PER_WHOLE_ONE = 40
"""Normalizing a table and the clear file of its rows takes ten times as long as comparing its cells."""


@dataclass(frozen=True)
class Mutant:
    """A rewritten sample: its file, which rows of the sample stand there, and what was done."""

    sample: Sample
    file: File
    of_sample: list[int]
    steps: list[str]

    def rows_at(self, lines: list[int]) -> list[int | None]:
        """Rows of the sample that stand in lines of the file; None for a line on which none begins. Of rows that say the same it
        does not matter which."""
        rows = dict(zip(self.file.lines, (_first_twin(self.sample, row) for row in self.of_sample), strict=True))
        return [rows.get(line) for line in lines]


def mutant(sample: Sample, seed: int) -> Mutant:
    """The sample as the seed rewrites it."""
    rng = random.Random(f"{sample.id}/{seed}")
    format = rng.choice(form_files.FORMATS)
    table = draw_table(rng, MEANINGS[sample.id], format)
    if ("xlsx" in format and not form_files.fits_a_workbook(table)) or (
        "json" in format and not form_files.fits_json(table)
    ):
        format = ";"
        table = draw_table(rng, MEANINGS[sample.id], format)
    file = form_files.write(rng, table, sample, format)
    return Mutant(sample, file, table.of_sample, [*table.steps, *file.steps])


class Judge:
    """Compares mutants with what their samples say; what a subset of rows says is reckoned once."""

    def __init__(self):
        self.normalize = normalizer(records="those of a mutant")
        self.known = {}

    def clear(self, sample: Sample, rows: list[int]):
        """What rows of the sample are when every cell has one reading, and which of them are set aside."""
        key = (sample.id, tuple(sorted(rows)))
        if key not in self.known:
            result = self.normalize(sample, clear(MEANINGS[sample.id], key[1]), f"{sample.table}.csv")
            starts = dict(zip(_lines(sample, key[1]), key[1], strict=True))
            self.known[key] = (
                result,
                [_first_twin(sample, starts[line]) for line in result.quarantine.column("line").to_pylist()],
            )
        return self.known[key]

    def cells(self, sample: Sample, mutants: dict[int, Mutant]) -> Compared:
        """What is wrong with the cells of mutants of one sample, by seed, and which of them were read whole."""
        everything = list(range(len(MEANINGS[sample.id].rows)))
        content = clear(MEANINGS[sample.id], everything)
        clear_rows = Rows(content, f"{sample.table}.csv", list(_lines(sample, everything)), everything)
        files = {seed: Rows(m.file.content, m.file.name, m.file.lines, m.of_sample) for seed, m in mutants.items()}
        projects = None
        if sample.spec.resolves_projects:
            own = next(other for other in TABLES if other.id == f"{sample.registry.id}/projects")
            projects = self.normalize(own).rows
        return form_cells.compare(sample, clear_rows, files, projects)

    def rows_of(self, sample: Sample, rows: list[int]):
        """The table of some rows of the sample, or of none, of which there is no file."""
        return self.clear(sample, rows)[0].rows if rows else sample.spec.canonical.empty_table()

    def fault(self, mutant: Mutant) -> tuple[str | None, bool]:
        """What is wrong with the mutant's table, and whether all of its sound rows were read."""
        sample, rows = mutant.sample, mutant.of_sample
        sound, unsound = self.clear(sample, rows)
        try:
            result = self.normalize(sample, mutant.file.content, mutant.file.name)
        except readers.UnreadableFile as refusal:
            return f"refused: {refusal}", False
        if result.rows_in != len(rows) or result.rows_in != result.rows_accepted + len(result.quarantine):
            return (
                f"{len(rows)} rows, {result.rows_in} in, {result.rows_accepted} accepted, {len(result.quarantine)} set aside",
                False,
            )
        aside = mutant.rows_at(result.quarantine.column("line").to_pylist())
        if None in aside:
            return f"no row begins on line {result.quarantine.column('line').to_pylist()[aside.index(None)]}", False
        is_whole = sorted(aside) == sorted(unsound)
        for row, entry in zip(aside, result.quarantine.to_pylist(), strict=True):
            if row not in unsound and "the file does not" not in entry["reason"]:
                return f"row {row} is set aside: {entry}", is_whole
        rest = _without(sample, rows, aside)
        sound_rows = sound.rows if is_whole else self.rows_of(sample, rest)
        return first_difference(sound_rows, result.rows) or _open_account(sound, result), is_whole


def _first_twin(sample: Sample, row: int) -> int:
    meanings = MEANINGS[sample.id].rows
    return meanings.index(meanings[row])


def _without(sample: Sample, rows: list[int], aside: list[int]) -> list[int]:
    """The rows without as many of each kind as are set aside."""
    left = list(rows)
    for twin in aside:
        left.remove(next(row for row in left if _first_twin(sample, row) == twin))
    return left


def _lines(sample: Sample, rows: list[int]) -> Iterator[int]:
    line = 2 + sum(name.count("\n") for name in MEANINGS[sample.id].header)
    for row in rows:
        yield line
        line += 1 + sum(str(cell).count("\n") for cell in MEANINGS[sample.id].rows[row] if isinstance(cell, str))


def first_difference(expected, found) -> str | None:
    """The first difference of two tables of one shape, but for the snapshots that they are of."""
    expected, found = (table.drop_columns(["snapshot_id"]) for table in (expected, found))
    if found.equals(expected):
        return None
    left, right = expected.to_pylist(), found.to_pylist()
    for row, other in zip(left, right, strict=False):
        if row != other:
            names = [name for name in row if row[name] != other[name]]
            return "".join(f"\n    {name}: expected {row[name]!r}, found {other[name]!r}" for name in names)
    return f"{len(left)} rows expected, {len(right)} found: {(left + right)[min(len(left), len(right)) :][:1]}"


def _open_account(sound, result) -> str | None:
    """Tonnes of the table and those set aside are those of the clear file, where all are known."""
    if result.rows_set_aside_without_tonnes or sound.rows_set_aside_without_tonnes:
        return None
    sums = [
        {
            kind: each.tonnes.get(kind, 0) + each.tonnes_set_aside.get(kind, 0)
            for kind in ("issuance", "retirement", "cancellation", "unknown")
        }
        for each in (sound, result)
    ]
    return None if sums[0] == sums[1] else f"tonnes and tonnes set aside: expected {sums[0]}, found {sums[1]}"


def explained(mutant: Mutant, seed: int, fault: str) -> str:
    """What is wrong with a mutant, and how it was made."""
    steps = "".join(f"\n    {step}" for step in mutant.steps)
    return f"{mutant.sample.id} {seed}: {fault}\n  rewritten:{steps}"


def is_judged_whole(seed: int) -> bool:
    """Whether the whole table of a mutant is judged, in a run of many: in some of the turns that tables take."""
    return seed // len(TABLES) % TURNS_PER_WHOLE_ONE == 0


def judge_all(judge: Judge, seeds: range) -> None:
    """The law for the mutants of these seeds, of whole tables for some and of cells for all others. Tables take turns, so that a
    few mutants reach all of them."""
    faults, read_whole = [], 0
    for seed in filter(is_judged_whole, seeds):
        changed = mutant(_table(seed), seed)
        fault, is_whole = judge.fault(changed)
        read_whole += is_whole
        faults += [explained(changed, seed, fault)] if fault else []
    for sample in TABLES:
        of_table = [seed for seed in seeds if _table(seed) is sample and not is_judged_whole(seed)]
        if not of_table:
            continue
        compared = judge.cells(sample, {seed: mutant(sample, seed) for seed in of_table})
        read_whole += len(compared.read_whole)
        faults += [explained(mutant(sample, seed), seed, fault) for seed, fault in compared.faults.items()]
    assert not faults, f"{len(faults)} of {len(seeds)} mutants\n" + "\n".join(faults[:MAX_FAULTS_SHOWN])
    assert read_whole >= MIN_SHARE_READ_WHOLE * len(seeds)


def _table(seed: int) -> Sample:
    return TABLES[seed % len(TABLES)]
