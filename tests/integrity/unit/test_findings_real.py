"""The rules on what registries really publish: nothing is wrong there, and each defect put into it is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from carbon_assets.base import store
from carbon_assets.integrity import conversions as conversion_words
from carbon_assets.integrity import double_counting, findings, serial_blocks
from carbon_assets.integrity import schema as integrity_schema
from carbon_assets.integrity.rules import load_rules
from carbon_assets.registries import drops
from carbon_assets.unified import harmonize
from carbon_assets.unified import schema as unified_schema
from tests.kit.building import CONFIGS, normalized
from tests.kit.findings_tables import connection, registries, snapshots_of
from tests.kit.places import REAL_DATA

DROP = REAL_DATA / "registries"
OBSERVED = datetime(2026, 5, 1, tzinfo=UTC)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DROP.is_dir(), reason="no real registry data beside this checkout"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The harmonized tables of the real drop."""
    home = tmp_path_factory.mktemp("real")
    tables: dict[str, list[Path]] = {"projects": [], "credits": []}
    for registry in registries().values():
        own_projects = None
        for table, spec in registry.tables.items():
            file = drops.find(DROP, registry.id, spec)
            rows = normalized(
                registry, table, file.read_bytes(), file=file.name, observed_at=OBSERVED,
                projects=own_projects,
            ).rows  # fmt: skip
            own_projects = rows if table == "projects" else own_projects
            path = home / f"{registry.id}.{table}.parquet"
            store.write(path, rows, spec.canonical)
            tables[spec.holds].append(path)
    known = harmonize.registries_table(registries())
    with connection() as con:
        store.write(
            home / "credits.parquet",
            harmonize.unify_credits(con, tables["credits"], known, CONFIGS),
            unified_schema.UNIFIED_CREDITS,
        )
    with connection() as con:
        rows = harmonize.unify_projects(con, tables["projects"], home / "credits.parquet", known, CONFIGS)
        store.write(home / "projects.parquet", rows, unified_schema.UNIFIED_PROJECTS)
    return home


@pytest.fixture(scope="module")
def credits(folder) -> list[dict]:
    return store.read(folder / "credits.parquet").to_pylist()


def broken(rows: list[dict], folder: Path, scratch: Path) -> list[dict]:
    """What the rules find in these credits, with the real projects."""
    path, blocks = scratch / "credits.parquet", scratch / "blocks.parquet"
    store.write(path, pa.Table.from_pylist(rows, schema=unified_schema.UNIFIED_CREDITS), unified_schema.UNIFIED_CREDITS)
    with connection() as con:
        store.write(blocks, serial_blocks.blocks(con, path, registries()), integrity_schema.SERIAL_BLOCKS)
        return findings.findings(
            con, path, folder / "projects.parquet", blocks, registries(), None, load_rules(CONFIGS)
        ).to_pylist()


def unmatched(rows: list[dict], scratch: Path) -> set[tuple]:
    path = scratch / "credits.parquet"
    store.write(path, pa.Table.from_pylist(rows, schema=unified_schema.UNIFIED_CREDITS), unified_schema.UNIFIED_CREDITS)
    taken = snapshots_of(scratch, rows, "2027-01-01")
    with connection() as con:
        limits = load_rules(CONFIGS).double_counting
        rows = double_counting.findings(
            con, path, taken, conversion_words.load(CONFIGS, registries()), limits
        ).to_pylist()
    return {tuple(row.values()) for row in rows}


def test_nothing_breaks_a_rule(credits, folder, tmp_path):
    # 13 of them beside another of the same issuance that has other labels.
    assert len(credits) == 1520
    assert broken(credits, folder, tmp_path) == []


def test_every_serial_number_of_the_drop_has_a_form(folder):
    with connection() as con:
        blocks = serial_blocks.blocks(con, folder / "credits.parquet", registries()).to_pylist()
    assert [block["serial_number"] for block in blocks if block["form"] is None] == []
    ranged = [block for block in blocks if block["serial_start"] is not None]
    assert len(ranged) == 711  # of the file's 811, 100 of Verra's are not retired and have no event of their own


FROM = [
    "verra/transactions",
    "gold-standard/retirements",
    "american-carbon-registry/cancellations",
    "climate-action-reserve/retirements",
    "art-trees/retirements",
]


