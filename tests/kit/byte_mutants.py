"""Files damaged as bytes, by seed: what disks, browsers, mail programs and hostile hands make of a sound file.

Which sound files there are, and what must become of a damaged one, belongs in `byte_judge.py`. Here no format is understood but
compression: what is packed is unpacked, damaged and packed again as well, so that damage reaches what lies within.
"""

from __future__ import annotations

import gzip
import io
import random
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Original:
    """A sound file: whose it is (`verra/projects`, `boundaries`), its name and bytes."""

    of: str
    name: str
    content: bytes


@dataclass(frozen=True)
class Damaged:
    """A damaged file, and what was done to it."""

    original: Original
    name: str
    content: bytes
    steps: tuple[str, ...]


Outcome = tuple[bytes, str]
"""Damaged bytes, and what was done."""

_TEXTS = (
    b"\0", b"\xed\xa0\x80", b"\\ud800", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xc3", b"\xff", b"\x1a", b"\x1f", b"\xc2\x85",
    b'"', b'""', b"'", b",", b";", b"\t", b"|", b"\n", b"\r", b"\r\n", b"\n\n\n", b" ", b"\xc2\xa0", b"\xe2\x80\x8b", b"\\", b"%",
    b"sep=;\n", b"__line", b"row_hash", b",__line,", b"=1+1", b"null", b"NaN", b"-0", b"-1", b"1e999", b"1e-999", b"1e18", b"1e38",
    b"9" * 40, b"9" * 400, b"9" * 5_000, b"0." + b"1" * 60, b"9999-99-99", b"00/00/0000", b"31.02.10000", b"\xd9\xa1\xd9\xa2",
    b"[", b"]", b"{", b"}", b":", b"[" * 3_000, b'{"a":' * 3_000, b"<", b">", b"</", b"<a>" * 3_000, b"&", b"&x;", b"&#0;",
    b"<!DOCTYPE x [<!ENTITY x 'y'>]>", b"<html>", b"<![CDATA[", b"{0}", b"$rest", b"');--",
)  # fmt: skip
"""What is put in. Numbers that no column holds, deep nesting, marks of formats, names of our own, halves of characters."""


def _place(rng: random.Random, content: bytes) -> int:
    """A place in the bytes; the beginning, where names and marks of formats stand, more often than the rest."""
    return rng.randrange(min(len(content), 400) + 1 if rng.random() < 0.3 else len(content) + 1)


def _chunk(rng: random.Random, content: bytes) -> tuple[int, int]:
    start = _place(rng, content)
    return start, min(len(content), start + rng.choice((1, 3, 20, 200, 2_000)))


def _cut(rng: random.Random, content: bytes) -> Outcome:
    end = _place(rng, content)
    return content[:end], f"cut after byte {end:,}"


def _headless(rng: random.Random, content: bytes) -> Outcome:
    start = _place(rng, content)
    return content[start:], f"the first {start:,} bytes removed"


def _flipped(rng: random.Random, content: bytes) -> Outcome:
    changed = bytearray(content)
    places = [_place(rng, content[:-1]) for _ in range(rng.choice((1, 1, 2, 8, 40)))] if content else []
    for place in places:
        changed[place] ^= 1 << rng.randrange(8)
    return bytes(changed), f"a bit flipped in bytes {places}"


def _removed(rng: random.Random, content: bytes) -> Outcome:
    start, end = _chunk(rng, content)
    return content[:start] + content[end:], f"bytes {start:,} to {end:,} removed"


def _inserted(rng: random.Random, content: bytes) -> Outcome:
    place, noise = _place(rng, content), rng.randbytes(rng.choice((1, 2, 8, 100)))
    return content[:place] + noise + content[place:], f"{noise[:8]!r} ({len(noise)} bytes) put in at {place:,}"


def _text_inserted(rng: random.Random, content: bytes) -> Outcome:
    text, places = rng.choice(_TEXTS), sorted({_place(rng, content) for _ in range(rng.choice((1, 1, 2, 10)))})
    pieces = [content[start:end] for start, end in zip([0, *places], [*places, None], strict=True)]
    return text.join(pieces), f"{text[:20]!r} ({len(text)} bytes) put in at {places}"


def _overwritten(rng: random.Random, content: bytes) -> Outcome:
    text, place = rng.choice(_TEXTS), _place(rng, content)
    return content[:place] + text + content[place + len(text) :], f"{text[:20]!r} written over {place:,}"


