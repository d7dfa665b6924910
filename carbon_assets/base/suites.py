"""Great Expectations suites: loading them from `expectations/`, and judging a table by them.

A suite is GX's own JSON. Of each expectation, `meta.name` is the check's name, `severity` decides whether a failure
blocks what is downstream (`critical`) or only warns (`warning`), and `notes` says why it exists. Dagster does not belong
here. GX is imported where it runs: the import alone takes 3 s.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

from carbon_assets.base.configs import ConfigError, read_yaml
from carbon_assets.base.errors import PlainError
from carbon_assets.base.known_words import why_unknown
from carbon_assets.base.settings import Settings


class SuiteError(PlainError):
    """A suite says something that GX or the table does not know."""


@dataclass(frozen=True)
class Expectation:
    """One expectation of a suite; the one of that `number`, from 1 up, of the file `path`."""

    name: str
    type: str
    kwargs: dict[str, Any]
    severity: str
    notes: str
    path: Path | None = field(default=None, compare=False)
    number: int = field(default=0, compare=False)

    @property
    def place(self) -> str:
        """Where it stands: file and line, as far as it comes from a file."""
        return place_of(self.path, self.number) if self.path else self.name

    @property
    def is_critical(self) -> bool:
        """Whether a failure blocks what is downstream."""
        return self.severity == "critical"

    @property
    def columns(self) -> list[str]:
        """The columns that it reads."""
        single = [self.kwargs[key] for key in ("column", "column_A", "column_B") if key in self.kwargs]
        return [*single, *self.kwargs.get("column_list", ())]


@dataclass(frozen=True)
class Outcome:
    """What became of one expectation: `examples` are values that broke it."""

    expectation: Expectation
    passed: bool
    observed: str
    unexpected_count: int | None
    examples: tuple[str, ...]


def load_suite(path: Path) -> list[Expectation]:
    """The expectations of a suite file. Raises `SuiteError` with all that is wrong."""
    try:
        entries = json.loads(path.read_text())["expectations"]
    except json.JSONDecodeError as error:
        raise SuiteError(f"{path}, line {error.lineno}: no suite in GX's JSON form ({error.msg})") from error
    except (OSError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise SuiteError(f"{path}: no suite in GX's JSON form ({error})") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SuiteError(f"{path}: no suite in GX's JSON form (expectations is no list of objects)")
    faults = [
        f"{place_of(path, number)}, {reason}"
        for number, entry in enumerate(entries, 1)
        for reason in _what_lacks(entry, number)
    ]
    if faults:
        raise SuiteError(*faults)
    return [
        Expectation(
            entry["meta"]["name"], entry["type"], entry["kwargs"], entry["severity"], entry["notes"], path, number
        )
        for number, entry in enumerate(entries, 1)
    ]


def name_of(path: Path) -> str | None:
    """The name that a suite file gives itself; None where it cannot be read, which `load_suite` tells."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return str(content.get("name", "")) if isinstance(content, dict) else None


def place_of(path: Path, number: int) -> str:
    """`<file>, line <n>` of an expectation, counted from 1: JSON is YAML, whose reader tells lines."""
    try:
        return read_yaml(path).place(("expectations", number - 1))
    except ConfigError:
        return str(path)


_KEYS = {"type", "kwargs", "severity", "notes", "meta"}


def _what_lacks(entry: dict[str, Any], number: int) -> Iterator[str]:
    """What an expectation leaves out or says in vain."""
    if absent := {"type", "kwargs"} - set(entry):
        yield f"expectation {number}: needs {', '.join(sorted(absent))}"
    elif not isinstance(entry["kwargs"], dict):
        yield f"expectation {number}: kwargs names arguments with their values, not {entry['kwargs']!r}"
    unknown = set(entry) - _KEYS
    meta = entry.get("meta")
    name = meta.get("name", "") if isinstance(meta, dict) else ""
    if unknown or not re.fullmatch(r"[a-z0-9_]+", str(name)):
        yield f"expectation {number}: needs meta.name in snake_case; unknown keys {sorted(unknown)}"
    elif entry.get("severity") not in ("critical", "warning") or not entry.get("notes"):
        yield f"{name}: needs severity critical or warning, and notes that say why it exists"


def unknown_columns(expectations: list[Expectation], columns: Collection[str]) -> Iterator[str]:
    """What is wrong with the columns that expectations name, by those of the table."""
    for expectation in expectations:
        for column in expectation.columns:
            if reason := why_unknown("column", column, columns):
                yield f"{expectation.place}: {expectation.name}: {reason}"


