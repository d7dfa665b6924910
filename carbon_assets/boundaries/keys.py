"""Keys of the assets of boundaries."""

from __future__ import annotations

import dagster as dg

from carbon_assets.boundaries import drops

FILES = dg.AssetKey(["raw", drops.FOLDER, "files"])


SHAPES = dg.AssetKey(["normalized", drops.FOLDER, "shapes"])


BOUNDARIES = dg.AssetKey(["harmonized", "boundaries"])


REPAIRS = dg.AssetKey(["harmonized", "boundary_repairs"])


REPAIR_FINDINGS = dg.AssetKey(["harmonized", "boundary_repair_findings"])


OVERLAPS = dg.AssetKey(["harmonized", "boundary_overlaps"])


FINDINGS = dg.AssetKey(["harmonized", "boundary_findings"])

KNOWN = dg.AssetKey(["configs", "boundaries"])
"""What stewards know of boundaries."""

PROTOCOLS = dg.AssetKey(["harmonized", "protocols"])
CATALOGUE = dg.AssetKey(["harmonized", "protocol_catalogue"])
"""Tables of a neighbour, which asks for least areas."""