def _replaced(rng: random.Random, content: bytes) -> Outcome:
    old, new = (
        rng.choice((b'"', b",", b"\n", b"\r\n", b" ", b"0", b"-", b"/", b"{", b"<", b"\0")),
        rng.choice(_TEXTS[:30]),
    )
    count = rng.choice((-1, 1, 5))
    return content.replace(old, new, count), f"{old!r} replaced by {new!r} ({'all' if count < 0 else count})"


def _repeated(rng: random.Random, content: bytes) -> Outcome:
    (start, end), times = _chunk(rng, content), rng.choice((2, 2, 3, 50))
    return content[:start] + content[start:end] * times + content[end:], f"bytes {start:,} to {end:,} {times} times"


def _swapped(rng: random.Random, content: bytes) -> Outcome:
    a, b, c, d = sorted((*_chunk(rng, content), *_chunk(rng, content)))
    return content[:a] + content[c:d] + content[b:c] + content[a:b] + content[
        d:
    ], f"{a:,}-{b:,} and {c:,}-{d:,} swapped"


def _first_line_repeated(rng: random.Random, content: bytes) -> Outcome:
    line, times = content.partition(b"\n")[0] + b"\n", rng.choice((1, 1, 40))
    place = content.find(b"\n", _place(rng, content)) + 1
    return content[:place] + line * times + content[place:], f"the first line put in {times} times at {place:,}"


MAX_BYTES_TO_MULTIPLY = 100_000


def _every_line(rng: random.Random, content: bytes) -> Outcome:
    """One text at the beginning, in the middle or at the end of lines, of which there may be many: what is slow by the square of
    their number, or goes one level deeper with each, shows."""
    text, lines = rng.choice(_OF_LINES), content.split(b"\n")
    times = rng.choice((1, 1, 1, 8, 40)) if len(content) < MAX_BYTES_TO_MULTIPLY else 1
    first, *rest = lines
    rest, share, at = rest * times, rng.choice((0.1, 0.5, 1)), rng.choice((0.0, 0.3, 1.0))
    chosen = [rng.random() < share for _ in rest]
    made = [
        _with_text(line, int(at * len(line)), text) if is_one else line
        for line, is_one in zip(rest, chosen, strict=True)
    ]
    return b"\n".join([first, *made]), f"{len(rest):,} lines, of {share:.0%} {text!r} put in at {at:.0%}"


_OF_LINES = (b'"', b'"', b'""', b'"""', b'",', b',"', b";", b",", b"\t", b"\r", b"\0", b"\xff", b"{", b"<", b"1")


def _with_text(line: bytes, place: int, text: bytes) -> bytes:
    return line[:place] + text + line[place:]


def _wider(rng: random.Random, content: bytes) -> Outcome:
    first, rest = content[: content.find(b"\n")], content[content.find(b"\n") :]
    count = rng.choice((1, 5, 300, 300, 6_000))
    more = b"".join(b",%s" % rng.choice((b"extra %d" % n, b"", b"ID")) for n in range(count))
    return first.rstrip(b"\r") + more + rest, f"{count:,} more columns in the first line"


def _columns_twice(rng: random.Random, content: bytes) -> Outcome:
    lines = [line.rstrip(b"\r") for line in content.split(b"\n")]
    return b"\n".join(line + b"," + line for line in lines), "every line twice beside itself"


def _long_cell(rng: random.Random, content: bytes) -> Outcome:
    size, place = (
        rng.choice((70_000, 1_100_000)),
        content.find(rng.choice((b",", b";", b'": "', b"> ")), _place(rng, content)),
    )
    letters = rng.choice((b"x", b"9", b'"', b" ", b"\xc3\xa9")) * size
    return content[: place + 1] + letters[:size] + content[
        place + 1 :
    ], f"{size:,} bytes {letters[:2]!r} put in at {place + 1:,}"


def _recoded(rng: random.Random, content: bytes) -> Outcome:
    encoding = rng.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037", "windows-1252"))
    return content.decode("utf-8", "replace").encode(encoding, "replace"), f"encoded as {encoding}"


