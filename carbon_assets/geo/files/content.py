"""What the bytes of a file are before its format is read: of which kind, and their text.

What the text or the bytes mean does not belong here: each format has its own module.
"""

from __future__ import annotations

import codecs
import re

from carbon_assets.base.readers import UnreadableFile

_SIGNATURES = {
    b"PK\x03\x04": "a zip archive",
    b"PK\x05\x06": "an empty zip archive",
    b"SQLite format 3\0": "a SQLite database",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"\x1f\x8b": "a gzip file",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
}
_BLANKS = b"\0 \t\r\n"


def mismatch(expected: str, content: bytes) -> UnreadableFile:
    """The refusal of bytes that are no such file, saying what they are."""
    if not content.strip(_BLANKS):
        return UnreadableFile(f"the file is empty; expected {expected}: download it again")
    return UnreadableFile(f"expected {expected}, found {_kind(content)}: download it again")


def _kind(content: bytes) -> str:
    for signature, kind in _SIGNATURES.items():
        if content.startswith(signature):
            return kind
    text = content[:5000].decode("utf-8-sig", errors="replace").lstrip()
    if page := web_page(text):
        return page
    if text.startswith("<"):
        root = re.search(r"<([A-Za-z_][\w:.-]*)", text)
        return f"XML with the root <{root.group(1)}>" if root else "XML"
    return f"a file that begins {content[:20]!r}"


def web_page(text: str) -> str | None:
    """What to call a text that is a web page."""
    start = text[:5000].lstrip()
    if not re.match(r"(<\?xml[^>]*>\s*)?<(!doctype\s+html|html)", start, re.IGNORECASE):
        return None
    title = re.search(r"<title>(.*?)</title>", start, re.IGNORECASE | re.DOTALL)
    return f"a web page titled {' '.join(title.group(1).split())!r}" if title else "a web page"


_KNOWN_ENCODINGS = re.compile(r"utf-8(-sig)?|utf-16(-[bl]e)?|ascii|iso8859-\d+|cp125\d")
"""Python's names of what files are written in. It knows others that run or unpack what they read."""


def known_encoding(name: str) -> str | None:
    """Python's name of an encoding, by any of its names, or None of one that no boundary file should have."""
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return codec if _KNOWN_ENCODINGS.fullmatch(codec) else None


def decoded(content: bytes, expected: str, encoding: str = "utf-8") -> tuple[str, tuple[str, ...]]:
    """The text and what was needed to get it: in bad UTF-8, each wrong byte is read as Windows-1252.

    Where the bytes are no text, they are refused as not what was expected.
    """
    if not content.strip(_BLANKS) or content.startswith(tuple(_SIGNATURES)):
        raise mismatch(expected, content)
    codec = "utf-8" if content.startswith(b"\xef\xbb\xbf") else known_encoding(encoding)
    try:
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return content.decode("utf-16"), ()
        if codec is None:
            raise UnreadableFile(
                f"the file says it is in the encoding {encoding!r}, which is unknown here: save it as UTF-8"
            )
        if codec in ("utf-8", "ascii"):
            codec = "utf-8-sig"
        return content.decode(codec), ()
    except UnicodeError as error:
        if codec != "utf-8-sig":
            raise UnreadableFile(f"the text is damaged or cut short ({error}): download it again") from error
    # `readers` registers this way of handling errors.
    return content.decode("utf-8-sig", errors="windows-1252"), ("the text is no UTF-8: read as Windows-1252",)
