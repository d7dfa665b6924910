"""Findings as assets: one check per rule, which warns, shows the heaviest rows, and holds nothing back."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg
import pyarrow as pa
from dagster_duckdb import DuckDBResource

from carbon_assets.base import column_types, store
from carbon_assets.history import schema as history_schema
from carbon_assets.integrity import assets, double_counting, findings
from carbon_assets.integrity.subject import SUBJECT
from carbon_assets.platform import rules
from carbon_assets.platform.site import Site
from carbon_assets.snapshots import schema as snapshots_schema
from carbon_assets.unified import schema as unified_schema
from tests.kit.building import settings_in
from tests.kit.findings_tables import event, project, write

KEY = dg.AssetKey(["harmonized", "things"])
RULES = rules.Rules("rule", {"too much": "Never more than one.", "too late": "Never after noon."}, ("what", "quantity"))
THINGS = pa.table(
    {
        "rule": ["too much", "too much", "too much"],
        "what": ["a|b", None, "c\nd"],
        "quantity": pa.array([2, None, 30], column_types.TONNES),
    }
)


def test_each_rule_is_a_check():
    assert [(spec.name, spec.description, spec.blocking) for spec in rules.specs(KEY, RULES)] == [
        ("too_much", "Never more than one.", False),
        ("too_late", "Never after noon.", False),
    ]
    assert rules.specs(KEY, None) == rules.results(KEY, THINGS, None) == []


def test_a_broken_rule_warns_with_rows_tonnes_and_the_heaviest_first():
    much, late = rules.results(KEY, THINGS, RULES)
    assert (much.passed, much.severity, late.passed) == (False, dg.AssetCheckSeverity.WARN, True)
    assert (much.metadata["rows"].value, much.metadata["tonnes"].value) == (3, 32.0)
    assert much.metadata["heaviest"].value.splitlines() == [
        "what | quantity", "--- | ---", "c d | 30.000000", "a/b | 2.000000", " | ",
    ]  # fmt: skip
    assert set(late.metadata) == {"rows", "tonnes"}


def test_no_more_rows_are_shown_than_one_can_read():
    things = pa.concat_tables([THINGS] * 20)
    (much, _) = rules.results(KEY, things, RULES)
    assert much.metadata["rows"].value == 60
    assert len(much.metadata["heaviest"].value.splitlines()) == rules.MAX_ROWS_SHOWN + 2


def test_the_assets_make_their_tables_and_warn(tmp_path):
    settings = settings_in(tmp_path)
    credits = [
        event("i", "issuance", quantity=100, vintage=2020, transaction_date="2021-01-01", issued_on=None),
        event("r", "retirement", quantity=10, vintage=2020, issued_on="2021-01-01", transaction_date="2020-12-31",
              serial_number="ACR-US-1-2020-5-1 to 9"),
        event("c", "cancellation", quantity=5, vintage=2020, transaction_date="2022-01-01",
              cancellation_reason="Convert to Ecology offset credits"),
    ]  # fmt: skip
    write(settings.table("harmonized", "credits"), credits, unified_schema.UNIFIED_CREDITS)
    write(settings.table("harmonized", "projects"), [project("ACR1", None, None)], unified_schema.UNIFIED_PROJECTS)
    write(settings.table("harmonized", "project_history"), [], history_schema.PROJECT_HISTORY)
    write(settings.table("harmonized", "snapshots"), [], snapshots_schema.SNAPSHOTS)
    built = assets.build(Site(settings, (SUBJECT,))).assets
    done = dg.materialize(built, resources={"duckdb": DuckDBResource(database=":memory:")})
    assert done.success
    evaluations = {check.check_name: check for check in done.get_asset_check_evaluations()}
    failed = {name for name, check in evaluations.items() if not check.passed}
    assert failed == {"ended_before_its_issuance", "quantity_differs_from_its_serial"}
    assert all(evaluations[name].severity == dg.AssetCheckSeverity.WARN for name in failed)
    assert {rule.name for rule in findings.RULES} <= set(evaluations)
    assert {name.replace(", ", "_").replace(" ", "_") for name in double_counting.FAULTS} <= set(evaluations)
    tables = ("serial_blocks", "credit_findings", "double_counting_findings", "replaced_at_host")
    assert [len(store.read(settings.table("harmonized", table))) for table in tables] == [1, 2, 1, 0]


def test_the_history_of_projects_tells_of_crediting_periods_that_are_over(tmp_path):
    settings = settings_in(tmp_path)
    write(settings.table("harmonized", "credits"), [], unified_schema.UNIFIED_CREDITS)
    write(
        settings.table("harmonized", "projects"),
        [project("ACR1", "2018-01-01", "2027-12-31")],
        unified_schema.UNIFIED_PROJECTS,
    )
    before = project("ACR1", "2010-01-01", "2019-12-31", valid_from=datetime(2015, 1, 1, tzinfo=UTC))
    write(settings.table("harmonized", "project_history"), [before], history_schema.PROJECT_HISTORY)
    write(settings.table("harmonized", "snapshots"), [], snapshots_schema.SNAPSHOTS)
    built = assets.build(Site(settings, (SUBJECT,))).assets
    assert dg.materialize(built, resources={"duckdb": DuckDBResource(database=":memory:")}).success
    (row,) = store.read(settings.table("harmonized", "credit_findings")).to_pylist()
    assert row["rule"] == "crediting_periods_overlap"
    (definition,) = [asset for asset in built if asset.key == assets.CREDIT_FINDINGS]
    assert dg.AssetKey(["harmonized", "project_history"]) in definition.asset_deps[assets.CREDIT_FINDINGS]
