"""Broken drops: what is quarantined or refused is exactly what should be, and every other table is untouched.

Each case changes one file of the samples. All tables of its registry are then taken in, and compared with what the unbroken
samples give; of one case of each kind, the tables of all registries.
"""

import csv
import dataclasses
import datetime
import gzip
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from carbon_assets.base.settings import Settings
from carbon_assets.registries import drops, intake
from carbon_assets.registries.description import Registry
from carbon_assets.snapshots import store as snapshots
from tests.kit.runs import GATE, REGISTRIES

WINDOWS = {"climate-action-reserve/issuances.csv"}


@dataclass(frozen=True)
class Intake:
    """What taking in one table came to: plain values, to compare."""

    rows: list[dict] | None
    quarantine: list[dict]
    refusal: str | None

    @property
    def content(self) -> list[dict] | None:
        """The rows without the name of their snapshot, which any change of the file changes."""
        return self.rows and [{k: v for k, v in row.items() if k != "snapshot_id"} for row in self.rows]


def take_in(drop: Path, data: Path, of: Iterable[str] = REGISTRIES) -> dict[str, Intake]:
    """Every table of these registries, as the assets would take it in."""
    settings = dataclasses.replace(Settings.from_environment(), data=data, drop=drop)
    told = {}
    for registry in (REGISTRIES[name] for name in of):
        ambiguous = _take(settings, registry)
        with duckdb.connect() as con:
            taken = intake.take_in(con, settings, registry, GATE)
        told |= {f"{registry.id}/{table}": _told(found) for table, found in taken.items()}
        told |= {f"{registry.id}/{table}": Intake(None, [], why) for table, why in ambiguous.items()}
    return told


def _take(settings: Settings, registry: Registry) -> dict[str, str]:
    """Take the registry's files; the tables that several files claim to be, and what is said of them."""
    ambiguous = {}
    for table, spec in registry.tables.items():
        try:
            snapshots.take(settings, drops.find(settings.drop, registry.id, spec), registry.id, table)
        except drops.AmbiguousDrop as error:
            ambiguous[table] = str(error)
    return ambiguous


def _told(taken: intake.Intake) -> Intake:
    if taken.result is None:
        return Intake(None, [], taken.refusal)
    assert taken.result.rows_in == taken.result.rows_accepted + len(taken.result.quarantine)
    return Intake(taken.result.rows.to_pylist(), taken.result.quarantine.to_pylist(), None)


@pytest.fixture(scope="module")
def whole(samples, tmp_path_factory) -> dict[str, Intake]:
    return take_in(samples, tmp_path_factory.mktemp("whole"))


# --- ways to break a file: each takes the folder of the drop ----------------------------------------------------


def _encoding(name: str) -> str:
    return "windows-1252" if name in WINDOWS else "utf-8-sig"


def _read(drop: Path, name: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO((drop / name).read_bytes().decode(_encoding(name)), newline="")))


def _write(drop: Path, name: str, rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    (drop / name).write_bytes(text.getvalue().encode(_encoding(name)))


def cell(name: str, row: int, column: str, value: str) -> Callable[[Path], None]:
    """Put `value` into a cell; rows are counted as records from the header (0)."""

    def break_it(drop: Path) -> None:
        rows = _read(drop, name)
        rows[row][rows[0].index(column)] = value
        _write(drop, name, rows)

    return break_it


def rows(name: str, change: Callable[[list[list[str]]], list[list[str]]]) -> Callable[[Path], None]:
    return lambda drop: _write(drop, name, change(_read(drop, name)))


def content(name: str, change: Callable[[bytes], bytes], rename: str | None = None) -> Callable[[Path], None]:
    def break_it(drop: Path) -> None:
        path = drop / name
        changed = change(path.read_bytes())
        path.unlink()
        (drop / (rename or name)).write_bytes(changed)

    return break_it


def without_column(name: str, column: str) -> Callable[[Path], None]:
    def drop_it(table: list[list[str]]) -> list[list[str]]:
        index = table[0].index(column)
        return [row[:index] + row[index + 1 :] for row in table]

    return rows(name, drop_it)


def with_line(name: str, line: int, change: Callable[[str], str]) -> Callable[[Path], None]:
    """Change one physical line, counted from 1."""

    def change_it(data: bytes) -> bytes:
        lines = data.decode(_encoding(name)).split("\n")
        lines[line - 1] = change(lines[line - 1])
        return "\n".join(lines).encode(_encoding(name))

    return content(name, change_it)


def as_json(data: bytes) -> bytes:
    return json.dumps(list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))).encode()


