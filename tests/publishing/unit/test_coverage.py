"""A version that covers fewer registries than the last one is told, whatever the reason; the reason is told, too."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from carbon_assets.publishing import coverage

COLUMNS = ("source", "snapshot_id")
ONE, TWO = ("one/issuances", "one@1"), ("two/retirements", "two@1")


def version(folder: Path, name: str, credits: list[tuple], projects: list[tuple] = ()) -> Path:
    """A folder with the two marts, of (source, snapshot)."""
    (folder / name).mkdir()
    for mart, rows in (("credits", credits), ("projects", projects)):
        table = pa.table({column: pa.array([row[i] for row in rows], pa.string()) for i, column in enumerate(COLUMNS)})
        pq.write_table(table, folder / name / f"{mart}.parquet")
    return folder / name


@pytest.mark.parametrize(
    ("was", "now", "gave_way", "said"),
    [
        ([ONE, TWO], [ONE, ("two/issuances", "two@2")], (), None),
        ([ONE], [ONE, TWO], (), None),
        ([ONE, TWO], [ONE], (), "no row comes any more from files of two: the last version had some"),
        ([ONE, TWO], [ONE], ("two@1",), "the made-up rows of two are out since real files came"),
        ([ONE, TWO, ("two/issuances", "two@2")], [ONE], ("two@1",), "no row comes any more from files of two"),
        ([TWO, ("six/issuances", "six@1")], [ONE], ("six@1",), "of two: .*; the made-up rows of six are out"),
    ],
)
def test_registries_that_are_gone_are_named(tmp_path, was, now, gave_way, said):
    folders = version(tmp_path, "was", was), version(tmp_path, "now", now)
    with duckdb.connect() as con:
        why = coverage.why_fewer(con, *folders, frozenset(gave_way))
    assert (why is None) == (said is None)
    assert said is None or re.search(said, why)


def test_a_registry_is_covered_by_its_projects_alone_and_not_by_what_stewards_assert(tmp_path):
    asserted = ("configs/curated_projects", "configs/curated_projects")
    was = version(tmp_path, "was", [ONE], [("two/projects", "two@1"), asserted])
    now = version(tmp_path, "now", [ONE], [("two/projects", "two@2")])
    with duckdb.connect() as con:
        assert coverage.why_fewer(con, was, now, frozenset()) is None
