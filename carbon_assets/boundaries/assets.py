"""Project boundaries: files of shapes as external assets, one boundary per project, what its repair did, what it tells."""

import logging
from collections.abc import Iterator

import dagster as dg
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from carbon_assets.base import readers, store
from carbon_assets.base import suites as checks
from carbon_assets.base.settings import Settings
from carbon_assets.boundaries import (
    drops,
    findings,
    overlaps,
    repair,
    schema,
)
from carbon_assets.boundaries import (
    preview as boundary_preview,
)
from carbon_assets.boundaries import (
    rules as boundary_rules,
)
from carbon_assets.boundaries import (
    tables as boundaries,
)
from carbon_assets.boundaries.keys import BOUNDARIES, FILES, FINDINGS, OVERLAPS, REPAIR_FINDINGS, REPAIRS, SHAPES
from carbon_assets.geo import places
from carbon_assets.platform import freshness, gates, knowledge
from carbon_assets.platform.rules import Rules, Watch, preview
from carbon_assets.platform.tables import table
from carbon_assets.protocols.keys import PROTOCOLS
from carbon_assets.registries.keys import READABLE
from carbon_assets.snapshots import store as snapshots
from carbon_assets.unified.keys import CREDITS, PROJECTS

log = logging.getLogger(__name__)


SHOWN = 20


def take_drop(settings: Settings) -> list[str]:
    """Take the boundaries of the drop into the raw store; returns what could not be taken and why, for a person."""
    rules = boundary_rules.load(settings.configs).rules
    problems = []
    for path in drops.found(settings.drop):
        try:
            drops.take(settings, path, rules)
        except (readers.UnreadableFile, OSError) as error:
            problems.append(f"{path}: {error}")
    return problems


def raw_versions(settings: Settings) -> freshness.Versions:
    """The data version of the files."""
    return {FILES: drops.version(settings) or freshness.ABSENT}


def build(settings: Settings) -> tuple[list[dg.SourceAsset], list[dg.AssetsDefinition]]:
    """The files as an external asset, and what is made of them. Raises `ConfigError`."""
    boundary_rules.check(settings.configs)
    return [_files(settings)], [_shapes(settings), _repaired(settings), _overlaps(settings), _findings(settings)]


def _files(settings: Settings) -> dg.SourceAsset:
    @dg.observable_source_asset(
        key=FILES,
        group_name=drops.FOLDER,
        description="Boundaries of projects as dropped, every snapshot of every file.",
        tags={"dagster/kind/file": ""},
        metadata={"folder": dg.MetadataValue.path(settings.data / "raw" / drops.FOLDER)},
    )
    def observe() -> dg.DataVersion:
        for problem in take_drop(settings):
            log.error("not taken: %s", problem)
        return dg.DataVersion(raw_versions(settings)[FILES])

    return observe


def _spec(key: dg.AssetKey, deps: list[dg.AssetKey], shape: pa.Schema, description: str, settings: Settings) -> dict:
    """What an asset definition and an asset spec have in common."""
    return {
        "key": key,
        "deps": deps,
        "code_version": freshness.code_version(*checks.suite_paths(settings, *key.path)),
        "group_name": drops.FOLDER if key == SHAPES else "harmonized",
        "kinds": {"python", "parquet"},
        "owners": ["team:data"],
        "description": description,
        "metadata": {"dagster/column_schema": gates.column_schema(shape)},
    }


