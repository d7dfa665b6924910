"""Archives: the members of a zip or KMZ, refused where one could do harm, and which of them is the boundary file.

How that file is read does not belong here, nor what makes up a shapefile (`shapefile.py`).
"""

from __future__ import annotations

import io
import re
import stat
import zipfile
from collections import Counter

from carbon_assets.base.errors import in_words
from carbon_assets.base.readers import UnreadableFile
from carbon_assets.geo.files.content import mismatch
from carbon_assets.geo.files.shapes import Limits, Source, check_size

_ARCHIVES = (".zip", ".kmz", ".7z", ".rar", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".zst")


class Archive:
    """The files of a zip, all checked before one is unpacked. `names` leaves out folders and what is hidden."""

    def __init__(self, source: Source, expected: str) -> None:
        if not source.content.startswith(b"PK\3\4"):
            raise mismatch(expected, source.content)
        self._limits = source.tally.limits
        # Counted before zipfile makes an object of each: 50 MB can list a million.
        check_size("the archive", source.content.count(b"PK\1\2"), self._limits.max_members, "members")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(source.content))
        except Exception as error:  # zipfile raises many kinds for one fact
            raise UnreadableFile(
                f"the archive is damaged or cut short ({in_words(error)}): download it again"
            ) from error
        infos = self._zip.infolist()
        _check_members(infos, self._limits)
        self._infos = {
            info.filename: info
            for info in infos
            if not info.is_dir() and not re.search(r"(^|/)(__MACOSX/|\.)", info.filename)
        }
        self.names = tuple(self._infos)

    def read(self, name: str) -> bytes:
        """One file, held to the size that the archive says: the sum of those was checked, and may be a lie."""
        info = self._infos[name]
        check_size(f"member {name!r}", info.file_size, self._limits.max_bytes, "bytes")
        try:
            with self._zip.open(info) as member:
                content = member.read(info.file_size + 1)  # without a number, zipfile unpacks all and then cuts
        except Exception as error:  # as above
            raise UnreadableFile(
                f"member {name!r} is damaged ({in_words(error)}): download the archive again"
            ) from error
        if len(content) != info.file_size:
            raise UnreadableFile(f"member {name!r} is not as long as the archive says: download it again")
        return content

    def with_suffix(self, *suffixes: str) -> list[str]:
        """The names that end so, in small letters or capitals."""
        return [name for name in self.names if name.lower().endswith(suffixes)]


def _check_members(infos: list[zipfile.ZipInfo], limits: Limits) -> None:
    twins = [name for name, count in Counter(info.filename for info in infos).items() if count > 1]
    if twins:
        raise UnreadableFile(f"member {twins[0]!r} is in the archive twice: pack it again")
    for info in infos:
        if fault := _fault(info, limits):
            raise UnreadableFile(f"member {info.orig_filename!r} {fault}: pack the archive again without it")
    check_size("the unpacked archive", sum(info.file_size for info in infos), limits.max_unpacked_bytes, "bytes")


def _fault(info: zipfile.ZipInfo, limits: Limits) -> str | None:
    name = info.orig_filename
    kind = stat.S_IFMT(info.external_attr >> 16)
    if re.match(r"/|[A-Za-z]:", name) or "\\" in name or "\0" in name or ".." in name.split("/"):
        return "has a name that leads out of the archive"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a symbolic link" if kind == stat.S_IFLNK else "is a device, not a file"
    if info.flag_bits & 0x41:
        return "is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is packed in an uncommon way (neither stored nor deflated)"
    if name.lower().endswith(_ARCHIVES):
        return "is an archive within the archive"
    if info.file_size > limits.max_ratio * info.compress_size:
        return f"unpacks to more than {limits.max_ratio} times its size"
    return None


def kml_of_kmz(source: Source) -> Source:
    """The KML that the KMZ specification makes the main one: the first at the top, here doc.kml before others."""
    archive = Archive(source, "a KMZ file (a zip archive)")
    kml = archive.with_suffix(".kml")
    top = sorted((name for name in kml if "/" not in name), key=lambda name: name.lower() != "doc.kml")
    if not top:
        raise UnreadableFile("the KMZ holds no .kml file outside its folders: pack doc.kml at the top")
    others = len(kml) - 1
    notes = (f"{others} other KML file{'s' * (others > 1)} in the KMZ not read",) if others else ()
    return Source(source.stem, archive.read(top[0]), source.tally, notes)


def only_file(archive: Archive) -> str | None:
    """The one boundary file of a zip, or None where it holds shapefiles."""
    shapefiles = archive.with_suffix(".shp")
    others = archive.with_suffix(".kml", ".geojson", ".gpkg") or ([] if shapefiles else archive.with_suffix(".json"))
    if (shapefiles and others) or len(others) > 1:
        raise UnreadableFile(
            f"the archive holds several boundary files ({', '.join((shapefiles + others)[:6])}): "
            "pack shapefiles alone, or one other file"
        )
    if not shapefiles and not others:
        held = ", ".join(archive.names[:6]) or "nothing"
        raise UnreadableFile(f"the archive holds no boundary file (.shp, .kml, .geojson, .gpkg); found {held}")
    return others[0] if others else None
