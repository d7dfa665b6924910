"""Made-up files of boundaries: squares as GeoJSON, KML and shapefiles, and what is wrong with some."""

from __future__ import annotations

import csv
import io
import json
import warnings
from collections.abc import Iterable
from pathlib import Path

import geopandas as gpd
import shapely

from carbon_assets.boundaries.rules import Rules

RULES = Rules(
    min_part_ha=0.1, default_crs="EPSG:4326", max_repair_change=0.01, max_geodesic_difference=0.005,
    max_area_difference=0.1, min_share_inside=0.95, overlap_tolerance_ha=1, max_previews=9, max_sliver_share=0.01,
    area_attributes={"area_ha": 1, "ha": 1, "hectares": 1, "acres": 0.40468564224},
)  # fmt: skip

CUT = '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><Poly'
"""A KML file of which the download broke off."""


def square(west: float, south: float = 0, side: float = 1) -> shapely.Polygon:
    return shapely.box(west, south, west + side, south + side)


def geojson(*shapes: shapely.Geometry, name: str | None = None, indent: int | None = None) -> str:
    """A collection; `name` is its layer."""
    features = [{"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(shape)} for shape in shapes]
    named = {"name": name} if name else {}
    return json.dumps({"type": "FeatureCollection", **named, "features": features}, indent=indent)


def kml(**layers: Iterable[shapely.Polygon]) -> str:
    """One folder for each name."""
    folders = "".join(
        f"<Folder><name>{name}</name>{''.join(map(_placemark, shapes))}</Folder>" for name, shapes in layers.items()
    )
    return f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{folders}</Document></kml>'


def _placemark(shape: shapely.Polygon) -> str:
    positions = " ".join(f"{x},{y}" for x, y in shape.exterior.coords)
    ring = f"<LinearRing><coordinates>{positions}</coordinates></LinearRing>"
    return f"<Placemark><Polygon><outerBoundaryIs>{ring}</outerBoundaryIs></Polygon></Placemark>"


def shapefile(folder: Path, *shapes: shapely.Geometry, crs: str | None = None) -> Path:
    """A folder with the shapefile `area`; without `crs` it says none."""
    folder.mkdir(parents=True, exist_ok=True)
    frame = gpd.GeoDataFrame({"n": range(len(shapes))}, geometry=list(shapes), crs=crs)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'crs' was not provided")
        frame.to_file(folder / "area.shp", engine="pyogrio")
    return folder


def index(*rows: tuple[str, ...], header: tuple[str, ...] = ("project_id", "file", "layer", "note")) -> str:
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\n").writerows([header, *(row + ("",) * (len(header) - len(row)) for row in rows)])
    return file.getvalue()