V, VP = "verra/transactions.csv", "verra/projects.csv"
GI, GR = "gold-standard/issuances.csv", "gold-standard/retirements.csv"
AI, AR, AP = (f"american-carbon-registry/{t}.csv" for t in ("issuances", "retirements", "projects"))
CI, CR = "climate-action-reserve/issuances.csv", "climate-action-reserve/retirements.csv"
CCI, CCR = "cercarbono/issuances.csv", "cercarbono/retirements.csv"
II, IP = "isometric/issuances.csv", "isometric/projects.csv"
ARB = "arb/nc-arboc_issuance_sheet3.csv"

# name: (table, how the file is changed)
TOLERATED = {
    "byte order mark": (V, content(V, lambda b: b"\xef\xbb\xbf" + b)),
    "no byte order mark": (VP, content(VP, lambda b: b.removeprefix(b"\xef\xbb\xbf"))),
    "UTF-16": (V, content(V, lambda b: b.decode().encode("utf-16"))),
    "CRLF line ends": (AI, content(AI, lambda b: b.replace(b"\n", b"\r\n"))),
    "LF instead of CRLF": (CI, content(CI, lambda b: b.replace(b"\r\n", b"\n"))),
    "UTF-8 instead of Windows-1252": (CI, content(CI, lambda b: b.decode("windows-1252").encode())),
    "no newline at the end": (V, content(V, lambda b: b.rstrip(b"\r\n"))),
    "gzip": (V, content(V, gzip.compress, "verra/transactions.csv.gz")),
    "text file with tabs": (
        CCR,
        content(
            CCR,
            lambda b: "\n".join("\t".join(r) for r in csv.reader(io.StringIO(b.decode()))).encode(),
            "cercarbono/retirements.txt",
        ),
    ),
    "JSON as the API gives it": (IP, content(IP, as_json, "isometric/projects.json")),
    "blank lines": (V, content(V, lambda b: b.replace(b"\n2", b"\n\n\n2"))),
    "title lines before the header": (AI, content(AI, lambda b: b"Issued credits\n\n" + b)),
    "header lacks the trailing comma of the lines": (AI, with_line(AI, 1, lambda s: s.removesuffix(","))),
    "lines lack the trailing comma of the header": (AR, rows(AR, lambda t: [t[0], *(r[:-1] for r in t[1:])])),
    "columns in another order": (GR, rows(GR, lambda t: [row[::-1] for row in t])),
    "header in capitals with more blanks": (GR, with_line(GR, 1, lambda s: s.upper().replace(" ", "  "))),
    "an unknown extra column": (GI, rows(GI, lambda t: [[*t[0], "Mood"], *([*r, "fine"] for r in t[1:])])),
    "thousands separators": (GI, cell(GI, 1, "Quantity", "{:,}")),
    "a date in another unambiguous form": (V, cell(V, 1, "Issuance Date", "{:%d %B %Y}")),
    "rows in reverse": (V, rows(V, lambda t: [t[0], *t[:0:-1]])),
}  # fmt: skip

