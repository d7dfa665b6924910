"""Whether a version covers the registries that the last one covered.

That one is gone stops nothing: its files may have been made up, or taken away on purpose. How much a table may lose belongs in
`gate.py`.
"""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

import duckdb

COVERED = "covers_the_registries_of_the_last_version"
"""The check of the published file."""


def why_fewer(con: duckdb.DuckDBPyConnection, published: Path, marts: Path, gave_way: Set[str]) -> str | None:
    """Which registries have rows in the folder `published` and none in the folder `marts`; None where all have.

    `gave_way`: ids of the snapshots of made-up files that are out since there are real ones.
    """
    were, are = _snapshots_by_registry(con, published), _snapshots_by_registry(con, marts)
    lost = sorted(set(were) - set(are))
    made_up = [registry for registry in lost if were[registry] <= gave_way]
    others = [registry for registry in lost if registry not in made_up]
    parts = []
    if others:
        parts.append(
            f"no row comes any more from files of {', '.join(others)}: the last version had some; look at marts.snapshots"
        )
    if made_up:
        parts.append(
            f"the made-up rows of {', '.join(made_up)} are out since real files came; drop real files of them, too"
        )
    return "; ".join(parts) or None


def _snapshots_by_registry(con: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, set[str]]:
    """The registries whose files have rows in `credits` or `projects` of a folder, each with the snapshots of these rows."""
    rows = con.execute(
        """
        with asserted as (
            select source, snapshot_id from read_parquet($credits)
            union all
            select source, snapshot_id from read_parquet($projects) where source not like 'configs/%'
        )
        select split_part(source, '/', 1), list(distinct snapshot_id) from asserted group by all
        """,
        {name: str(folder / f"{name}.parquet") for name in ("credits", "projects")},
    ).fetchall()
    return {registry: set(ids) for registry, ids in rows}
