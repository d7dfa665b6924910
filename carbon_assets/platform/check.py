"""What `carbon check` asks: can everything that people edit be used? Nothing is run, and no data is read.

All files are read, subjects say what is wrong with theirs (`Subject.checks`), and suites are held against the columns of their
tables. No subject is named here. Dagster is not loaded: what it would refuse is refused here, and it takes 3 s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from carbon_assets.base import column_types, suite_faults, suites
from carbon_assets.base.configs import ConfigError, load_csv_cells, read_yaml
from carbon_assets.base.errors import Faults
from carbon_assets.base.known_words import why_unknown
from carbon_assets.base.settings import Settings
from carbon_assets.base.suites import Expectation
from carbon_assets.platform import schemas
from carbon_assets.platform.subject import Columns, Subject, named, subjects


class CheckError(ConfigError):
    """What people edit cannot be used."""


def faults(settings: Settings, known: Iterable[Subject] | None = None) -> tuple[str, ...]:
    """All that is wrong with configs, suites, mappings and the dbt project, each for a person, once. `known`: the subjects; by
    default all of this package."""
    settings.export()
    asked = tuple(subjects() if known is None else known)
    met = Faults()
    met.add(*unreadable_files(settings))
    met.add(*faults_of_subjects(settings, asked))
    return met.messages


def faults_of_subjects(settings: Settings, known: Iterable[Subject]) -> tuple[str, ...]:
    """What subjects say is wrong with their files, and what is wrong with the suites of their tables."""
    met = Faults()
    known = tuple(known)
    # The highest floor first: dbt parses meanwhile.
    begun = [named(subject.checks)(settings) for subject in reversed(known) if subject.checks]
    tables = {key: column_types.sql_types(table.columns) for key, table in schemas.tables().items()}
    of_subjects: dict[str, Columns | None] = dict(tables)
    unknown = False
    for subject in known:
        if subject.tables:
            made = met.result_of(named(subject.tables), settings)
            unknown |= made is None
            of_subjects |= made or {}
    met.add(*faults_of_suites(settings.expectations, of_subjects, are_all_known=not unknown))
    for told in reversed(begun):
        with met.collected():
            met.add(*told)
    return met.messages


def refuse_faults(settings: Settings, known: Iterable[Subject]) -> None:
    """Raise `CheckError` with all that subjects say is wrong with their files."""
    met = Faults()
    for subject in known:
        if subject.checks:
            with met.collected():
                met.add(*named(subject.checks)(settings))
    met.refuse(CheckError)


def unreadable_files(settings: Settings) -> tuple[str, ...]:
    """The YAML and CSV files that cannot be read, whoever they are for."""
    met = Faults()
    for path in sorted(settings.configs.rglob("*.yml")):
        met.result_of(read_yaml, path)
    for path in sorted(settings.configs.rglob("*.csv")):
        met.result_of(load_csv_cells, path)
    for path in sorted(settings.dbt_project.rglob("*.yml")):
        if not path.is_relative_to(settings.dbt_project / "target"):
            met.result_of(read_yaml, path)
    return met.messages


def faults_of_suites(
    folder: Path, tables: Mapping[str, Columns | None], *, are_all_known: bool = True
) -> Iterator[str]:
    """All that is wrong with the suites of a folder. `tables`: key -> columns; `are_all_known`: whether there are no others."""
    for path in sorted(folder.rglob("*.json")):
        key = path.relative_to(folder).with_suffix("").as_posix()
        if are_all_known and (reason := why_unknown("table", key, tables)):
            yield f"{path}: guards a table that there is not: {reason}"
        if reason := misnamed(path, key):
            yield reason
        try:
            expectations = suites.load_suite(path)
        except suites.SuiteError as error:
            yield from error.args
            continue
        yield from suite_faults.faults(expectations, tables.get(key))
        yield from _named_twice(expectations)


def misnamed(path: Path, key: str) -> str | None:
    """What is wrong with the name of a suite: it is the key of its table with dots, as GX's own file store would have it."""
    name, expected = suites.name_of(path), key.replace("/", ".")
    return None if name in (None, expected) else f"{path}: the suite is named {name!r}: name it {expected!r}"


def _named_twice(expectations: list[Expectation]) -> Iterator[str]:
    counts = Counter(expectation.name for expectation in expectations)
    for expectation in expectations:
        if counts[expectation.name] > 1:
            yield f"{expectation.place}: {expectation.name}: two expectations have this name: give each its own"
