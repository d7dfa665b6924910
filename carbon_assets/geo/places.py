"""Where a polygon lies: its country and first-level region, and how much of it lies in a stated country.

What is known of countries and regions is `configs/geography/regions/*.parquet`; a country is the union of its regions.
All coordinates are longitude and latitude in degrees (EPSG:4326), all areas in square degrees, as they only become
shares. Which names a country goes by belongs in `countries.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from pydantic import Field

from carbon_assets.base.configs import ConfigError, Model, load_yaml

COLUMNS = ("country_iso3", "region", "geometry")

SEGMENTS_OF_QUARTER_CIRCLE = 4
"""Of a widened country's corners: at 4 they fall short by 2 % of what it is widened by."""


class Nearness(Model):
    """The model of `configs/geography/places.yml`, which says what its keys mean."""

    max_degrees_to_region: float = Field(ge=0)
    degrees_around_country: float = Field(ge=0)


class Place(NamedTuple):
    """A country by its ISO 3166-1 alpha-3 code, and a region by its name."""

    country_iso3: str | None
    region: str | None


NOWHERE = Place(None, None)


@cache
def load(configs: Path) -> Places:
    """The regions of `configs/geography`. Raises `ConfigError` where a file is missing, unreadable or says nothing."""
    nearness = load_yaml(configs / "geography" / "places.yml", Nearness)
    folder = configs / "geography" / "regions"
    paths = sorted(folder.glob("*.parquet"))
    if not paths:
        raise ConfigError(f"{folder}: no regions")
    rows = [row for path in paths for row in _rows(path)]
    # In this order everywhere, so that the first of equals does not depend on the files.
    rows.sort(key=lambda row: (row[0], row[1] or ""))
    countries, regions, shapes = zip(*rows, strict=True)
    return Places(countries, regions, shapes, nearness)


