"""What is wrong with a suite before any data is judged by it: types and arguments that Great Expectations does not know, columns
that the table does not have, and rules that columns of their type cannot be held against.

GX only logs a type that it does not know and leaves the expectation out, so a typing error would open a gate in silence. How a
suite is read and a table is judged belongs in `suites.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from jsonschema import Draft202012Validator, validators

from carbon_assets.base import suites
from carbon_assets.base.column_types import is_day
from carbon_assets.base.known_words import why_unknown
from carbon_assets.base.suites import Expectation

_OF_TEXT = re.compile(r"_(regex|like_pattern|regex_list|like_pattern_list)$|_value_lengths_|_strftime_format$|_json")
"""Types of expectations that only texts can be held against."""

_BOUNDS = ("min_value", "max_value")
_NUMBERS = ("decimal", "integer", "bigint", "double")


def faults(expectations: list[Expectation], columns: Mapping[str, str] | None) -> Iterator[str]:
    """All that is wrong with them. `columns`: column of the table -> its type in SQL; None where they are not known."""
    for expectation in expectations:
        reasons = [*_not_understood(expectation), *(_unfit(expectation, columns) if columns is not None else ())]
        yield from (f"{expectation.place}: {expectation.name}: {reason}" for reason in reasons)
    if columns is not None:
        yield from suites.unknown_columns(expectations, columns)


def _not_understood(expectation: Expectation) -> Iterator[str]:
    """What GX does not know of a type and its arguments, by the schemas that it ships: importing GX takes 3 s, so that it is asked
    only of a type that has none."""
    schemas = _schemas()
    if expectation.type not in schemas:
        known = {*schemas, *_registered()}
        if reason := why_unknown("type", expectation.type, known):
            yield f"Great Expectations has no {expectation.type}: {reason}"
        return
    schema = json.loads(schemas[expectation.type].read_text())
    schema["properties"] |= {name: form for name, form in _LOOSER.items() if name in schema["properties"]}
    arguments = set(schema["properties"]) - _NO_ARGUMENTS
    unknown = {name: why_unknown("argument", name, arguments) for name in expectation.kwargs}
    yield from filter(None, unknown.values())
    given = {name: value for name, value in expectation.kwargs.items() if not unknown[name]}
    for error in _Validator(schema).iter_errors(given):
        entry = ".".join(map(str, error.absolute_path))
        yield f"{expectation.type}: {f'{entry}: ' if entry else ''}{error.message}"


@cache
def _schemas() -> dict[str, Path]:
    """Type of expectation -> the file of its JSON schema, as GX ships them."""
    spec = find_spec("great_expectations")
    folder = Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else Path()
    folder = folder / "expectations" / "core" / "schemas"
    index = json.loads((folder / "index.json").read_text())["expectations"]
    return {type_: folder / entry["schema_file"] for type_, entry in index.items()}


def _registered() -> list[str]:
    import great_expectations.expectations.core  # noqa: F401 - registers the types
    from great_expectations.expectations.registry import list_registered_expectation_implementations

    return list_registered_expectation_implementations()


# Of a share such as 0.29, which is no multiple of 0.01 in floats, GX takes no notice either.
_Validator = validators.extend(Draft202012Validator, {"multipleOf": lambda *_: None})

_LOOSER = {"value_set": {"type": "array", "minItems": 1}}
"""GX's schemas know sets of texts and numbers only; it takes others, too."""

_NO_ARGUMENTS = {
    "id", "meta", "metadata", "notes", "severity", "description", "result_format", "catch_exceptions", "rendered_content",
    "batch_id", "windows",
}  # fmt: skip
"""Properties of GX's types that a suite does not give as arguments."""


def _unfit(expectation: Expectation, columns: Mapping[str, str]) -> Iterator[str]:
    """Why a rule cannot be asked of columns of their type, or of any."""
    kwargs = expectation.kwargs
    for column in expectation.columns:
        type_ = columns.get(column)
        if type_ is None:
            continue  # it is told as unknown
        if _OF_TEXT.search(expectation.type) and type_ != "varchar":
            yield f"column {column!r} is of the type {type_}: {expectation.type} asks it of texts (varchar) only"
        for bound in _BOUNDS:
            if bound in kwargs and "_value_lengths_" not in expectation.type and not _fits(kwargs[bound], type_):
                yield f"column {column!r} is of the type {type_}: {bound} {kwargs[bound]!r} is no value of it"
    if isinstance(kwargs.get("regex"), str):
        try:
            re.compile(kwargs["regex"])
        except re.error as error:
            yield f"{kwargs['regex']!r} is no regular expression: {error}"


def _fits(bound: object, type_: str) -> bool:
    """Whether a bound can be compared with values of a type; of types that are not asked, all can."""
    if bound is None:
        return True
    if type_.startswith(_NUMBERS):
        return isinstance(bound, int | float) and not isinstance(bound, bool)
    if type_ == "varchar":
        return isinstance(bound, str)
    if type_ == "date" or type_.startswith("timestamp"):
        return isinstance(bound, str) and is_day(bound[:10])
    return True