ANYWHERE: tuple[Callable[[random.Random, bytes], Outcome], ...] = (
    _cut, _headless, _flipped, _flipped, _removed, _inserted, _text_inserted, _text_inserted, _text_inserted, _overwritten, _replaced,
    _repeated, _swapped, _first_line_repeated, _every_line, _every_line, _wider, _columns_twice, _long_cell, _recoded,
)  # fmt: skip
"""What is done to bytes of any format; some more often."""


# --- what is packed ---------------------------------------------------------------------------------------------------


def is_zip(content: bytes) -> bool:
    """Whether the bytes are of an archive: a workbook, a KMZ, a shapefile."""
    return content.startswith(b"PK\3\4")


def _member_damaged(rng: random.Random, content: bytes) -> Outcome:
    """An archive with one of its members damaged and all packed soundly."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(sorted(members))
    members[name], step = rng.choice(ANYWHERE)(rng, members[name])
    return _zipped(list(members.items())), f"{name}: {step}"


def _members_moved(rng: random.Random, content: bytes) -> Outcome:
    """An archive that lacks a member, has one twice, under another name, or another one's bytes."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    at = rng.randrange(len(members))
    name, inside = members[at]
    other = rng.choice(("../x", "/x", name.upper(), name + "\0", "a/" + name, "x" * 300, "\ud55c.xml", name + ".gz"))
    what, changed = rng.choice(
        [
            ("removed", []),
            ("twice", [(name, inside)] * 2),
            (f"called {other[:20]!r}", [(other, inside)]),
            ("with another's bytes", [(name, rng.choice(members)[1])]),
            ("blown up", [(name, inside + b" " * 3_000_000)]),
        ]
    )
    return _zipped([*members[:at], *changed, *members[at + 1 :]]), f"{name} {what}"


def _directory_damaged(rng: random.Random, content: bytes) -> Outcome:
    """An archive with bits of its central directory flipped."""
    start = max(content.find(b"PK\1\2"), 0)
    damaged, step = _flipped(rng, content[start:])
    return content[:start] + damaged, f"directory from {start:,}: {step}"


OF_ARCHIVES = (_member_damaged, _member_damaged, _member_damaged, _member_damaged, _members_moved, _directory_damaged)


def _zipped(members: Sequence[tuple[str, bytes]]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.NameToInfo.pop(name, None)  # else it warns of a name that stands twice, as is meant
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def _gzip_damaged(rng: random.Random, content: bytes) -> Outcome:
    packed = gzip.compress(content, mtime=0)
    kind = rng.choice(("whole", "twice", "cut", "flipped", "followed", "of zeros", "of nothing"))
    made = {
        "whole": packed,
        "twice": gzip.compress(packed, mtime=0),
        "cut": packed[: rng.randrange(len(packed))],
        "flipped": _flipped(rng, packed)[0],
        "followed": packed + rng.choice((b"\0" * 512, b"trailing", packed)),
        "of zeros": zlib.compress(b"\0" * 3_000_000, wbits=31),
        "of nothing": gzip.compress(b"", mtime=0),
    }
    return made[kind], f"gzip {kind}"


# --- a whole file -----------------------------------------------------------------------------------------------------

_SUFFIXES = (
    ".csv",
    ".txt",
    ".json",
    ".geojson",
    ".xlsx",
    ".csv.gz",
    ".json.gz",
    ".kml",
    ".kmz",
    ".gpkg",
    ".zip",
    "",
    ".CSV",
    ".html",
)


def damaged(original: Original, others: Sequence[Original], rng: random.Random) -> Damaged:
    """The file after one to three kinds of damage. `others`: files that it can be mixed with."""
    name, content, steps = original.name, original.content, []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        kinds = OF_ARCHIVES if is_zip(content) and not steps and rng.random() < 0.8 else ANYWHERE
        content, step = rng.choice(kinds)(rng, content)
        steps.append(step)
    if rng.random() < 0.05:
        other = rng.choice(others)
        content = rng.choice((content + other.content, other.content + content, other.content))
        steps.append(f"joined with or replaced by {other.of} {other.name}")
    if name.endswith(".gz") or rng.random() < 0.08:
        content, step = _gzip_damaged(rng, content)
        name = name if name.endswith(".gz") else f"{name}.gz"
        steps.append(step)
    if rng.random() < 0.06:
        name = original.name.partition(".")[0] + rng.choice(_SUFFIXES)
        steps.append(f"called {name}")
    return Damaged(original, name, content, tuple(steps))
