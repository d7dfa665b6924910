"""Makes `regions/*.parquet` beside this file from QGIS's copy of Natural Earth's first-level regions.

Which ISO country a region belongs to is decided here, and nowhere else. Where a polygon lies belongs in
`carbon_assets/geo/places.py`.

    .venv/bin/python configs/geography/make_regions.py WORLD_MAP.gpkg
"""

from __future__ import annotations

import sys
from pathlib import Path

import country_converter
import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

TARGET = Path(__file__).parent / "regions"

GRID = 1024
"""Vertices per degree. A power of two leaves the last bytes of a coordinate zero, so that they pack: 100 m for 30 % of
the size that decimals need."""

COUNTRY_OF_UNIT = {
    "CLP": "FRA",  # Clipperton has no code of its own
    "CYN": "CYP",
    "ESB": "GBR",  # the British bases on Cyprus
    "WSB": "GBR",
    "KAB": "KAZ",  # Baykonur, leased to Russia
    "KAS": "IND",  # Siachen
    "NSV": "SJM",
    "SOL": "SOM",
    "USG": "CUB",  # Guantanamo Bay
}
"""Natural Earth's unit -> ISO code, where neither the unit nor its `iso_a2` is one, or `iso_a2` is that of the state."""

COUNTRY_OF_REGION = {
    ("NLD", "Bonaire"): "BES",
    ("NLD", "Saba"): "BES",
    ("NLD", "St. Eustatius"): "BES",
    ("RUS", "Crimea"): "UKR",  # UA-43 and UA-40 in ISO 3166-2
    ("RUS", "Sevastopol"): "UKR",
}
"""Unit and region -> ISO code, where ISO has the region elsewhere than Natural Earth."""

OF_NO_COUNTRY = {"PGA"}
"""The Spratly Islands: several states hold some, and the source does not say which."""

REGION_NAMES = {
    ("AFG", "Panjshir"): "Panjshir",
    ("AFG", "Wilayat-e Daykundi"): "Daykundi",
    ("ALB", "Qarku i Tiranes"): "Tirana",
    ("AZE", "Lacin Rayonu"): "Laçın",
    ("GBR", "Metropolitan Borough of Wirral"): "Wirral",
    ("MWI", "Karonga District"): "Karonga",
    ("SRB", "Rasinski Okrug"): "Rasinski",
    ("UGA", "Kiruhura District"): "Kiruhura",
}
"""Country and `gn_name` -> name, where the source calls a region by the name of its neighbour."""

_CUT = 179.8999
_POLE_CUT = -89.8999
"""Where the copy ends, a little short of the antimeridian and the pole."""


def countries_of(source: pd.DataFrame) -> pd.Series:
    """The ISO 3166-1 alpha-3 code of each region; NULL for those of no country."""
    library = country_converter.CountryConverter()
    alpha2 = {code: library.convert(code, src="ISO2", to="ISO3") for code in set(source.iso_a2) - {"-1"}}
    own = source.gu_a3.where(source.gu_a3.isin(set(library.data.ISO3)))
    by_name = pd.Series(
        [COUNTRY_OF_REGION.get(key) for key in zip(source.gu_a3, source.name, strict=True)], source.index
    )
    codes = by_name.fillna(source.gu_a3.map(COUNTRY_OF_UNIT)).fillna(own).fillna(source.iso_a2.map(alpha2))
    return codes.mask(source.gu_a3.isin(OF_NO_COUNTRY))


def names_of(source: pd.DataFrame, countries: pd.Series) -> pd.Series:
    """The name of each region; NULL where the source has none."""
    right = [REGION_NAMES.get(key) for key in zip(countries, source.gn_name, strict=True)]
    return pd.Series(right, source.index, dtype=object).fillna(source.name)


def reach_edges(coordinates: np.ndarray) -> np.ndarray:
    """Coordinates whose cut edges lie on the antimeridian and the pole again."""
    longitude, latitude = coordinates.T
    longitude = np.where(np.abs(longitude) >= _CUT, np.sign(longitude) * 180, longitude)
    return np.column_stack([longitude, np.where(latitude <= _POLE_CUT, -90, latitude)])


def on_grid(coordinates: np.ndarray) -> np.ndarray:
    """Coordinates on the grid; what two regions share, they share afterwards too."""
    return np.round(coordinates * GRID) / GRID


def polygons_of(geometry: shapely.Geometry) -> shapely.Geometry:
    """The valid polygons of a geometry, without lines and points that rounding left behind."""
    parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(geometry)))
    return shapely.union_all(parts[shapely.area(parts) > 0])


def regions_of(source: geopandas.GeoDataFrame) -> pd.DataFrame:
    """`country_iso3`, `region`, `geometry`: one row per name and country, in this order."""
    countries = countries_of(source)
    shapes = shapely.transform(shapely.transform(source.geometry.to_numpy(), reach_edges), on_grid)
    shapes = [shape if shapely.is_valid(shape) else polygons_of(shape) for shape in shapes]
    table = pd.DataFrame({"country_iso3": countries, "region": names_of(source, countries), "geometry": shapes})
    table = table[table.country_iso3.notna()]
    groups = table.groupby(["country_iso3", "region"], dropna=False).geometry
    return groups.agg(lambda one: one.iloc[0] if len(one) == 1 else shapely.union_all(one.to_numpy())).reset_index()


def write(regions: pd.DataFrame, folder: Path) -> None:
    """One file per continent, so that none grows beyond what the repository takes."""
    folder.mkdir(exist_ok=True)
    library = country_converter.CountryConverter()
    continents = regions.country_iso3.map(dict(zip(library.data.ISO3, library.data.continent, strict=True)))
    for continent, rows in regions.groupby(continents):
        table = pa.table(
            {
                "country_iso3": pa.array(rows.country_iso3, pa.string()),
                "region": pa.array(rows.region, pa.string(), from_pandas=True),
                "geometry": pa.array(shapely.to_wkb(rows.geometry.to_numpy(), byte_order=1), pa.binary()),
            }
        )
        path = folder / f"{continent.lower()}.parquet"
        pq.write_table(table, path, compression="zstd", compression_level=19, use_dictionary=["country_iso3"])


def main(arguments: list[str]) -> int:
    """Makes the files anew; returns the exit code."""
    if len(arguments) != 1:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    write(regions_of(geopandas.read_file(arguments[0], layer="states_provinces")), TARGET)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
