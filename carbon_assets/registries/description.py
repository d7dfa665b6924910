"""The models of `configs/` and their one loader.

What a YAML or CSV file may say, and nothing about how it is carried out. Every model refuses keys that it does not
know, and every error names the file.
"""

from __future__ import annotations

import pkgutil
import re
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from carbon_assets.base.configs import ConfigError, Model, load_yaml, read_yaml, refuse_moved
from carbon_assets.base.errors import Faults
from carbon_assets.base.known_words import nearest
from carbon_assets.registries import hooks
from carbon_assets.registries.column import Expression
from carbon_assets.registries.table import Table


class Serial(Model):
    """A form of serial number: an expression that the whole number fits, and what its named groups say.

    `start`, `end`: first and last unit, within `key`, or within `key` here where the form has one for all its numbers.
    A form without them is an identifier; its range, if any, stands in columns of its own.
    `project`: the project's id without the registry's prefix. `vintage`: its year. `vintage_from`, `vintage_to`: its days
    as DDMMYYYY. `revision`: the part by which the numbers of one block's revisions differ. `<group>_again`: must repeat the group, as where both ends of a range are written in full.
    """

    pattern: Expression
    key: str | None = None
    name: str = ""

    @cached_property
    def groups(self) -> dict[str, int]:
        """Number of each named group."""
        return dict(re.compile(self.pattern).groupindex)

    @cached_property
    def group_count(self) -> int:
        """How many groups there are, with those that have no name."""
        return re.compile(self.pattern).groups

    @property
    def form(self) -> str:
        """What the form is called."""
        return self.name or self.pattern

    @property
    def repeated(self) -> list[tuple[str, str]]:
        """Pairs of groups that must be equal."""
        return [(name.removesuffix(_AGAIN), name) for name in self.groups if name.endswith(_AGAIN)]

    @model_validator(mode="after")
    def _groups(self) -> Serial:
        has = set(self.groups) | ({"key"} if self.key else set())
        range_ = {"start", "end", "key"}
        missing = range_ - has if has & range_ else set()
        missing |= {"vintage_from", "vintage_to"} - has if has & {"vintage_from", "vintage_to"} else set()
        missing |= {name for name, _ in self.repeated} - has
        if missing:
            raise ValueError(f"the pattern {self.pattern!r} has no group named {', '.join(sorted(missing))}")
        known = {
            *range_,
            "project",
            "revision",
            "vintage",
            "vintage_from",
            "vintage_to",
            *(name for name, _ in self.repeated),
        }
        if unknown := {name.removesuffix(_AGAIN) for name in self.groups} - known:
            raise ValueError(f"the pattern {self.pattern!r} names {', '.join(sorted(unknown))}, which nothing reads")
        return self


_AGAIN = "_again"


class Writes(Model):
    """How a registry's own files write what can be read in two ways. A file that tells its form by itself is read by that.

    `decimal_mark`: the mark of decimals. `day_first`: whether 03/04/2025 is in April. `whole_credits`: it issues no part of a
    credit, so that 1,790 is no number with decimals.
    """

    decimal_mark: Literal[".", ","] | None = None
    day_first: bool | None = None
    whole_credits: bool = False


def _to_module(name: str) -> str:
    known = [f"{hooks.__name__}.{module.name}" for module in pkgutil.iter_modules(hooks.__path__)]
    try:
        is_there = find_spec(name) is not None
    except (ImportError, ValueError):
        is_there = False
    if not is_there:
        raise ValueError(f"there is no module {name!r}; the nearest known is {nearest(name, known)!r}: correct it")
    return name


class Registry(Model):
    """One registry: who it is, what it publishes and how that is read. One file is one registry.

    `project_id_form`: the expression that every project id fits, prefix included. `default_protocol`: the one protocol of all its projects, where the text is
    blank.
    """

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    name: str
    project_prefix: str | None = None
    project_id_form: Expression | None = None
    project_url: str | None = None
    owner: str = "team:data"
    default_protocol: str | None = None
    replaces_host_registry: bool = False
    hooks: Annotated[str, AfterValidator(_to_module)] | None = None
    serials: tuple[Serial, ...] = ()
    writes: Writes = Writes()
    tables: dict[str, Table]

    def as_read(self, table: str, layout: str | None) -> Registry:
        """The registry with one table as it is in files of one layout."""
        return self.model_copy(update={"tables": {**self.tables, table: self.tables[table].by(layout)}})

    @property
    def group(self) -> str:
        """The id as Dagster takes it for the name of a group."""
        return self.id.replace("-", "_")


def load_registries(configs: Path) -> dict[str, Registry]:
    """Every registry of `configs/registries/`, by id, in order of id. Raises `ConfigError` with all that is wrong."""
    refuse_moved(configs)
    paths = sorted((configs / "registries").glob("*.yml"))
    return dict(_load(configs, tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in paths)))


@lru_cache(maxsize=8)
def _load(configs: Path, files: tuple[tuple[Path, int, int], ...]) -> dict[str, Registry]:
    """Read once while the files stand as they are: a run asks a dozen times."""
    registries, faults = {}, Faults()
    for path, _, _ in files:
        registry = faults.result_of(load_yaml, path, Registry)
        if registry is None:
            continue
        if registry.id != path.stem:
            faults.add(f"{path}: holds the registry {registry.id!r}; the file must have its name")
        registries[registry.id] = registry
    if not files:
        faults.add(f"{configs / 'registries'}: no registry is described here")
    faults.refuse(ConfigError)
    return registries


def registry_ids(configs: Path) -> frozenset[str]:
    """The ids of all registries that have a description, whether or not it can be read."""
    return frozenset(path.stem for path in (configs / "registries").glob("*.yml"))


def place_of(configs: Path, registry: str, *entry: str | int) -> str:
    """`<file>, line <n>` of an entry of a registry's description; the file alone where it cannot be read."""
    path = configs / "registries" / f"{registry}.yml"
    return read_yaml(path).place(entry) if path.exists() else str(path)
