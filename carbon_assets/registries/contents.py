"""What is inside a file that a registry dropped: rows, columns, a hash of its records, or why it cannot be read.

Told once, when the file is stored. What the rows mean does not belong here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import duckdb

from carbon_assets.base import readers
from carbon_assets.base.errors import in_words
from carbon_assets.registries import normalize
from carbon_assets.registries.description import Registry
from carbon_assets.snapshots.store import Contents

log = logging.getLogger(__name__)


def describer(registry: Registry, table: str) -> Callable[[str, bytes], Contents]:
    """What `snapshots.take` asks about a file of the table."""
    return lambda file, content: describe(registry, table, file, content)


def describe(
    registry: Registry, table: str, file: str, content: bytes, on_rows: Callable[[int], None] = lambda rows: None
) -> Contents:
    """The contents of a file with this name and these bytes. Never raises for a bad file. `on_rows` is called with the number of
    rows as soon as they are read: their hash takes as long again."""
    try:
        raw = normalize.read_file(registry, table, file, content)
        on_rows(len(raw.rows) + len(raw.bad_rows))
        with duckdb.connect() as con:
            records = normalize.record_hash(con, registry, table, raw)
    except readers.UnreadableFile as error:
        return Contents(unreadable=str(error))
    except Exception as error:
        log.exception("%s/%s: %s cannot be read", registry.id, table, file)
        return Contents(
            unreadable=f"it holds something that was not foreseen ({type(error).__name__}: {in_words(error)})"
        )
    return Contents(
        rows=len(raw.rows) + len(raw.bad_rows), columns=tuple(raw.header.values()), records=records, layout=raw.layout
    )
