"""Project boundaries: files of shapes as external assets, one boundary per project, what its repair did, what it tells."""

import logging
from collections.abc import Iterator

import dagster as dg
import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from carbon_assets.base import store
from carbon_assets.base import suites as checks
from carbon_assets.base.settings import Settings
from carbon_assets.boundaries import drops, findings, landing, overlaps, repair, schema
from carbon_assets.boundaries import (
    preview as boundary_preview,
)
from carbon_assets.boundaries import (
    rules as boundary_rules,
)
from carbon_assets.boundaries import (
    tables as boundaries,
)
from carbon_assets.boundaries.keys import (
    BOUNDARIES,
    CATALOGUE,
    FILES,
    FINDINGS,
    KNOWN,
    OVERLAPS,
    PROTOCOLS,
    REPAIR_FINDINGS,
    REPAIRS,
    SHAPES,
)
from carbon_assets.geo import places
from carbon_assets.platform import gates
from carbon_assets.platform.checks import READABLE
from carbon_assets.platform.graph import Parts
from carbon_assets.platform.rules import Rules, Watch, preview
from carbon_assets.platform.site import Site
from carbon_assets.platform.sources import source
from carbon_assets.platform.tables import table
from carbon_assets.snapshots import store as snapshots
from carbon_assets.snapshots.landing import why_rejected
from carbon_assets.unified.keys import CREDITS, PROJECTS

log = logging.getLogger(__name__)


MAX_ROWS_SHOWN = 20


def build(site: Site) -> Parts:
    """The files as an external asset, and what is made of them."""
    return Parts(
        sources=[_files(site.settings)], assets=[_shapes(site), _repaired(site), _overlaps(site), _findings(site)]
    )


def _files(settings: Settings) -> dg.SourceAsset:
    def version() -> str:
        for problem in landing.take_drop(settings).left:
            log.error("not taken: %s", problem)
        return landing.raw_versions(settings)[landing.FILES]

    description = "Boundaries of projects as dropped, every snapshot of every file."
    return source(FILES, drops.FOLDER, description, settings.data / "raw" / drops.FOLDER, version)


def _spec(site: Site, key: dg.AssetKey, deps: list[dg.AssetKey], shape: pa.Schema, description: str) -> dict:
    """What an asset definition and an asset spec have in common."""
    return {
        "key": key,
        "deps": deps,
        "code_version": site.code_version(key.to_user_string()),
        "group_name": drops.FOLDER if key == SHAPES else "harmonized",
        "kinds": {"python", "parquet"},
        "owners": ["team:data"],
        "description": description,
        "metadata": {"dagster/column_schema": gates.column_schema(shape)},
    }


def _shapes(site: Site) -> dg.AssetsDefinition:
    settings = site.settings
    expectations = checks.load_suites(checks.suite_paths(settings, *SHAPES.path), schema.BOUNDARY_SHAPES.names)
    readable = dg.AssetCheckSpec(
        READABLE,
        asset=SHAPES,
        description="Every file could be read; where one could not, its last good one stays in use.",
    )

    @dg.asset(
        **_spec(
            site, SHAPES, [FILES, KNOWN], schema.BOUNDARY_SHAPES,
            "The shapes of all projects as their newest readable files have them. What cannot be used is in "
            "quarantine/boundaries/shapes.parquet, with the reason.",
        ),
        check_specs=[readable, *gates.check_specs(SHAPES, expectations)],
    )  # fmt: skip
    def shapes() -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
        read = drops.read(settings, boundary_rules.load(settings.configs).rules)
        yield _all_readable(read.faults, why_rejected(settings, SHAPES.to_user_string(), landing.tables(settings)))
        yield from gates.gated(SHAPES, read.shapes, expectations)
        store.write(settings.quarantine(*SHAPES.path[1:]), read.faults, schema.BOUNDARY_FAULTS)
        store.write(settings.table(*SHAPES.path), read.shapes, schema.BOUNDARY_SHAPES)
        for snapshot in read.used:
            snapshots.accept(settings, snapshot)
        yield dg.MaterializeResult(
            asset_key=SHAPES,
            metadata=gates.table_metadata(settings.table(*SHAPES.path), read.shapes)
            | {"projects": len(read.shapes["project_id"].unique()), "rows_quarantined": len(read.faults)},
        )

    return shapes


