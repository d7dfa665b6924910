"""The rules of eligibility as stewards write them: `configs/labels/`, and whether they can be meant.

A rule says of the units of a programme whether a scheme accepts them in a phase, for which protocol, kind of unit, vintages and
start of crediting, since when, and in which document that was read. How blocks are judged by them belongs in `verdicts.py`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from carbon_assets.base.column_types import DATE, LABELS, TEXT
from carbon_assets.base.configs import ConfigError, read_yaml
from carbon_assets.base.errors import Faults, in_words
from carbon_assets.base.known_words import why_unknown
from carbon_assets.base.lists import Row, load_list
from carbon_assets.unified.labels import load_labels

ELIGIBLE = "eligible"
NOT_ELIGIBLE = "not_eligible"

PHASE_COLUMNS = ("scheme", "phase", "label_family", "note")
UNIT_TYPE_COLUMNS = ("unit_type", "program", "serial_pattern", "note")
FIRST_PERIOD_COLUMNS = ("registry", "note")
_PROGRAM_COLUMNS = ("program", "name", "registry", "is_compliance", "markers", "note")

RULES = pa.schema(
    [
        pa.field(name, DATE if name.endswith(("_from", "_to", "_date")) else TEXT)
        for name in (
            "rule", "scheme", "phase", "program", "verdict", "protocol", "protocol_versions", "unit_type", "vintage_from", "vintage_to",
            "crediting_from", "needs_label", "condition", "valid_from", "valid_to", "document", "document_version",
            "document_date", "note",
        )
    ]
)  # fmt: skip
"""Columns of `rules.csv`. `protocol_versions` are joined by `|`. Blank cells of `protocol` to `condition` ask for nothing; a blank end is open."""

_PROGRAMS_FILE = "configs/protocols/programs.csv"
_PHASES_FILE = "configs/labels/phases.csv"
LAST_ZEROS = r"(\.0+)+$"
_REQUIRED = ("rule", "valid_from", "document", "document_version", "document_date")
SCOPE = ("protocol", "protocol_versions", "unit_type")
"""Cells that say which units of a programme a rule is about: the more of them it has, the narrower it is."""
_PERIODS = (("vintage_from", "vintage_to"), ("valid_from", "valid_to"))

Rule = dict[str, Any]
"""Cells of a rule by column; blank ones are None, days are dates."""


@dataclass(frozen=True)
class Phase:
    """A phase of a scheme; `phase` is None for a scheme without. Labels of `label_family` say that units are eligible."""

    scheme: str
    phase: str | None
    label_family: str


@dataclass(frozen=True)
class UnitType:
    """A kind of unit of a programme, and what its serial numbers begin with; None: all units of the programme are of this kind."""

    name: str
    program: str
    serial_pattern: str | None


@dataclass(frozen=True)
class Rulebook:
    """All that is known of eligibility. `programs`: publisher (a registry, or a programme without one) -> its programme."""

    phases: tuple[Phase, ...]
    unit_types: tuple[UnitType, ...]
    first_periods: frozenset[str]
    programs: dict[str, str]
    rules: tuple[Rule, ...]

    def in_force(self, day: date | None) -> pa.Table:
        """The rules that hold on `day`, as `RULES` and `versions`, a list or NULL; none where no day is known."""
        held = [rule for rule in self.rules if day and rule["valid_from"] <= day <= (rule["valid_to"] or date.max)]
        versions = [sorted(_words(rule, "protocol_versions")) if rule["protocol_versions"] else None for rule in held]
        return pa.Table.from_pylist(held, schema=RULES).append_column("versions", pa.array(versions, LABELS))


def plain_version(version: str) -> str:
    """A version without zeros that say nothing: 1.0 is 1. SQL does the same to what projects state."""
    return re.sub(LAST_ZEROS, "", version.strip())


def load_rulebook(configs: Path, registries: Collection[str]) -> Rulebook:
    """What `configs/labels/` says. `registries`: the ids that there are. Raises `ConfigError` with all that is wrong, each with file
    and line: a word that no file defines, a day that is none, two rules that decide one block differently."""
    folder, faults = configs / "labels", Faults()
    listed = faults.result_of(load_list, configs / "protocols" / "programs", _PROGRAM_COLUMNS, ("program",))
    labels = faults.result_of(load_labels, configs)
    protocols = faults.result_of(_protocol_ids, configs / "protocols")
    phases = faults.result_of(load_list, folder / "phases", PHASE_COLUMNS, ("scheme", "phase"))
    types = faults.result_of(load_list, folder / "unit_types", UNIT_TYPE_COLUMNS, ("unit_type", "program"))
    firsts = faults.result_of(load_list, folder / "first_crediting_periods", FIRST_PERIOD_COLUMNS, ("registry",))
    rows = faults.result_of(load_list, folder / "rules", tuple(RULES.names), ("rule",))
    faults.refuse(ConfigError)
    programs = {row["program"] for row in listed}
    families = {label.family for label in labels.values()}
    for row in phases:
        faults.add(*_blank(row, "scheme"), *_unknown(row, "label_family", families, "configs/vocab/label"))
    for row in types:
        faults.add(*_blank(row, "unit_type"), *_unknown(row, "program", programs, _PROGRAMS_FILE))
        faults.result_of(_refuse_pattern, row)
    for row in firsts:
        faults.add(*_unknown(row, "registry", registries, "configs/registries"))
    for row in rows:
        faults.add(*_unknown_words(row, phases, types, programs, protocols, labels))
    rules = [faults.result_of(_read, row) for row in rows]
    faults.refuse(ConfigError)
    faults.add(*_contradictions(rows, rules))
    faults.refuse(ConfigError)
    return Rulebook(
        phases=tuple(Phase(row["scheme"], row["phase"] or None, row["label_family"]) for row in phases),
        unit_types=tuple(UnitType(row["unit_type"], row["program"], row["serial_pattern"] or None) for row in types),
        first_periods=frozenset(row["registry"] for row in firsts),
        programs={row["registry"] or row["program"]: row["program"] for row in listed},
        rules=tuple(rules),
    )


def _protocol_ids(folder: Path) -> set[str]:
    """The ids of the catalogue. What else its files say is checked where it is read (`protocols`)."""
    ids: set[str] = set()
    for path in sorted(folder.glob("*.yml")):
        data = read_yaml(path).data
        entries = data.get("protocols") if isinstance(data, dict) else None
        ids |= {str(entry.get("id")) for entry in entries or () if isinstance(entry, dict)}
    return ids


def _unknown_words(
    row: Row, phases: list[Row], types: list[Row], programs: set[str], protocols: set[str], labels: Collection[str]
) -> Iterator[str]:
    """Why words of a rule cannot be."""
    schemes = {phase["scheme"] for phase in phases}
    yield from _unknown(row, "scheme", schemes, _PHASES_FILE)
    if row["scheme"] in schemes:
        of_scheme = {phase["phase"] for phase in phases if phase["scheme"] == row["scheme"]}
        yield from _unknown(row, "phase", of_scheme, _PHASES_FILE)
    yield from _unknown(row, "program", programs, _PROGRAMS_FILE)
    yield from _unknown(row, "verdict", {ELIGIBLE, NOT_ELIGIBLE})
    if row["protocol"]:
        yield from _unknown(row, "protocol", protocols, "configs/protocols")
    if row["needs_label"]:
        yield from _unknown(row, "needs_label", labels, "configs/vocab/label")
    if row["unit_type"] and row["program"] in programs:
        of_program = {kind["unit_type"] for kind in types if kind["program"] == row["program"]}
        yield from _unknown(row, "unit_type", of_program, "configs/labels/unit_types.csv")


def _unknown(row: Row, column: str, known: Collection[str], defined_in: str = "") -> Iterator[str]:
    if reason := why_unknown(column, row[column], known, defined_in):
        yield f"{row['place']}: {reason}"


def _blank(row: Row, *columns: str) -> Iterator[str]:
    yield from (f"{row['place']}: {name} is blank: it needs one" for name in columns if not row[name])


def _refuse_pattern(row: Row) -> None:
    """Raise `ConfigError` for a pattern that DuckDB, which reads serial numbers by it, does not take."""
    try:
        with duckdb.connect() as con:
            con.execute("select regexp_matches('', $pattern)", {"pattern": row["serial_pattern"]})
    except duckdb.Error as error:
        message = f"serial_pattern {row['serial_pattern']!r} is no regular expression: {in_words(error)}"
        raise ConfigError(f"{row['place']}: {message}") from error


def _read(row: Row) -> Rule:
    """The cells of a rule. Raises `ConfigError`."""
    faults = Faults()
    faults.add(*_blank(row, *_REQUIRED))
    if row["protocol_versions"] and not row["protocol"]:
        faults.add(f"{row['place']}: protocol_versions {row['protocol_versions']!r} are of no protocol: name it")
    rule: Rule = {
        name: faults.result_of(_day, row, name) if RULES.field(name).type == DATE else row[name] or None
        for name in RULES.names
    }
    for first, last in _PERIODS:
        if rule[first] and rule[last] and rule[first] > rule[last]:
            faults.add(f"{row['place']}: {first} {row[first]} is after {last} {row[last]}: correct one of them")
    faults.refuse(ConfigError)
    return rule


def _day(row: Row, column: str) -> date | None:
    text = row[column]
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        day = None
    if text and (day is None or day.isoformat() != text):
        raise ConfigError(f"{row['place']}: {column} is a day as YYYY-MM-DD or blank, not {text!r}")
    return day


def _contradictions(rows: list[Row], rules: list[Rule]) -> Iterator[str]:
    """Pairs of rules that can both hold for one block, say different things of it, and of which neither is the narrower one."""
    for (row, rule), (other_row, other) in combinations(zip(rows, rules, strict=True), 2):
        same = all(rule[name] == other[name] for name in ("scheme", "phase", "program"))
        if not same or rule["verdict"] == other["verdict"] or not _meet(rule, other):
            continue
        if not _is_narrower(rule, other) and not _is_narrower(other, rule):
            yield (
                f"{other_row['place']}: rule {other['rule']!r} says {other['verdict']} of units of which {rule['rule']!r} "
                f"({row['place']}) says {rule['verdict']}: narrow one of them by protocol, unit type, vintages or validity"
            )


def _meet(rule: Rule, other: Rule) -> bool:
    """Whether a block can be in the scope of both at one time."""
    alike = all(_words(rule, name) & _words(other, name) or None in (rule[name], other[name]) for name in SCOPE)
    return alike and all(
        (rule[first] or date.min) <= (other[last] or date.max)
        and (other[first] or date.min) <= (rule[last] or date.max)
        for first, last in _PERIODS
    )


def _words(rule: Rule, column: str) -> set[str]:
    return {plain_version(word) for word in str(rule[column]).split("|")}


def _is_narrower(rule: Rule, other: Rule) -> bool:
    """Whether `rule` is an exception from `other`: it names all that `other` names of protocol and kind of unit, and more."""
    named, of_other = ({name for name in SCOPE if each[name]} for each in (rule, other))
    return named > of_other
