"""A data folder that an earlier version made opens from another path: nothing is lost, set aside anew, or told otherwise.

`data_folder_of_d3a4db8.tar.xz` is what the commit d3a4db8 made of the bundled samples, all made up: two runs, before the second
of which one status in ART TREES' file of projects was changed; without dbt's build database and the logs of steps.
"""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

import duckdb
import pytest

from carbon_assets.snapshots import store as snapshots
from tests.kit.building import settings_in
from tests.kit.runs import Run, run_drop

ARCHIVE = Path(__file__).with_name("data_folder_of_d3a4db8.tar.xz")
QUESTIONS = {
    "projects then": "from marts.projects_as_of(timestamp '{before}') order by all",
    "totals then": "from marts.totals_as_of(timestamp '{before}') order by all",
    "projects now": "from marts.projects order by all",
    "credits now": "from marts.credits order by all",
    "what was changed": "from marts.registry_changes order by all",
    "every file": "select * from marts.snapshots order by all",
}


@pytest.fixture(scope="module")
def old(tmp_path_factory) -> Path:
    """The old data folder."""
    place = tmp_path_factory.mktemp("elsewhere")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(place, filter="data")
    return place / "data"


@pytest.fixture(scope="module")
def opened(old) -> tuple[dict[str, list], dict[str, list], Run]:
    """What the old folder said, what it says after a run of today's code on it with nothing dropped, and that run."""
    data, drop = old, old.with_name("drop")
    drop.mkdir()
    before, columns = asked(data)
    made = run_drop(drop, data)
    after, _ = asked(data, columns)
    return before, after, made


def asked(data: Path, columns: dict[str, list[str]] | None = None) -> tuple[dict[str, list], dict[str, list[str]]]:
    """The answers of the published file, and the rows of every quarantine; and the columns of the answers. `columns`: those that
    are asked for, as a newer version has more."""
    with duckdb.connect(str(data / "published" / "current" / "carbon.duckdb"), read_only=True) as con:
        changed_at = con.execute("select max(valid_from) at time zone 'UTC' from marts.project_history").fetchone()[0]
        instant = con.execute("select ?::timestamp - interval 1 second", [changed_at]).fetchone()[0]
        answers, names = {}, {}
        for name, query in QUESTIONS.items():
            wanted = ", ".join(columns[name]) if columns else "*"
            found = con.execute(f"select {wanted} from ({query.format(before=instant)}) order by all")
            names[name] = [f'"{column[0]}"' for column in found.description]
            answers[name] = found.fetchall()
    for path in sorted((data / "quarantine").glob("*/*.parquet")):
        rows = duckdb.execute("select * from read_parquet(?) order by all", [str(path)]).fetchall()
        answers[f"quarantine {path.parent.name}/{path.stem}"] = rows
    return answers, names


def test_its_files_are_read_with_what_was_said_of_them(old):
    """By the raw store alone: what a whole run makes of them is told below."""
    settings = settings_in(old.parent)
    folders = [folder for folder in (old / "raw").glob("*/*") if folder.is_dir()]
    assert len(folders) > 20
    for folder in folders:
        registry, table = folder.parent.name, folder.name
        known = snapshots.history(settings, registry, table)
        assert known and snapshots.current(settings, registry, table) == known[-1]
        for snapshot in known:
            assert hashlib.sha256(snapshot.content(settings)).hexdigest() == snapshot.sha256


@pytest.mark.slow
def test_the_run_passes(opened):
    _, _, made = opened
    assert made.report.ok, "\n".join(made.report.lines)


CORRECTED = {"ACR9012": "its host did not convert 250 t, which count since"}
"""Projects whose totals were wrong in what the old folder published -> why."""

NOT_LISTED = {"ACR9050", "CAR9090", "CAR9091", "VCS559", "VCS90999"}
"""Projects that only transactions mention; they have since what these state of them."""


def as_corrected(name: str, rows: list[tuple]) -> list[tuple]:
    """Rows of an answer without those of corrected projects, and without the blanks that stood at the edges of texts."""
    gone = {*CORRECTED, *(NOT_LISTED if name == "projects now" else ())}
    kept = (row for row in rows if not gone & {cell for cell in row if isinstance(cell, str)})
    return [tuple(cell.strip() if isinstance(cell, str) else cell for cell in row) for row in kept]


@pytest.mark.slow
def test_what_it_says_is_what_it_said_but_for_what_was_wrong(opened):
    before, after, _ = opened
    assert {name for name in before if name.startswith("quarantine")}
    assert len(before["projects then"]) > 100 and len(before["what was changed"]) == 1
    assert [name for name, rows in before.items() if as_corrected(name, after[name]) != as_corrected(name, rows)] == []
    (was,), (is_now,) = ([row for row in said["totals then"] if row[0] == "ACR9012"] for said in (before, after))
    assert is_now[2] - was[2] == is_now[3] - was[3] == 250


@pytest.mark.slow
def test_no_file_was_taken_or_set_aside_anew(opened):
    before, after, _ = opened
    assert set(after) == set(before)
