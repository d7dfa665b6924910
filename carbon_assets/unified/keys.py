"""Keys of the tables that unite all registries."""

from __future__ import annotations

import dagster as dg

REGISTRIES = dg.AssetKey(["harmonized", "registries"])


CREDITS = dg.AssetKey(["harmonized", "credits"])


LABELS = dg.AssetKey(["harmonized", "labels"])


PROJECTS = dg.AssetKey(["harmonized", "projects"])


PLACEHOLDERS = dg.AssetKey(["harmonized", "placeholders"])


DISPUTED_FACTS = dg.AssetKey(["harmonized", "disputed_facts"])
