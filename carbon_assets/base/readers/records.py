"""Records of a JSON document as a table of text: where they lie in it, and their nested names as columns.

How a web page holds JSON belongs in `pages.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pyarrow as pa

from carbon_assets.base.readers.shape import EVERY_MEMBER, Shape
from carbon_assets.base.readers.tables import (
    LINE,
    BadRow,
    RawTable,
    UnreadableFile,
    check_columns,
    missing_columns,
    named,
    no_header,
)


class _Records:
    """Records as rows of text, column by column: 300,000 of them as objects of their own take gigabytes.

    `count`: how many they were before lists of theirs were exploded; `bad`: those that make no row.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.bad: list[BadRow] = []
        self.lines: list[int] = []
        self._cells: dict[
            str, tuple[list[int], list[str]]
        ] = {}  # by name: the places of rows that have it, their texts

    @property
    def names(self) -> list[str]:
        """The names of all columns, in the order in which they come."""
        return list(self._cells)

    def add(self, line: int, row: dict[str, str]) -> None:
        """A row; columns that it lacks are blank in it."""
        place = len(self.lines)
        for name, text in row.items():
            places, texts = self._cells.setdefault(name, ([], []))
            places.append(place)
            texts.append(text)
        self.lines.append(line)

    def table(self, names: Sequence[str]) -> pa.Table:
        """The columns of these names, and the lines. Made when it is asked for: of thousands of names a few rows may have
        each. Raises `UnreadableFile` for too many."""
        check_columns(len(names))
        columns = {f"c{i}": pa.array(self._column(name), pa.string()) for i, name in enumerate(names)}
        return pa.table(columns | {LINE: pa.array(self.lines, pa.int64())})

    def _column(self, name: str) -> list[str]:
        places, texts = self._cells.get(name, ([], []))
        if len(places) == len(self.lines):
            return texts
        column = [""] * len(self.lines)
        for place, text in zip(places, texts, strict=True):
            column[place] = text
        return column


@dataclass(frozen=True)
class Document:
    """A parsed JSON document. Its records are made once, however many layouts are tried on them."""

    value: object
    _made: dict[tuple, dict[str, _Records]] = field(default_factory=dict, compare=False)

    def records(self, shape: Shape) -> dict[str, _Records]:
        """The records at the path of `shape`, or those of each list within objects, by path; '' is the document itself.
        Raises `UnreadableFile` where there are none."""
        asked = (shape.rows, shape.key_as, shape.explode)
        if asked not in self._made:
            with refused_where_broken():
                self._made[asked] = _at_path(self.value, shape) if shape.rows is not None else _in_lists(self.value)
        return self._made[asked]

    def stated(self, paths: str | None) -> str | None:
        """What the document states at a path, or the sum of several; None where it states nothing."""
        if paths is None:
            return None
        values = [_stated(self.value, path) for path in paths.split(" + ")]
        if any(value is None for value in values):
            return None
        texts = [_text(value) for value in values]
        return str(sum(map(int, texts))) if len(texts) > 1 and all(map(_is_count, texts)) else " + ".join(texts)


def parsed(text: str) -> Document:
    """The document that a text is. Raises `UnreadableFile`."""
    with refused_where_broken():
        return Document(_DECODER.decode(text))


def parsed_from(text: str, start: int) -> tuple[Document, int]:
    """The document that begins at a place of a text, and where it ends. Raises `UnreadableFile`."""
    with refused_where_broken():
        value, end = _DECODER.raw_decode(text, start)
        return Document(value), end


