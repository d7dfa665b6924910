"""Keys of the tables of beneficiaries."""

from __future__ import annotations

import dagster as dg

BENEFICIARIES = dg.AssetKey(["harmonized", "beneficiaries"])


CANDIDATES = dg.AssetKey(["harmonized", "beneficiary_candidates"])

KNOWN = dg.AssetKey(["configs", "beneficiaries"])
"""What stewards know of beneficiaries."""
