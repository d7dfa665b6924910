"""Running again, rows in another order, and real files over made-up ones. (What new files make anew: `test_gates`.)"""

import shutil
from pathlib import Path

import duckdb
import pytest

from carbon_assets.snapshots import store as snapshots
from tests.kit.runs import copied, go_on, run_drop

MARTS = (
    "beneficiaries", "beneficiary_candidates", "boundaries", "boundary_findings", "boundary_overlaps", "boundary_repairs",
    "ccp_eligibility", "corsia_eligibility", "credit_findings", "credits", "double_counting_findings", "labels", "projects",
    "protocol_catalogue", "protocol_coverage", "registry_changes", "schema_changes", "serial_blocks", "unknown_values",
)  # fmt: skip


def content(made) -> dict[str, list]:
    return {name: duckdb.sql(f"from '{made.settings.table('marts', name)}'").fetchall() for name in MARTS}


def modified(data: Path) -> dict[str, int]:
    """When each table was written, by its place."""
    tables = [path for layer in ("normalized", "harmonized", "marts") for path in (data / layer).rglob("*.parquet")]
    return {str(path.relative_to(data)): path.stat().st_mtime_ns for path in tables}


def manifests(made) -> set[str]:
    """The snapshots in the store, by the place of their manifests."""
    data = made.settings.data
    return {str(path.relative_to(data)) for path in data.glob("raw/*/*/*.json")}


def test_running_twice_makes_nothing_anew(sample_run, samples, tmp_path):
    """Nor does a drop whose files have the same rows in another order: those of the shared run do."""
    made = copied(sample_run, tmp_path)
    before = modified(made.settings.data)
    again = go_on(made)
    assert manifests(again) == manifests(sample_run)
    in_order = go_on(made, drop=samples)
    for run in (again, in_order):
        assert run.report.ok
        assert "nothing has changed: 0 steps" in run.report.lines
    assert modified(made.settings.data) == before
    assert content(in_order) == content(sample_run)
    assert len(list((made.settings.data / "published").glob("v-*"))) == 1


@pytest.mark.slow
def test_shuffling_the_rows_of_every_file_gives_identical_marts(sample_run, samples, tmp_path):
    """The shared run is one of shuffled files. (`make test` holds it to what is expected of the samples, case by case.)"""
    in_order = run_drop(samples, tmp_path / "data")
    assert content(in_order) == content(sample_run)


@pytest.mark.slow
def test_made_up_snapshots_give_way_to_real_ones(sample_run, drop, tmp_path):
    """Samples and real data never mix: once a real file came, the samples of all other tables are out of use."""
    (drop / snapshots.SYNTHETIC_MARK).unlink()
    for folder in drop.iterdir():
        if folder.is_dir() and folder.name != "art-trees":
            shutil.rmtree(folder)
    for path in (drop / "art-trees").iterdir():
        path.write_bytes(path.read_bytes() + b"\n")
    real = go_on(copied(sample_run, tmp_path), drop=drop)
    assert real.sql("select distinct registry from marts.credits") == [("art-trees",)]
    (line,) = [line for line in real.report.lines if line.startswith("made-up rows are out")]
    assert "verra: projects, transactions" in line and "art-trees" not in line
    assert "warning  published/carbon: covers_the_registries_of_the_last_version" in real.report.lines
    (lost,) = [line for line in real.report.lines if line.strip().startswith("the made-up rows of ")]
    assert "verra are out since real files came" in lost and "art-trees" not in lost
