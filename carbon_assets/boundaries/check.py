"""What is wrong with `configs/boundaries/` and `configs/geography/`: all of it, each with file and line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from carbon_assets.base.configs import read_yaml
from carbon_assets.base.errors import Faults
from carbon_assets.base.settings import Settings
from carbon_assets.boundaries import rules
from carbon_assets.geo import places


def faults(settings: Settings) -> tuple[str, ...]:
    """All that cannot be read, and least areas of protocols that are not catalogued."""
    configs = settings.configs
    met = Faults()
    met.result_of(rules.load, configs)
    met.result_of(places.load, configs)
    with met.collected():
        if catalogued := _protocols(configs):
            met.add(*rules.unknown_protocols(configs, catalogued))
    return met.messages


def _protocols(configs: Path) -> set[str]:
    """The ids of the catalogue, which is a neighbour's: as far as its files can be read."""
    documents: list[Any] = [read_yaml(path).data for path in sorted((configs / "protocols").glob("*.yml"))]
    return {entry["id"] for document in documents for entry in document["protocols"]}
