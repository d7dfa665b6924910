"""What a failed gate holds back, and what it does not: whole runs over a good data folder.

A file that is refused or held back leaves the last good table in use and the others go on; where there is none, a critical
expectation blocks everything downstream, so that what is published stays; a warning blocks nothing.
"""

import shutil
from pathlib import Path

import dagster as dg

from carbon_assets.platform import graph
from tests.kit.corruptions import CAR, RENAMED, VERRA, corrupted, version, written
from tests.kit.runs import Run, copied, run_drop

GOES_ON = "cercarbono"
"""The registry of which a good file comes besides corrupted ones of others."""
UNREADABLE = "cercarbono/retirements.csv"


def tonnes(made: Run, registry: str) -> list[tuple]:
    return made.sql(f"""
        select transaction_type, sum(quantity) from marts.credits where registry = '{registry}' group by 1 order by 1
    """)


def make_unreadable(path: Path) -> None:
    """A cell more in each row than the header has: the table would be empty, its gate fails."""
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], *(f"x,{line}" for line in lines[1:])]))


# --- a refused file, one that is held back, a good one, and a warning -------------------------------------------------


def test_refused_file_leaves_the_last_good_table_and_is_reported(spoiled_run, sample_run):
    assert not spoiled_run.after.report.ok
    (line,) = (
        line for line in spoiled_run.after.report.lines if line.startswith("REFUSED") and f"{CAR}/projects" in line
    )
    assert "web page" in line
    assert tonnes(spoiled_run.after, CAR) == tonnes(sample_run, CAR)


def test_a_file_that_nobody_can_mean_is_held_back_and_reported(spoiled_run, sample_run):
    lines = [line for line in spoiled_run.after.report.lines if line.startswith("HELD BACK")]
    assert any(f"normalized/{VERRA}/transactions" in line for line in lines)
    assert tonnes(spoiled_run.after, VERRA) == tonnes(sample_run, VERRA)


def test_the_others_go_on(spoiled_run):
    assert version(spoiled_run.after) != spoiled_run.version_before
    changed = f"select change_class, fields[1].new from marts.registry_changes where registry = '{GOES_ON}'"
    assert spoiled_run.after.sql(changed) == [("project renamed", RENAMED)]


def test_new_files_leave_the_other_registries_alone(spoiled_run):
    after, before = written(spoiled_run.after), spoiled_run.written_before
    dropped = {case.registry for case in corrupted() if case.corrupt is not None} | {GOES_ON, "boundaries"}
    assert {name.split("/")[0] for name in after if after[name] != before[name]} == dropped


def test_warning_blocks_nothing(spoiled_run):
    assert "warning  marts/projects: issued_is_not_negative" in spoiled_run.after.report.lines
    assert not any(line.startswith("BLOCKED") for line in spoiled_run.after.report.lines)
    assert version(spoiled_run.after) != spoiled_run.version_before


def test_reader_sees_one_version_whole_while_a_run_publishes(spoiled_run):
    """A client that stays connected reads on; a new connection sees the new version."""
    assert spoiled_run.held == (0, 1)


# --- a critical expectation -------------------------------------------------------------------------------------------


def test_publishing_alone_looks_at_earlier_failures_too(sample_run, tmp_path):
    """Dagster's own blocking ends with the run; publishing asks for the state of all checks."""
    run = copied(sample_run, tmp_path)
    before = version(run)
    failed = dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(["marts", "projects"]), check_name="issued_is_not_negative", passed=False, metadata={}
    )
    with dg.DagsterInstance.from_config(str(run.settings.dagster_home)) as instance:
        instance.report_runless_asset_event(failed)
        job = graph.build(run.settings).resolve_job_def(graph.MATERIALIZE)
        alone = job.execute_in_process(
            instance=instance, raise_on_error=False, asset_selection=[dg.AssetKey(["published", "carbon"])]
        )
    assert not alone.success
    assert "marts/projects: issued_is_not_negative" in str(alone.all_events)
    assert version(run) == before


# --- the first drop ever ----------------------------------------------------------------------------------------------


def test_critical_expectation_blocks_what_is_downstream(samples, tmp_path):
    """With nothing older to fall back on, nothing after the table runs. (What a file does that is refused on the first day:
    `test_only_added`.)"""
    drop, data = tmp_path / "drop", tmp_path / "data"
    for registry in ("art-trees", "cercarbono"):
        shutil.copytree(samples / registry, drop / registry)
    make_unreadable(drop / UNREADABLE)
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
