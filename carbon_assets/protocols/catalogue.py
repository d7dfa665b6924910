"""The curated catalogue of protocols: `configs/protocols/*.yml`, with the programmes, categories and project types that its
entries name.

What a catalogue may say and that it does not contradict itself; that no name leads to two entries is asked in `confusions.py`.
How a text is matched with it belongs in `reader.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from pydantic import Field

from carbon_assets.base.configs import ConfigError, Document, Model, read_yaml, refuse_moved
from carbon_assets.base.errors import Faults
from carbon_assets.base.known_words import why_unknown
from carbon_assets.base.lists import Row, load_list, yes_or_no
from carbon_assets.protocols.confusions import Place, confusions
from carbon_assets.protocols.reading_rules import ReadingRules, load_reading_rules
from carbon_assets.protocols.text import TitleKeys

PROGRAM_COLUMNS = ("program", "name", "registry", "is_compliance", "markers", "note")
TYPE_COLUMNS = ("project_type", "display_name", "category", "bundle", "note")
CATEGORY_COLUMNS = ("category", "note")


@dataclass(frozen=True)
class Program:
    """Who publishes protocols. `registry`: the one whose projects use mainly these; `markers`: how texts name it."""

    id: str
    name: str
    registry: str | None
    is_compliance: bool
    markers: tuple[str, ...]


@dataclass(frozen=True)
class ProjectType:
    """A kind of project: the catalogue's word, the reader's word, its category, and whether it bundles several kinds and so
    says less than any of them."""

    id: str
    display_name: str
    category: str
    is_bundle: bool


class _Entry(Model):
    """One protocol of a file.

    `project_type`: what projects under it are; `broad`: they are other things too, and this holds only where nothing
    says more. `slug`: the registry's own word for it, as its API writes it. `codes`: spelled-out codes that no grammar
    knows. `aliases`: titles that no rule derives from `title`.
    `other_ids`: wrong ids under which another database knows it.
    """

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    title: str = Field(min_length=3)
    category: str | None = None
    sub_category: str | None = None
    project_type: str | None = None
    broad: bool = False
    superseded_by: str | None = None
    slug: str | None = None
    codes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    other_ids: tuple[str, ...] = ()


class Protocol(_Entry):
    """One protocol, with the programme that its file names."""

    program: str


class _File(Model):
    """One file of `configs/protocols/`: the protocols of one programme."""

    program: str
    protocols: tuple[_Entry, ...]


@dataclass(frozen=True)
class Catalogue:
    """Everything that is known of protocols, by id, and by which words and thresholds texts are read."""

    protocols: dict[str, Protocol]
    programs: dict[str, Program]
    project_types: dict[str, ProjectType]
    categories: frozenset[str]
    rules: ReadingRules

    @cached_property
    def title_keys(self) -> TitleKeys:
        """Keys of titles, without the names of programmes; those that tell a compliance protocol from another stay."""
        return _title_keys(self.programs, self.rules)

    def category(self, id_: str) -> str | None:
        """The protocol's category, else that of its project type; None where neither says."""
        protocol = self.protocols[id_]
        if protocol.category or not protocol.project_type:
            return protocol.category
        return self.project_types[protocol.project_type].category


def load_catalogue(configs: Path) -> Catalogue:
    """The catalogue of `configs/`. Raises `ConfigError` with all that is wrong, each with file, line and entry."""
    refuse_moved(configs)
    folder = configs / "protocols"
    faults = Faults()
    categories = faults.result_of(_categories, folder / "categories")
    types = faults.result_of(load_project_types, folder / "project_types", categories)
    programs = faults.result_of(_programs, folder / "programs")
    rules = faults.result_of(load_reading_rules, configs)
    paths = sorted(folder.glob("*.yml"))
    entries = [entry for path in paths for entry in faults.result_of(_entries, path) or ()]
    if not entries:
        faults.add(f"{folder}: no protocol is described here")
    protocols: dict[str, Protocol] = {}
    places: dict[str, Place] = {}
    for place, protocol in entries:
        if protocol.id in protocols:
            faults.add(f"{place()}: {protocol.id!r} stands in {places[protocol.id]()} already")
        else:
            protocols[protocol.id], places[protocol.id] = protocol, place
    known = {"program": programs, "category": categories, "project_type": types, "superseded_by": protocols}
    for id_, protocol in protocols.items():
        faults.add(*_unknown_names(places[id_], protocol, known), *_disagreements(places[id_], protocol, protocols))
    if programs is not None and rules is not None:
        faults.add(*confusions(protocols, places, _title_keys(programs, rules), rules.words))
    faults.refuse(ConfigError)
    return Catalogue(protocols, programs, types, frozenset(categories), rules)


