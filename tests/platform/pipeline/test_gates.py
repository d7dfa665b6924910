"""What a failed gate holds back, and what it does not: whole runs over a good data folder.

A file that is refused or held back leaves the last good table in use and the others go on; where there is none, a critical
expectation blocks everything downstream, so that what is published stays; a warning blocks nothing.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from carbon_assets.platform import graph
from tests.kit.runs import Run, copied, go_on, rename, run_drop

REFUSED, HELD_BACK = "cercarbono/retirements.csv", "verra/transactions.csv"
RENAMED = "Renamed for a test"


def published(made: Run) -> str:
    return made.database.parent.resolve().name


def tonnes(made: Run, registry: str) -> list[tuple]:
    return made.sql(f"""
        select transaction_type, sum(quantity) from marts.credits where registry = '{registry}' group by 1 order by 1
    """)


def set_severity(folder: Path, key: str, name: str, severity: str, **kwargs) -> None:
    path = folder / f"{key}.json"
    suite = json.loads(path.read_text())
    for expectation in suite["expectations"]:
        if expectation["meta"]["name"] == name:
            expectation["severity"] = severity
            expectation["kwargs"] |= kwargs
    path.write_text(json.dumps(suite))


def make_unreadable(path: Path) -> None:
    """A cell more in each row than the header has: the table would be empty, its gate fails."""
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], *(f"x,{line}" for line in lines[1:])]))


# --- a refused file, one that is held back, a good one, and a warning -------------------------------------------------


@dataclass(frozen=True)
class Mixed:
    """A good run, and a run over it of a drop that is good and bad. `held`: rows that a reader counts who stayed connected."""

    before: Run
    version_before: str
    written_before: dict[str, int]
    after: Run
    held: tuple[int, int]


def written(made: Run) -> dict[str, int]:
    """When each normalized table was written, by registry and table."""
    tables = (made.settings.data / "normalized").glob("*/*.parquet")
    return {f"{path.parent.name}/{path.stem}": path.stat().st_mtime_ns for path in tables}


@pytest.fixture(scope="module")
def mixed(sample_run, samples, home, tmp_path_factory) -> Mixed:
    folder = tmp_path_factory.mktemp("mixed")
    drop = Path(shutil.copytree(samples, folder / "drop"))
    (drop / REFUSED).write_text("<html><title>503</title></html>")
    make_unreadable(drop / HELD_BACK)
    rename(drop / "gold-standard" / "projects.csv", "Project Name", RENAMED)
    expectations = Path(shutil.copytree(home / "expectations", folder / "expectations"))
    set_severity(expectations, "marts/projects", "issued_is_not_negative", "warning", max_value=1)
    before = copied(sample_run, folder)
    version, times = published(before), written(before)
    count = f"select count(*) from marts.projects where name = '{RENAMED}'"
    with duckdb.connect(str(before.database), read_only=True) as reader:
        reader.execute(count)
        after = go_on(before, drop=drop, expectations=expectations)
        ((held,),) = reader.execute(count).fetchall()
    ((fresh,),) = after.sql(count)
    return Mixed(before, version, times, after, (held, fresh))


def test_refused_file_leaves_the_last_good_table_and_is_reported(mixed, sample_run):
    assert not mixed.after.report.ok
    (line,) = (line for line in mixed.after.report.lines if line.startswith("REFUSED"))
    assert REFUSED in line and "web page" in line
    assert tonnes(mixed.after, "cercarbono") == tonnes(sample_run, "cercarbono")


def test_a_file_that_nobody_can_mean_is_held_back_and_reported(mixed, sample_run):
    (line,) = (line for line in mixed.after.report.lines if line.startswith("HELD BACK"))
    assert "normalized/verra/transactions" in line and "form has changed" in line
    assert tonnes(mixed.after, "verra") == tonnes(sample_run, "verra")


def test_the_others_go_on(mixed):
    assert published(mixed.after) != mixed.version_before
    changed = (
        "select change_class, fields[1].new from marts.registry_changes where registry not in ('verra', 'cercarbono')"
    )
    assert mixed.after.sql(changed) == [("project renamed", RENAMED)]


def test_new_files_leave_the_other_registries_alone(mixed):
    after, before = written(mixed.after), mixed.written_before
    dropped = {"gold-standard", REFUSED.split("/")[0], HELD_BACK.split("/")[0]}
    assert {name.split("/")[0] for name in after if after[name] != before[name]} == dropped


def test_warning_blocks_nothing(mixed):
    assert "warning  marts/projects: issued_is_not_negative" in mixed.after.report.lines
    assert not any(line.startswith("BLOCKED") for line in mixed.after.report.lines)
    assert published(mixed.after) != mixed.version_before


def test_reader_sees_one_version_whole_while_a_run_publishes(mixed):
    """A client that stays connected reads on; a new connection sees the new version."""
    assert mixed.held == (0, 1)


# --- a critical expectation -------------------------------------------------------------------------------------------


def test_publishing_alone_looks_at_earlier_failures_too(sample_run, home, tmp_path):
    """Dagster's own blocking ends with the run; publishing asks for the state of all checks."""
    expectations = Path(shutil.copytree(home / "expectations", tmp_path / "expectations"))
    set_severity(expectations, "marts/projects", "issued_is_not_negative", "critical", max_value=1)
    before = copied(sample_run, tmp_path)
    version = published(before)
    blocked = go_on(before, expectations=expectations)
    assert not blocked.report.ok and published(blocked) == version

    with dg.DagsterInstance.from_config(str(blocked.settings.dagster_home)) as instance:
        defs = graph.build(blocked.settings)
        job = defs.resolve_job_def(graph.MATERIALIZE)
        alone = job.execute_in_process(
            instance=instance, raise_on_error=False, asset_selection=[dg.AssetKey(["published", "carbon"])]
        )
    assert not alone.success
    assert published(blocked) == version


# --- the first drop ever ----------------------------------------------------------------------------------------------


def test_critical_expectation_blocks_what_is_downstream(samples, tmp_path):
    """With nothing older to fall back on, nothing after the table runs. (What a file does that is refused on the first day:
    `test_ninth_registry`.)"""
    drop, data = tmp_path / "drop", tmp_path / "data"
    for registry in ("art-trees", "cercarbono"):
        shutil.copytree(samples / registry, drop / registry)
    make_unreadable(drop / REFUSED)
    made = run_drop(drop, data)
    assert not made.report.ok
    assert any(
        line.startswith("BLOCKED") and "normalized/cercarbono/retirements: table_has_rows" in line
        for line in made.report.lines
    )
    assert any("cells where the header has" in line for line in made.report.lines), "the reason is told"
    assert not any("Traceback" in line for line in made.report.lines)
    for missing in ("published/current", "harmonized/credits.parquet", "normalized/cercarbono/retirements.parquet"):
        assert not (data / missing).exists()
    assert (data / "normalized/art-trees/retirements.parquet").exists()
