"""What marts, staging views and the published file are made by."""

from __future__ import annotations

from pathlib import Path

from carbon_assets.base.settings import Settings
from carbon_assets.platform.subject import Inputs, below

_LIBRARIES = ("dbt-core", "dbt-duckdb", "duckdb")


def inputs(settings: Settings) -> dict[str, Inputs]:
    """By key. A mart is its SQL, its YAML (columns, descriptions, dbt tests) and the macros; the published file is held
    against the suites of all marts first."""
    common = below(settings.dbt_project, "dbt_project.yml", "macros/**/*.sql")
    models = {
        f"{layer}/{path.stem}": Inputs(_files(path, common), without_code=True, libraries=_LIBRARIES)
        for layer in ("staging", "marts")
        for path in below(settings.dbt_project, f"models/{layer}/**/*.sql")
    }
    return models | {"published/carbon": Inputs(below(settings.expectations, "marts/*.json"))}


def _files(sql: Path, common: tuple[Path, ...]) -> tuple[Path, ...]:
    yaml = (path for path in (sql.with_suffix(".yml"), sql.with_name("_sources.yml")) if path.exists())
    return (sql, *yaml, *common)
