"""How much one file may be: unpacked, per column and per cell. What is more is refused with its size, before memory is full."""

from __future__ import annotations

import io
import zipfile
import zlib

from carbon_assets.base.errors import in_words
from carbon_assets.base.readers.tables import UnreadableFile
from carbon_assets.base.settings import Limits

MIN_BYTES_OF_A_BOMB = 2**20
"""Below it, no file is refused for how well it was packed: a few hundred blanks pack to nothing."""

_PIECE = 2**20


def unzipped(content: bytes, limits: Limits) -> bytes:
    """The bytes in a gzip file of one or more members. Raises `UnreadableFile` where they are too many, damaged or cut short."""
    most = _most(len(content), limits)
    pieces: list[bytes] = []
    size = 0
    while content:
        member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        while not member.eof:
            try:
                piece = member.decompress(content, _PIECE)
            except zlib.error as error:
                raise _damaged(in_words(error)) from error
            if not piece and not member.eof and not member.unconsumed_tail:
                raise _damaged("it ends too early")
            content = member.unconsumed_tail
            pieces.append(piece)
            size += len(piece)
            if size > most:
                raise _too_much(most)
        content = member.unused_data.lstrip(b"\0")  # tapes and some servers fill the end up
    return b"".join(pieces)


def check_archive(content: bytes, limits: Limits) -> None:
    """Raises `UnreadableFile` where the members of a zip file are too much by what its directory says."""
    most = _most(len(content), limits)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(info.file_size for info in archive.infolist()) > most:
            raise _too_much(most)


def _most(packed: int, limits: Limits) -> int:
    """Bytes that a file of this size may hold unpacked."""
    return min(limits.max_unpacked_bytes, max(MIN_BYTES_OF_A_BOMB, packed * limits.max_unpacked_ratio))


def _too_much(most: int) -> UnreadableFile:
    return UnreadableFile(
        f"it holds more than {most:,} bytes when it is unpacked, which is no table of a registry (CARBON_MAX_UNPACKED_MB, "
        "CARBON_MAX_UNPACKED_RATIO): look into it, and drop it unpacked if it is right"
    )


def _damaged(why: str) -> UnreadableFile:
    return UnreadableFile(f"the gzip file is damaged or cut short ({why}): download it again")
