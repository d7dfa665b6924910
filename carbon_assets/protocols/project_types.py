"""What a project is: decided by its protocols, else by its registry's own words, else by a steward.

`configs/protocols/registry_types/*.csv` say what the registries' words mean, `project_type_overrides.csv` beside them what
stewards know of single projects. Which protocols a text names belongs in `reader.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from carbon_assets.base.configs import ConfigError
from carbon_assets.base.errors import Faults
from carbon_assets.base.known_words import why_unknown
from carbon_assets.base.lists import Row, load_list, word_key
from carbon_assets.protocols.catalogue import Catalogue, ProjectType

WORD_COLUMNS = ("registry", "field", "raw", "project_type", "broad", "note")
OVERRIDE_COLUMNS = ("project_id", "project_type", "note")
FIELDS = ("type", "activity")
"""The columns of registries whose words say what a project is."""


@dataclass(frozen=True)
class Hint:
    """A project type that something speaks for. `broad`: it covers other types too, and yields to whatever says more."""

    type: str
    broad: bool


@dataclass(frozen=True)
class Decision:
    """The type that is `certain`, and the one that holds where no steward knows better, each with its source; and the words
    of the registry that nobody has explained, where they are needed."""

    certain: tuple[str, str] | None
    likely: tuple[str, str] | None
    unknown_words: tuple[str, ...]


class ProjectTypes:
    """Decides on types. Raises `ConfigError` with all that contradicts the catalogue or itself."""

    def __init__(self, catalogue: Catalogue, configs: Path) -> None:
        folder, types, faults = configs / "protocols", catalogue.project_types, Faults()
        self._catalogue = catalogue
        self._words = faults.result_of(load_words, folder / "registry_types", types)
        self.overrides = faults.result_of(load_overrides, folder / "project_type_overrides", types)
        faults.refuse(ConfigError)

    def decide(self, registry: str, ids: Iterable[str], type_raw: str | None, activity_raw: str | None) -> Decision:
        """From the protocols where they agree, else from the registry's activity, else from its type.

        Where protocols differ, or are all broad, the type that most of them stand for is only likely; if that is a bundle
        ('Renewable Energy'), a word of the registry that says more ('Centralized Solar') is likelier.
        """
        protocols = [self._catalogue.protocols[id_] for id_ in ids]
        said = [Hint(p.project_type, p.broad) for p in protocols if p.project_type]
        activities, unknown_activities = self._read(registry, "activity", activity_raw)
        types, unknown_types = self._read(registry, "type", type_raw)
        words = [*activities, *types]
        if certain := _agreed(said, "protocol"):
            return Decision(certain, certain, ())
        certain = _agreed(activities, "registry") or _agreed(types, "registry")
        likely = certain or self._more_telling(_foremost(said, "protocol"), _foremost(words, "registry"))
        return Decision(certain, likely, (*unknown_activities, *unknown_types))

    def _more_telling(self, said: tuple[str, str] | None, word: tuple[str, str] | None) -> tuple[str, str] | None:
        """What the protocols say, unless it is a bundle and the registry's word is none."""
        types = self._catalogue.project_types
        if said and word and types[said[0]].is_bundle and not types[word[0]].is_bundle:
            return word
        return said or word

    def category(self, ids: Iterable[str], type_: str | None, source: str | None) -> str | None:
        """That of the first protocol that stands for the type, else of the first that has one, else of the type; of a
        steward's type, always its own."""
        own = self._catalogue.project_types[type_].category if type_ else None
        if source == "override":
            return own
        protocols = [self._catalogue.protocols[id_] for id_ in ids]
        ordered = sorted(protocols, key=lambda protocol: protocol.project_type != type_)
        return next((c for p in ordered if (c := self._catalogue.category(p.id)) not in (None, "unknown")), own)

    def _read(self, registry: str, field: str, raw: str | None) -> tuple[list[Hint], list[str]]:
        """The hints in a cell of one or several words, and the words that nobody has explained."""
        if not raw or not raw.strip():
            return [], []
        whole = (registry, field, word_key(raw))
        parts = [raw] if whole in self._words else [part.strip() for part in raw.split(";") if part.strip()]
        keys = {part: (registry, field, word_key(part)) for part in parts}
        hints = [hint for key in keys.values() if (hint := self._words.get(key))]
        return hints, [part for part, key in keys.items() if key not in self._words]


def _agreed(hints: list[Hint], source: str) -> tuple[str, str] | None:
    """The one type that those that decide have in common."""
    decided = {hint.type for hint in hints if not hint.broad}
    return (decided.pop(), source) if len(decided) == 1 else None


def _foremost(hints: list[Hint], source: str) -> tuple[str, str] | None:
    """The type named most often, of those that decide if any does; the first of equals."""
    decided = [hint.type for hint in hints if not hint.broad] or [hint.type for hint in hints]
    if not decided:
        return None
    votes = Counter(hint.type for hint in hints)
    return max(decided, key=lambda type_: (votes[type_], -decided.index(type_))), source


def load_words(place: Path, types: dict[str, ProjectType]) -> dict[tuple[str, str, str], Hint | None]:
    """(registry, field, word) -> what it says; None where it says nothing of the type. Raises `ConfigError`."""
    words: dict[tuple[str, str, str], Hint | None] = {}
    faults = Faults()
    for row in load_list(place, WORD_COLUMNS, key=("registry", "field", "raw")):
        if row["field"] not in FIELDS:
            faults.add(f"{row['place']}: field is {' or '.join(FIELDS)}, not {row['field']!r}")
        if not row["registry"] or not row["raw"]:
            faults.add(f"{row['place']}: needs a registry and a raw word")
        if row["project_type"]:
            faults.add(*_unknown_type(row, types))
        if row["broad"] not in (("yes", "no") if row["project_type"] else ("",)):
            faults.add(f"{row['place']}: broad is yes or no where there is a project_type, else blank")
        key = (row["registry"], row["field"], word_key(row["raw"]))
        words[key] = Hint(row["project_type"], row["broad"] == "yes") if row["project_type"] else None
    faults.refuse(ConfigError)
    return words


def load_overrides(place: Path, types: dict[str, ProjectType]) -> dict[str, str]:
    """project_id -> project type. Raises `ConfigError`."""
    overrides: dict[str, str] = {}
    faults = Faults()
    for row in load_list(place, OVERRIDE_COLUMNS, key=("project_id",)):
        if not row["project_id"]:
            faults.add(f"{row['place']}: project_id is blank")
        faults.add(*_unknown_type(row, types))
        overrides[row["project_id"]] = row["project_type"]
    faults.refuse(ConfigError)
    return overrides


def _unknown_type(row: Row, types: dict[str, ProjectType]) -> list[str]:
    reason = why_unknown("project_type", row["project_type"], types, "configs/protocols/project_types.csv")
    return [f"{row['place']}: {reason}"] if reason else []