# name: (table, how the file is changed, parts of the message)
REFUSED = {
    "empty file": (V, content(V, lambda b: b""), ["empty"]),
    "only blanks": (V, content(V, lambda b: b" \n\n "), ["empty"]),
    "header only": (V, rows(V, lambda t: t[:1]), ["header", "no rows"]),
    "missing column": (V, without_column(V, "Quantity Issued"), ["missing column 'Quantity Issued'", "expected 'ID'", "found 'Issuance Date'"]),
    "missing column of projects": (VP, without_column(VP, "Status"), ["missing column 'Status'"]),
    "missing date column": (CR, without_column(CR, "Status Effective"), ["missing column 'Status Effective'"]),
    "missing vintage column": (ARB, without_column(ARB, "Vintage"), ["missing column 'Vintage'"]),
    "two columns of one name": (GI, rows(GI, lambda t: [[*r, r[2]] for r in t]), ["several columns are named 'Quantity'"]),
    "HTML error page": (V, content(V, lambda b: b"<!DOCTYPE html><title>503 Service Unavailable</title>"), ["web page", "503"]),
    "HTML after blanks": (GI, content(GI, lambda b: b"\n  <html><body>Sign in</body></html>"), ["web page"]),
    "truncated gzip": (V, content(V, lambda b: gzip.compress(b)[:-200], "verra/transactions.csv.gz"), ["gzip", "cut short"]),
    "gzip that is none": (V, content(V, lambda b: b, "verra/transactions.csv.gz"), ["gzip"]),
    "damaged workbook": (ARB, content(ARB, lambda b: b"PK\x03\x04" + b[:500], "arb/nc-arboc_issuance.xlsx"), ["workbook"]),
    "broken JSON": (IP, content(IP, lambda b: as_json(b)[:-30], "isometric/projects.json"), ["JSON", "line 1"]),
    "JSON that is no list": (IP, content(IP, lambda b: b'{"name": "Isometric"}', "isometric/projects.json"), ["list of records"]),
    "JSON that is an error": (IP, content(IP, lambda b: b'{"error": "rate limit"}', "isometric/projects.json"), ["error", "rate limit"]),
    "another registry's file": (VP, lambda drop: (drop / VP).write_bytes((drop / AP).read_bytes()), ["missing column 'ID'"]),
    "two files for one table": (V, lambda drop: (drop / "verra/transactions.csv.gz").write_bytes(b""), ["transactions.csv, transactions.csv.gz"]),
}  # fmt: skip

# name: (table, how the file is changed, column, value, part of the reason)
QUARANTINED = {
    "word for a quantity": (GI, cell(GI, 3, "Quantity", "many"), "Quantity", "many", "number"),
    "decimal comma": (GI, cell(GI, 3, "Quantity", "1,45"), "Quantity", "1,45", "number"),
    "negative quantity": (CR, cell(CR, 1, "Quantity of Offset Credits", "-1"), "Quantity of Offset Credits", "-1", "negative"),
    "blank quantity": (CR, cell(CR, 1, "Quantity of Offset Credits", ""), "Quantity of Offset Credits", "", "blank"),
    "negative ARB retirement": (ARB, cell(ARB, 1, "Retired 1st Compliance Period (CA)", "-7"), "Retired 1st Compliance Period (CA)", "-7", "negative"),
    "no date": (CR, cell(CR, 1, "Status Effective", "soon"), "Status Effective", "soon", "date"),
    "a day that is none": (CR, cell(CR, 1, "Status Effective", "02/30/2025"), "Status Effective", "02/30/2025", "date"),
    "two-digit year": (CR, cell(CR, 1, "Status Effective", "02/03/25"), "Status Effective", "02/03/25", "date"),
    "retirement before issuance": (AR, cell(AR, 1, "Status Effective (GMT)", "1/1/1999 1:00:00 AM"), "Status Effective (GMT)", "1/1/1999 1:00:00 AM", "before the issuance"),
    "transaction in the future": (CCR, cell(CCR, 1, "date", "2199-01-01 00:00:00"), "date", "2199-01-01 00:00:00", "was not yet"),
    "vintage in the future": (GR, cell(GR, 1, "Vintage", "2098"), "Vintage", "2098", "vintage lies in the future"),
    "vintage that is no year": (GR, cell(GR, 1, "Vintage", "20x4"), "Vintage", "20x4", "year"),
    "blank project id": (AR, cell(AR, 1, "Project ID", ""), "Project ID", "", "blank"),
    "another registry's project": (AR, cell(AR, 1, "Project ID", "CAR9001"), "Project ID", "CAR9001", "form ACR"),
    "unknown credit status": (GR, cell(GR, 1, "Credit Status", "Lost"), "Credit Status", "Lost", "one of Retired"),
    "unknown project key": (II, cell(II, 1, "project_id", "prj_UNKNOWN"), "project_id", "prj_UNKNOWN", "no project"),
    "serial without a project": (CCI, cell(CCI, 1, "serial", "XYZ"), "serial", "XYZ", "form"),
    "flag that is neither": (CCI, cell(CCI, 1, "is_buffer", "maybe"), "is_buffer", "maybe", "yes or no"),
    "too few cells": (GI, rows(GI, lambda t: [*t[:3], t[3][:5], *t[4:]]), None, None, "cells where the header has"),
    "too many cells": (GI, rows(GI, lambda t: [*t[:3], [*t[3], "x", "y"], *t[4:]]), None, None, "cells where the header has"),
    "quote that never closes": (GI, with_line(GI, 5, lambda s: s.replace(",", ',"', 1)), None, None, "quote opens"),
    "the same row twice": (GR, rows(GR, lambda t: [*t, t[1]]), "GSID", None, "same row stands in line 2"),
    "project twice with other cells": (VP, rows(VP, lambda t: [*t, [*t[1][:2], *([""] * (len(t[1]) - 2))]]), "ID", None, "fuller row is kept"),
}  # fmt: skip


