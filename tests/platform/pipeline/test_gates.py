"""What a failed gate holds back, and what it does not: whole runs over a good data folder.

A file that is refused or held back leaves the last good table in use and the others go on; where there is none, a critical
expectation blocks everything downstream, so that what is published stays; a warning blocks nothing.
"""

import json
import shutil

import dagster as dg
import duckdb
import pytest

from carbon_assets.platform import graph
from tests.kit.runs import run_drop

VERRA = "verra/transactions.csv"


@pytest.fixture
def data(sample_run, tmp_path):
    return shutil.copytree(sample_run.settings.data, tmp_path / "data", symlinks=True)


@pytest.fixture
def expectations(home, tmp_path):
    return shutil.copytree(home / "expectations", tmp_path / "expectations")


def published(data) -> str:
    return (data / "published" / "current").resolve().name


def tonnes(made, registry: str) -> list[tuple]:
    return made.sql(f"""
        select transaction_type, sum(quantity) from marts.credits where registry = '{registry}' group by 1 order by 1
    """)


def set_severity(folder, key: str, name: str, severity: str, **kwargs) -> None:
    path = folder / f"{key}.json"
    suite = json.loads(path.read_text())
    for expectation in suite["expectations"]:
        if expectation["meta"]["name"] == name:
            expectation["severity"] = severity
            expectation["kwargs"] |= kwargs
    path.write_text(json.dumps(suite))


def test_refused_file_leaves_the_last_good_table_and_the_others_go_on(sample_run, drop, data):
    (drop / VERRA).write_text("<html><title>503</title></html>")
    with (drop / "art-trees/retirements.csv").open("a") as file:
        file.write(
            (drop / "art-trees/retirements.csv").read_text().splitlines()[1].replace("-1 to", "-900001 to") + "\n"
        )
    before = published(data)

    made = run_drop(drop, data)

    assert not made.report.ok
    assert any(
        line.startswith("REFUSED") and "verra/transactions.csv" in line and "web page" in line
        for line in made.report.lines
    )
    assert published(data) != before
    assert tonnes(made, "verra") == tonnes(sample_run, "verra")
    assert tonnes(made, "art-trees") != tonnes(sample_run, "art-trees")


def test_refused_file_without_a_good_one_before_does_not_stop_the_others(drop, tmp_path):
    """The worst first day: a table that others look projects up in cannot be read."""
    (drop / "isometric/projects.csv").write_text("id,name\n1,2\n")
    made = run_drop(drop, tmp_path / "fresh")
    assert not made.report.ok
    assert sum(line.startswith("REFUSED") for line in made.report.lines) == 3
    assert made.sql("select count(distinct registry) from marts.credits")[0][0] == 6


def make_unreadable(drop) -> None:
    """A cell more in each row than the header has: the table would be empty, its gate fails."""
    lines = (drop / VERRA).read_text().splitlines()
    (drop / VERRA).write_text("\n".join([lines[0], *(f"x,{line}" for line in lines[1:])]))


def test_a_file_that_nobody_can_mean_is_held_back_and_the_others_go_on(sample_run, drop, data):
    make_unreadable(drop)
    made = run_drop(drop, data)
    assert not made.report.ok
    (told,) = (line for line in made.report.lines if line.startswith("HELD BACK"))
    assert "normalized/verra/transactions" in told and "form has changed" in told
    assert tonnes(made, "verra") == tonnes(sample_run, "verra")


def test_critical_expectation_blocks_what_is_downstream(drop, tmp_path):
    """With nothing older to fall back on, nothing after the table runs."""
    make_unreadable(drop)
    data = tmp_path / "fresh"
    made = run_drop(drop, data)
    assert not made.report.ok
    assert any(
        line.startswith("BLOCKED") and "normalized/verra/transactions: table_has_rows" in line
        for line in made.report.lines
    )
    assert any("cells where the header has" in line for line in made.report.lines), "the reason is told"
    assert not any("Traceback" in line for line in made.report.lines)
    for missing in ("published/current", "harmonized/credits.parquet", "normalized/verra/transactions.parquet"):
        assert not (data / missing).exists()


def test_publishing_alone_looks_at_earlier_failures_too(sample_run, drop, data, expectations):
    """Dagster's own blocking ends with the run; publishing asks for the state of all checks."""
    set_severity(expectations, "marts/projects", "issued_is_not_negative", "critical", max_value=1)
    before = published(data)
    blocked = run_drop(drop, data, expectations=expectations)
    assert not blocked.report.ok and published(data) == before

    with dg.DagsterInstance.from_config(str(blocked.settings.dagster_home)) as instance:
        defs = graph.build(blocked.settings)
        job = defs.resolve_job_def(graph.MATERIALIZE)
        alone = job.execute_in_process(
            instance=instance, raise_on_error=False, asset_selection=[dg.AssetKey(["published", "carbon"])]
        )
    assert not alone.success
    assert published(data) == before


def test_warning_blocks_nothing(sample_run, drop, data, expectations):
    set_severity(expectations, "marts/projects", "issued_is_not_negative", "warning", max_value=1)
    before = published(data)
    made = run_drop(drop, data, expectations=expectations)
    assert made.report.ok
    assert published(data) != before
    assert any("marts/projects: issued_is_not_negative" in line for line in made.report.lines)


def test_reader_sees_one_version_whole_while_a_run_publishes(sample_run, drop, data):
    """A client that stays connected reads on; a new connection sees the new version."""
    path = str(data / "published" / "current" / "carbon.duckdb")
    with duckdb.connect(path, read_only=True) as held:
        rows = held.execute("select count(*) from marts.credits").fetchone()
        with (drop / "art-trees/retirements.csv").open("a") as file:
            line = (drop / "art-trees/retirements.csv").read_text().splitlines()[1]
            file.write(line.replace("-1 to", "-900001 to") + "\n")
        made = run_drop(drop, data)
        assert made.report.ok
        assert held.execute("select count(*) from marts.credits").fetchone() == rows
        with duckdb.connect(path, read_only=True) as fresh:
            assert fresh.execute("select count(*) from marts.credits").fetchone() == (rows[0] + 1,)
