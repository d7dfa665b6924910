"""The suites of `expectations/`: every table has one, every suite has a table, and what it says can be understood.

Great Expectations only logs a type that it does not know and leaves the expectation out, so a typing error would open
a gate in silence. And a gate that cannot fail is none: every critical expectation is seen to fail here on a valid table
that was broken in just the way that it forbids.
"""

import dataclasses
import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from carbon_assets.base import suites
from carbon_assets.base.settings import Settings
from carbon_assets.base.suites import Expectation, SuiteError
from carbon_assets.platform import check, gates, graph, schemas
from carbon_assets.platform.site import Site
from carbon_assets.publishing import models
from carbon_assets.registries import events
from tests.kit.effort import is_thorough
from tests.kit.project_tables import HOME, SHAPES, all_tables, columns_of, shape_of
from tests.kit.sample_tables import Sample, normalizer, samples

EXPECTATIONS = HOME / "expectations"
TABLES = all_tables()
MARTS = models.marts(HOME / "dbt_project")
HARMONIZED = {key: table.columns for key, table in schemas.tables().items()}
SUITES = {**TABLES, **{key: columns_of(shape) for key, shape in SHAPES.items()}}

# --- what can be wrong with the suites as files ---------------------------------------------------------------------


def suite_keys(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.json"))


def tables_without_suite(folder: Path, tables: Iterable[str]) -> list[str]:
    return sorted(set(tables) - set(suite_keys(folder)))


def test_every_table_has_a_suite():
    """A mart may have all of its own from the table whose rows it passes on."""
    without = tables_without_suite(EXPECTATIONS, TABLES)
    assert [key for key in without if not (key.startswith("marts/") and suite_of(key))] == []


def test_every_suite_guards_a_table_or_a_shape_and_is_understood():
    """Its name, the columns, types and arguments of its expectations: as `carbon check` says."""
    assert list(check.faults_of_suites(EXPECTATIONS, SUITES)) == []


def test_what_is_accepted_by_schema_is_accepted_by_great_expectations():
    for key in suite_keys(EXPECTATIONS):
        suites.build_suite(suites.load_suite(EXPECTATIONS / f"{key}.json"))


@pytest.mark.parametrize("key", TABLES)
def test_a_tables_suites_go_together(key, project_settings):
    """Names of expectations are names of checks, which must be distinct within a table."""
    expectations = suite_of(key)
    names = [expectation.name for expectation in expectations]
    assert len(set(names)) == len(names)
    own = suites.load_suites(suites.suite_paths(project_settings, *key.split("/"), shape=shape_of(key)))
    assert [expectation for expectation in own if expectation not in expectations] == []
    assert any(expectation.is_critical for expectation in expectations)


# --- once, not twice ------------------------------------------------------------------------------------------------


PASSING = [name for name, mart in MARTS.items() if mart.rows_of]


@pytest.mark.parametrize("name", PASSING)
def test_a_mart_is_held_against_all_that_blocks_the_table_whose_rows_it_has(name):
    mart = MARTS[name]
    upstream = suites.load_suite(EXPECTATIONS / f"{mart.rows_of}.json")
    about = [e for e in upstream if e.is_critical and set(e.columns) <= set(TABLES[f"marts/{name}"])]
    assert about
    assert {e.name for e in about} <= {e.name for e in suite_of(f"marts/{name}")}


def repeated(upstream: list[Expectation], own: list[Expectation]) -> list[str]:
    """Expectations of a mart's own file that only say again what it has from upstream."""
    return [
        e.name for e in own if any((e.type, e.kwargs, e.severity) == (u.type, u.kwargs, u.severity) for u in upstream)
    ]


@pytest.mark.parametrize("name", [name for name in PASSING if (EXPECTATIONS / "marts" / f"{name}.json").exists()])
def test_a_marts_own_suite_repeats_nothing(name):
    upstream = suites.load_suite(EXPECTATIONS / f"{MARTS[name].rows_of}.json")
    assert repeated(upstream, suites.load_suite(EXPECTATIONS / "marts" / f"{name}.json")) == []


def decided_before(sample: Sample, own: list[Expectation]) -> list[str]:
    """Expectations of a normalized table that hold by construction: rows with another id are set aside, constants are constant."""
    is_made_by_a_hook = events.hook(sample.registry, sample.table) is not None
    columns = {"project_id"} | (set() if is_made_by_a_hook else set(sample.spec.constants))
    return [e.name for e in own if set(e.columns) & columns and "null" not in e.type and "unique" not in e.type]


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.id)
def test_a_registrys_own_suite_expects_nothing_that_cannot_fail(sample):
    assert decided_before(sample, suites.load_suite(EXPECTATIONS / "normalized" / f"{sample.id}.json")) == []


