"""Bytes become text with lines: its charset, and whether it is a web page.

What is in a text belongs in the module of its format.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from functools import lru_cache

from carbon_assets.base.readers.tables import UnreadableFile

DEFAULT_ENCODING = "windows-1252"


def decoded(content: bytes, encoding: str | None = None) -> str:
    """UTF-8, with every byte that is not UTF-8 read in `encoding` (Latin-1 where that has no character). UTF-16 by its mark.

    Pure Windows-1252 and Latin-1 files come out right too: an accented letter before an ASCII one is no UTF-8. Raises
    `UnreadableFile`.
    """
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            text = content.decode("utf-16")
        except UnicodeDecodeError as error:
            raise UnreadableFile(
                f"the UTF-16 text is damaged or cut short ({error.reason}): download it again"
            ) from error
    else:
        text = content.decode("utf-8-sig", errors=_error_handler(encoding or DEFAULT_ENCODING))
    return text if "\n" in text else text.replace("\r", "\n")


def refuse_a_page(text: str) -> None:
    """Raises `UnreadableFile` for a web page."""
    if re.match(r"\s*<(!doctype|html|\?xml)", text[:500], re.IGNORECASE):
        title = re.search(r"<title>(.*?)</title>", text[:5000], re.IGNORECASE | re.DOTALL)
        said = f" titled {title.group(1).strip()!r}" if title else ""
        raise UnreadableFile(f"the file is a web page{said}, not a table: download it again")


@lru_cache
def _error_handler(encoding: str) -> str:
    """The name of a handler of errors that reads a byte in the encoding: the encoding's own."""
    codecs.register_error(encoding, _in(encoding))
    return encoding


def _in(encoding: str) -> Callable[[UnicodeError], tuple[str, int]]:
    def read(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeDecodeError)
        byte = error.object[error.start : error.start + 1]
        try:
            return byte.decode(encoding), error.start + 1
        except UnicodeDecodeError:
            return byte.decode("latin-1"), error.start + 1

    return read


_error_handler(DEFAULT_ENCODING)  # geo/files decodes with it, too
