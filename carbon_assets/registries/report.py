"""Rows and tonnes by registry, and what is missing, for the end of a run."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb

from carbon_assets.base import store
from carbon_assets.base.lines import columns
from carbon_assets.base.settings import Settings
from carbon_assets.registries import missing
from carbon_assets.registries.description import load_registries

_HEADER = ("registry", "projects", "credits", "quarantined", "issued t", "retired t", "cancelled t")


def lines(settings: Settings) -> list[str]:
    """One line per registry with normalized tables: rows of projects and credits, rows in quarantine, tCO2e by type; and what is
    missing."""
    registries = load_registries(settings.configs)
    folders = (settings.data / "normalized" / registry for registry in sorted(registries))
    table = columns([_HEADER, *(_line(settings, folder) for folder in folders if folder.is_dir())])
    lacking = missing.lines(settings, registries)
    return [*table, *(["", *lacking] if lacking else [])]


def _line(settings: Settings, folder: Path) -> tuple[str, ...]:
    projects = sum(store.row_count(path) for path in folder.glob("projects.parquet"))
    quarantined = sum(store.row_count(path) for path in settings.quarantine(folder.name, "x").parent.glob("*.parquet"))
    credits = [str(path) for path in folder.glob("*.parquet") if path.name != "projects.parquet"]
    rows: dict[str, tuple[int, Decimal]] = {}
    if credits:
        query = "select transaction_type, count(*), sum(quantity) from read_parquet($files) group by 1"
        rows = {kind: (n, t) for kind, n, t in duckdb.execute(query, {"files": credits}).fetchall()}
    tonnes = (rows.get(kind, (0, Decimal(0)))[1] for kind in ("issuance", "retirement", "cancellation"))
    counts = (projects, sum(n for n, _ in rows.values()), quarantined)
    return (folder.name, *(f"{n:,}" for n in counts), *(f"{t:,.0f}" for t in tonnes))