def registries_to_look_at(case: str, of: dict[str, tuple]) -> Iterable[str]:
    """The registry whose file a case changes; all registries for the first case of each kind."""
    return REGISTRIES if case == next(iter(of)) else [of[case][0].partition("/")[0]]


@pytest.mark.parametrize("case", TOLERATED)
def test_tolerated(case, drop, tmp_path, whole):
    """The file reads differently and says the same."""
    name, change = TOLERATED[case]
    _format_placeholders(drop, name, change)
    made = take_in(drop, tmp_path / "data", registries_to_look_at(case, TOLERATED))
    assert _table(name) in made
    for key, table in made.items():
        assert table.content == whole[key].content, key
        assert len(table.quarantine) == len(whole[key].quarantine), key


def _format_placeholders(drop: Path, name: str, change: Callable[[Path], None]) -> None:
    """Apply `change`; a format it left in a cell ({:,} or {:%d %B %Y}) is filled with the cell's old value."""
    before = _read(drop, name)
    change(drop)
    if not (drop / name).exists() or "{" not in (drop / name).read_bytes().decode(_encoding(name), errors="replace"):
        return
    after = _read(drop, name)
    for row, (old, new) in enumerate(zip(before, after, strict=True)):
        after[row] = [_filled(n, o) if n.startswith("{:") else n for o, n in zip(old, new, strict=True)]
    _write(drop, name, after)


def _filled(template: str, value: str) -> str:
    return template.format(datetime.date.fromisoformat(value) if "%" in template else int(value.replace(",", "")))


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case, drop, tmp_path, whole):
    """The table is refused with a message that says why; the others are as they were."""
    name, change, parts = REFUSED[case]
    change(drop)
    made = take_in(drop, tmp_path / "data", registries_to_look_at(case, REFUSED))
    table = _table(name)
    assert made[table].refusal is not None
    for part in parts:
        assert part in made[table].refusal
    assert "Traceback" not in made[table].refusal
    _others_untouched(made, whole, table)


@pytest.mark.parametrize("case", QUARANTINED)
def test_quarantined(case, drop, tmp_path, whole):
    """Exactly one more row is in quarantine, with column, value and reason; the other rows stand."""
    name, change, column, value, reason = QUARANTINED[case]
    before = len(_read(drop, name))
    change(drop)
    made = take_in(drop, tmp_path / "data", registries_to_look_at(case, QUARANTINED))
    table = _table(name)
    known = {(row["line"], row["reason"]) for row in whole[table].quarantine}
    new = [row for row in made[table].quarantine if (row["line"], row["reason"]) not in known]
    assert len(new) == 1 and len(made[table].quarantine) == len(known) + 1
    assert new[0]["column"] == column
    assert value is None or (new[0]["value"] or "") == value
    assert reason in new[0]["reason"]
    assert new[0]["file"] == Path(name).name and 2 <= new[0]["line"] <= before + 20
    assert new[0]["record"]
    _others_untouched(made, whole, table)


def _table(name: str) -> str:
    registry, _, file = name.partition("/")
    return f"{registry}/issuances" if registry == "arb" else f"{registry}/{file.removesuffix('.csv')}"


def _others_untouched(made: dict[str, Intake], whole: dict[str, Intake], broken: str) -> None:
    """All tables but the broken one, and those of the same registry that look its projects up, are what they were."""
    registry, _, name = broken.partition("/")
    dependants = {
        f"{registry}/{table}"
        for table, spec in REGISTRIES[registry].tables.items()
        if name == "projects" and spec.resolves_projects
    }
    for key in made.keys() - {broken} - dependants:
        assert made[key] == whole[key], key


def test_there_are_enough_cases():
    assert len(TOLERATED) + len(REFUSED) + len(QUARANTINED) >= 60
