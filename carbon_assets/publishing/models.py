"""The models of `dbt_project/`: where their files are, what they read, and what a mart takes over from harmonized tables.

What a column means and which type it has is stated once, in the `schema.py` of the table that it comes from. The YAML of a mart
says under `config.meta` where its columns come from, and lists itself only what it adds or says differently:

    passes: harmonized/snapshots          it has the columns of this table, all and in its order
    rows_of: harmonized/credits           its rows are rows of this table, but its columns are those that it lists
    columns_of: [harmonized/projects]     further tables that columns of its list come from

A column that is listed without type or description has those of its name in the first of these tables that knows it. With the
rows of a table come its expectations, too (`suite`). How the files become a project that dbt can read belongs in `project.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from carbon_assets.base import column_types, suites
from carbon_assets.base.configs import read_yaml
from carbon_assets.base.errors import PlainError
from carbon_assets.base.settings import Settings
from carbon_assets.base.suites import Expectation

_REF = re.compile(r"""\bref\(\s*['"](\w+)['"]\s*\)""")
_STAGING_PREFIX = "stg_"

Schemas = Mapping[str, pa.Schema]
"""The columns of tables, by asset key as text."""


class ModelError(PlainError):
    """A model of the dbt project says something that cannot be."""


@dataclass(frozen=True)
class Model:
    """A model by its SQL file; `subject` is the folder that it stands in."""

    layer: str
    subject: str
    sql: Path

    @property
    def name(self) -> str:
        """The name of the model, and of its table."""
        return self.sql.stem

    @property
    def yaml(self) -> Path:
        """The file that documents it, if there is one."""
        return self.sql.with_suffix(".yml")

    @cached_property
    def refs(self) -> set[str]:
        """The models that it reads."""
        return set(_REF.findall(self.sql.read_text()))


def authored(dbt_project: Path, layer: str) -> dict[str, Model]:
    """The models that somebody wrote, by name: `models/<layer>/<subject>/<name>.sql`. Raises `ModelError`."""
    models: dict[str, Model] = {}
    for path in sorted((dbt_project / "models" / layer).rglob("*.sql")):
        model = Model(layer, path.parent.name, path)
        if path.parent.parent.name != layer:
            raise ModelError(f"{path}: a model stands in the folder of its subject, models/{layer}/<subject>/")
        if model.name in models:
            raise ModelError(f"{path}: {models[model.name].sql} has that name, too")
        models[model.name] = model
    return models


def staged_tables(dbt_project: Path) -> list[str]:
    """Names of the harmonized tables that models read through a staging view, authored or not."""
    views = {view for mart in authored(dbt_project, "marts").values() for view in mart.refs}
    views |= set(authored(dbt_project, "staging"))
    return sorted(view.removeprefix(_STAGING_PREFIX) for view in views if view.startswith(_STAGING_PREFIX))


def staging_view(table: str) -> str:
    """The name of the view of a harmonized table."""
    return f"{_STAGING_PREFIX}{table}"


@dataclass(frozen=True)
class Mart:
    """A mart as its YAML has it: `document` is the whole file. Raises `ModelError` where it is not understood."""

    model: Model
    document: dict[str, Any]

    @classmethod
    def read(cls, model: Model) -> Mart:
        """The mart of a model."""
        if not model.yaml.exists():
            raise ModelError(f"{model.yaml}: write it: a mart says what it holds, and which columns")
        document: Any = read_yaml(model.yaml).data
        models = document.get("models") if isinstance(document, dict) else None
        if not isinstance(document, dict) or not models or [entry.get("name") for entry in models] != [model.name]:
            raise ModelError(f"{model.yaml}: must describe one model, {model.name}")
        return cls(model, document)

    @property
    def entry(self) -> dict[str, Any]:
        """What the file says of the model."""
        return self.document["models"][0]

    @property
    def meta(self) -> dict[str, Any]:
        """Where rows and columns come from."""
        return self.entry.get("config", {}).get("meta", {})

    @property
    def rows_of(self) -> str | None:
        """The table whose rows it has."""
        return self.meta.get("passes") or self.meta.get("rows_of")

    def columns(self, schemas: Schemas) -> list[dict[str, Any]]:
        """Its columns in their order, each with type and meaning."""
        sources = self._sources(schemas)
        listed = self.entry.get("columns", [])
        if passed := self.meta.get("passes"):
            own = {column["name"]: column for column in listed}
            if unknown := sorted(set(own) - set(schemas[passed].names)):
                raise ModelError(
                    f"{self.model.yaml}: {passed} has no column {', '.join(unknown)}; a mart that adds columns says rows_of "
                    "in place of passes, and lists all of its columns"
                )
            listed = [own.get(name, {"name": name}) for name in schemas[passed].names]
        return [self._completed(column, sources) for column in listed]

    def _sources(self, schemas: Schemas) -> list[pa.Schema]:
        keys = [key for key in (self.rows_of, *self.meta.get("columns_of", ())) if key]
        if self.meta.get("passes") and len(keys) > 1:
            raise ModelError(f"{self.model.yaml}: passes stands alone, without rows_of and columns_of")
        for key in keys:
            if key not in schemas:
                raise ModelError(f"{self.model.yaml}: no schema.py states the table {key} in TABLES")
        return [schemas[key] for key in keys]

    def _completed(self, column: dict[str, Any], sources: list[pa.Schema]) -> dict[str, Any]:
        field = next((schema.field(column["name"]) for schema in sources if column["name"] in schema.names), None)
        known = {}
        if field is not None:
            known = {
                "data_type": column_types.sql_type(field.type),
                "description": column_types.description(field),
            }
        # A name that is also a word of SQL must be quoted. What dbt calls a test has the name in it, as it is written here.
        quoted = {} if "tests" in column or "data_tests" in column else {"quote": True}
        completed = {"name": column["name"], **quoted, **known, **column}
        if lacking := [key for key in ("data_type", "description") if not completed.get(key)]:
            raise ModelError(
                f"{self.model.yaml}: column {column['name']} needs {' and '.join(lacking)}: no table that the mart names under "
                "config.meta has a column of that name"
            )
        return completed

    def completed(self, schemas: Schemas) -> dict[str, Any]:
        """The document with all columns in full, as dbt needs it."""
        return {**self.document, "models": [{**self.entry, "columns": self.columns(schemas)}]}


def marts(dbt_project: Path) -> dict[str, Mart]:
    """All marts, by name."""
    return {name: Mart.read(model) for name, model in authored(dbt_project, "marts").items()}


def suite(settings: Settings, mart: Mart, schemas: Schemas) -> list[Expectation]:
    """What a mart is held against: what blocks the table whose rows it has, and what is said of the mart itself."""
    columns = [column["name"] for column in mart.columns(schemas)]
    own = suites.load_suites(suites.suite_paths(settings, "marts", mart.model.name), columns)
    if not mart.rows_of:
        return own
    upstream = suites.load_suites(suites.suite_paths(settings, *mart.rows_of.split("/")))
    return suites.inherited(upstream, columns, own)