def suite_paths(settings: Settings, *key: str, shape: str | None = None) -> list[Path]:
    """The suite files of a table: that of its shape, which all registries share, and its own."""
    paths = [settings.expectations.joinpath(*key[:-1], f"{key[-1]}.json")]
    if shape:
        paths.insert(0, settings.expectations / key[0] / f"{shape}.json")
    return [path for path in paths if path.exists()]


def load_suites(paths: list[Path], columns: Collection[str] | None = None) -> list[Expectation]:
    """The expectations of several suites of one table. Raises `SuiteError` where two have one name, or one names none of
    `columns`: a misspelt column must not look like data that broke a rule."""
    expectations = [expectation for path in paths for expectation in load_suite(path)]
    names = [expectation.name for expectation in expectations]
    if twice := {name for name in names if names.count(name) > 1}:
        raise SuiteError(f"{', '.join(map(str, paths))}: two expectations are named {', '.join(sorted(twice))}")
    if columns is not None and (faults := tuple(unknown_columns(expectations, columns))):
        raise SuiteError(*faults)
    return expectations


def inherited(upstream: list[Expectation], columns: Collection[str], own: list[Expectation]) -> list[Expectation]:
    """The suite of a table that passes rows of another on: what blocks there is expected here, too, as far as it is about
    `columns` of this table; `own` expectations add to it, or stand for one of the same name.

    What only warns is told once, of the table where it arises.
    """
    names = {expectation.name for expectation in own}
    passed = (e for e in upstream if e.is_critical and e.name not in names and set(e.columns) <= set(columns))
    return [*passed, *own]


def columns_read(expectations: list[Expectation]) -> list[str]:
    """All columns that the expectations name, once each."""
    return list(dict.fromkeys(column for expectation in expectations for column in expectation.columns))


def build_suite(expectations: list[Expectation]) -> Any:
    """The GX suite. Raises `SuiteError` for a type or an argument that GX does not know.

    GX itself only logs a type that it does not know, and leaves the expectation out.
    """
    import great_expectations as gx
    from great_expectations.exceptions import InvalidExpectationConfigurationError, InvalidExpectationKwargsError
    from great_expectations.expectations.registry import list_registered_expectation_implementations

    known = set(list_registered_expectation_implementations())
    for expectation in expectations:
        if expectation.type not in known:
            raise SuiteError(f"{expectation.name}: Great Expectations has no {expectation.type}")
    entries = [
        {"type": e.type, "kwargs": e.kwargs, "severity": e.severity, "notes": e.notes, "meta": {"name": e.name}}
        for e in expectations
    ]
    try:
        suite = gx.ExpectationSuite(name="suite", expectations=entries)
    except (ValueError, TypeError, InvalidExpectationConfigurationError, InvalidExpectationKwargsError) as error:
        raise SuiteError(f"{[e.name for e in expectations]}: {error}") from error
    if len(suite.expectations) != len(expectations):
        raise SuiteError(f"{len(expectations)} expectations given, {len(suite.expectations)} understood")
    return suite


def judge(frame: pd.DataFrame, expectations: list[Expectation]) -> list[Outcome]:
    """Hold `frame` against the expectations; one outcome for each, in their order."""
    if not expectations:
        return []
    results = _whole_frame().get_batch({"dataframe": frame}).validate(build_suite(expectations)).results
    # GX orders results as it likes: each is found by the name that it carries.
    by_name = {result.expectation_config.meta["name"]: result for result in results}
    return [_outcome(expectation, by_name[expectation.name]) for expectation in expectations]


@cache
def _whole_frame() -> Any:
    """What GX makes a batch of a frame with. One for the process: each context makes a temporary folder that stays until the
    end, and each data source is written out as YAML three times."""
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    table = context.data_sources.add_pandas("table").add_dataframe_asset("table")
    return table.add_batch_definition_whole_dataframe("all")


def _outcome(expectation: Expectation, result: Any) -> Outcome:
    details = result.result or {}
    raised = (result.exception_info or {}) if not result.success else {}
    message = next((info["exception_message"] for info in _raised(raised)), "")
    return Outcome(
        expectation=expectation,
        passed=bool(result.success),
        observed=message or str(details.get("observed_value", "")),
        unexpected_count=details.get("unexpected_count"),
        examples=tuple(str(value) for value in details.get("partial_unexpected_list", ())[:5]),
    )


def _raised(exception_info: dict) -> list[dict]:
    """GX gives one record, or one per metric where a column is missing."""
    records = [exception_info] if "raised_exception" in exception_info else list(exception_info.values())
    return [record for record in records if isinstance(record, dict) and record.get("raised_exception")]