def expectation(name: str, *columns: str, severity: str = "critical", type_: str = "expect_it") -> Expectation:
    return Expectation(name, type_, {"column_list": list(columns)}, severity, "For a test.")


def test_what_blocks_is_inherited_as_far_as_the_columns_go():
    upstream = [
        expectation("has_rows"),
        expectation("of_a_column", "a"),
        expectation("of_a_column_that_is_not_passed_on", "a", "gone"),
        expectation("warns", "a", severity="warning"),
        expectation("said_anew", "b"),
    ]
    own = [expectation("said_anew", "b", type_="expect_more"), expectation("of_its_own", "c")]
    assert suites.inherited(upstream, ["a", "b", "c"], own) == [*upstream[:2], *own]


def test_a_repetition_is_found():
    upstream = [expectation("a_is_given", "a")]
    assert repeated(upstream, [expectation("of_another_name", "a"), expectation("other", "b")]) == ["of_another_name"]


# --- the functions above find what they look for --------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder of suites with nothing wrong."""
    write_suite(tmp_path, "marts/things", "expect_column_values_to_not_be_null", {"column": "thing_id"})
    return tmp_path


THINGS = {"marts/things": {"thing_id": "varchar", "area_ha": "double", "seen_on": "date"}}


def write_suite(folder: Path, key: str, type_: str, kwargs: dict, name: str | None = None) -> None:
    expectation = {
        "type": type_, "kwargs": kwargs, "severity": "critical", "notes": "For a test.", "meta": {"name": "a_check"},
    }  # fmt: skip
    path = folder / f"{key}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"name": name or key.replace("/", "."), "expectations": [expectation]}, indent=1))


def faults(folder: Path) -> list[str]:
    return [fault.removeprefix(f"{folder}/") for fault in check.faults_of_suites(folder, THINGS)]


def test_nothing_is_found_where_nothing_is_wrong(folder):
    assert tables_without_suite(folder, THINGS) == faults(folder) == []


def test_a_table_without_suite_is_found(folder):
    assert tables_without_suite(folder, [*THINGS, "marts/forgotten"]) == ["marts/forgotten"]


def test_a_suite_for_no_table_is_found(folder):
    write_suite(folder, "marts/thing", "expect_column_values_to_be_unique", {"column": "thing_id"})
    (fault,) = faults(folder)
    assert fault.startswith("marts/thing.json: guards a table that there is not: table 'marts/thing' is not known")
    assert "the nearest known is 'marts/things'" in fault


def test_a_misnamed_suite_is_found(folder):
    write_suite(folder, "marts/things", "expect_column_values_to_be_unique", {"column": "thing_id"}, name="marts.thing")
    assert faults(folder) == ["marts/things.json: the suite is named 'marts.thing': name it 'marts.things'"]


@pytest.mark.parametrize(
    ("type_", "kwargs"),
    [
        ("expect_column_values_to_be_unique", {"column": "thingid"}),
        ("expect_compound_columns_to_be_unique", {"column_list": ["seen_on", "thingid"]}),
        ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "area_ha", "column_B": "thingid"}),
    ],
)
def test_a_misspelt_column_is_called_that_with_its_line(folder, type_, kwargs):
    write_suite(folder, "marts/things", type_, kwargs)
    (fault,) = faults(folder)
    assert fault.startswith(
        "marts/things.json, line 4: a_check: column 'thingid' is not known; the nearest known is 'thing_id': correct it"
    )


@pytest.mark.parametrize(
    ("type_", "kwargs", "said"),
    [
        ("expect_column_values_to_be_unike", {"column": "thing_id"}, "the nearest known is 'expect_column_values_to_be_unique'"),
        ("expect_column_values_to_be_unique", {"colunm": "thing_id"}, "the nearest known is 'column'"),
        ("expect_column_values_to_be_unique", {"column": "thing_id", "moistly": 0.9}, "the nearest known is 'mostly'"),
        ("expect_column_values_to_be_unique", {"column": "thing_id", "mostly": 9}, "mostly: 9"),
        ("expect_column_values_to_be_in_set", {"column": "thing_id", "value_set": "a"}, "value_set: 'a'"),
        ("expect_compound_columns_to_be_unique", {"column_list": ["thing_id"], "ignore_row_if": "nver"}, "'nver' is not one of"),
        ("expect_column_values_to_match_regex", {"column": "thing_id", "regex": "("}, "is no regular expression"),
        ("expect_column_values_to_match_regex", {"column": "area_ha", "regex": "."}, "'area_ha' is of the type double"),
        ("expect_column_values_to_be_between", {"column": "area_ha", "min_value": "2020-01-01"}, "'2020-01-01' is no value of it"),
        ("expect_column_values_to_be_between", {"column": "seen_on", "min_value": 7}, "is of the type date: min_value 7"),
    ],
)  # fmt: skip
def test_a_misspelt_type_or_an_argument_that_cannot_be_is_found(folder, type_, kwargs, said):
    write_suite(folder, "marts/things", type_, kwargs)
    found = faults(folder)
    assert found and all(fault.startswith("marts/things.json, line 4: a_check: ") for fault in found)
    assert any(said in fault for fault in found), found


