"""From the bytes of a project-boundary file (KML, KMZ, GeoJSON, GeoPackage, zipped shapefile) to its shapes, with what it says
of each.

Every file is taken for hostile: no link, DTD, path or SQL in it is followed, nothing is written to disk, and what it
may unpack to is limited. A file that cannot be read without loss is refused.

Here are `read`, `pack` and what they take and give; each format has its module, `shapes.py` holds what they share. Which
file bounds which project does not belong here (`boundaries/drops.py`), nor any change to a shape or its CRS
(`boundaries/repair.py`), nor whether it is plausible (`boundaries/findings.py`).

KML and GeoPackage do not go through GDAL. Of KML its driver keeps only the last ring of an `innerBoundaryIs` that
holds several (39 of the 45 holes of a real file were gone). Of a SQLite file it runs virtual tables that open other
files by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

from carbon_assets.base.readers import UnreadableFile
from carbon_assets.geo.files import archives, geojson, geopackage, kml, shapefile
from carbon_assets.geo.files.shapefile import pack
from carbon_assets.geo.files.shapes import DEFAULT_LIMITS, Limits, Shape, Source, Tally, check_size

__all__ = ["DEFAULT_LIMITS", "SUFFIXES", "Limits", "Shape", "check_size", "pack", "read"]


def read(name: str, content: bytes, limits: Limits = DEFAULT_LIMITS, layer: str | None = None) -> tuple[Shape, ...]:
    """The shapes of the file `name` with the bytes `content`, or those of one of its layers. Raises `UnreadableFile`."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise UnreadableFile(f"{suffix or 'a name without a suffix'} is no boundary file: use {', '.join(SUFFIXES)}")
    check_size("the file", len(content), limits.max_bytes, "bytes")
    shapes = tuple(_READERS[suffix](Source(PurePosixPath(name).stem, content, Tally(limits))))
    if not shapes:
        raise UnreadableFile("the file holds no shape: no point, line or polygon is in it")
    if layer is None:
        return shapes
    chosen = tuple(shape for shape in shapes if shape.layer == layer)
    if not chosen:
        known = ", ".join(repr(each) for each in dict.fromkeys(shape.layer for shape in shapes))
        raise UnreadableFile(f"no layer {layer!r} with a shape in it; layers of this file: {known}")
    return chosen


def _read_kmz(source: Source) -> Iterable[Shape]:
    return kml.read(archives.kml_of_kmz(source))


def _read_zip(source: Source) -> Iterable[Shape]:
    archive = archives.Archive(source, "a zip archive")
    name = archives.only_file(archive)
    if name is None:
        return shapefile.read(source, archive)
    path = PurePosixPath(name)
    return _READERS[path.suffix.lower()](Source(path.stem, archive.read(name), source.tally))


_READERS: dict[str, Callable[[Source], Iterable[Shape]]] = {
    ".kml": kml.read,
    ".kmz": _read_kmz,
    ".geojson": geojson.read,
    ".json": geojson.read,
    ".gpkg": geopackage.read,
    ".zip": _read_zip,
}
SUFFIXES = tuple(_READERS)