def _entries(path: Path) -> list[tuple[Place, Protocol]]:
    """The protocols of one file, each with what tells where an entry of it stands."""
    document = read_yaml(path)
    file = document.to_model(_File)
    return [
        (partial(_place, document, position), Protocol(program=file.program, **dict(entry)))
        for position, entry in enumerate(file.protocols)
    ]


def _place(document: Document, position: int, *entry: str | int) -> str:
    return document.place(("program",) if entry == ("program",) else ("protocols", position, *entry))


def _unknown_names(place: Place, protocol: Protocol, known: Mapping[str, Collection[str] | None]) -> Iterator[str]:
    """Why names that an entry uses cannot be; nothing is said where it is not known which there are."""
    for field, words in known.items():
        value = getattr(protocol, field)
        if value is None or words is None:
            continue
        if reason := why_unknown(field, value, words, _DEFINED_IN[field]):
            yield f"{place(field)}: {protocol.id!r}: {reason}"


_DEFINED_IN = {
    "program": "configs/protocols/programs.csv",
    "category": "configs/protocols/categories.csv",
    "project_type": "configs/protocols/project_types.csv",
    "superseded_by": "configs/protocols",
}
"""Where a steward may add a word."""


def _disagreements(place: Place, protocol: Protocol, protocols: Mapping[str, Protocol]) -> Iterator[str]:
    """What an entry says against itself, or against the entries that follow it."""
    chain = [protocol.id]
    while following := protocols[chain[-1]].superseded_by:
        if following in chain:
            yield f"{place('superseded_by')}: {protocol.id!r} is superseded by itself, through {' -> '.join(chain)}"
            break
        if following not in protocols:
            break  # said where that entry stands
        chain.append(following)
    if protocol.broad and not protocol.project_type:
        yield f"{place('broad')}: {protocol.id!r} is broad and has no project_type"


def _title_keys(programs: dict[str, Program], rules: ReadingRules) -> TitleKeys:
    voluntary = (program for program in programs.values() if not program.is_compliance)
    return TitleKeys((marker for program in voluntary for marker in program.markers), rules)


def _programs(place: Path) -> dict[str, Program]:
    programs, faults = {}, Faults()
    for row in _named(place, PROGRAM_COLUMNS):
        with faults.collected():
            programs[row["program"]] = Program(
                id=row["program"],
                name=row["name"],
                registry=row["registry"] or None,
                is_compliance=yes_or_no(row, "is_compliance"),
                markers=tuple(marker for marker in row["markers"].split("|") if marker),
            )
    faults.refuse(ConfigError)
    return programs


def _categories(place: Path) -> set[str]:
    return {row["category"] for row in _named(place, CATEGORY_COLUMNS)}


def load_project_types(place: Path, categories: set[str] | None = None) -> dict[str, ProjectType]:
    """The list of project types. `categories`: those that there are; None where that is not known. Raises `ConfigError`."""
    types, faults = {}, Faults()
    for row in _named(place, TYPE_COLUMNS):
        if categories is not None and (
            reason := why_unknown("category", row["category"], categories, _DEFINED_IN["category"])
        ):
            faults.add(f"{row['place']}: {reason}")
        with faults.collected():
            types[row["project_type"]] = ProjectType(
                row["project_type"], row["display_name"], row["category"], yes_or_no(row, "bundle")
            )
    faults.refuse(ConfigError)
    return types


def _named(place: Path, columns: tuple[str, ...]) -> list[Row]:
    """The rows of a list whose first column names each of them."""
    rows = load_list(place, columns, key=columns[:1])
    blank = [f"{row['place']}: {columns[0]} is blank" for row in rows if not row[columns[0]]]
    if blank:
        raise ConfigError(*blank)
    return rows
