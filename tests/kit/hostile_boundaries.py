"""Boundary files that cannot be used, in ways that somebody may mean ill by, and a boundary that changed.

What a run makes of them is told in `tests/boundaries/pipeline`; the run is one for all tests of bad drops (`corruptions.py`).
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

SECRET = "the-key-to-the-vault-7f31"
"""Stands in a file outside all folders that may be read."""
POINT = '{"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [-60, -10]}}'
SMALLER = '{"type": "Polygon", "coordinates": [[[-84.6, 9.8], [-84.1, 9.7], [-83.7, 9.9], [-84.6, 9.8]]]}'
CHANGED = "ART902"
"""The project whose boundary is `SMALLER` than it was."""

REFUSED = {
    "VCS90001.kml": "the XML is broken in line",
    "VCS90002.kml": "found a web page titled 'Sign in'",
    "VCS90003.kml": "the file declares a DTD or entities",
    "VCS90006.zip": "has a name that leads out of the archive",
    "VCS90007.geojson": "the file is empty",
}
"""The files that cannot be read, and what is said of them. The first was good before."""


def add(folder: Path, secret: Path) -> None:
    """Add them to the boundaries of a drop of samples; `secret`: a file to be written, which one of them wants to be read."""
    secret.write_text(SECRET)
    whole = (folder / "VCS90001.kml").read_bytes()
    (folder / "VCS90001.kml").write_bytes(whole[: len(whole) // 2])
    (folder / "VCS90002.kml").write_text("<!DOCTYPE html><html><head><title>Sign in</title></head></html>")
    (folder / "VCS90003.kml").write_text(
        f'<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'
        "<kml><Document><name>&e;</name></Document></kml>"
    )
    (folder / "VCS90006.zip").write_bytes(_escaping(folder / "sierra_morada"))
    (folder / "VCS90007.geojson").write_bytes(b"")
    (folder / "VCS90012.geojson").write_text(POINT)
    (folder / f"{CHANGED}.geojson").write_text(SMALLER)


def _escaping(shapefile: Path) -> bytes:
    """The shapefile as a zip whose members lie beside the folder that it is unpacked in."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(shapefile.iterdir()):
            archive.writestr(f"../escaped{path.suffix}", path.read_bytes())
    return packed.getvalue()
