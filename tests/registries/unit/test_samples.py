"""The samples are what their README says: which rows are bad, and how many tonnes the good ones come to.

The tables are read from the README itself, so that it cannot drift from the files.
"""

import re
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from carbon_assets.registries.normalize import Normalized
from tests.kit.sample_tables import SAMPLES, Sample, samples

README = (SAMPLES / "README.md").read_text()
WHOLE_ROW = "(whole row)"
TYPES = ("issuance", "retirement", "cancellation")


def table_under(heading: str) -> list[dict[str, str]]:
    """The Markdown table below a heading of the README, a row as a dict."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    header, _, *rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("|")
    ]
    return [dict(zip(header, row, strict=True)) for row in rows]


TONNES = table_under("Tonnes")


@pytest.fixture(scope="module")
def results(normalized) -> list[tuple[Sample, Normalized]]:
    """What every sample comes to."""
    return [(sample, normalized(sample)) for sample in samples()]


@pytest.fixture(scope="module")
def credits(results) -> dict[str, pa.Table]:
    """All credits of each registry."""
    by_registry = {}
    for sample, result in results:
        if sample.spec.holds == "credits":
            by_registry.setdefault(sample.registry.id, []).append(result.rows)
    return {registry: pa.concat_tables(tables) for registry, tables in by_registry.items()}


def test_the_bad_rows_are_those_of_the_readme_and_no_others(results):
    stated = {row["file:line"]: (row["column"], row["value"].strip("`")) for row in table_under("Bad rows")}
    found = {}
    for sample, result in results:
        for fault in result.quarantine.to_pylist():
            place = f"{sample.registry.id}/{fault['file']}:{fault['line']}"
            is_whole = stated.get(place, ("",))[0] == WHOLE_ROW
            found[place] = stated[place] if is_whole else (fault["column"], fault["value"])
    assert len(stated) >= 8
    assert found == stated


def rows_of(source: str, credits: dict[str, pa.Table]) -> pa.Table:
    """The credits that a row of the table is about: `<registry>[, its own files | , without ... | , <prefix> ids]`."""
    name, _, part = source.partition(", ")
    rows = credits[registry_called(name)]
    projects = rows.column("project_id")
    if part.startswith("without the projects in the ARB table"):
        return rows.filter(pc.invert(pc.is_in(projects, credits["arb"].column("project_id").combine_chunks())))
    if prefix := re.fullmatch(r"(\w+) ids", part):
        return rows.filter(pc.starts_with(projects, prefix.group(1)))
    assert part in ("", "its own files")
    return rows


def registry_called(name: str) -> str:
    """The id of a registry by its id, name or prefix."""
    called = {}
    for sample in samples():
        registry = sample.registry
        called |= dict.fromkeys([registry.id.upper() + " table", registry.name, registry.project_prefix], registry.id)
    return called[name]


@pytest.mark.parametrize("row", TONNES, ids=[row["source"] for row in TONNES])
def test_tonnes_and_counts_are_those_of_the_readme(row, credits):
    rows = rows_of(row["source"], credits)
    found = {}
    for type_, tonnes, count in zip(
        TYPES, ("issued", "retired", "cancelled"), ("issuances", "retirements", "cancellations"), strict=True
    ):
        chosen = rows.filter(pc.equal(rows.column("transaction_type"), type_)).column("quantity")
        found |= {tonnes: pc.sum(chosen).as_py() or Decimal(0), count: len(chosen)}
    assert found == {name: Decimal(cell.replace(",", "")) for name, cell in row.items() if name != "source"}


def test_every_registry_with_credits_has_a_row_of_tonnes(credits):
    assert {registry_called(row["source"].partition(", ")[0]) for row in TONNES} == set(credits)
