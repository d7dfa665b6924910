"""What holds a table back: an expectation that is critical and fails, and no other."""

from __future__ import annotations

import dagster as dg
import pyarrow as pa
import pytest

from carbon_assets.base.suites import Expectation
from carbon_assets.platform import gates

KEY = dg.AssetKey(["harmonized", "things"])
WITHOUT_ID = pa.table({"id": ["a", None]})


def needs_id(severity: str) -> Expectation:
    return Expectation(
        "id_is_there", "expect_column_values_to_not_be_null", {"column": "id"}, severity, "An id is needed."
    )


def test_a_critical_expectation_that_fails_holds_the_table_back():
    results = gates.gated(KEY, WITHOUT_ID, [needs_id("critical")])
    result = next(results)
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.ERROR)
    with pytest.raises(dg.Failure, match=r"harmonized/things is not written, .* id_is_there: An id is needed"):
        next(results)


def test_a_warning_that_fails_is_told_and_holds_nothing_back():
    (result,) = gates.gated(KEY, WITHOUT_ID, [needs_id("warning")])
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert result.description.startswith("1 rows")


def test_what_is_held_back_is_named_without_the_warnings_beside_it():
    with pytest.raises(dg.Failure) as raised:
        list(gates.gated(KEY, WITHOUT_ID, [needs_id("critical"), needs_id("warning")]))
    assert raised.value.description.count("id_is_there") == 1