def test_all_faults_of_a_suite_are_told_and_a_broken_file_hides_no_other(folder):
    write_suite(folder, "marts/things", "expect_column_values_to_be_unike", {"column": "thingid"})
    (folder / "marts" / "broken.json").write_text('{"name": "marts.broken",\n "expectations": [,]}')
    found = faults(folder)
    assert [fault.partition(":")[0] for fault in found] == [
        "marts/broken.json", "marts/broken.json, line 2", "marts/things.json, line 4", "marts/things.json, line 4"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "column"),
    [
        ("harmonized/projects", "project_id"),
        ("normalized/verra/projects", "country_raw"),
        ("normalized/credits", "quantity"),
        ("normalized/boundaries/shapes", "project_id"),
        ("harmonized/boundaries", "project_id"),
        ("marts/projects", "category"),
    ],
)
def test_a_run_that_meets_a_misspelt_column_calls_it_that(key, column, tmp_path, project_settings):
    """At load, before any data is judged: it must not look like data that broke a rule."""
    shutil.copytree(EXPECTATIONS, tmp_path / "expectations")
    path = tmp_path / "expectations" / f"{key}.json"
    path.write_text(path.read_text().replace(f'"column": "{column}"', f'"column": "{column}x"'))
    settings = dataclasses.replace(project_settings, expectations=tmp_path / "expectations")
    said = f"{key}.json, line .*: column '{column}x' is not known; the nearest known is '{column}'"
    with pytest.raises(SuiteError, match=said):
        graph.definitions(Site.of(settings))


# --- every critical expectation can fail ----------------------------------------------------------------------------

LABELS = [
    {"label": "CORSIA First Phase", "family": "CORSIA", "phase": "first phase", "spellings": "[CORSIA - First Phase]"},
    {"label": "Rare", "family": "Rare"},
]
SNAPSHOTS = [
    {"registry": "one", "table": "projects", "snapshot": "a", "state": "superseded", "sha256": "a"},
    {"registry": "one", "table": "projects", "snapshot": "b", "state": "in use", "sha256": "b", "columns": "[ID]"},
]
REGISTRY_CHANGES = [
    {"registry": "one", "table": "events", "from_snapshot": "a", "to_snapshot": "b", "record_key": "S-1-10",
     "observed_at": "2024-06-01 12:00:00+00", "project_id": "ONE1", "change": "changed",
     "change_class": "quantity restated", "is_retroactive": "true", "quantity": "7.5",
     "fields": "[{field: Tonnes, old: 10, new: 2.5}]"},
    {"registry": "one", "table": "projects", "from_snapshot": "a", "to_snapshot": "b", "record_key": "no key",
     "observed_at": "2024-06-01 12:00:00+00", "change": "appeared", "change_class": "unreadable row",
     "is_retroactive": "false", "fields": "[]"},
]  # fmt: skip
PROJECT_HISTORY = [
    {"project_id": "ONE1", "source": "one/projects", "snapshot_id": "a", "registry": "one", "status": "listed",
     "valid_from": "2024-01-01 00:00:00+00", "valid_to": "2024-02-01 00:00:00+00"},
    {"project_id": "ONE1", "source": "one/projects", "snapshot_id": "b", "registry": "one",
     "valid_from": "2024-02-01 00:00:00+00"},
]  # fmt: skip
TOTALS_HISTORY = [
    {"project_id": "ONE1", "source": "one/events", "snapshot_id": "a", "registry": "one", "valid_to": "2024-02-01 00:00:00+00",
     "valid_from": "2024-01-01 00:00:00+00", "transaction_type": "issuance", "transactions": "1", "quantity": "0"},
    {"project_id": "ONE1", "source": "one/events", "snapshot_id": "b", "registry": "one",
     "valid_from": "2024-02-01 00:00:00+00", "transaction_type": "issuance", "transactions": "2", "quantity": "7.5"},
]  # fmt: skip
ELIGIBILITY = [
    {"credit_id": "a", "project_id": "ONE1", "quantity": "10.5", "verdict": "not_eligible", "reason": "vintage_outside", "rule": "r",
     "contradicts_registry": "false"},
    {"credit_id": "b", "project_id": "ONE1", "quantity": "0", "verdict": "unknown", "reason": "no_rule", "contradicts_registry": "false"},
]  # fmt: skip
CREDIT_FINDINGS = [
    {"rule": "units_ended_twice", "registry": "one", "project_id": "ONE1", "credit_id": "a", "quantity": "0",
     "finding": "units 1 to 10 are retired in S-1-10 too"},
    {"rule": "crediting_periods_overlap", "project_id": "ONE1", "finding": "the period begins before another has ended"},
]  # fmt: skip
DOUBLE_COUNTING_FINDINGS = [
    {"status": "issued, not cancelled", "program": "arb", "registry": "one", "project_id": "ONE1", "quantity": "0",
     "finding": "issued on 2024-05-01"},
    {"status": "programme not known", "program": "ecy", "quantity": "7.5", "finding": "3 cancellations"},
]  # fmt: skip
REPLACED_AT_HOST = [
    {"credit_id": "a", "program": "arb", "registry": "one", "project_id": "ONE1", "vintage": "2020", "published": "10.5",
     "transaction_type": "issuance", "quantity": "7.5", "reason": "converted"},
    {"credit_id": "b", "program": "arb", "project_id": "ONE1", "transaction_type": "cancellation", "published": "0",
     "quantity": "0", "reason": "conversions not stated"},
]  # fmt: skip

