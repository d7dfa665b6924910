"""What is wrong with the dbt project: its marts, what they read, and what dbt says when it parses it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from carbon_assets.base.configs import read_yaml
from carbon_assets.base.errors import Faults, PlainError
from carbon_assets.base.known_words import why_unknown
from carbon_assets.base.settings import Settings
from carbon_assets.platform.subject import Columns
from carbon_assets.publishing import models, project
from carbon_assets.publishing.models import Mart


def faults(settings: Settings) -> Iterator[str]:
    """All of it. dbt begins to parse when this is called, in a process of its own, unless it has parsed this project before."""
    met = Faults()
    with met.collected():
        met.add(*_faults_of_models(settings.dbt_project))
    parse = None if met.messages else met.result_of(project.begin_parse, settings)
    return _waited_for(settings, met, parse)


def _waited_for(settings: Settings, met: Faults, parse: project.Parse | None) -> Iterator[str]:
    if parse is not None:
        met.result_of(parse.finish)
    if not met.messages:
        met.add(*_unknown_tests(settings))
    yield from met.messages


def _unknown_tests(settings: Settings) -> Iterator[str]:
    """Data tests that there are not: dbt says so only when it runs them."""
    parse = settings.dbt_parses / project.content_hash(project.assembled(settings.dbt_project))
    manifest = json.loads((parse / project.MANIFEST).read_text())
    macros = {
        macro["name"].removeprefix("test_")
        for macro in manifest["macros"].values()
        if macro["name"].startswith("test_")
    }
    for node in manifest["nodes"].values():
        if (test := node.get("test_metadata")) and (reason := why_unknown("data test", test["name"], macros)):
            path = settings.dbt_project / node["original_file_path"]
            yield f"{_place(path, node.get('column_name'))}: {reason}"


def _place(path: Path, column: str | None) -> str:
    """File and line of a column of a mart, and its name; of the mart where there is no column."""
    document: Any = read_yaml(path)
    columns = document.data["models"][0].get("columns", [])
    number = next((n for n, entry in enumerate(columns) if column in (entry["name"], f'"{entry["name"]}"')), None)
    entry = ("models", 0) if number is None else ("models", 0, "columns", number)
    return f"{document.place(entry)}{f', column {column}' if column else ''}"


def tables(settings: Settings) -> dict[str, Columns | None]:
    """The columns of the marts, by key as text; None where they cannot be told."""
    columns = project.columns_of_tables()
    made: dict[str, Columns | None] = {}
    for name, model in models.authored(settings.dbt_project, "marts").items():
        try:
            completed = Mart.read(model).columns(columns)
            made[f"marts/{name}"] = {column["name"]: column["data_type"].lower() for column in completed}
        except PlainError:
            made[f"marts/{name}"] = None
    return made


def _faults_of_models(dbt_project: Path) -> tuple[str, ...]:
    met = Faults()
    marts, staging = (models.authored(dbt_project, layer) for layer in ("marts", "staging"))
    columns = project.columns_of_tables()
    for model in marts.values():
        with met.collected():
            Mart.read(model).columns(columns)
    views = {models.staging_view(key.removeprefix("harmonized/")) for key in project.table_schemas()}
    known = {*marts, *staging, *views}
    for model in (*marts.values(), *staging.values()):
        met.add(*_unknown_models(model, known))
    return met.messages


def _unknown_models(model: models.Model, known: set[str]) -> Iterator[str]:
    text = model.sql.read_text()
    for name in sorted(model.refs):
        if reason := why_unknown("model", name, known):
            place = re.search(rf"""\bref\(\s*['"]{name}['"]""", text)
            line = text.count("\n", 0, place.start()) + 1 if place else 1
            yield f"{model.sql}, line {line}: {reason}"
