"""The sound files of boundaries: the samples, and their shapes in every format that a reader reads.

How files are damaged belongs in `byte_mutants.py`.
"""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import geopandas as gpd

from carbon_assets.boundaries import drops, rules
from carbon_assets.geo import files
from tests.kit import boundary_formats
from tests.kit.building import CONFIGS
from tests.kit.byte_mutants import Original
from tests.kit.places import SAMPLES

RULES = rules.load(CONFIGS).rules


@functools.cache
def originals() -> tuple[Original, ...]:
    """The samples as they are, and their shapes in the formats that none of them has."""
    dropped = [Original(drops.FOLDER, *drops.packed(path, RULES)) for path in drops.files_in(SAMPLES)]
    own = [
        one for one in dropped if not drops.describe(one.name, one.content, RULES).unreadable
    ]  # one is cut short on purpose
    kml = next(one for one in own if one.name.endswith(".kml"))
    shapes = [shape.geometry for one in own if one.name != drops.INDEX for shape in files.read(one.name, one.content)]
    frame = gpd.GeoDataFrame({"area_ha": range(len(shapes))}, geometry=shapes, crs=4326)
    with tempfile.TemporaryDirectory() as folder:
        package = boundary_formats.geopackage(Path(folder), area=frame)
        polygons = frame[frame.geom_type.isin(["Polygon", "MultiPolygon"])]
        parts = boundary_formats.shapefile(Path(folder), area=polygons)
    made = {
        "VCS90101.kmz": boundary_formats.zipped({"doc.kml": kml.content}),
        "VCS90102.gpkg": package,
        "VCS90103.zip": parts,
    }
    return (*own, *(Original(drops.FOLDER, name, content) for name, content in made.items()))