BOUNDARIES = [
    {"project_id": "ONE1", "area_ha": "10.5", "area_geodesic_ha": "10.5", "parts": "1", "centroid_lon": "-60",
     "centroid_lat": "-3", "bbox_west": "-60.1", "bbox_south": "-3.1", "bbox_east": "-59.9", "bbox_north": "-2.9",
     "country_iso3": "BRA", "source_crs": "EPSG:4326", "crs_source": "format", "file": "ONE1.kml"},
    {"project_id": "TWO1", "area_ha": "3", "area_geodesic_ha": "3", "parts": "2", "centroid_lon": "180",
     "centroid_lat": "-17", "bbox_west": "179.9", "bbox_south": "-17.1", "bbox_east": "-179.9", "bbox_north": "-16.9",
     "source_crs": "ESRI:102033", "crs_source": "config", "file": "two.zip"},
]  # fmt: skip
BOUNDARY_REPAIRS = [
    {"project_id": "ONE1", "step_number": "1", "step": "2d", "parts_before": "2", "parts_after": "2", "holes_before": "0",
     "holes_after": "0", "area_before_ha": "11", "area_after_ha": "11", "delta_ha": "0"},
    {"project_id": "ONE1", "step_number": "2", "step": "slivers", "reason": "1 part below 1 ha", "parts_before": "2",
     "parts_after": "1", "holes_before": "0", "holes_after": "0", "area_before_ha": "11", "area_after_ha": "10.5",
     "delta_ha": "-0.5"},
]  # fmt: skip
BOUNDARY_OVERLAPS = [
    {"project_id": "ONE1", "other_project_id": "TWO1", "overlap_ha": "1.5", "share": "0.14", "other_share": "0.5",
     "overlaps_in_time": "true"},
    {"project_id": "ONE1", "other_project_id": "TWO2", "overlap_ha": "0.5", "share": "0.05", "other_share": "1"},
]  # fmt: skip
BOUNDARY_FINDINGS = [
    {"rule": "outside_its_country", "project_id": "ONE1", "value": "0.2", "bound": "0.95", "finding": "20 % in Peru"},
    {"rule": "file_not_usable", "finding": "a.kml: the file is empty", "file": "a.kml"},
]  # fmt: skip