def _shapes(settings: Settings) -> dg.AssetsDefinition:
    expectations = checks.load_suites(checks.suite_paths(settings, *SHAPES.path))
    readable = dg.AssetCheckSpec(
        READABLE,
        asset=SHAPES,
        description="Every file could be read; where one could not, its last good one stays in use.",
    )

    @dg.asset(
        **_spec(
            SHAPES, [FILES, knowledge.BOUNDARIES], schema.BOUNDARY_SHAPES,
            "The shapes of all projects as their newest readable files have them. What cannot be used is in "
            "quarantine/boundaries/shapes.parquet, with the reason.", settings,
        ),
        check_specs=[readable, *gates.check_specs(SHAPES, expectations)],
    )  # fmt: skip
    def shapes() -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
        read = drops.read(settings, boundary_rules.load(settings.configs).rules)
        yield _all_readable(read.faults)
        yield from _gated(SHAPES, read.shapes, expectations)
        store.write(settings.quarantine(*SHAPES.path[1:]), read.faults, schema.BOUNDARY_FAULTS)
        store.write(settings.table(*SHAPES.path), read.shapes, schema.BOUNDARY_SHAPES)
        for snapshot in read.used:
            snapshots.accept(settings, snapshot)
        log.info("%s: %s shapes, %s faults", SHAPES.to_user_string(), len(read.shapes), len(read.faults))
        yield dg.MaterializeResult(
            asset_key=SHAPES,
            metadata=gates.table_metadata(settings.table(*SHAPES.path), read.shapes)
            | {"projects": len(read.shapes["project_id"].unique()), "quarantined": len(read.faults)},
        )

    return shapes


def _all_readable(faults: pa.Table) -> dg.AssetCheckResult:
    shown = faults.slice(0, SHOWN).select(["file", "line", "project_id", "reason", "file_in_use"])
    return dg.AssetCheckResult(
        asset_key=SHAPES,
        check_name=READABLE,
        passed=len(faults) == 0,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(faults)} cannot be used: {faults['reason'][0]}" if len(faults) else None,
        metadata={"quarantined": len(faults), **({"rows": preview(shown)} if len(faults) else {})},
    )


def _gated(key: dg.AssetKey, rows: pa.Table, expectations: list[checks.Expectation]) -> Iterator[dg.AssetCheckResult]:
    """The results of the suite. Raises `dagster.Failure` if a critical expectation fails."""
    outcomes = gates.judge(rows, expectations)
    yield from gates.check_results(key, outcomes)
    if broken := gates.blocking_failures(outcomes):
        failed = "; ".join(f"{o.expectation.name}: {o.expectation.notes}" for o in broken)
        raise dg.Failure(
            f"{key.to_user_string()} is not written, what stood before stays. {failed}", allow_retries=False
        )


def _repaired(settings: Settings) -> dg.AssetsDefinition:
    tables = {
        BOUNDARIES: (schema.BOUNDARIES, "One valid boundary per project, in EPSG:4326, as GeoParquet."),
        REPAIRS: (schema.BOUNDARY_REPAIRS, "What each step of the repair did to each boundary: parts, holes and area."),
        REPAIR_FINDINGS: (schema.BOUNDARY_FINDINGS, "What the repair found; projects whose shapes make no boundary."),
    }
    suites = {key: checks.load_suites(checks.suite_paths(settings, *key.path)) for key in tables}

    @dg.multi_asset(
        name="harmonized__boundaries",
        specs=[
            dg.AssetSpec(**_spec(key, [SHAPES, knowledge.BOUNDARIES], shape, description, settings))
            for key, (shape, description) in tables.items()
        ],
        check_specs=[spec for key, expectations in suites.items() for spec in gates.check_specs(key, expectations)],
    )
    def repaired() -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
        rules = boundary_rules.load(settings.configs).rules
        shapes = store.read(settings.table(*SHAPES.path))
        made = boundaries.repaired(shapes, rules, places.load(settings.configs), settings.threads)
        rows = {BOUNDARIES: made.rows, REPAIRS: made.repairs, REPAIR_FINDINGS: made.findings}
        for key, expectations in suites.items():
            yield from _gated(key, rows[key], expectations)
        for key, (shape, _) in tables.items():
            store.write(settings.table(*key.path), rows[key], shape)
            log.info("%s: %s rows", key.to_user_string(), len(rows[key]))
            metadata = gates.table_metadata(settings.table(*key.path), rows[key])
            yield dg.MaterializeResult(
                asset_key=key, metadata=metadata | (_pictures(shapes, made, rules) if key == BOUNDARIES else {})
            )

    return repaired


