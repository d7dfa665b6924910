"""Running again, rows in another order, and new drops over old ones."""

import csv
import io
import random
import shutil
from pathlib import Path

import duckdb
import pytest

from carbon_assets.snapshots import store as snapshots
from tests.kit.runs import cells, run_drop, write

MARTS = (
    "beneficiaries", "beneficiary_candidates", "boundaries", "boundary_findings", "boundary_overlaps", "boundary_repairs",
    "credit_findings", "credits", "double_counting_findings", "projects",
    "protocol_catalogue", "protocol_coverage", "registry_changes", "schema_changes", "serial_blocks", "unknown_values",
)  # fmt: skip


def content(made) -> dict[str, list]:
    return {name: duckdb.sql(f"from '{made.settings.table('marts', name)}'").fetchall() for name in MARTS}


@pytest.fixture(scope="module")
def copied(sample_run, tmp_path_factory):
    """The data folder of the sample run, to run in once more."""
    return shutil.copytree(sample_run.settings.data, tmp_path_factory.mktemp("again") / "data", symlinks=True)


def modified(data: Path) -> dict[str, int]:
    """When each normalized table was written, by registry and table."""
    tables = (data / "normalized").glob("*/*.parquet")
    return {f"{path.parent.name}/{path.stem}": path.stat().st_mtime_ns for path in tables}


def test_running_twice_makes_nothing_anew(sample_run, copied):
    before = modified(copied)
    again = run_drop(sample_run.settings.drop, copied)
    assert again.report.ok
    assert "nothing has changed: 0 steps" in again.report.lines
    assert modified(copied) == before
    assert content(again) == content(sample_run)
    assert len(list(copied.glob("raw/*/*/*.json"))) == len(list(sample_run.settings.data.glob("raw/*/*/*.json")))
    assert len(list((copied / "published").glob("v-*"))) == 1


def test_one_changed_table_leaves_the_other_registries_alone(copied, drop, tmp_path):
    data = Path(shutil.copytree(copied, tmp_path / "data", symlinks=True))
    before = modified(data)
    path = drop / "gold-standard" / "projects.csv"
    rows = cells(path)
    rows[1][rows[0].index("Project Name")] = "Renamed for a test"
    write(path, rows)
    made = run_drop(drop, data)
    assert made.report.ok
    after = modified(data)
    assert {name.split("/")[0] for name in after if after[name] != before[name]} == {"gold-standard"}
    assert made.sql("select count(*) from marts.projects where name = 'Renamed for a test'") == [(1,)]
    assert made.sql("select change_class, fields[1].new from marts.registry_changes") == [
        ("project renamed", "Renamed for a test")
    ]


def test_shuffling_the_rows_of_every_file_gives_identical_marts(sample_run, drop, tmp_path):
    # Of index.csv what cannot be used is told with its line.
    for path in set(drop.glob("*/*.csv")) - {drop / "boundaries" / "index.csv"}:
        encoding = (
            "windows-1252" if path.parent.name == "climate-action-reserve" and path.stem == "issuances" else "utf-8-sig"
        )
        header, *rows = list(csv.reader(io.StringIO(path.read_bytes().decode(encoding), newline="")))
        random.Random(7).shuffle(rows)
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([header, *rows])
        path.write_bytes(text.getvalue().encode(encoding))
    shuffled = run_drop(drop, tmp_path / "data")
    assert content(shuffled) == content(sample_run)


def test_made_up_snapshots_give_way_to_real_ones(sample_run, copied, drop, tmp_path):
    """Samples and real data never mix: once a real file came, the samples of all other tables are out of use."""
    (drop / snapshots.SYNTHETIC_MARK).unlink()
    for folder in drop.iterdir():
        if folder.is_dir() and folder.name != "art-trees":
            shutil.rmtree(folder)
    for path in (drop / "art-trees").iterdir():
        path.write_bytes(path.read_bytes() + b"\n")
    data = shutil.copytree(copied, tmp_path / "data", symlinks=True)
    real = run_drop(drop, data)
    assert real.sql("select distinct registry from marts.credits") == [("art-trees",)]
