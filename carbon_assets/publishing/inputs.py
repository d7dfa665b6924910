"""What marts, staging views and the published file are made by.

Descriptions and types that a mart takes over from a harmonized table are not among the inputs here: when they change, the
harmonized table is made anew, and with it what reads it. Nothing is imported that takes time, so that this can be asked often.
"""

from __future__ import annotations

from pathlib import Path

from carbon_assets.base.settings import Settings
from carbon_assets.platform.subject import Inputs, below
from carbon_assets.publishing import models

_LIBRARIES = ("dbt-core", "dbt-duckdb", "duckdb")
_ASSEMBLY = tuple(Path(__file__).with_name(name) for name in ("models.py", "project.py"))
"""The code that writes views and fills in columns."""


def inputs(settings: Settings) -> dict[str, Inputs]:
    """By key. A mart is its SQL, its YAML (columns, descriptions, dbt tests) and the macros; the published file is held
    against the suites of all marts first."""
    made = {f"marts/{name}": model_inputs(settings, name) for name in models.authored(settings.dbt_project, "marts")}
    made |= {f"staging/{name}": model_inputs(settings, name) for name in _views(settings.dbt_project)}
    by_key = {key: Inputs(files, without_code=True, libraries=_LIBRARIES) for key, files in made.items()}
    macros = below(Path(__file__).parents[1], "*/published.sql")
    return by_key | {"published/carbon": Inputs((*below(settings.expectations, "marts/*.json"), *macros))}


def model_inputs(settings: Settings, name: str) -> tuple[Path, ...]:
    """The files that say how a mart or a staging view is made, besides the models that it reads: its SQL and YAML, the macros,
    the settings of the project, and the code that fills in what is not written."""
    project = settings.dbt_project
    written = below(project, f"models/*/*/{name}.sql", f"models/*/*/{name}.yml")
    return (*written, *below(project, "dbt_project.yml", "macros/**/*.sql"), *_ASSEMBLY)


def _views(dbt_project: Path) -> list[str]:
    return [models.staging_view(table) for table in models.staged_tables(dbt_project)]
