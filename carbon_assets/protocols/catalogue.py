"""The curated catalogue of protocols: `configs/protocols/*.yml`, with the programmes, categories and project types that its
entries name.

What a catalogue may say and that it does not contradict itself. How a text is matched with it belongs in `reader.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import Field

from carbon_assets.base.configs import ConfigError, Model, read_yaml, refuse_moved
from carbon_assets.base.lists import Row, load_list, yes_or_no
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
    """The catalogue of `configs/`. Raises `ConfigError` with file, line and entry where it contradicts itself."""
    refuse_moved(configs)
    folder = configs / "protocols"
    categories = {row["category"] for row in _named(folder / "categories", CATEGORY_COLUMNS)}
    types = _project_types(folder / "project_types", categories)
    programs = _programs(folder / "programs")
    entries = [entry for path in sorted(folder.glob("*.yml")) for entry in _entries(path)]
    if not entries:
        raise ConfigError(f"{folder}: no protocol is described here")
    protocols: dict[str, Protocol] = {}
    places: dict[str, str] = {}
    for place, protocol in entries:
        if protocol.id in protocols:
            raise ConfigError(f"{place}: {protocol.id!r} stands in {places[protocol.id]} already")
        protocols[protocol.id], places[protocol.id] = protocol, place
    for id_, protocol in protocols.items():
        _hold_together(places[id_], protocol, protocols, programs, categories, types)
    rules = load_reading_rules(configs)
    _tell_apart(protocols, places, _title_keys(programs, rules))
    return Catalogue(protocols, programs, types, frozenset(categories), rules)


def _entries(path: Path) -> Iterator[tuple[str, Protocol]]:
    """The protocols of one file, each with the place where it stands."""
    document = read_yaml(path)
    file = document.to_model(_File)
    for position, entry in enumerate(file.protocols):
        yield document.place(("protocols", position)), Protocol(program=file.program, **dict(entry))


def _hold_together(
    place: str,
    protocol: Protocol,
    protocols: dict[str, Protocol],
    programs: dict[str, Program],
    categories: set[str],
    types: dict[str, ProjectType],
) -> None:
    """Every name that an entry uses must be known."""
    for field, value, known in (
        ("program", protocol.program, programs),
        ("category", protocol.category, categories),
        ("project_type", protocol.project_type, types),
        ("superseded_by", protocol.superseded_by, protocols),
    ):
        if value is not None and value not in known:
            raise ConfigError(f"{place}: {protocol.id!r}: {field} {value!r} is not known")
    chain = [protocol.id]
    while following := protocols[chain[-1]].superseded_by:
        if following in chain:
            raise ConfigError(f"{place}: {protocol.id!r} is superseded by itself, through {' -> '.join(chain)}")
        if following not in protocols:
            break  # said where that entry stands
        chain.append(following)
    if protocol.broad and not protocol.project_type:
        raise ConfigError(f"{place}: {protocol.id!r} is broad and has no project_type")
    if taken := set(protocol.other_ids) & set(protocols):
        raise ConfigError(f"{place}: {protocol.id!r}: other_ids {sorted(taken)} are protocols themselves")


def _tell_apart(protocols: dict[str, Protocol], places: dict[str, str], keys: TitleKeys) -> None:
    """No alias, code or other id may lead to two entries; nor may an alias be another's title within its programme."""
    owner: dict[tuple[str, str], str] = {}
    titles = {(p.program, keys(p.title)): p.id for p in protocols.values()}
    for id_, protocol in protocols.items():
        names = [
            *(("alias", alias, keys(alias)) for alias in protocol.aliases),
            *(("slug", slug, slug) for slug in (protocol.slug,) if slug is not None),
            *(("code", code, code.casefold()) for code in protocol.codes),
            *(("other id", other, other) for other in protocol.other_ids),
        ]
        for kind, name, key in names:
            if not key:
                raise ConfigError(f"{places[id_]}: {id_!r}: the {kind} {name!r} says nothing")
            other = owner.setdefault((kind, key), id_)
            if other == id_ and kind == "alias":
                other = titles.get((protocol.program, key), id_)
            if other != id_:
                raise ConfigError(
                    f"{places[id_]}: {id_!r}: the {kind} {name!r} leads to {other!r} ({places[other]}) too"
                )


def _title_keys(programs: dict[str, Program], rules: ReadingRules) -> TitleKeys:
    voluntary = (program for program in programs.values() if not program.is_compliance)
    return TitleKeys((marker for program in voluntary for marker in program.markers), rules)


def _programs(place: Path) -> dict[str, Program]:
    return {
        row["program"]: Program(
            id=row["program"],
            name=row["name"],
            registry=row["registry"] or None,
            is_compliance=yes_or_no(row, "is_compliance"),
            markers=tuple(marker for marker in row["markers"].split("|") if marker),
        )
        for row in _named(place, PROGRAM_COLUMNS)
    }


def _project_types(place: Path, categories: set[str]) -> dict[str, ProjectType]:
    types = {}
    for row in _named(place, TYPE_COLUMNS):
        if row["category"] not in categories:
            raise ConfigError(f"{row['place']}: category {row['category']!r} is not known")
        types[row["project_type"]] = ProjectType(
            row["project_type"], row["display_name"], row["category"], yes_or_no(row, "bundle")
        )
    return types


def _named(place: Path, columns: tuple[str, ...]) -> list[Row]:
    """The rows of a list whose first column names each of them."""
    rows = load_list(place, columns, key=columns[:1])
    for row in rows:
        if not row[columns[0]]:
            raise ConfigError(f"{row['place']}: {columns[0]} is blank")
    return rows