SMALL = {
    "normalized/boundaries/shapes": [
        {"project_id": "ONE1", "feature": "1", "source_crs": "EPSG:4326", "crs_source": "format", "file": "ONE1.kml"},
        {"project_id": "TWO1", "feature": "2", "source_crs": "ESRI:102033", "crs_source": "config", "file": "two.zip"},
    ],
    "harmonized/boundaries": BOUNDARIES,
    "marts/boundaries": BOUNDARIES,
    "harmonized/boundary_repairs": BOUNDARY_REPAIRS,
    "marts/boundary_repairs": BOUNDARY_REPAIRS,
    "harmonized/boundary_overlaps": BOUNDARY_OVERLAPS,
    "marts/boundary_overlaps": BOUNDARY_OVERLAPS,
    "harmonized/boundary_repair_findings": BOUNDARY_FINDINGS,
    "harmonized/boundary_findings": BOUNDARY_FINDINGS,
    "marts/boundary_findings": BOUNDARY_FINDINGS,
    "harmonized/registries": [{"registry": "one", "name": "One"}, {"registry": "two", "name": "Two"}],
    "harmonized/labels": LABELS,
    "marts/labels": LABELS,
    "harmonized/placeholders": [
        {"is_test": "false", "project_id": "ONE7", "registry": "one", "name": "A Wood", "country_raw": "PE", "country": "Peru",
         "country_iso3": "PER", "facts_sources": "[one/retirements]"},
        {"is_test": "true", "project_id": "TWO7"},
    ],
    "harmonized/disputed_facts": [
        {"project_id": "ONE7", "registry": "one", "fact": "proponent", "value": text, "occurrences": "2",
         "sources": "[one/retirements]"}
        for text in ("Peat Inc.", "Peat Ltd.")
    ],
    "harmonized/projects": [
        {"project_id": "ONE1", "registry": "one", "status": "listed", "country_iso3": "BRA"},
        {"project_id": "TWO1", "registry": "two"},
    ],
    "harmonized/credits": [
        {"credit_id": "a", "registry": "one", "transaction_type": "issuance", "quantity": "10.5"},
        {"credit_id": "b", "registry": "two", "transaction_type": "retirement", "quantity": "0"},
    ],
    "harmonized/protocol_catalogue": [
        {"protocol": "vm0007", "program": "vcs", "program_name": "Verra", "title": "REDD+ Methodology Framework",
         "category": "forest", "is_broad": "true", "is_compliance": "false"},
        {"protocol": "ams-i-d", "program": "cdm", "program_name": "CDM", "title": "Grid connected generation",
         "category": "renewable-energy", "is_broad": "true", "is_compliance": "false", "other_ids": "[ams-1-d]"},
    ],
    "harmonized/protocols": [
        {"registry": "one", "protocol_raw": "VM0007", "outcome": "assigned", "protocols": "[vm0007]",
         "method": "code", "confidence": "1", "is_compliance": "false"},
        {"registry": "one", "outcome": "blank", "is_compliance": "false"},
        {"registry": "two", "protocol_raw": "VM0007", "outcome": "not understood", "unassigned": "[VM0007]",
         "is_compliance": "false"},
    ],
    "harmonized/project_types": [
        {"project_id": "ONE1", "project_type": "Unknown", "project_type_source": "none", "category": "unknown",
         "unknown_words": "[Kelp]"},
        {"project_id": "TWO1", "project_type": "REDD+", "project_type_source": "protocol", "category": "forest"},
    ],
    "harmonized/beneficiaries": [
        {"retirement_account": "Broker", "retirement_beneficiary": "Peat Inc.", "beneficiary_harmonized": "Peat",
         "beneficiary_found": "Peat Inc.", "beneficiaries_named": "[Peat]", "basis": "beneficiary",
         "method": "fingerprint", "confidence": "0.97", "project_id": "ONE1", "quantity": "7.5", "transactions": "2"},
        {"absence_reason": "not_stated", "project_id": "ONE1", "quantity": "0", "transactions": "1"},
    ],
    "harmonized/beneficiary_candidates": [
        {"method": "likeness", "score": "0.93", "names": "[Peat Foods, Peet Foods]", "suggested": "Peat Foods",
         "quantity": "7.5", "examples": "[Peat Foods, for Peet Foods]"},
        {"method": "fingerprint", "score": "1", "names": "[Wind Mills, Mills Wind]", "suggested": "Wind Mills",
         "quantity": "0", "examples": "[Wind Mills, Mills Wind]"},
    ],
    "harmonized/snapshots": SNAPSHOTS,
    "harmonized/project_history": PROJECT_HISTORY,
    "harmonized/totals_history": TOTALS_HISTORY,
    "harmonized/serial_blocks": [
        {"credit_id": "a", "block": "1", "publisher": "one", "serial_number": "S-1-10", "serial_start": "1"},
        {"credit_id": "a", "block": "2", "publisher": "one", "serial_number": "S-11-20"},
    ],
    "marts/serial_blocks": [
        {"credit_id": "a", "block": "1", "project_id": "ONE1", "serial_number": "S-1-10", "serial_start": "1"},
        {"credit_id": "a", "block": "2", "project_id": "ONE1", "serial_number": "S-11-20"},
    ],
    "harmonized/credit_findings": CREDIT_FINDINGS,
    "harmonized/double_counting_findings": DOUBLE_COUNTING_FINDINGS,
    "harmonized/replaced_at_host": REPLACED_AT_HOST,
    "marts/replaced_at_host": REPLACED_AT_HOST,
    "harmonized/eligibility": [
        {"credit_id": "a", "scheme": "CORSIA", "phase": "first phase", "program": "one", "quantity": "10.5", "verdict": "not_eligible",
         "reason": "vintage_outside", "rule": "r", "registry_label": "CORSIA", "contradicts_registry": "false"},
        {"credit_id": "a", "scheme": "CCP", "quantity": "0", "verdict": "unknown", "reason": "no_rule", "contradicts_registry": "false"},
    ],
    "marts/corsia_eligibility": ELIGIBILITY,
    "marts/ccp_eligibility": ELIGIBILITY,
    "marts/credit_findings": CREDIT_FINDINGS,
    "marts/double_counting_findings": DOUBLE_COUNTING_FINDINGS,
    "marts/projects": [
        {"project_id": "ONE1", "registry": "one", "issued": "10.5", "retired": "3", "cancelled": "0",
         "outstanding": "7.5", "is_compliance": "false", "status": "listed", "project_type": "Unknown",
         "project_type_source": "none", "category": "unknown"},
        {"project_id": "TWO1", "registry": "two", "is_compliance": "true", "project_type": "REDD+",
         "project_type_source": "protocol", "category": "forest", "protocol": "[vm0007]"},
    ],
    "marts/credits": [
        {"credit_id": "a", "project_id": "ONE1", "registry": "one", "transaction_type": "issuance",
         "quantity": "10.5", "is_buffer": "false", "serial_start": "1", "serial_end": "10"},
        {"credit_id": "b", "project_id": "TWO1", "registry": "two", "transaction_type": "cancellation",
         "quantity": "0", "is_buffer": "true"},
    ],
    "marts/protocol_catalogue": [
        {"protocol": "vm0007", "title": "REDD+ Methodology Framework", "projects": "2", "issued": "10.5", "retired": "3"},
        {"protocol": "ams-i-d", "title": "Grid connected generation", "projects": "0", "issued": "0", "retired": "0"},
    ],
    "marts/protocol_coverage": [
        {"registry": "one", "protocol_raw": "VM0007", "outcome": "assigned", "protocol": "[vm0007]", "projects": "1",
         "issued": "10.5"},
        {"registry": "one", "outcome": "blank", "projects": "1", "issued": "0"},
        {"registry": "two", "protocol_raw": "VM0007", "outcome": "assigned", "projects": "1"},
    ],
    "marts/beneficiaries": [
        {"beneficiary": "Peat", "retired": "7.5", "retirements": "2", "projects": "1", "registries": "[one]",
         "spellings": "[Peat, Peat Inc.]", "methods": "[fingerprint, pattern]", "confidence": "0.97"},
        {"beneficiary": "Wind Mills", "retired": "0", "retirements": "1", "projects": "1"},
    ],
    "marts/beneficiary_candidates": [
        {"suggested": "Peat Foods", "names": "[Peat Foods, Peet Foods]", "method": "likeness", "score": "0.93",
         "retired": "7.5"},
        {"suggested": "Wind Mills", "names": "[Wind Mills, Mills Wind]", "method": "fingerprint", "score": "1",
         "retired": "0"},
    ],
    "harmonized/registry_changes": REGISTRY_CHANGES,
    "marts/registry_changes": REGISTRY_CHANGES,
    "marts/snapshots": SNAPSHOTS,
    "marts/project_history": PROJECT_HISTORY,
    "marts/totals_history": TOTALS_HISTORY,
    "marts/unknown_values": [{"registry": "one", "field": "status", "raw": "Paused", "occurrences": "1"}],
    "harmonized/schema_changes": [
        {"registry": "one", "table": "projects", "from_snapshot": "a", "to_snapshot": "b",
         "observed_at": "2024-06-01 12:00:00+00", "column": "Status", "canonical": "status_raw", "change": "removed",
         "old": "text: Listed", "blocks": "true", "detail": "the required column Status is gone"},
        {"registry": "one", "table": "projects", "from_snapshot": "a", "to_snapshot": "b",
         "observed_at": "2024-06-01 12:00:00+00", "column": "Note", "change": "added", "new": "blank", "blocks": "false",
         "detail": "column Note is new"},
    ],
    "marts/schema_changes": [
        {"registry": "one", "table": "projects", "from_snapshot": "a", "to_snapshot": "b",
         "observed_at": "2024-06-01 12:00:00+00", "column": "Status", "canonical": "status_raw", "change": "removed",
         "old": "text: Listed", "blocks": "true", "detail": "the required column Status is gone"},
        {"registry": "one", "table": "projects", "from_snapshot": "a", "to_snapshot": "b",
         "observed_at": "2024-06-01 12:00:00+00", "column": "Note", "change": "added", "new": "blank", "blocks": "false",
         "detail": "column Note is new"},
    ],
}  # fmt: skip
"""Valid rows of the tables that no registry's sample gives; columns that are not named are NULL."""


