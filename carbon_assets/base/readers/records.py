"""Records of a JSON document as a table of text: where they lie in it, and their nested names as columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import pyarrow as pa

from carbon_assets.base.readers.tables import LINE, RawTable, UnreadableFile, missing_columns, named, no_header


def read_json(text: str, required: Sequence[Sequence[str]]) -> RawTable:
    """The one list of objects that has the required columns, at the top or within objects; nested objects become columns
    `outer.inner`. Raises `UnreadableFile`, with the path of the list where it is not the top."""
    lists = _records_by_path(text)
    names = {path: _names(records) for path, records in lists.items()}
    fitting = [path for path in lists if not missing_columns(required, names[path])]
    if len(fitting) > 1:
        raise UnreadableFile(
            f"the JSON holds the required columns in {' and '.join(fitting)}: which counts cannot be told"
        )
    if not fitting:
        nearest = min(lists, key=lambda path: (len(missing_columns(required, names[path])), -len(lists[path])))
        raise no_header(required, [names[nearest]], where=f"in {nearest}: " if nearest else "")
    return _table(lists[fitting[0]], names[fitting[0]])


def names_of_lists(text: str) -> list[list[str]]:
    """The names of each list of objects. Raises `UnreadableFile`."""
    return [_names(records) for records in _records_by_path(text).values()]


def _records_by_path(text: str) -> dict[str, list[dict[str, str]]]:
    try:
        document = json.loads(text, parse_int=_integer)
    except json.JSONDecodeError as error:
        raise UnreadableFile(f"the JSON is broken in line {error.lineno}, column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise UnreadableFile("the JSON is nested hundreds of levels deep, which no table is") from error
    lists = {
        path: [dict(_flat(record)) for record in records]
        for path, records in _lists(document)
        if all(isinstance(record, dict) for record in records)
    }
    if not lists:
        raise UnreadableFile("the JSON is not a list of records")
    return lists


def _names(records: list[dict[str, str]]) -> list[str]:
    return list(dict.fromkeys(name for record in records for name in record))


def _lists(value: object, path: str = "") -> Iterator[tuple[str, list]]:
    """Every list that is not within another one, with its path of names; '' is the document itself."""
    if isinstance(value, list):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _lists(inner, f"{path}.{name}" if path else name)


def _table(records: list[dict[str, str]], names: list[str]) -> RawTable:
    rows = pa.table(
        {f"c{i}": pa.array([r.get(name, "") for r in records], pa.string()) for i, name in enumerate(names)}
        | {LINE: pa.array(range(1, len(records) + 1), pa.int64())}
    )
    return named(rows, names, ())


def _flat(record: dict, prefix: str = "") -> Iterator[tuple[str, str]]:
    for written, value in record.items():
        name = _whole(written)
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield prefix + name, _whole(json.dumps(value, ensure_ascii=False))
        else:
            yield prefix + name, "" if value is None else _whole(str(value))


MAX_DIGITS_OF_A_NUMBER = 4_000
"""Python makes no number of more digits; no registry counts so far."""


def _integer(digits: str) -> int | str:
    """A number without decimals; one with too many digits stays text, so that its row is set aside and no other."""
    return int(digits) if len(digits) <= MAX_DIGITS_OF_A_NUMBER else digits


def _whole(text: str) -> str:
    """A text without halves of characters, which JSON can write and nothing else can: each becomes U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