def _pictures(shapes: pa.Table, made: boundaries.Boundaries, rules: boundary_rules.Rules) -> dict:
    """Maps of the boundaries that the repair changed most, then of the largest."""
    shown = boundaries.most_changed(made)[: rules.most_previews]
    if not shown:
        return {}
    drawn = boundary_preview.markdown([_preview(project_id, shapes, made) for project_id in shown])
    total = len(shapes["project_id"].unique())
    return {"projects": total, f"before and after repair ({len(shown)} of {total})": dg.MetadataValue.md(drawn)}


def _preview(project_id: str, shapes: pa.Table, made: boundaries.Boundaries) -> boundary_preview.Preview:
    rows = boundaries.of_project(shapes, project_id)
    before = repair.drawn([repair.Shape(shapely.from_wkb(row["geometry"]), row["source_crs"]) for row in rows])
    after = boundaries.of_project(made.rows, project_id)
    note = (
        f"{after[0]['area_ha']:,.1f} ha, {after[0]['parts']} part{'s' * (after[0]['parts'] > 1)}"
        if after
        else "no boundary is left"
    )
    geometry = shapely.from_wkb(after[0]["geometry"]) if after else None
    return boundary_preview.Preview(project_id, note, np.array(before, dtype=object), geometry)


def _overlaps(settings: Settings) -> dg.AssetsDefinition:
    def make(con) -> pa.Table:  # noqa: ANN001 - DuckDB's connection, as `table` hands it over
        tolerance = boundary_rules.load(settings.configs).rules.overlap_tolerance_ha
        return overlaps.overlaps(
            con, store.read(settings.table(*BOUNDARIES.path)), settings.table(*PROJECTS.path), tolerance
        )

    return table(
        settings, OVERLAPS, [BOUNDARIES, PROJECTS, knowledge.BOUNDARIES], schema.BOUNDARY_OVERLAPS,
        "Pairs of projects whose boundaries share land, and whether their crediting periods overlap, too.", make,
        watch=Watch(
            dg.AssetCheckSpec("no_land_is_claimed_twice", asset=OVERLAPS, description="No two projects claim the same land at one time, as far as their crediting periods are known."),
            _claimed_twice,
        ),
    )  # fmt: skip


def _claimed_twice(rows: pa.Table) -> dg.AssetCheckResult:
    shown = [
        "project_id",
        "other_project_id",
        "overlap_ha",
        "share",
        "other_share",
        "overlaps_in_time",
        "name",
        "other_name",
    ]
    is_apart = pc.fill_null(pc.invert(rows["overlaps_in_time"]), False)
    at_once = rows.filter(pc.invert(is_apart))
    hectares, apart = pc.sum(at_once["overlap_ha"]).as_py() or 0, len(rows) - len(at_once)
    said = f"{len(at_once):,} pairs of projects share {hectares:,.0f} ha; {apart:,} more share land at other times"
    return dg.AssetCheckResult(
        asset_key=OVERLAPS,
        check_name="no_land_is_claimed_twice",
        passed=len(at_once) == 0,
        severity=dg.AssetCheckSeverity.WARN,
        description=said if len(rows) else None,
        metadata={
            "pairs": len(rows),
            **({"largest": preview(rows.slice(0, SHOWN).select(shown))} if len(rows) else {}),
        },
    )


def _findings(settings: Settings) -> dg.AssetsDefinition:
    sources = {
        "boundaries": BOUNDARIES, "repair_findings": REPAIR_FINDINGS, "shapes": SHAPES, "projects": PROJECTS,
        "credits": CREDITS, "protocols": PROTOCOLS,
    }  # fmt: skip
    files = {name: settings.table(*key.path) for name, key in sources.items()}
    files["faults"] = settings.quarantine(*SHAPES.path[1:])
    return table(
        settings, FINDINGS, [*sources.values(), knowledge.BOUNDARIES], schema.BOUNDARY_FINDINGS,
        "What boundaries say of their projects that cannot be right, one row per rule and boundary.",
        lambda con: findings.findings(
            con, files, boundary_rules.load(settings.configs), places.load(settings.configs)
        ),
        counted="rule",
        rules=Rules(
            "rule", findings.RULES, ("project_id", "area_ha", "value", "bound", "finding", "file"), "area_ha", "ha"
        ),
    )  # fmt: skip