@pytest.fixture(scope="module")
def valid_rows(tmp_path_factory) -> Callable[[str], pa.Table]:
    """A table that its suites find nothing wrong with."""
    normalize = normalizer()
    from_samples = {f"normalized/{sample.id}": sample for sample in samples()}
    kept: dict[str, pa.Table] = {}

    def rows(key: str) -> pa.Table:
        if key not in kept:
            kept[key] = normalize(from_samples[key]).rows if key in from_samples else small_table(key)
        return kept[key]

    return rows


def small_table(key: str) -> pa.Table:
    """The rows of `SMALL`, in the types that the table declares."""
    assert key in SMALL, f"{key} is new: add two valid rows of it to SMALL"
    assert not {name for row in SMALL[key] for name in row} - set(TABLES[key])

    def cell(row: dict[str, str], name: str) -> str:
        return "'" + row[name] + "'" if name in row else "null"

    selects = [
        "select " + ", ".join(f'cast({cell(row, name)} as {type_}) as "{name}"' for name, type_ in TABLES[key].items())
        for row in SMALL[key]
    ]
    return duckdb.sql(" union all ".join(selects)).to_arrow_table()


@cache
def suite_of(key: str) -> list[Expectation]:
    """All expectations of a table: those of its shape and its own; of a mart those of the table whose rows it passes on, too."""
    settings = Settings.from_environment()
    if key.startswith("marts/"):
        return models.suite(settings, MARTS[key.removeprefix("marts/")], HARMONIZED)
    shape = shape_of(key)
    paths = [EXPECTATIONS / "normalized" / f"{shape}.json"] if shape else []
    return suites.load_suites([*paths, EXPECTATIONS / f"{key}.json"])