@contextmanager
def refused_where_broken() -> Iterator[None]:
    """Raises `UnreadableFile` where a document is no JSON or too deep to be walked through."""
    try:
        yield
    except json.JSONDecodeError as error:
        raise UnreadableFile(f"the JSON is broken in line {error.lineno}, column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise UnreadableFile("the JSON is nested hundreds of levels deep, which no table is") from error


def read_json(document: Document, required: Sequence[Sequence[str]], shape: Shape) -> RawTable:
    """The records at the path of `shape`; without one, the list of objects that has the required columns, at the top or within
    objects. Nested objects become columns `outer.inner`. Raises `UnreadableFile`, with the path where it is not the top.

    An exploded record gives a row for each element of its list, with the record's own columns and the element's as
    `list.name`. A record whose list is empty gives none; one whose list is absent is a bad row. Each row has a number of its
    own: they are counted on through all records.
    """
    lists = document.records(shape)
    names = {path: _names_or_required(records, required, shape) for path, records in lists.items()}
    missing = {path: missing_columns(required, names[path]) for path in lists}
    fitting = [path for path in lists if not missing[path]]
    if len(fitting) > 1:
        raise UnreadableFile(
            f"the JSON holds the required columns in {' and '.join(fitting)}: which counts cannot be told"
        )
    if not fitting:
        nearest = min(lists, key=lambda path: (len(missing[path]), -len(lists[path].lines)))
        raise no_header(required, [names[nearest]], where=f"in {nearest}: " if nearest else "")
    records, columns = lists[fitting[0]], names[fitting[0]]
    return replace(
        named(records.table(columns), columns, tuple(records.bad)),
        records=records.count,
        stated_rows=document.stated(shape.total),
        stated_sum=document.stated(shape.sum),
    )


def names_of_lists(document: Document, shape: Shape) -> list[list[str]]:
    """The names of each list of records that can be meant. Raises `UnreadableFile`."""
    return [records.names for records in document.records(shape).values()]


def records_in(document: Document, shape: Shape) -> list[dict]:
    """The records themselves, nested as they are. Raises `UnreadableFile`."""
    if shape.rows is None:
        return [record for _, records in _lists_of_objects(document.value) for record in records]
    elements = (element for _, element in _elements(document.value, shape.rows))
    return [element for element in elements if isinstance(element, dict)]


def _names_or_required(records: _Records, required: Sequence[Sequence[str]], shape: Shape) -> list[str]:
    """The names of the columns. A list that is known by its path can be empty, and an empty one lacks no column."""
    is_empty = shape.rows is not None and not records.lines and not records.bad
    return records.names + (missing_columns(required, records.names) if is_empty else [])


# --- lists that are found by what they hold ---------------------------------------------------------------------------


def _in_lists(document: object) -> dict[str, _Records]:
    _refuse_an_error(document, "")
    lists = {path: _plain(records) for path, records in _lists_of_objects(document)}
    if not lists:
        raise UnreadableFile("the JSON is not a list of records")
    return lists


def _lists_of_objects(document: object) -> Iterator[tuple[str, list[dict]]]:
    for path, records in _lists(document):
        if all(isinstance(record, dict) for record in records):
            yield path, records


def _lists(value: object, path: str = "") -> Iterator[tuple[str, list]]:
    """Every list that is not within another one, with its path of names; '' is the document itself."""
    if isinstance(value, list):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _lists(inner, _joined(path, name))


def _plain(objects: list[dict]) -> _Records:
    records = _Records(len(objects))
    for line, record in enumerate(objects, 1):
        records.add(line, dict(_flat(record)))
    return records


# --- records at a path ------------------------------------------------------------------------------------------------


def _at_path(document: object, shape: Shape) -> dict[str, _Records]:
    elements = _elements(document, shape.rows or "")
    records = _Records(len(elements))
    line = 1
    for number, (member, element) in enumerate(elements, 1):
        made = _rows_of(element, shape)
        if isinstance(made, str):
            records.bad.append(BadRow(line, _text(element), f"record {number}: {made}"))
            line += 1
            continue
        for row in made:
            records.add(line, _with_member(row, shape.key_as, member))
            line += 1
    if records.bad and not records.lines:
        raise UnreadableFile(f"no record in {shape.rows or 'the JSON'} can be read; {records.bad[0].reason}")
    return {shape.rows or "": records}


def _with_member(row: dict[str, str], key_as: str | None, member: str | None) -> dict[str, str]:
    if key_as is None:
        return row
    if key_as in row:
        raise UnreadableFile(f"the records have a column {key_as!r} of their own: give their key another name (key_as)")
    return {key_as: _whole(member or ""), **row}


def _rows_of(element: object, shape: Shape) -> list[dict[str, str]] | str:
    """The rows that one record makes, or why it makes none."""
    if not isinstance(element, dict):
        return f"it is {_kind(element)}, no object"
    if not shape.explode:
        return [dict(_flat(element))]
    *outer, last = shape.explode.split(".")
    record = holder = dict(element)
    for name in outer:
        inner = holder.get(name)
        holder[name] = dict(inner) if isinstance(inner, dict) else {}
        holder = holder[name]
    if last not in holder:
        return f"its list {shape.explode!r} is absent"
    inner = holder.pop(last)
    if not isinstance(inner, list):
        return f"its list {shape.explode!r} is absent: there is {_kind(inner)}"
    common = dict(_flat(record))
    return [common | dict(_flat({shape.explode: part})) for part in inner]


def _elements(document: object, rows: str) -> list[tuple[str | None, object]]:
    """The records at a path, each with the name of the member that it is in where the path has a `*`. Raises `UnreadableFile`."""
    places: list[tuple[str, str | None, object]] = [("", None, document)]
    for step in rows.split(".") if rows else []:
        places = [inner for place in places for inner in _below(*place, step, rows)]
    elements: list[tuple[str | None, object]] = []
    for path, member, value in places:
        if isinstance(value, list):
            elements += [(member, element) for element in value]
        elif isinstance(value, dict) and member is not None:
            elements.append((member, value))
        else:
            _refuse_an_error(value, path)
            raise _absent(rows, path, value)
    return elements


def _below(
    path: str, member: str | None, value: object, step: str, rows: str
) -> Iterator[tuple[str, str | None, object]]:
    _refuse_an_error(value, path)
    if not isinstance(value, dict) or not value or (step != EVERY_MEMBER and step not in value):
        raise _absent(rows, path, value)
    if step == EVERY_MEMBER:
        yield from ((_joined(path, name), name, inner) for name, inner in value.items())
    else:
        yield _joined(path, step), member, value[step]


MAX_MEMBERS_SHOWN = 20


def _absent(rows: str, path: str, value: object) -> UnreadableFile:
    where = f"in {path}" if path else "at its top"
    return UnreadableFile(f"the JSON has no records at {rows or 'its top'}: {where} is {_kind(value)}")


def _kind(value: object) -> str:
    """What a value is, in words for a person who looks for something else."""
    if isinstance(value, dict):
        names = [repr(name) for name in value]
        more = f" and {len(names) - MAX_MEMBERS_SHOWN:,} more" if len(names) > MAX_MEMBERS_SHOWN else ""
        return f"an object with {', '.join(names[:MAX_MEMBERS_SHOWN]) + more or 'no members'}"
    if isinstance(value, list):
        return f"a list of {len(value):,}"
    return "null" if value is None else f"the value {_shown(_text(value))!r}"


_STATUS_NAMES = ("status", "statusCode", "status_code", "code")
_ERROR_STATUS = re.compile(r"[A-Za-z_ ]*[45]\d\d")
"""Of HTTP, alone or after a word, as in `ERROR_401`."""
_MESSAGE_NAMES = ("message", "msg", "error", "errors", "detail", "details", "description")


def _refuse_an_error(value: object, path: str) -> None:
    """Raises `UnreadableFile` for an object that tells an error. Servers put them into replies that claim to be sound (HTTP 200)."""
    if not isinstance(value, dict):
        return
    states = [name for name in _STATUS_NAMES if name in value and _is_error(value[name])]
    if states or value.get("error") or value.get("errors"):
        words = [_shown(_text(value[name])) for name in _MESSAGE_NAMES if value.get(name)]
        facts = [f"{name} {_text(value[name])}" for name in states] + [repr(word) for word in words]
        where = f" in {path}" if path else ""
        raise UnreadableFile(f"the source answered with an error{where}, not with records: {', '.join(facts)}")


def _is_error(status: object) -> bool:
    if isinstance(status, bool):
        return not status
    return isinstance(status, int | str) and _ERROR_STATUS.fullmatch(str(status)) is not None


def _stated(value: object, path: str) -> object:
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


# --- text -------------------------------------------------------------------------------------------------------------


def _flat(record: dict, prefix: str = "") -> Iterator[tuple[str, str]]:
    for written, value in record.items():
        name = _whole(written)
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, _text(value)


def _text(value: object) -> str:
    if isinstance(value, list | dict):
        return _whole(json.dumps(value, ensure_ascii=False))
    return "" if value is None else _whole(str(value))


MAX_LETTERS_SHOWN = 200


def _shown(text: str) -> str:
    return text if len(text) <= MAX_LETTERS_SHOWN else f"{text[:MAX_LETTERS_SHOWN]}..."


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal()


MAX_DIGITS_OF_A_NUMBER = 4_000
"""Python makes no number of more digits; no registry counts so far."""


def _integer(digits: str) -> int | str:
    """A number without decimals; one with too many digits stays text, so that its row is set aside and no other."""
    return int(digits) if len(digits) <= MAX_DIGITS_OF_A_NUMBER else digits


_DECODER = json.JSONDecoder(parse_int=_integer)


def _whole(text: str) -> str:
    """A text without halves of characters, which JSON can write and nothing else can: each becomes U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
