"""No statement compares the rows of two tables pair by pair: at the real size that is hours where a join by hash is seconds.

Every function of the package that joins in SQL is called here on the samples, and each of its statements is explained before
it is executed. The marts, which dbt executes, are explained in `tests/publishing/unit/test_dbt.py`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from carbon_assets.base import store
from carbon_assets.beneficiaries import schema as beneficiaries_schema
from carbon_assets.beneficiaries import tables as beneficiaries
from carbon_assets.boundaries import drops as boundary_drops
from carbon_assets.boundaries import findings as boundary_findings
from carbon_assets.boundaries import overlaps
from carbon_assets.boundaries import rules as boundary_rules
from carbon_assets.boundaries import schema as boundaries_schema
from carbon_assets.boundaries import tables as boundaries
from carbon_assets.eligibility import blocks as eligibility_blocks
from carbon_assets.eligibility import verdicts
from carbon_assets.eligibility.rules import load_rulebook
from carbon_assets.geo import places
from carbon_assets.history import periods, record_diff
from carbon_assets.history import schema as history_schema
from carbon_assets.integrity import conversions, double_counting, findings, replaced_at_host, serial_blocks
from carbon_assets.integrity import schema as integrity_schema
from carbon_assets.integrity.rules import load_rules
from carbon_assets.protocols import schema as protocols_schema
from carbon_assets.protocols import tables as protocols
from carbon_assets.publishing import gate as publishing_gate
from carbon_assets.publishing import publish
from carbon_assets.registries import contents, drift, profiles, release_gate, remembered, stated
from carbon_assets.registries.description import load_registries
from carbon_assets.snapshots import ledger
from carbon_assets.snapshots import schema as snapshots_schema
from carbon_assets.snapshots import store as snapshots
from carbon_assets.unified import harmonize, labels, placeholders
from carbon_assets.unified import schema as unified_schema
from tests.kit import greentrace
from tests.kit.building import CONFIGS, settings_in
from tests.kit.join_plans import ROW_BY_ROW, ExplainingConnection, Join
from tests.kit.places import HOME, SAMPLES
from tests.kit.sample_tables import Records, Sample, normalizer, samples

SAMPLE_NAMES = {sample.id for sample in samples()}
ONE_ROW_SIDES = {
    "registries/release_gate.py": "counts over whole tables, side by side in one row",
    "unified/harmonize.py": "the meanings of all labels as one map, beside each transaction",
}
"""Modules that may pair the rows of a table with a single row -> what that row is."""


def pair_by_pair(joins: list[Join]) -> list[str]:
    """The joins that look at every pair of rows, other than those with a single row."""
    return [
        f"{join.module}: {join.operator} {join.condition}"
        for join in joins
        if join.operator in ROW_BY_ROW and not (join.has_one_row and join.module in ONE_ROW_SIDES)
    ]


@pytest.fixture(scope="module")
def joins(tmp_path_factory) -> list[Join]:
    """The joins of all statements between the samples and the marts."""
    noted: list[Join] = []
    connect = duckdb.connect
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duckdb, "connect", lambda *args, **kwargs: ExplainingConnection(connect(*args, **kwargs), noted))
        Chain(tmp_path_factory.mktemp("chain")).call_all()
    return noted


class Chain:
    """The functions of the package in the order of the layers, each on what the one before made of the samples."""

    def __init__(self, folder: Path) -> None:
        self.settings = settings_in(folder)
        self.registries = load_registries(CONFIGS)
        self.normalized: dict[str, list[Path]] = {"projects": [], "credits": []}

    def call_all(self) -> None:
        self.normalize()
        self.unify()
        self.map()
        self.check()
        self.look_back()
        self.draw()
        self.publish()

    def path(self, name: str) -> Path:
        return self.settings.table("harmonized", name)

    def write(self, name: str, rows: pa.Table, shape: pa.Schema) -> Path:
        store.write(self.path(name), rows, shape)
        return self.path(name)

    def normalize(self) -> None:
        """One table of each kind: what it holds, with a hook or without, with its registry's projects or without."""
        normalize = normalizer(duckdb.connect)
        kinds = {(s.spec.holds, bool(s.registry.hooks), s.spec.resolves_projects): s for s in samples()}
        for sample in kinds.values():
            result = normalize(sample)
            rows = result.rows
            stated.write(self.settings, sample.registry, sample.table, result.stated)
            path = self.settings.table("normalized", sample.registry.id, sample.table)
            store.write(path, rows, sample.spec.canonical)
            self.normalized[sample.spec.holds].append(path)
            taken = self.take(sample)
            remembered.remember(self.settings, taken, rows, sample.registry.replaces_host_registry)
        with duckdb.connect() as con:
            bounds = release_gate.load_gate(CONFIGS, SAMPLE_NAMES).defaults.model_copy(update={"min_rows_of_shares": 1})
            for holds, paths in self.normalized.items():
                rows = store.read(paths[0])
                release_gate.reasons_to_hold(con, rows, rows, holds, bounds)

    def take(self, sample: Sample) -> snapshots.Snapshot:
        describe = contents.describer(sample.registry, sample.table)
        taken = snapshots.take(self.settings, sample.path, sample.registry.id, sample.table, describe)
        snapshots.accept(self.settings, taken)
        return taken

    def unify(self) -> None:
        known = harmonize.registries_table(self.registries)
        with duckdb.connect() as con:
            credits = harmonize.unify_credits(con, self.normalized["credits"], known, CONFIGS)
            self.write("credits", credits, unified_schema.UNIFIED_CREDITS)
            projects = harmonize.unify_projects(con, self.normalized["projects"], self.path("credits"), known, CONFIGS)
            self.write("projects", projects, unified_schema.UNIFIED_PROJECTS)
            asked = (self.path("credits"), self.path("projects"), stated.paths(self.settings, self.registries), known)
            rows = placeholders.placeholders(con, *asked, CONFIGS)
            self.write("placeholders", rows, unified_schema.PLACEHOLDERS)
            placeholders.disputed_facts(con, *asked)

    def map(self) -> None:
        projects, credits = self.path("projects"), self.path("credits")
        stated_ones = self.path("placeholders")
        with duckdb.connect() as con:
            texts = protocols.map_protocols(con, projects, stated_ones, self.registries, CONFIGS)
            mapped = self.write("protocols", texts, protocols_schema.PROTOCOLS)
            protocols.map_project_types(con, projects, stated_ones, mapped, CONFIGS)
            named = beneficiaries.map_beneficiaries(con, credits, CONFIGS)
            self.write("beneficiaries", named, beneficiaries_schema.BENEFICIARIES)

    def check(self) -> None:
        projects, credits = self.path("projects"), self.path("credits")
        with duckdb.connect() as con:
            history = periods.project_history(con, self.settings, self.registries)
            past = self.write("project_history", history, history_schema.PROJECT_HISTORY)
            parsed = serial_blocks.blocks(con, credits, self.registries)
            blocks = self.write("serial_blocks", parsed, integrity_schema.SERIAL_BLOCKS)
            rules = load_rules(CONFIGS)
            findings.findings(con, credits, projects, blocks, self.registries, past, rules)
            words = conversions.load(CONFIGS, self.registries)
            ledger_rows = ledger.snapshots_table(self.settings, [(s.registry.id, s.table) for s in samples()])
            taken = self.write("snapshots", ledger_rows, snapshots_schema.SNAPSHOTS)
            double_counting.findings(con, credits, taken, words, rules.double_counting)
            replaced = replaced_at_host.replaced(con, credits, words)
            self.write("replaced_at_host", replaced, integrity_schema.REPLACED_AT_HOST)
            known = labels.labels_table(con, credits, CONFIGS)
            self.write("labels", known, unified_schema.LABELS_OF_CREDITS)
            sources = [self.path(field.name) for field in fields(eligibility_blocks.Sources)]
            verdicts.verdicts(con, eligibility_blocks.Sources(*sources), load_rulebook(CONFIGS, self.registries))

    def look_back(self) -> None:
        """A table of projects and one of credits, each with and without its first row."""
        two = {sample.spec.holds: sample for sample in samples() if sample.path.suffix == ".csv"}
        with duckdb.connect() as con:
            totals = periods.totals_history(con, self.settings, self.registries)
            self.write("totals_history", totals, history_schema.TOTALS_HISTORY)
            for sample in two.values():
                records = Records.of(sample.content)
                fewer = Records(records.header, records.rows[1:]).content()
                older, newer = (
                    record_diff.Version(sample.snapshot(content), lambda content=content: content)
                    for content in (fewer, sample.content)
                )
                record_diff.compare(con, self.settings, sample.registry, sample.table, older, newer)
            self.publish_anew(con)
            sample = two["projects"]
            profiles.profile_of(
                self.settings, sample.registry, sample.table, self.take(sample), drift.load_limits(CONFIGS).profiles
            )

    def publish_anew(self, con: duckdb.DuckDBPyConnection) -> None:
        """A registry's table of events in two layouts."""
        feeds = greentrace.feeds_of(SAMPLES / "american-carbon-registry")
        (sample,) = (each for each in samples() if each.id == "american-carbon-registry/issuances")
        versions = (
            record_diff.Version(sample.snapshot(content, file), lambda content=content: content)
            for file, content in (("issuances.csv", sample.content), ("issuances.json", feeds["issuances"].encode()))
        )
        record_diff.compare(con, self.settings, sample.registry, sample.table, *versions)

    def draw(self) -> None:
        knowledge, where = boundary_rules.load(CONFIGS), places.load(CONFIGS)
        for path in boundary_drops.files_in(SAMPLES):
            boundary_drops.take(self.settings, path, knowledge.rules)
        read = boundary_drops.read(self.settings, knowledge.rules)
        made = boundaries.repaired(read.shapes, knowledge.rules, where)
        tables = {
            "boundaries": (made.rows, boundaries_schema.BOUNDARIES),
            "repair_findings": (made.findings, boundaries_schema.BOUNDARY_FINDINGS),
            "faults": (read.faults, boundaries_schema.BOUNDARY_FAULTS),
            "shapes": (read.shapes, boundaries_schema.BOUNDARY_SHAPES),
        }
        files = {name: self.write(name, *table) for name, table in tables.items()}
        files |= {name: self.path(name) for name in ("projects", "credits", "protocols")}
        with duckdb.connect() as con:
            boundary_findings.findings(con, files, knowledge, where)
            overlaps.overlaps(con, made.rows, files["projects"], knowledge.rules.overlap_tolerance_ha)

    def publish(self) -> None:
        """The gate before publishing, and the macros that a reader calls."""
        with duckdb.connect() as con:
            con.execute("create schema marts")
            for name in ("credits", "project_history", "replaced_at_host", "totals_history"):
                con.execute(f"create table marts.{name} as from read_parquet('{self.path(name)}')")
            con.execute("alter table marts.credits add column retirement_beneficiary_harmonized varchar")
            macros = "\n".join(path.read_text() for path in publish.macro_files())
            con.execute(macros)
            for macro in re.findall(r"create macro marts\.(\w+)\(\w+\) as table", macros):
                con.execute(f"select * from marts.{macro}('2027-01-01')")
            marts = self.settings.data / "marts"
            projects = store.read(self.path("projects"))
            listed = projects.append_column("is_placeholder", pa.array([False] * len(projects)))
            store.write(marts / "projects.parquet", listed, listed.schema)
            shutil.copyfile(self.path("credits"), marts / "credits.parquet")
            bounds = release_gate.load_gate(CONFIGS, SAMPLE_NAMES)
            publishing_gate.reasons_not_to_publish(con, marts, marts, bounds, publishing_gate.Exemptions())


