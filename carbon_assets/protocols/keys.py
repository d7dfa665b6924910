"""Keys of the tables of protocols and project types."""

from __future__ import annotations

import dagster as dg

CATALOGUE = dg.AssetKey(["harmonized", "protocol_catalogue"])


PROTOCOLS = dg.AssetKey(["harmonized", "protocols"])


PROJECT_TYPES = dg.AssetKey(["harmonized", "project_types"])

KNOWN = dg.AssetKey(["configs", "protocols"])
KNOWN_TYPES = dg.AssetKey(["configs", "project_types"])
"""What stewards know of protocols, and of project types."""
