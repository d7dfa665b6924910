"""What a file states of itself: how many rows there are. One that holds fewer is a part, and no table.

Where it is stated is `total` of a table's description; the tonnes of a table are judged by its release gate.
"""

from __future__ import annotations

import re

from carbon_assets.base.readers import RawTable, UnreadableFile


def rows_of(raw: RawTable) -> int | None:
    """The stated number of rows; None where none is stated. Raises `UnreadableFile` where it is no number, or less than there are."""
    if raw.stated_rows is None:
        return None
    text = raw.stated_rows.strip()
    if not re.fullmatch(r"\d{1,3}(,\d{3})+|\d+", text):
        raise UnreadableFile(
            f"the number of rows that the file states is {text!r}, which is no number: download it again"
        )
    stated = int(text.replace(",", ""))
    if stated < _held(raw):
        raise UnreadableFile(f"the file holds {_held(raw):,} rows and states {stated:,}: which counts cannot be told")
    return stated


def why_incomplete(raw: RawTable, stated: int | None) -> str | None:
    """That rows are missing; None where all are there, or nobody says how many there are."""
    if stated is None or stated == _held(raw):
        return None
    return f"the file holds {_held(raw):,} of the {stated:,} rows that it states: download it whole"


def _held(raw: RawTable) -> int:
    return len(raw.rows) + len(raw.bad_rows) if raw.records is None else raw.records