def modules_that_join() -> Iterator[str]:
    """The modules of the package with a join in their SQL."""
    package = HOME / "carbon_assets"
    for path in sorted(package.rglob("*.py")):
        if re.search(r"^\s*(?:\w+ ){0,2}join \(?(?:select|read_parquet|\w+\b(?!\())", path.read_text(), re.MULTILINE):
            yield path.relative_to(package).as_posix()


def test_no_statement_joins_pair_by_pair(joins):
    assert pair_by_pair(joins) == []


def test_only_what_pairs_with_a_single_row_is_excepted(joins):
    """An exception that nothing needs any more would hide the next fault."""
    assert {join.module for join in joins if join.operator == "CROSS_PRODUCT"} == set(ONE_ROW_SIDES)


def test_every_module_that_joins_was_called(joins):
    """A new one is added to `Chain`."""
    assert set(modules_that_join()) - {join.module for join in joins} == set()


# --- the functions above find what they look for ----------------------------------------------------------------------

TABLES = """
    create table retirements as select i as id, i % 2 = 0 as is_named, if(i % 3 = 0, null, i) as text from range(500) t(i);
    create table names as select i as text, i as name from range(300) t(i);
"""


@pytest.mark.parametrize(
    ("query", "is_refused"),
    [
        ("from retirements r left join names n on r.text is not distinct from n.text", False),
        ("from retirements r left join names n on r.is_named and r.text is not distinct from n.text", True),
        ("from retirements r join names n on r.id <> n.name", True),
        ("from retirements r join names n on starts_with(r.text::varchar, n.text::varchar)", True),
        ("from retirements cross join names", True),
        ("from retirements cross join (select max(name) from names)", False),
        ("from retirements r asof join names n on r.is_named = (n.name > 1) and r.text >= n.text", False),
    ],
)
def test_a_join_pair_by_pair_is_found(query, is_refused, monkeypatch):
    monkeypatch.setitem(ONE_ROW_SIDES, "tests", "of this test")
    joins: list[Join] = []
    with ExplainingConnection(duckdb.connect(config={"threads": 1}), joins) as con:
        con.execute(TABLES)
        con.execute(query)
    assert bool(pair_by_pair(joins)) == is_refused
