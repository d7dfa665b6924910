"""The tags and texts of HTML, one after another, in time that grows with its length whatever it holds.

`html.parser` is not used: of a page of 60 kB that opens tags and closes none it takes minutes. What tags mean belongs in
`pages.py`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Start:
    """A tag that opens an element; `written`: its attributes, as they are written."""

    name: str
    written: str

    def attributes(self) -> dict[str, str]:
        """Value by name, in small letters; of several with one name the first counts."""
        values: dict[str, str] = {}
        for name, *quoted_or_bare in _ATTRIBUTE.findall(self.written):
            values.setdefault(name.lower(), _unescaped("".join(quoted_or_bare)))
        return values


@dataclass(frozen=True)
class End:
    """A tag that closes an element."""

    name: str


@dataclass(frozen=True)
class Text:
    """What a reader of the page sees."""

    text: str


@dataclass(frozen=True)
class Raw:
    """What stands in the element `name`, a script or a style, of which no reader sees anything."""

    name: str
    text: str


_OPENING = re.compile(r"<!--|<[!?]|</?[a-zA-Z]")
_TAG = re.compile(r"""<(/?)([a-zA-Z][^\s/>]*+)((?:[^>=]++|=\s*+(?:"[^"]*+"|'[^']*+')|=)*+)>""")
"""Nothing of it is tried twice (`*+`), so that a tag that does not close costs as much as its length."""
_ATTRIBUTE = re.compile(r"""([^\s=/>"']++)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>]*+)))?+""")
_END_OF_RAW = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in ("script", "style")}


def tokens(text: str) -> Iterator[Start | End | Text | Raw]:
    """All of a page but its comments and declarations. It ends where one of them or a tag does not close."""
    place = 0
    while opening := _OPENING.search(text, place):
        if opening.start() > place:
            yield Text(_unescaped(text[place : opening.start()]))
        if opening.group()[1] in "!?":
            closing = "-->" if opening.group() == "<!--" else ">"
            end = text.find(closing, opening.start() + 2)
            if end == -1:
                return
            place = end + len(closing)
            continue
        tag = _TAG.match(text, opening.start())
        if tag is None:
            return
        place = tag.end()
        name = tag.group(2).lower()
        yield End(name) if tag.group(1) else Start(name, tag.group(3))
        if not tag.group(1) and name in _END_OF_RAW:
            closed = _END_OF_RAW[name].search(text, place)
            end = closed.start() if closed else len(text)
            yield Raw(name, text[place:end])
            place = end
    if place < len(text):
        yield Text(_unescaped(text[place:]))


def _unescaped(text: str) -> str:
    try:
        return html.unescape(text)
    except ValueError:  # the number of a character has thousands of digits
        return text