Rows = list[dict]


def _null(rows: Rows, kwargs: dict) -> Rows:
    return [{**rows[0], kwargs["column"]: None}, *rows[1:]]


def _given(rows: Rows, kwargs: dict) -> Rows:
    return [{**rows[0], kwargs["column"]: ["perhaps"]}, *rows[1:]]


def _twice(rows: Rows, kwargs: dict) -> Rows:
    given = next(row for row in rows if row[kwargs["column"]] is not None)
    return [*rows, given]


def _outside_set(rows: Rows, kwargs: dict) -> Rows:
    assert "no such word" not in kwargs["value_set"]
    return [{**rows[0], kwargs["column"]: "no such word"}, *rows[1:]]


def _outside_range(rows: Rows, kwargs: dict) -> Rows:
    value = kwargs["min_value"] - 1 if "min_value" in kwargs else kwargs["max_value"] + 1
    return [{**rows[0], kwargs["column"]: value}, *rows[1:]]


def _of_another_form(rows: Rows, kwargs: dict) -> Rows:
    text = next(text for text in ("no such form", "", "0") if not re.search(kwargs["regex"], text))
    return [{**rows[0], kwargs["column"]: text}, *rows[1:]]


def _swapped(rows: Rows, kwargs: dict) -> Rows:
    a, b = kwargs["column_A"], kwargs["column_B"]
    found = {type(row[name]) for row in rows for name in (a, b)}
    pairs = {
        int: (1, 2),
        Decimal: (Decimal(1), Decimal(2)),
        float: (1.0, 2.0),
        str: ("a", "b"),
        datetime: (datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 12, 31, tzinfo=UTC)),
    }
    low, high = next((pairs[kind] for kind in pairs if kind in found), (date(2020, 1, 1), date(2020, 12, 31)))
    return [{**rows[0], a: low, b: high}, *rows[1:]]


def _together_twice(rows: Rows, kwargs: dict) -> Rows:
    """A row with a part of the key missing, if the table may have one: two of them are equal, too."""
    given = next((row for row in rows if any(row[name] is None for name in kwargs["column_list"])), rows[0])
    return [*rows, given]


def _too_long(rows: Rows, kwargs: dict) -> Rows:
    return [{**rows[0], kwargs["column"]: "x" * (kwargs["max_value"] + 1)}, *rows[1:]]


BREAKS: dict[str, Callable[[Rows, dict], Rows]] = {
    "expect_column_values_to_not_be_null": _null,
    "expect_column_values_to_be_null": _given,
    "expect_column_values_to_be_unique": _twice,
    "expect_column_values_to_be_in_set": _outside_set,
    "expect_column_distinct_values_to_be_in_set": _outside_set,
    "expect_column_values_to_be_between": _outside_range,
    "expect_column_values_to_match_regex": _of_another_form,
    "expect_column_pair_values_a_to_be_greater_than_b": _swapped,
    "expect_column_value_lengths_to_be_between": _too_long,
    "expect_compound_columns_to_be_unique": _together_twice,
}
"""How a table is broken so that an expectation of each type must fail; one broken row is enough for a critical one."""


def broken(table: pa.Table, expectation: Expectation) -> pa.Table:
    """`table`, wrong in the one way that the expectation forbids."""
    if expectation.type == "expect_table_row_count_to_be_between":
        return table.slice(0, 0)
    assert expectation.type in BREAKS, f"{expectation.type} is new here: say in BREAKS how to break it"
    narrow = table.select(expectation.columns)
    nullable = pa.schema([pa.field(field.name, field.type) for field in narrow.schema])
    rows = BREAKS[expectation.type](narrow.to_pylist(), expectation.kwargs)
    return pa.Table.from_pylist(rows, schema=nullable)