def _rows(path: Path) -> list[tuple[str, str | None, shapely.Geometry]]:
    try:
        table = pq.ParquetFile(path).read(columns=list(COLUMNS))
        if tuple(table.column_names) != COLUMNS:
            raise ConfigError(f"{path}: expected the columns {','.join(COLUMNS)}; found {table.column_names}")
        shapes = shapely.from_wkb(table["geometry"].to_numpy(zero_copy_only=False))
    except (OSError, pa.ArrowException, shapely.errors.ShapelyError, TypeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    countries = table["country_iso3"].to_pylist()
    if not countries or None in countries or shapely.is_missing(shapes).any():
        raise ConfigError(f"{path}: needs rows, each with a country and a geometry")
    return list(zip(countries, table["region"].to_pylist(), shapes, strict=True))


class Places:
    """Regions that can be asked for polygons, thousands at once.

    Geometries are valid, or None. One that crosses the antimeridian is cut there, as the regions are: nothing is near
    across it.
    """

    def __init__(
        self,
        countries: Sequence[str],
        regions: Sequence[str | None],
        shapes: Sequence[shapely.Geometry],
        nearness: Nearness,
    ) -> None:
        self._nearness = nearness
        self._places = [Place(*pair) for pair in zip(countries, regions, strict=True)]
        self._codes = {code: number for number, code in enumerate(sorted(set(countries)))}
        self._country = np.array([self._codes[code] for code in countries])
        self._shapes = np.array(shapes, dtype=object)
        self._widened = np.full(len(self._codes), None, dtype=object)
        self._tree = shapely.STRtree(self._shapes)
        shapely.prepare(self._shapes)

    @property
    def countries(self) -> frozenset[str]:
        """The ISO 3166-1 alpha-3 codes of all countries that have a region."""
        return frozenset(self._codes)

    def located(self, geometries: np.ndarray) -> list[Place]:
        """The place of each polygon, in their order.

        The country that holds most of its area, and the region that holds most of it in that country; where it meets
        none, those of the nearest region within `max_degrees_to_region`.
        """
        geometries = np.asarray(geometries, dtype=object)
        homes = np.full(len(geometries), -1)
        which, region = self._pairs(geometries)

        meets = shapely.intersects(self._shapes[region], geometries[which])
        which, region = which[meets], region[meets]
        is_alone = np.bincount(which, minlength=len(geometries))[which] == 1
        homes[which[is_alone]] = region[is_alone]

        which, region = which[~is_alone], region[~is_alone]
        areas = shapely.area(shapely.intersection(self._shapes[region], geometries[which]))
        largest = self._largest(which, region, areas)
        _put(homes, which[largest], region[largest])

        reach = self._nearness.max_degrees_to_region
        which, region = self._pairs(_those(geometries, homes < 0), reach)
        distances = shapely.distance(self._shapes[region], geometries[which])
        nearest = np.lexsort((region, distances))
        nearest = nearest[distances[nearest] <= reach]
        _put(homes, which[nearest], region[nearest])

        return [self._places[home] if home >= 0 else NOWHERE for home in homes]

    def shares_inside(self, geometries: np.ndarray, countries: Sequence[str | None]) -> np.ndarray:
        """The share (0 to 1) of each polygon's area that lies in its stated country, or within
        `degrees_around_country` of it.

        NaN where the country is None or has no region, and where the geometry has no area.
        """
        geometries = np.asarray(geometries, dtype=object)
        stated = np.array([self._codes.get(code or "", -1) for code in countries], dtype=np.int64)
        areas = shapely.area(geometries)
        asked = (stated >= 0) & (areas > 0)
        shares = np.where(asked, 0.0, np.nan)

        which, region = self._pairs(_those(geometries, asked))
        own = self._country[region] == stated[which]
        which, region = which[own], region[own]
        shares[which[shapely.covers(self._shapes[region], geometries[which])]] = 1.0

        which = np.flatnonzero(shares < 1)
        widened = self._widen(stated[which])
        covered = shapely.covers(widened, geometries[which])
        shares[which[covered]] = 1.0

        which, widened = which[~covered], widened[~covered]
        # Rounding lets a part be larger than the whole by some 1e-15.
        shares[which] = np.minimum(shapely.area(shapely.intersection(widened, geometries[which])) / areas[which], 1.0)
        return shares

    def _pairs(self, geometries: np.ndarray, reach: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """Which polygon may come within `reach` degrees of which region, by the order of the polygons."""
        west, south, east, north = shapely.bounds(geometries).T
        boxes = shapely.box(west - reach, south - reach, east + reach, north + reach)
        boxes[shapely.is_missing(geometries) | shapely.is_empty(geometries)] = None
        return self._tree.query(boxes)

    def _largest(self, which: np.ndarray, region: np.ndarray, areas: np.ndarray) -> np.ndarray:
        """The order of pairs of polygon and region by the area that the country holds, then by that of the region."""
        country = self._country[region]
        _, held = np.unique(np.column_stack([which, country]), axis=0, return_inverse=True)
        return np.lexsort((region, -areas, country, -np.bincount(held, weights=areas)[held]))

    def _widen(self, country: np.ndarray) -> np.ndarray:
        """Countries with `degrees_around_country` around them; made when first asked for, as few of all ever are."""
        width = self._nearness.degrees_around_country
        for one in np.unique(country):
            if self._widened[one] is None:
                regions = shapely.buffer(
                    self._shapes[self._country == one], width, quad_segs=SEGMENTS_OF_QUARTER_CIRCLE
                )
                self._widened[one] = shapely.union_all(regions)
                shapely.prepare(self._widened[one])
        return self._widened[country]


def _those(geometries: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """The chosen geometries in their places, None in all others."""
    found = np.full(len(geometries), None, dtype=object)
    found[chosen] = geometries[chosen]
    return found


def _put(homes: np.ndarray, which: np.ndarray, region: np.ndarray) -> None:
    """Gives each polygon the first of its regions."""
    polygons, first = np.unique(which, return_index=True)
    homes[polygons] = region[first]
