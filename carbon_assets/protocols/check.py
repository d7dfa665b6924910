"""What is wrong with the stewards' files of protocols and project types: all of it, each with file and line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from carbon_assets.base.errors import Faults
from carbon_assets.base.known_words import why_unknown
from carbon_assets.base.lists import load_list
from carbon_assets.base.settings import Settings
from carbon_assets.base.vocab import Vocabulary
from carbon_assets.protocols import tables
from carbon_assets.protocols.catalogue import PROGRAM_COLUMNS, load_catalogue, load_project_types
from carbon_assets.protocols.project_types import WORD_COLUMNS, load_overrides, load_words
from carbon_assets.registries.description import load_registries, registry_ids


def faults(settings: Settings) -> tuple[str, ...]:
    """All that contradicts itself or the registries."""
    configs = settings.configs
    met = Faults()
    registries = met.result_of(load_registries, configs)
    catalogue = met.result_of(load_catalogue, configs)
    met.result_of(Vocabulary, configs / "protocols" / "no_protocol")
    folder = configs / "protocols"
    types = met.result_of(load_project_types, folder / "project_types")
    if types is not None:
        met.result_of(load_words, folder / "registry_types", types)
        met.result_of(load_overrides, folder / "project_type_overrides", types)
    if catalogue is not None:
        met.result_of(tables.reader, catalogue, registries or {}, configs)
    with met.collected():
        met.add(*_unknown_registries(configs))
    return met.messages


def _unknown_registries(configs: Path) -> Iterator[str]:
    """Registries that no file describes. A programme may publish at one that is not described here (yet): then it has a file of
    protocols of that name."""
    folder = configs / "protocols"
    known = {*registry_ids(configs), *(path.stem for path in folder.glob("*.yml"))}
    rows = [
        *load_list(folder / "programs", PROGRAM_COLUMNS, key=("program",)),
        *load_list(folder / "registry_types", WORD_COLUMNS, key=("registry", "field", "raw")),
    ]
    for row in rows:
        if row["registry"] and (reason := why_unknown("registry", row["registry"], known, "configs/registries")):
            yield f"{row['place']}: {reason}"
