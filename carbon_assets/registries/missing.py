"""What is still missing of registries for a set of tables that belong together, in lines for a person."""

from __future__ import annotations

from carbon_assets.base import store
from carbon_assets.base.settings import Settings
from carbon_assets.registries.description import Registry


def lines(settings: Settings, registries: dict[str, Registry]) -> list[str]:
    """One line per registry of which some tables have rows and others have none, and one where none has any transaction.

    A registry without any rows may be absent.
    """
    told = [line for registry in registries.values() if (line := _of_registry(settings, registry))]
    is_empty = not any(_filled(settings, registry, "credits") for registry in registries.values())
    if is_empty and any(_filled(settings, registry, "projects") for registry in registries.values()):
        told.append(
            "missing: transactions of any registry; without one nothing is published: drop a file of issuances or retirements"
        )
    return told


def _filled(settings: Settings, registry: Registry, holds: str) -> list[str]:
    """The tables of one shape that have rows."""
    return [
        table for table, spec in registry.tables.items() if spec.holds == holds and _rows(settings, registry, table) > 0
    ]


def _rows(settings: Settings, registry: Registry, table: str) -> int:
    path = settings.table("normalized", registry.id, table)
    return store.row_count(path) if path.exists() else 0


def _of_registry(settings: Settings, registry: Registry) -> str | None:
    filled = {holds: _filled(settings, registry, holds) for holds in ("projects", "credits")}
    if not filled["projects"] and not filled["credits"]:
        return None
    lacking = {
        holds: [
            table
            for table, spec in registry.tables.items()
            if spec.holds == holds and table not in filled[holds] and not spec.may_be_empty
        ]
        for holds in filled
    }
    parts = []
    if lacking["projects"]:
        parts.append(
            f"{_listed(lacking['projects'])} (it has transactions without projects: these stand as placeholders)"
        )
    if lacking["credits"]:
        effect = (
            "its totals lack them"
            if filled["credits"]
            else "it has projects without transactions: their totals are NULL"
        )
        parts.append(f"{_listed(lacking['credits'])} ({effect})")
    return f"missing: of {registry.id} a usable file of {'; of '.join(parts)}" if parts else None


def _listed(tables: list[str]) -> str:
    return ", ".join(tables)