def pick(credits: list[dict], source: str) -> dict:
    """A row of more than one unit, from the middle of what a source publishes."""
    dated = [row for row in credits if row["source"] == source and row["transaction_date"]]
    rows = [row for row in dated if row["serial_start"] and row["quantity"] > 1]
    return rows[len(rows) // 2]


def named(rows: list[dict]) -> set[tuple]:
    return {(row["rule"], row["credit_id"]) for row in rows}


@pytest.mark.parametrize("source", FROM)
@pytest.mark.parametrize("by", [1, -1])
def test_an_end_shifted_by_one(source, by, credits, folder, tmp_path):
    row = pick(credits, source)
    end = str(row["serial_end"])
    number = (str(row["serial_end"] + by)).join(row["serial_number"].rsplit(end, 1))
    if source.startswith("verra"):
        number = row["serial_number"].replace(f"-{end}-", f"-{row['serial_end'] + by}-", 1)
    rows = [{**row, "serial_number": number} if other is row else other for other in credits]
    told = broken(rows, folder, tmp_path)
    assert named(told) == {("quantity_differs_from_its_serial", row["credit_id"])}
    assert [finding["quantity"] for finding in told] == [1]


@pytest.mark.parametrize("source", FROM)
def test_a_duplicated_block(source, credits, folder, tmp_path):
    row = pick(credits, source)
    again = {**row, "credit_id": "again", "transaction_date": row["transaction_date"] + timedelta(1)}
    told = broken([*credits, again], folder, tmp_path)
    assert named(told) == {("units_ended_twice", "again")}
    assert [(finding["other_credit_id"], finding["quantity"]) for finding in told] == [
        (row["credit_id"], row["quantity"])
    ]


@pytest.mark.parametrize("source", ["american-carbon-registry/cancellations", "art-trees/cancellations"])
def test_an_overlap_across_files(source, credits, folder, tmp_path):
    """The last units of a cancellation are retired as well."""
    row = pick(credits, source)
    key, start, end = row["serial_key"], row["serial_end"] - 1, row["serial_end"]
    other = {
        **row, "credit_id": "other", "transaction_type": "retirement", "quantity": 2,
        "source": source.replace("cancellations", "retirements"),
        "serial_number": f"{key}-{start} to {end}", "serial_start": start,
    }  # fmt: skip
    told = broken([*credits, other], folder, tmp_path)
    assert named(told) == {("units_ended_twice", "other")}
    assert [(finding["other_credit_id"], finding["quantity"]) for finding in told] == [(row["credit_id"], 2)]


@pytest.mark.parametrize(
    "source", ["verra/transactions", "american-carbon-registry/retirements", "gold-standard/retirements"]
)
def test_a_retirement_moved_before_its_issuance(source, credits, folder, tmp_path):
    row = next(row for row in credits if row["source"] == source and row["transaction_type"] == "retirement")
    moved = {**row, "transaction_date": row["issued_on"] - timedelta(1)}
    rows = [moved if other is row else other for other in credits]
    assert named(broken(rows, folder, tmp_path)) == {("ended_before_its_issuance", row["credit_id"])}


def test_a_retirement_moved_before_the_first_issuance(credits, folder, tmp_path):
    issued = {
        (row["project_id"], row["vintage"]): row["transaction_date"]
        for row in sorted(credits, key=lambda row: str(row["transaction_date"]), reverse=True)
        if row["source"] == "climate-action-reserve/issuances"
    }
    row = next(
        row for row in credits
        if row["source"] == "climate-action-reserve/retirements" and (row["project_id"], row["vintage"]) in issued
    )  # fmt: skip
    moved = {**row, "transaction_date": issued[row["project_id"], row["vintage"]] - timedelta(1)}
    rows = [moved if other is row else other for other in credits]
    assert named(broken(rows, folder, tmp_path)) == {("ended_before_the_first_issuance", row["credit_id"])}


def conversions(credits: list[dict]) -> list[tuple[dict, dict]]:
    """The cancellations of projects in the ARB table, each with the issuance that agrees with it, found the naive way."""
    issued = [row for row in credits if row["is_host_replacement"] and row["transaction_type"] == "issuance"]
    key = ("project_id", "vintage", "quantity")
    words = ("Convert to ARB offset credits", "ARB")
    return [
        (row, other)
        for row in credits if row["cancellation_reason"] in words
        for other in issued if all(row[name] == other[name] for name in key)
    ]  # fmt: skip


def test_the_real_conversions_match(credits, tmp_path):
    pairs = conversions(credits)
    assert len(pairs) == 10
    told = {cell for row in unmatched(credits, tmp_path) for cell in row}
    assert not told & {row["credit_id"] for pair in pairs for row in pair}


def test_a_reissued_conversion(credits, tmp_path):
    before = unmatched(credits, tmp_path)
    cancelled, issued = conversions(credits)[4]
    again = {
        **issued,
        "credit_id": "again",
        "serial_number": "CAOD9999-Z",
        "transaction_date": issued["transaction_date"] + timedelta(9),
    }
    (new,) = unmatched([*credits, again], tmp_path) - before
    row = dict(zip(integrity_schema.DOUBLE_COUNTING_FINDINGS.names, new, strict=True))
    assert (row["status"], row["issuance_id"], row["cancellation_id"], row["quantity"]) == (
        "issued more than once", "again", cancelled["credit_id"], issued["quantity"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("lost", "status"), [(0, "issued, not cancelled"), (1, "cancelled, not issued")], ids=["cancellation", "issuance"]
)
def test_half_a_conversion(lost, status, credits, tmp_path):
    before = unmatched(credits, tmp_path)
    pair = conversions(credits)[4]
    (new,) = unmatched([row for row in credits if row is not pair[lost]], tmp_path) - before
    assert new[0] == status
    assert pair[1 - lost]["credit_id"] in new


def test_a_conversion_of_another_quantity(credits, tmp_path):
    before = unmatched(credits, tmp_path)
    cancelled, issued = conversions(credits)[4]
    less = {**cancelled, "quantity": cancelled["quantity"] - 1}
    (new,) = unmatched([less if row is cancelled else row for row in credits], tmp_path) - before
    row = dict(zip(integrity_schema.DOUBLE_COUNTING_FINDINGS.names, new, strict=True))
    assert (row["status"], row["quantity"]) == ("quantity differs", 1)
    assert (row["cancellation_id"], row["issuance_id"]) == (cancelled["credit_id"], issued["credit_id"])
