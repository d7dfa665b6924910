"""Projects that registries made to try their own systems: the list `configs/unified/test_projects/<registry>.csv`.

They are flagged, and stay with what is published of them.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from carbon_assets.base.configs import ConfigError
from carbon_assets.base.errors import Faults
from carbon_assets.base.known_words import why_unknown
from carbon_assets.base.lists import Row, load_list, word_key

COLUMNS = ("registry", "field", "value", "note")
FIELDS = ("project_id", "name", "proponent")
"""What of a project can tell that it is none: its id, or the whole of its name or proponent."""


def load_trials(configs: Path) -> list[Row]:
    """The rows of the list. Raises `ConfigError`."""
    rows = load_list(configs / "unified" / "test_projects", COLUMNS, key=("registry", "field", "value"))
    faults = Faults()
    for row in rows:
        if reason := why_unknown("field", row["field"], FIELDS):
            faults.add(f"{row['place']}: {reason}")
        if not row["value"] or not row["note"]:
            faults.add(f"{row['place']}: needs a value, and a note that says why it means a test")
    faults.refuse(ConfigError)
    return rows


def find_trials(con: duckdb.DuckDBPyConnection, relation: str, configs: Path) -> None:
    """Make `trials`: the ids of the projects of `relation` that their registry made as a test. It has `project_id`, `name` and
    `proponent`; `hosts` says whose each is (`harmonize.find_hosts`)."""
    listed = {(row["registry"], row["field"], word_key(row["value"])) for row in load_trials(configs)}
    projects = con.execute(
        f"select p.project_id, p.name, p.proponent, h.registry from {relation} p join hosts h using (project_id)"
    ).fetchall()
    ids = [
        cells[0]
        for *cells, registry in projects
        if any((registry, field, word_key(cell or "")) in listed for field, cell in zip(FIELDS, cells, strict=True))
    ]
    con.register("trials", pa.table({"project_id": pa.array(ids, pa.string())}))
