"""One loader for the files of stewards: CSV and YAML under `configs/`."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from pydantic import BaseModel, ConfigDict


class ConfigError(Exception):
    """A file under `configs/` contradicts its model or itself."""


class Model(BaseModel):
    """What a file of stewards may say: keys that it does not know are refused, and what was read cannot change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def load_csv(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """A steward's CSV file with exactly `columns`; the dicts also hold `line`. Raises `ConfigError`."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if tuple(reader.fieldnames or ()) != columns:
        raise ConfigError(f"{path}, line 1: expected the columns {','.join(columns)}; found {reader.fieldnames}")
    rows = []
    for row in reader:
        if None in row or None in row.values():
            raise ConfigError(f"{path}, line {reader.line_num}: expected {len(columns)} cells: {row}")
        rows.append({**{name: cell.strip() for name, cell in row.items()}, "line": str(reader.line_num)})
    return rows
