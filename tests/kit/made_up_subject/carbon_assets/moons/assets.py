"""Moons as assets."""

import dagster as dg
import duckdb
import pyarrow as pa
from carbon_assets.moons import landing, schema

from carbon_assets.base import readers
from carbon_assets.base.configs import load_csv
from carbon_assets.platform.graph import Parts
from carbon_assets.platform.site import Site
from carbon_assets.platform.sources import source
from carbon_assets.platform.tables import table
from carbon_assets.snapshots import store

RAW = dg.AssetKey(["raw", "moons", "moons"])
KNOWN = dg.AssetKey(["configs", "moons"])
MOONS = dg.AssetKey(["harmonized", "moons"])


def build(site: Site) -> Parts:
    """The file of moons, and the table of them."""
    settings = site.settings

    def version() -> str:
        landing.take_drop(settings)
        return landing.raw_versions(settings)["raw/moons/moons"]

    def make(con: duckdb.DuckDBPyConnection) -> pa.Table:
        snapshot = store.current(settings, *landing.TABLE)
        if snapshot is None:
            return schema.MOONS.empty_table()
        names = {row["raw"]: row["moon"] for row in load_csv(settings.configs / "moons" / "names.csv", ("raw", "moon"))}
        read = readers.read(snapshot.file, snapshot.content(settings), landing.COLUMNS).rows.to_pylist()
        rows = [
            {
                "moon": names.get(row["moon"], row["moon"]),
                "planet": row["planet"],
                "radius_km": int(row["radius_km"]),
                "snapshot_id": snapshot.snapshot_id,
            }
            for row in read
        ]
        store.accept(settings, snapshot)
        return pa.Table.from_pylist(rows, schema=schema.MOONS)

    files = source(RAW, "moons", "Moons as dropped.", settings.raw(*landing.TABLE), version)
    return Parts(
        sources=[files], assets=[table(site, MOONS, [RAW, KNOWN], schema.MOONS, "Moons, each under one name.", make)]
    )