def critical() -> Iterator[tuple[str, Expectation]]:
    """The critical expectations of all tables; where not thorough, what several tables have from one suite once."""
    seen = set()
    for key, expectation in [(table, expectation) for table in TABLES for expectation in suite_of(table)]:
        if expectation.is_critical and (is_thorough() or repr(expectation) not in seen):
            seen.add(repr(expectation))
            yield key, expectation


CRITICAL = [pytest.param(key, expectation, id=f"{key}.{expectation.name}") for key, expectation in critical()]


@pytest.mark.parametrize("key", TABLES)
def test_valid_rows_pass(key, valid_rows):
    """Without this, an expectation that always fails would look like one that can."""
    outcomes = gates.judge(valid_rows(key), suite_of(key))
    assert gates.blocking_failures(outcomes) == []


@pytest.mark.parametrize(("key", "expectation"), CRITICAL)
def test_a_critical_expectation_blocks_what_it_forbids(key, expectation, valid_rows):
    (outcome,) = gates.judge(broken(valid_rows(key), expectation), [expectation])
    assert gates.blocking_failures([outcome]) == [outcome]
    found = outcome.unexpected_count or outcome.observed
    assert found in (1, 2, "0") or "no such word" in found, f"failed for another reason: {found}"


# --- what no table may let through ----------------------------------------------------------------------------------

IDENTIFIERS = {
    "registries": "registry", "projects": "project_id", "credits": "credit_id", "protocol_catalogue": "protocol",
    "project_types": "project_id",
}  # fmt: skip
"""What a row is known by, by the shape of the table."""


def with_shape(*shapes: str) -> list[str]:
    """The tables that hold one of the shapes."""
    return [key for key in TABLES if (shape_of(key) or key.split("/")[-1]) in shapes]


def is_blocked(key: str, valid: pa.Table, change: Callable[[Rows], Rows]) -> bool:
    """Whether the table's suites as a whole hold back what `change` makes of its valid rows."""
    blocking = [expectation for expectation in suite_of(key) if expectation.is_critical]
    columns = [name for name in suites.columns_read(blocking) if name in valid.column_names]
    narrow = valid.select(columns)
    nullable = pa.schema([pa.field(field.name, field.type) for field in narrow.schema])
    rows = pa.Table.from_pylist(change(narrow.to_pylist()), schema=nullable)
    return bool(gates.blocking_failures(gates.judge(rows, blocking)))


@pytest.mark.parametrize("key", with_shape(*IDENTIFIERS))
def test_no_gate_lets_one_identifier_through_twice(key, valid_rows):
    name = IDENTIFIERS[shape_of(key) or key.split("/")[-1]]
    assert is_blocked(key, valid_rows(key), lambda rows: [*rows[:-1], {**rows[-1], name: rows[0][name]}])


@pytest.mark.parametrize("key", with_shape("protocols", "protocol_coverage"))
@pytest.mark.parametrize("text", ["VM0007", None])
def test_no_gate_lets_one_text_of_a_registry_through_twice(key, text, valid_rows):
    def twice(rows: Rows) -> Rows:
        return [*rows, *(row for row in rows if (row["registry"], row["protocol_raw"]) == ("one", text))]

    assert len(twice(valid_rows(key).to_pylist())) == len(valid_rows(key)) + 1
    assert is_blocked(key, valid_rows(key), twice)


@pytest.mark.parametrize("place", [0, 1], ids=["filled", "all missing"])
def test_no_gate_lets_one_combination_of_texts_through_twice(place, valid_rows):
    key = "harmonized/beneficiaries"
    assert is_blocked(key, valid_rows(key), lambda rows: [*rows, rows[place]])


def test_no_gate_lets_one_beneficiary_through_twice(valid_rows):
    key = "marts/beneficiaries"
    assert is_blocked(key, valid_rows(key), lambda rows: [*rows[:-1], {**rows[-1], "beneficiary": "Peat"}])


@pytest.mark.parametrize("key", with_shape("credits"))
@pytest.mark.parametrize("change", [{"quantity": -1}, {"transaction_type": "transfer"}], ids=["quantity", "type"])
def test_no_gate_lets_an_impossible_transaction_through(key, change, valid_rows):
    assert is_blocked(key, valid_rows(key), lambda rows: [{**rows[0], **change}, *rows[1:]])


@pytest.mark.parametrize("sample", [s for s in samples() if not s.spec.may_be_empty], ids=lambda sample: sample.id)
def test_no_gate_lets_a_table_through_of_whose_rows_all_were_set_aside(sample, valid_rows):
    key = f"normalized/{sample.id}"
    assert is_blocked(key, valid_rows(key), lambda rows: [])