def _all_readable(faults: pa.Table, rejected: str | None) -> dg.AssetCheckResult:
    """`rejected`: what was wrong with a newer file, which was moved aside."""
    unusable = f"{len(faults)} cannot be used: {faults['reason'][0]}" if len(faults) else None
    shown = faults.slice(0, MAX_ROWS_SHOWN).select(["file", "line", "project_id", "reason", "file_in_use"])
    return dg.AssetCheckResult(
        asset_key=SHAPES,
        check_name=READABLE,
        passed=not unusable and not rejected,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(filter(None, (unusable, rejected))) or None,
        metadata={"quarantined": len(faults), **({"rows": preview(shown)} if len(faults) else {})},
    )


def _repaired(site: Site) -> dg.AssetsDefinition:
    settings = site.settings
    tables = {
        BOUNDARIES: (schema.BOUNDARIES, "One valid boundary per project, in EPSG:4326, as GeoParquet."),
        REPAIRS: (schema.BOUNDARY_REPAIRS, "What each step of the repair did to each boundary: parts, holes and area."),
        REPAIR_FINDINGS: (schema.BOUNDARY_FINDINGS, "What the repair found; projects whose shapes make no boundary."),
    }
    suites = {key: checks.load_suites(checks.suite_paths(settings, *key.path), tables[key][0].names) for key in tables}

    @dg.multi_asset(
        name="harmonized__boundaries",
        specs=[
            dg.AssetSpec(**_spec(site, key, [SHAPES, KNOWN], shape, description))
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
            yield from gates.gated(key, rows[key], expectations)
        for key, (shape, _) in tables.items():
            store.write(settings.table(*key.path), rows[key], shape)
            metadata = gates.table_metadata(settings.table(*key.path), rows[key])
            yield dg.MaterializeResult(
                asset_key=key, metadata=metadata | (_pictures(shapes, made, rules) if key == BOUNDARIES else {})
            )

    return repaired


def _pictures(shapes: pa.Table, made: boundaries.Boundaries, rules: boundary_rules.Rules) -> dict:
    """Maps of the boundaries that the repair changed most, then of the largest."""
    shown = boundaries.most_changed(made)[: rules.max_previews]
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


def _overlaps(site: Site) -> dg.AssetsDefinition:
    settings = site.settings

    def make(con: duckdb.DuckDBPyConnection) -> pa.Table:
        tolerance = boundary_rules.load(settings.configs).rules.overlap_tolerance_ha
        return overlaps.overlaps(
            con, store.read(settings.table(*BOUNDARIES.path)), settings.table(*PROJECTS.path), tolerance
        )

    return table(
        site, OVERLAPS, [BOUNDARIES, PROJECTS, KNOWN], schema.BOUNDARY_OVERLAPS,
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
            **({"largest": preview(rows.slice(0, MAX_ROWS_SHOWN).select(shown))} if len(rows) else {}),
        },
    )


def _findings(site: Site) -> dg.AssetsDefinition:
    settings = site.settings
    sources = {
        "boundaries": BOUNDARIES, "repair_findings": REPAIR_FINDINGS, "shapes": SHAPES, "projects": PROJECTS,
        "credits": CREDITS, "protocols": PROTOCOLS,
    }  # fmt: skip
    files = {name: settings.table(*key.path) for name, key in sources.items()}
    files["faults"] = settings.quarantine(*SHAPES.path[1:])

    def make(con: duckdb.DuckDBPyConnection) -> pa.Table:
        known = boundary_rules.load(settings.configs)
        catalogued = store.read(settings.table(*CATALOGUE.path))["protocol"].to_pylist()
        boundary_rules.check_protocols(settings.configs, set(catalogued))
        return findings.findings(con, files, known, places.load(settings.configs))

    return table(
        site, FINDINGS, [*sources.values(), CATALOGUE, KNOWN], schema.BOUNDARY_FINDINGS,
        "What boundaries say of their projects that cannot be right, one row per rule and boundary.", make,
        counted="rule",
        rules=Rules(
            "rule", findings.RULES, ("project_id", "area_ha", "value", "bound", "finding", "file"), "area_ha", "ha"
        ),
    )  # fmt: skip
