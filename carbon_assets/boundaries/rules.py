"""What stewards decide about boundaries: `configs/boundaries/`. What is done with it belongs in the modules that read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyproj
from pydantic import Field, field_validator

from carbon_assets.base.configs import ConfigError, Model, load_csv, load_yaml
from carbon_assets.base.errors import Faults
from carbon_assets.base.known_words import why_unknown
from carbon_assets.geo.files import Limits


def _known_crs(crs: str) -> str:
    try:
        known = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise ValueError(f"{crs!r} is no coordinate reference system: {error}") from error
    if not (known.is_geographic or known.is_projected):
        raise ValueError(f"{crs!r} ({known.type_name}) places nothing on a map")
    return crs


class Declared(Model):
    """The coordinate reference system of one file that does not say it, and how that is known."""

    crs: str
    reason: str = Field(min_length=1)

    _crs = field_validator("crs")(_known_crs)


class Rules(Model):
    """Thresholds; what each means stands beside its value in `rules.yml`. Areas in ha, shares from 0 to 1."""

    min_part_ha: float = Field(ge=0)
    default_crs: str
    declared_crs: dict[str, Declared] = Field({})
    area_attributes: dict[str, float] = Field({})
    max_repair_change: float = Field(ge=0)
    max_sliver_share: float = Field(ge=0)
    max_geodesic_difference: float = Field(ge=0)
    max_area_difference: float = Field(ge=0)
    min_share_inside: float = Field(ge=0, le=1)
    overlap_tolerance_ha: float = Field(ge=0)
    max_previews: int = Field(ge=0)
    limits: Limits = Limits()

    _crs = field_validator("default_crs")(_known_crs)

    @field_validator("area_attributes")
    @classmethod
    def _folded(cls, given: dict[str, float]) -> dict[str, float]:
        return {name.strip().casefold(): hectares for name, hectares in given.items()}


@dataclass(frozen=True)
class Knowledge:
    """`stated_ha`: project id -> the area that its registry states, and where. `least_ha`: protocol -> the least area of a
    project under it, and where that is said."""

    rules: Rules
    stated_ha: dict[str, tuple[float, str]]
    least_ha: dict[str, tuple[float, str]]


def load(configs: Path) -> Knowledge:
    """Read `configs/boundaries/`. Raises `ConfigError` with all that is wrong."""
    folder, faults = configs / "boundaries", Faults()
    rules = faults.result_of(load_yaml, folder / "rules.yml", Rules)
    stated_ha = faults.result_of(_areas, folder / "stated_areas.csv", "project_id")
    least_ha = faults.result_of(_areas, folder / "least_areas.csv", "protocol")
    faults.refuse(ConfigError)
    return Knowledge(rules, stated_ha, least_ha)


def unknown_protocols(configs: Path, catalogued: set[str]) -> tuple[str, ...]:
    """What is wrong where a least area is of a protocol that is not catalogued. Raises `ConfigError`."""
    path = configs / "boundaries" / "least_areas.csv"
    rows = load_csv(path, ("protocol", "area_ha", "source"))
    reasons = ((row, why_unknown("protocol", row["protocol"], catalogued, "configs/protocols")) for row in rows)
    return tuple(f"{path}, line {row['line']}: {reason}" for row, reason in reasons if reason)


def check_protocols(configs: Path, catalogued: set[str]) -> None:
    """Raise `ConfigError` if a least area is of a protocol that is not catalogued."""
    if faults := unknown_protocols(configs, catalogued):
        raise ConfigError(*faults)


def _areas(path: Path, key: str) -> dict[str, tuple[float, str]]:
    """The areas of a file with the columns `key`, area_ha and source."""
    known: dict[str, tuple[float, str]] = {}
    faults = Faults()
    for row in load_csv(path, (key, "area_ha", "source")):
        where = f"{path}, line {row['line']}"
        try:
            area = float(row["area_ha"])
        except ValueError:
            faults.add(f"{where}: area_ha is {row['area_ha']!r}; a number of hectares is expected")
            continue
        if not (row[key] and row["source"]) or not 0 < area < float("inf"):
            faults.add(f"{where}: {key}, an area above 0 and a source are expected; found {row}")
        if row[key] in known:
            faults.add(f"{where}: {row[key]} stands there twice")
        known[row[key]] = (area, row["source"])
    faults.refuse(ConfigError)
    return known
