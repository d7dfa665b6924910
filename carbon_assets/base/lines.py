"""Tables and counts as lines of text for a terminal. What is worth saying belongs in the subjects."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb


def columns(rows: list[tuple[str, ...]]) -> list[str]:
    """Rows in columns: the first one to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def listed(names: Sequence[str], max_letters: int) -> str:
    """Names in one line of a bounded length; how many more there are is counted."""
    shown = list(names)
    while shown and len(", ".join(shown)) > max_letters:
        shown.pop()
    more = f"{len(names) - len(shown)} more" if len(shown) < len(names) else ""
    return " and ".join(filter(None, (", ".join(shown), more)))


def counted(what: str, table: Path, column: str) -> list[str]:
    """One line with the number of rows of a Parquet table by the words of a column; none where there is no table."""
    if not table.exists():
        return []
    query = f"select {column}, count(*) from read_parquet($path) group by 1 order by 2 desc, 1"
    counts = duckdb.execute(query, {"path": str(table)}).fetchall()
    words = (f"{word or 'nobody'} {n:,}" for word, n in counts)
    return [f"{what}: {', '.join(words)}"]
