"""Totals by registry and transaction type, worked out from the raw files with none of our code, equal the marts' totals
plus what is in quarantine, to the last tonne."""

import csv
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest


def _rows(drop: Path, name: str) -> list[dict[str, str]]:
    path = drop / name
    encoding = "windows-1252" if b"\xf3" in path.read_bytes() and not _is_utf8(path) else "utf-8-sig"
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


def _is_utf8(path: Path) -> bool:
    try:
        path.read_bytes().decode()
    except UnicodeDecodeError:
        return False
    return True


def _tonnes(cell: str) -> Decimal:
    try:
        return Decimal(cell.replace(",", ""))
    except ArithmeticError:
        return Decimal(0)


SIMPLE = {
    "american-carbon-registry/issuances.csv": ("issuance", "Total Credits Issued"),
    "american-carbon-registry/retirements.csv": ("retirement", "Quantity of Credits"),
    "american-carbon-registry/cancellations.csv": ("cancellation", "Quantity of Credits"),
    "climate-action-reserve/issuances.csv": ("issuance", "Total Offset Credits Issued"),
    "climate-action-reserve/retirements.csv": ("retirement", "Quantity of Offset Credits"),
    "climate-action-reserve/cancellations.csv": ("cancellation", "Quantity of Offset Credits"),
    "art-trees/issuances.csv": ("issuance", "Credits Verified"),
    "art-trees/retirements.csv": ("retirement", "Quantity of Credits"),
    "art-trees/cancellations.csv": ("cancellation", "Quantity of Credits"),
    "gold-standard/issuances.csv": ("issuance", "Quantity"),
    "cercarbono/issuances.csv": ("issuance", "issued_quantity"),
    "cercarbono/retirements.csv": ("retirement", "quantity"),
    "isometric/issuances.csv": ("issuance", "credit_batch_size_total.credits"),
    "isometric/retirements.csv": ("retirement", "credit_batch_size_total.credits"),
}
ARB_RETIRED = [
    "Retired Voluntarily", "Retired 1st Compliance Period (CA)", "Retired 2nd Compliance Period (CA)",
    "Retired 3rd Compliance Period (CA)", "Retired 4th Compliance Period (CA)", "Retired 5th Compliance Period (CA)",
    "Retired for Compliance in Quebec",
]  # fmt: skip
ARB_CANCELLED = ["Invalidated or Canceled", "Buffer Pool Retired", "Retired for Intentional Reversal"]


def expected_totals(drop: Path) -> dict[tuple[str, str], Decimal]:
    """(source, transaction type) -> tonnes in the raw files, bad rows included."""
    totals: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for name, (kind, column) in SIMPLE.items():
        totals[name.removesuffix(".csv"), kind] += sum(_tonnes(row[column]) for row in _rows(drop, name))
    for row in _rows(drop, "gold-standard/retirements.csv"):
        kind = "cancellation" if row["Credit Status"] == "Canceled" else "retirement"
        totals["gold-standard/retirements", kind] += _tonnes(row["Quantity"])
    blocks: dict[tuple, Decimal] = {}
    for row in _rows(drop, "verra/transactions.csv"):
        block = (row["ID"], row["Vintage Start"], row["Vintage End"])
        blocks[block] = max(blocks.get(block, Decimal(0)), _tonnes(row["Total Vintage Quantity"]))
        if row["Retirement/Cancellation Date"]:
            totals["verra/transactions", "retirement"] += _tonnes(row["Quantity Issued"])
    totals["verra/transactions", "issuance"] = sum(blocks.values(), Decimal(0))
    for row in _rows(drop, "arb/nc-arboc_issuance_sheet3.csv"):
        totals["arb/issuances", "issuance"] += _tonnes(row["ARB Offset Credits Issued"] or "0")
        totals["arb/issuances", "retirement"] += sum(_tonnes(row[c] or "0") for c in ARB_RETIRED)
        totals["arb/issuances", "cancellation"] += sum(_tonnes(row[c] or "0") for c in ARB_CANCELLED)
    return {key: tonnes for key, tonnes in totals.items() if tonnes}


def made_totals(made) -> dict[tuple[str, str], Decimal]:
    """The same of the harmonized credits and the quarantine."""
    data = made.settings.data
    totals: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    credits = duckdb.execute(
        f"select source, transaction_type, sum(quantity) from '{data}/harmonized/credits.parquet' group by all"
    ).fetchall()
    for source, kind, tonnes in credits:
        totals[source, kind] += tonnes
    kinds = {
        "transactions": "retirement",
        "issuances": "issuance",
        "retirements": "retirement",
        "cancellations": "cancellation",
    }
    quarantined = duckdb.execute(
        f"""select registry || '/' || "table", "table", sum(quantity) from '{data}/quarantine/*/*.parquet'
        where quantity is not null group by all"""
    ).fetchall()
    for source, table, tonnes in quarantined:
        totals[source, kinds[table]] += tonnes
    return {key: tonnes for key, tonnes in totals.items() if tonnes}


WHICH = pytest.mark.parametrize("which", ["sample_run", pytest.param("real_run", marks=pytest.mark.slow)])


@WHICH
def test_totals_reconcile_with_the_raw_files(which, request):
    made = request.getfixturevalue(which)
    assert made_totals(made) == expected_totals(made.settings.drop)


@WHICH
def test_marts_hold_all_harmonized_tonnes_but_those_that_arb_replaces(which, request):
    """Project by project: what gives way at its host registry is listed, and nothing else is missing."""
    made = request.getfixturevalue(which)
    layer = made.settings.data / "harmonized"
    harmonized = duckdb.execute(f"""
        select project_id, transaction_type, sum(quantity) from (
            select project_id, transaction_type, quantity from '{layer}/credits.parquet'
            union all
            select project_id, transaction_type, -quantity from '{layer}/replaced_at_host.parquet'
        )
        group by all having sum(quantity) <> 0 order by all
    """).fetchall()
    marts = duckdb.execute(f"""
        select project_id, transaction_type, sum(quantity) from '{made.settings.data}/marts/credits.parquet'
        group by all having sum(quantity) <> 0 order by all
    """).fetchall()
    assert marts == harmonized
    (replaced,) = duckdb.execute(f"select count(*) from '{layer}/replaced_at_host.parquet'").fetchone()
    assert replaced


@WHICH
def test_projects_sum_up_their_credits(which, request):
    made = request.getfixturevalue(which)
    wrong = made.sql("""
        with sums as (
            select project_id,
                sum(quantity) filter (transaction_type = 'issuance') as issued,
                sum(quantity) filter (transaction_type = 'retirement') as retired,
                sum(quantity) filter (transaction_type = 'cancellation') as cancelled
            from marts.credits group by 1
        )
        select * from marts.projects p left join sums s using (project_id)
        where p.issued <> coalesce(s.issued, 0) or p.retired <> coalesce(s.retired, 0)
            or p.cancelled <> coalesce(s.cancelled, 0) or p.outstanding <> p.issued - p.retired - p.cancelled
    """)
    assert wrong == []
