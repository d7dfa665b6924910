"""`make curate`: what is known of beneficiaries, as a project in the OpenRefine at `OPENREFINE_URL`.

The curator clusters and edits there; the operations extracted from the project's history, saved under
`configs/beneficiaries/operations/`, take effect on the next run.
"""

from __future__ import annotations

import duckdb

from carbon_assets.base import clock
from carbon_assets.base.settings import Settings
from carbon_assets.beneficiaries import tables
from carbon_assets.openrefine.server import OpenRefine, OpenRefineError


def curate(settings: Settings) -> str:
    """Make the project, and return where to open it. Raises `OpenRefineError`, `ConfigError`."""
    if not settings.openrefine_url:
        raise OpenRefineError(
            "OPENREFINE_URL is not set: start OpenRefine and name its address, e.g. http://127.0.0.1:3333"
        )
    credits = settings.table("harmonized", "credits")
    if not credits.exists():
        raise OpenRefineError(f"there are no credits in {settings.data} yet: `make run` first")
    with duckdb.connect() as con:
        table = tables.curation_table(con, credits, settings.configs)
    with OpenRefine(settings.openrefine_url) as server:
        project = server.create_project(f"carbon-assets beneficiaries {clock.now():%Y-%m-%d %H:%M}", table)
    return f"{settings.openrefine_url.rstrip('/')}/project?project={project}"


def advice(settings: Settings, address: str) -> str:
    """What the curator does with the project at `address`."""
    operations = settings.configs / "beneficiaries" / "operations"
    return (
        f"open {address}\n"
        f"edit the column `{tables.NAME_COLUMN}` (facet by `{tables.SUGGESTION_COLUMN}` to see what may be one), then Undo / Redo > Extract, and save the operations as\n"
        f"{operations}/<name>.json; `make map WHAT=beneficiaries` applies them"
    )
