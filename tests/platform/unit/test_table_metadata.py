"""What a materialized table says of itself in Dagster."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from carbon_assets.base import column_types
from carbon_assets.platform import gates


def test_words_are_counted_and_rows_without_one_are_told():
    rows = pa.table({"method": ["pattern", None, "alias", "pattern", None, "pattern"]})
    assert gates.word_counts(rows, "method") == {"pattern": 3, "none": 2, "alias": 1}


def quantities(**columns: list[str]) -> pa.Table:
    tonnes = pa.array([Decimal("1.5"), Decimal(2), Decimal(4)], column_types.TONNES)
    return pa.table({"quantity": tonnes, **columns})


def test_tonnes_are_summed_by_transaction_type():
    metadata = gates.table_metadata(
        Path("t.parquet"), quantities(transaction_type=["retirement", "issuance", "retirement"])
    )
    assert metadata["dagster/row_count"] == 3
    assert (metadata["tonnes_retirement"], metadata["tonnes_issuance"]) == (5.5, 2)


def test_tonnes_without_transaction_types_are_left_alone():
    metadata = gates.table_metadata(Path("t.parquet"), quantities())
    assert metadata == {"dagster/row_count": 3, "dagster/uri": "t.parquet"}
