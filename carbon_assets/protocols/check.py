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
from carbon_assets.protocols.catalogue import PROGRAM_COLUMNS, load_catalogue
from carbon_assets.protocols.project_types import WORD_COLUMNS, ProjectTypes
from carbon_assets.registries.description import Registry, load_registries


def faults(settings: Settings) -> tuple[str, ...]:
    """All that contradicts itself or the registries."""
    configs = settings.configs
    met = Faults()
    registries = met.result_of(load_registries, configs)
    catalogue = met.result_of(load_catalogue, configs)
    met.result_of(Vocabulary, configs / "protocols" / "no_protocol")
    if catalogue is not None:
        met.result_of(ProjectTypes, catalogue, configs)
        met.result_of(tables.reader, catalogue, registries or {}, configs)
    if registries is not None:
        with met.collected():
            met.add(*_unknown_registries(configs, registries))
    return met.messages


def _unknown_registries(configs: Path, registries: dict[str, Registry]) -> Iterator[str]:
    """Registries that no file describes. A programme may publish at one that is not described here (yet): then it has a file of
    protocols of that name."""
    folder = configs / "protocols"
    known = {*registries, *(path.stem for path in folder.glob("*.yml"))}
    rows = [
        *load_list(folder / "programs", PROGRAM_COLUMNS, key=("program",)),
        *load_list(folder / "registry_types", WORD_COLUMNS, key=("registry", "field", "raw")),
    ]
    for row in rows:
        if row["registry"] and (reason := why_unknown("registry", row["registry"], known, "configs/registries")):
            yield f"{row['place']}: {reason}"
