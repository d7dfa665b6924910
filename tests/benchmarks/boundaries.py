"""How long repair and overlaps take: `python -m tests.benchmarks.boundaries [PROJECTS ...]` (2500 5000 10000).

Random star-shaped projects of 500 vertices, a third of them with a ring that crosses itself, spread so that every tenth or so
meets another, whatever their number: what one project costs should not depend on how many there are.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pyarrow as pa
import shapely

from carbon_assets.base import store
from carbon_assets.base.settings import HOME, Settings
from carbon_assets.boundaries import overlaps, tables
from carbon_assets.boundaries import rules as boundary_rules
from carbon_assets.boundaries import schema as boundaries_schema
from carbon_assets.geo import places
from carbon_assets.unified import schema as unified_schema

VERTICES = 500


def projects(count: int) -> pa.Table:
    """Shapes as `schema.BOUNDARY_SHAPES` of so many projects, on a square of land that grows with their number."""
    random = np.random.default_rng(count)
    side = 0.5 * np.sqrt(count)
    middles = random.uniform([-60, -15], [-60 + side, -15 + side / 2], (count, 2))
    angles = np.linspace(0, 2 * np.pi, VERTICES, endpoint=False)
    rows = []
    for i, middle in enumerate(middles):
        reach = random.uniform(0.02, 0.15) * (1 + 0.2 * random.standard_normal(VERTICES).cumsum() / 20)
        ring = middle + np.column_stack([np.cos(angles), np.sin(angles)]) * np.abs(reach)[:, None]
        if i % 3 == 0:
            ring[[100, 300]] = ring[[300, 100]]
        rows.append(
            {
                "project_id": f"VCS{i}",
                "file": f"VCS{i}.kml",
                "layer": "",
                "feature": 1,
                "geometry": shapely.to_wkb(shapely.Polygon(ring)),
                "source_crs": "EPSG:4326",
                "crs_source": "format",
                "snapshot_id": "s",
            }
        )
    return pa.Table.from_pylist(rows, schema=boundaries_schema.BOUNDARY_SHAPES)


def main(counts: list[int]) -> None:
    """Measure, and tell on standard output."""
    settings = Settings.from_environment()
    rules = boundary_rules.load(HOME / "configs").rules
    where = places.load(HOME / "configs")
    with TemporaryDirectory() as folder:
        known = Path(folder) / "projects.parquet"
        store.write(known, unified_schema.UNIFIED_PROJECTS.empty_table(), unified_schema.UNIFIED_PROJECTS)
        for count in counts:
            shapes = projects(count)
            begun = time.perf_counter()
            made = tables.repaired(shapes, rules, where, settings.threads)
            repaired = time.perf_counter()
            with duckdb.connect() as con:
                pairs = overlaps.overlaps(con, made.rows, known, rules.overlap_tolerance_ha)
            done = time.perf_counter()
            sys.stdout.write(
                f"{count:>6} projects: repair {repaired - begun:5.1f} s, overlaps {done - repaired:5.1f} s "
                f"({1000 * (done - repaired) / count:.2f} ms each), {len(made.rows)} boundaries, {len(pairs)} pairs\n"
            )


if __name__ == "__main__":
    main([int(count) for count in sys.argv[1:]] or [2500, 5000, 10_000])
