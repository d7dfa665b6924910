"""No bytes break more than their file: mutants of every sample of a boundary, in every format, damaged as bytes by seed.

The law: a file gives shapes, each of which becomes part of a boundary or a finding; or it is refused in one line. It takes neither
long nor much memory. Replay one mutant: `python -m tests.boundaries.unit.test_byte_fuzz 17`.
"""

import functools
import os
import sys
import tempfile
from pathlib import Path

import pyarrow as pa

from carbon_assets.boundaries import drops, schema, tables
from carbon_assets.geo import files, places
from carbon_assets.snapshots.store import Snapshot
from tests.kit.boundary_originals import RULES, originals
from tests.kit.building import CONFIGS, OBSERVED
from tests.kit.byte_judge import explained, fault, judge_all, mutant, why_no_reason
from tests.kit.byte_mutants import Damaged
from tests.kit.effort import quick_or_thorough

MUTANTS = int(os.environ.get("CARBON_TEST_MUTANTS", "2000")) // 5
MUTANTS_OF_A_QUICK_LOOK = 40
"""The rest of 200 and of `MUTANTS` are of registries' tables."""
DEPTHS = (0, 1)
"""Every second one is repaired, too."""
REPLAY = "python -m tests.boundaries.unit.test_byte_fuzz"


@functools.cache
def regions() -> places.Places:
    return places.load(CONFIGS)


def read(changed: Damaged, depth: int) -> str | None:
    """What is wrong with what becomes of a file of a boundary."""
    inside = drops.describe(changed.name, changed.content, RULES)
    if inside.unreadable:
        return why_no_reason(inside.unreadable)
    if changed.name == drops.INDEX or depth == 0:
        return None
    shapes = files.read(changed.name, changed.content, RULES.limits)
    if len(shapes) != inside.rows:
        return f"{inside.rows} shapes in the manifest, {len(shapes)} read"
    rows = [drops._row("VCS90001", _snapshot(changed), shape, RULES) for shape in shapes]
    made = tables.repaired(pa.Table.from_pylist(rows, schema=schema.BOUNDARY_SHAPES), RULES, regions())
    return None if len(made.rows) or len(made.findings) else f"{len(shapes)} shapes, no boundary and no finding"


def _snapshot(changed: Damaged) -> Snapshot:
    return Snapshot(
        registry=drops.FOLDER, table=changed.name, file=changed.name, sha256="0" * 64, size=len(changed.content),
        observed_at=OBSERVED, asserted_by="a test", source_path="a test", stored_as="nowhere",
    )  # fmt: skip


def test_no_bytes_break_more_than_their_file():
    seeds = quick_or_thorough(range(MUTANTS_OF_A_QUICK_LOOK), range(MUTANTS))
    judge_all(originals(), seeds, read, DEPTHS, REPLAY)


def test_every_sound_file_is_read():
    """Or its mutants would prove nothing. All formats are among them."""
    for original in originals():
        assert fault(Damaged(original, original.name, original.content, ()), read, depth=1) is None, original.name
        assert not drops.describe(original.name, original.content, RULES).unreadable, original.name
    assert {Path(original.name).suffix for original in originals()} >= {*files.SUFFIXES} - {".json"}


def test_what_is_not_foreseen_is_noticed(monkeypatch):
    sound = next(one for one in originals() if one.name.endswith(".kml"))
    monkeypatch.setattr(files, "read", lambda *_: {}["shapes"])
    assert "KeyError" in fault(Damaged(sound, sound.name, sound.content, ()), read, depth=0)


if __name__ == "__main__":
    damaged = mutant(originals(), int(sys.argv[1]))
    path = Path(tempfile.mkdtemp(), damaged.name)
    path.write_bytes(damaged.content)
    outcome = fault(damaged, read, depth=1) or "no fault"
    print(explained(damaged, int(sys.argv[1]), outcome), f"\n  the file: {path}")  # noqa: T201
