"""Files of project boundaries in drops and in the raw store: which are taken, whose they are, and which are in use.

A drop's folder `boundaries/` holds one file per project, named by its id; `index.csv` (project_id, file, layer, note) says it
where names differ. How bytes become shapes belongs in `geo/files/`, what is made of the shapes in `tables.py`.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import shapely

from carbon_assets.base import readers
from carbon_assets.base.settings import Settings
from carbon_assets.boundaries import schema
from carbon_assets.boundaries.rules import Rules
from carbon_assets.geo import files
from carbon_assets.snapshots import store as snapshots
from carbon_assets.snapshots.store import Contents, Snapshot

FOLDER = "boundaries"
"""Where a drop, the landing folder and the raw store keep boundaries; no registry has this name."""

INDEX = "index.csv"
EXPECTED = f"expected {INDEX}, a folder with a shapefile, or {' '.join(files.SUFFIXES)}"
_INDEX_COLUMNS = (("project_id",), ("file",))

# A lone comma may be a decimal's or a thousand's: what cannot be told is not read.
_NUMBER = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?|\d{1,3}(,\d{3})+\.\d+|\d{1,3}(,\d{3}){2,}")

_ID = re.compile(r"[A-Za-z]+-?\d[\w-]*")


# --- files


def files_in(drop: Path) -> list[Path]:
    """The boundary files of a drop, in order of name: files of the known kinds, folders of a shapefile, the index."""
    return [path for path in sorted((drop / FOLDER).glob("*")) if is_boundary(path)]


def is_boundary(path: Path) -> bool:
    """Whether something in a folder of boundaries is one by its name; others are told as not taken."""
    if path.name.startswith(".") or path.is_symlink():
        return False
    is_named = path.name == INDEX or path.suffix.lower() in files.SUFFIXES
    return path.is_dir() or (path.is_file() and is_named)


def take(settings: Settings, path: Path, rules: Rules) -> Snapshot:
    """Store a file, or a folder with a shapefile as a zip, as the newest snapshot of its name. Raises
    `readers.UnreadableFile` for a folder that is none."""
    content = packed(path, rules)
    return snapshots.take(
        settings, path, FOLDER, path.name, lambda file, content: describe(file, content, rules), content
    )


def packed(path: Path, rules: Rules) -> tuple[str, bytes]:
    """The name and bytes under which a file, or a folder with a shapefile, is kept. Raises `readers.UnreadableFile`."""
    if path.is_dir():
        return f"{path.name}.zip", files.pack(path, rules.limits)
    files.check_size("the file", path.stat().st_size, rules.limits.max_bytes, "bytes")
    return path.name, path.read_bytes()


def describe(file: str, content: bytes, rules: Rules) -> Contents:
    """What is inside: shapes counted, and a hash of them that does not depend on their order. Never raises for a bad file."""
    try:
        if file == INDEX:
            table = readers.read(file, content, _INDEX_COLUMNS)
            rows = sorted(str(sorted(row.items())) for row in table.rows.drop_columns([readers.LINE]).to_pylist())
            bad = sorted(row.text for row in table.bad_rows)
            return Contents(
                rows=len(rows) + len(bad), columns=tuple(table.header.values()), records=_hash([*rows, *bad])
            )
        shapes = files.read(file, content, rules.limits)
    except readers.UnreadableFile as error:
        return Contents(unreadable=str(error))
    texts = sorted(
        f"{shape.layer} {shape.crs} {shape.attributes} {shapely.to_wkb(shape.geometry, hex=True)}" for shape in shapes
    )
    return Contents(rows=len(shapes), records=_hash(texts))


def _hash(texts: list[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def names(settings: Settings) -> list[str]:
    """All that was ever taken, as named in its drop."""
    return sorted(path.name for path in (settings.data / "raw" / FOLDER).glob("*") if path.is_dir())


def version(settings: Settings) -> str:
    """A hash of the names of the newest snapshots, of several with the same shapes the first; "" where there are none."""
    newest = [snapshots.current(settings, FOLDER, name) for name in names(settings)]
    names_in_use = [f"{snapshot.table} {snapshot.name}" for snapshot in newest if snapshot]
    return _hash(names_in_use) if names_in_use else ""


# --- which file is whose


@dataclass(frozen=True)
class Claim:
    """A file says where a project lies; `layer`: only that layer of it. `line`, `said_by`: where an index says so; it withdraws
    a file by giving it no project."""

    project_id: str
    name: str
    layer: str | None = None
    line: int | None = field(default=None, compare=False)
    said_by: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Fault:
    """Something that cannot be used, and why."""

    file: str
    reason: str
    project_id: str | None = None
    line: int | None = None
    file_in_use: str | None = None
    snapshot_id: str | None = None


@dataclass(frozen=True)
class Read:
    """What the store holds: rows as `schema.BOUNDARY_SHAPES` and `schema.BOUNDARY_FAULTS`, and the snapshots in use."""

    shapes: pa.Table
    faults: pa.Table
    used: tuple[Snapshot, ...]


@dataclass(frozen=True)
class _Offer:
    """What one file says of one project: rows as `schema.BOUNDARY_SHAPES`."""

    project_id: str
    snapshot: Snapshot
    rows: list[dict]


def read(settings: Settings, rules: Rules) -> Read:
    """The shapes of all projects, from the newest file of each that can be read."""
    kept = [name for name in names(settings) if name != INDEX]
    faults: list[Fault] = []
    index, index_snapshot = _index(settings, kept, faults)
    offers: dict[str, list[_Offer]] = defaultdict(list)

    def gather(claimed: dict[str, list[Claim]]) -> None:
        for name, claims in claimed.items():
            snapshot, shapes = _newest(settings, name, rules, claims, faults)
            for offer in _offers(snapshot, shapes, claims, rules, faults) if snapshot else ():
                offers[offer.project_id].append(offer)

    # What the index says counts, where it can be used; the other files are of the projects that they are named by.
    said = _by_name(claim for claim in index)
    gather({name: [claim for claim in claims if claim.project_id] for name, claims in said.items()})
    own = [Claim(project_of(name), name) for name in kept if name not in said]
    gather(_by_name(claim for claim in own if claim.project_id not in offers))
    chosen = [_last_observed(offered, faults) for _, offered in sorted(offers.items())]
    used = {offer.snapshot.stored_as: offer.snapshot for offer in chosen}
    in_order = sorted(faults, key=lambda fault: (fault.file, fault.line or 0, fault.reason, fault.project_id or ""))
    quarantined = [{"registry": FOLDER, "table": fault.file, **vars(fault)} for fault in in_order]
    return Read(
        pa.Table.from_pylist([row for offer in chosen for row in offer.rows], schema=schema.BOUNDARY_SHAPES),
        pa.Table.from_pylist(quarantined, schema=schema.BOUNDARY_FAULTS),
        (*([index_snapshot] if index_snapshot else []), *used.values()),
    )


def _by_name(claims: Iterable[Claim]) -> dict[str, list[Claim]]:
    grouped: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        grouped[claim.name].append(claim)
    return grouped


def _offers(
    snapshot: Snapshot, shapes: tuple[files.Shape, ...], claims: list[Claim], rules: Rules, faults: list[Fault]
) -> Iterator[_Offer]:
    """What a file says of each project that it is of; a layer that it does not have is a fault of the index."""
    layers = {shape.layer for shape in shapes}
    wanted: dict[str, set[str]] = defaultdict(set)
    for claim in claims:
        if claim.layer in (None, *layers):
            wanted[claim.project_id] |= {claim.layer} if claim.layer else layers
            continue
        reason = f"there is no layer {claim.layer!r} in {snapshot.table}; it has {', '.join(sorted(layers))}"
        faults.append(Fault(INDEX, reason, claim.project_id, claim.line, snapshot_id=claim.said_by))
    for project_id, names_of_layers in wanted.items():
        mine = [shape for shape in shapes if shape.layer in names_of_layers]
        yield _Offer(project_id, snapshot, [_row(project_id, snapshot, shape, rules) for shape in mine])


def _last_observed(offers: list[_Offer], faults: list[Fault]) -> _Offer:
    """Of several files of one project the one observed last; the others are told, until the index says which one counts."""
    *others, newest = sorted(offers, key=lambda offer: offer.snapshot.name)
    reason = (
        f"{newest.snapshot.table} is a boundary of {newest.project_id}, too, and was observed later: it is used. Say in {INDEX} "
        "which one counts, or put both into one file"
    )
    for offer in others:
        snapshot = offer.snapshot
        faults.append(
            Fault(snapshot.table, reason, offer.project_id, None, newest.snapshot.table, snapshot.snapshot_id)
        )
    return newest


def project_of(name: str) -> str:
    """The project that a file is named by; ids are in capitals, whatever a file system made of them.

    >>> project_of("vcs832.kml")
    'VCS832'
    """
    stem = name.strip()
    while suffix := next((s for s in (*files.SUFFIXES, ".shp") if stem.lower().endswith(s)), ""):
        stem = stem[: -len(suffix)].strip()
    return stem.upper() if _ID.fullmatch(stem) else stem


def _index(settings: Settings, kept: list[str], faults: list[Fault]) -> tuple[list[Claim], Snapshot | None]:
    """What the newest readable index says of the files that there are."""
    known = snapshots.distinct(settings, FOLDER, INDEX) if (settings.raw(FOLDER, INDEX)).exists() else []
    refused: list[tuple[Snapshot, str]] = []
    for snapshot in known:
        try:
            table = readers.read(INDEX, snapshot.content(settings), _INDEX_COLUMNS)
        except readers.UnreadableFile as error:
            refused.append((snapshot, str(error)))
            continue
        faults += [Fault(INDEX, reason, file_in_use=INDEX, snapshot_id=s.snapshot_id) for s, reason in refused[:1]]
        faults += [Fault(INDEX, bad.reason, line=bad.line, snapshot_id=snapshot.snapshot_id) for bad in table.bad_rows]
        return list(_claims(table, kept, snapshot, faults)), snapshot
    faults += [Fault(INDEX, reason, snapshot_id=snapshot.snapshot_id) for snapshot, reason in refused[:1]]
    return [], None


def _claims(table: readers.RawTable, kept: list[str], snapshot: Snapshot, faults: list[Fault]) -> Iterator[Claim]:
    by_name: dict[str, list[str]] = defaultdict(list)
    for name in kept:
        by_name[Path(name).stem].append(name)
    by_name |= {name: [name] for name in kept}
    seen: set[Claim] = set()
    for row in table.rows.to_pylist():
        project, file, layer = ((row.get(column) or "").strip() for column in ("project_id", "file", "layer"))
        project_id = project.upper() if _ID.fullmatch(project) else project
        # Of files that differ in their suffix only the last observed is used, as of any that claim one project.
        where = {"line": row[readers.LINE], "said_by": snapshot.snapshot_id}
        made = [Claim(project_id, name, layer or None, **where) for name in by_name.get(file.rstrip("/"), ())]
        if not file:
            reason = "file must have a value"
        elif not made:
            reason = f"no file {file!r} was ever dropped; there are {', '.join(kept[:10]) or 'none'}"
        elif seen.issuperset(made):
            reason = "the same row stands above"
        else:
            yield from (claim for claim in made if claim not in seen)
            seen.update(made)
            continue
        faults.append(Fault(INDEX, reason, project_id or None, row[readers.LINE], snapshot_id=snapshot.snapshot_id))


def _newest(
    settings: Settings, name: str, rules: Rules, claims: list[Claim], faults: list[Fault]
) -> tuple[Snapshot | None, tuple[files.Shape, ...]]:
    """The newest snapshot of a file that can be read, and its shapes; the newest one that cannot is told."""
    refused: list[tuple[Snapshot, str]] = []
    good: Snapshot | None = None
    shapes: tuple[files.Shape, ...] = ()
    for snapshot in snapshots.distinct(settings, FOLDER, name):
        try:
            good, shapes = snapshot, files.read(snapshot.file, snapshot.content(settings), rules.limits)
            break
        except readers.UnreadableFile as error:
            refused.append((snapshot, str(error)))
    in_use = f"{good.table} of {good.observed_at:%Y-%m-%d %H:%M} UTC" if good else None
    faults += [Fault(s.table, reason, claim.project_id, None, in_use) for s, reason in refused[:1] for claim in claims]
    return good, shapes


def _row(project_id: str, snapshot: Snapshot, shape: files.Shape, rules: Rules) -> dict:
    declared = rules.declared_crs.get(snapshot.table)
    stated_by, stated_ha = _stated(shape, rules)
    return {
        "project_id": project_id,
        "file": snapshot.table,
        "layer": shape.layer,
        "feature": shape.feature,
        "geometry": shapely.to_wkb(shape.geometry),
        "source_crs": shape.crs or (declared.crs if declared else rules.default_crs),
        "crs_source": shape.crs_source or "config",
        "stated_ha": stated_ha,
        "stated_by": stated_by,
        "notes": list(shape.notes) or None,
        "snapshot_id": snapshot.snapshot_id,
    }


def _stated(shape: files.Shape, rules: Rules) -> tuple[str | None, float | None]:
    """The attribute of a shape that states its area, and how many hectares that are."""
    for name, value in shape.attributes:
        hectares = rules.area_attributes.get(name.strip().casefold())
        if hectares and _NUMBER.fullmatch(value.strip()) and (stated := float(value.replace(",", "")) * hectares):
            return name, stated
    return None, None
