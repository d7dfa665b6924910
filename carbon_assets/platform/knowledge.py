"""What stewards know, as external assets: their files under `configs/`, versioned by content.

A changed file makes what depends on it stale, and nothing else.
"""

import hashlib
from pathlib import Path

import dagster as dg

from carbon_assets.base.settings import Settings
from carbon_assets.platform import freshness
from carbon_assets.registries.description import load_registries

PROTOCOLS = dg.AssetKey(["configs", "protocols"])
PROJECT_TYPES = dg.AssetKey(["configs", "project_types"])
BENEFICIARIES = dg.AssetKey(["configs", "beneficiaries"])
BOUNDARIES = dg.AssetKey(["configs", "boundaries"])

_FILES = {
    PROTOCOLS: ("protocols/*.yml", "programs.csv", "categories.csv", "project_types.csv", "vocab/no_protocol.csv"),
    PROJECT_TYPES: ("registry_types.csv", "project_type_overrides.csv"),
    BENEFICIARIES: ("beneficiaries/*.csv", "beneficiaries/*.yml", "beneficiaries/operations/*.json"),
    BOUNDARIES: ("boundaries/*.yml", "boundaries/*.csv", "geography/**/*.parquet"),
}
_MEANING = {
    PROTOCOLS: "The catalogue of protocols, with the programmes, categories and project types that it names.",
    PROJECT_TYPES: "What the registries' own words for types mean, and the types of single projects.",
    BENEFICIARIES: "How retirement texts name their users: placeholders, phrases, aliases, and the curators' histories.",
    BOUNDARIES: "How boundaries are repaired and judged: thresholds, stated and least areas, countries and their regions.",
}


def build(settings: Settings) -> list[dg.SourceAsset]:
    """One observable asset per body of knowledge."""
    return [_observed(key, settings.configs) for key in _FILES]


def _observed(key: dg.AssetKey, configs: Path) -> dg.SourceAsset:
    @dg.observable_source_asset(
        key=key,
        group_name="configs",
        description=f"{_MEANING[key]} Files: {', '.join(_FILES[key])}.",
        tags={"dagster/kind/file": ""},
        metadata={"folder": dg.MetadataValue.path(configs)},
    )
    def observe() -> dg.DataVersion:
        return dg.DataVersion(_version(configs, key))

    return observe


def versions(configs: Path) -> freshness.Versions:
    """The data version of every body of knowledge."""
    return {key: _version(configs, key) for key in _FILES}


def _version(configs: Path, key: dg.AssetKey) -> str:
    """A hash of names and bytes of the files; of the protocols, with the registries' defaults."""
    files = freshness.hash_of((path for pattern in _FILES[key] for path in configs.glob(pattern)), configs)
    if key != PROTOCOLS:
        return files
    defaults = {r.id: r.default_protocol for r in load_registries(configs).values() if r.default_protocol}
    return hashlib.sha256(f"{files} {sorted(defaults.items())}".encode()).hexdigest()
