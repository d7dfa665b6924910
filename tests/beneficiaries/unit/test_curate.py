"""`make curate`: what stands against it, and what the curator is told; the server is made up."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from carbon_assets.base.configs import ConfigError
from carbon_assets.base.settings import Settings
from carbon_assets.beneficiaries import curate
from carbon_assets.openrefine.server import OpenRefineError
from tests.kit.building import CONFIGS, settings_in
from tests.kit.commands import carbon
from tests.kit.credit_rows import event, write_credits
from tests.kit.openrefine_histories import mass_edit

URL = "http://refine.test:3333/"


class Server:
    """Stands for OpenRefine: it takes one project."""

    def __init__(self, url: str):
        self.url = url

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *error: object) -> None: ...

    def create_project(self, name: str, table: pa.Table) -> str:
        self.made.append((self.url, name, table))
        return "2400"


@pytest.fixture
def made(monkeypatch) -> list[tuple[str, str, pa.Table]]:
    """The projects that were made: server, name, table."""
    monkeypatch.setattr(Server, "made", [], raising=False)
    monkeypatch.setattr(curate, "OpenRefine", Server)
    return Server.made


@pytest.fixture
def settings(tmp_path) -> Settings:
    """Settings of a data folder with credits, and with configs of its own."""
    configs = tmp_path / "configs"
    shutil.copytree(CONFIGS / "beneficiaries", configs / "beneficiaries")
    made = settings_in(tmp_path, configs=configs, openrefine_url=URL)
    write_credits(made.table("harmonized", "credits"), event("7", beneficiary="Peat Foods"), event("2"))
    return made


@pytest.fixture
def environment(settings, monkeypatch) -> pytest.MonkeyPatch:
    """The settings as variables."""
    monkeypatch.setenv("CARBON_DATA_DIR", str(settings.data))
    monkeypatch.setenv("CARBON_CONFIG_DIR", str(settings.configs))
    monkeypatch.setenv("OPENREFINE_URL", URL)
    return monkeypatch


def refuse(settings: Settings) -> Path:
    path = settings.configs / "beneficiaries" / "operations" / "bad.json"
    path.write_text(json.dumps([{"op": "core/row-removal"}]))
    return path


def test_the_beneficiaries_become_one_project(settings, made):
    assert curate.curate(settings) == "http://refine.test:3333/project?project=2400"
    ((url, name, table),) = made
    assert url == URL
    assert name.startswith("carbon-assets beneficiaries 20")
    assert table["beneficiary"].to_pylist() == [None, "Peat Foods"]
    assert table["quantity"].to_pylist() == ["2.000000", "7.000000"]


def test_what_curators_have_said_already_is_in_it(settings, made):
    path = settings.configs / "beneficiaries" / "operations" / "a.json"
    path.write_text(json.dumps([mass_edit({"Peat Foods": "Peat"}, column="beneficiary")]))
    curate.curate(settings)
    assert made[0][2]["beneficiary"].to_pylist() == [None, "Peat"]


def test_without_an_address_it_says_how_to_give_one(settings, made, tmp_path):
    with pytest.raises(OpenRefineError, match="OPENREFINE_URL is not set: start OpenRefine"):
        curate.curate(settings_in(tmp_path, openrefine_url=None))
    assert made == []


def test_before_any_run_it_says_to_run_first(settings, made, tmp_path):
    empty = settings_in(tmp_path / "empty", openrefine_url=URL)
    with pytest.raises(OpenRefineError, match=r"no credits in .*empty/data yet: `make run` first"):
        curate.curate(empty)
    assert made == []


def test_a_refused_history_is_named_and_nothing_is_made(settings, made):
    path = refuse(settings)
    with pytest.raises(ConfigError) as refusal:
        curate.curate(settings)
    assert str(refusal.value).startswith(f"{path}: operation 0: ")
    assert made == []


def test_the_curator_is_told_where_to_open_it_and_where_to_save_the_operations(environment, settings, made, capsys):
    assert carbon("curate") == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert told.out.startswith("open http://refine.test:3333/project?project=2400\n")
    assert f"\n{settings.configs / 'beneficiaries' / 'operations'}/<name>.json" in told.out
    assert "column `beneficiary` (facet by `suggested`" in told.out
    assert "`make map WHAT=beneficiaries`" in told.out


@pytest.mark.parametrize("url", ["", None])
def test_a_failure_is_one_line(environment, made, capsys, url):
    environment.delenv("OPENREFINE_URL") if url is None else environment.setenv("OPENREFINE_URL", url)
    assert carbon("curate") == 1
    told = capsys.readouterr()
    assert told.out == ""
    (line,) = told.err.splitlines()
    assert line.startswith("FAILED   OPENREFINE_URL is not set")


def test_a_refused_history_is_one_line_too(environment, settings, made, capsys):
    path = refuse(settings)
    assert carbon("curate") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"FAILED   {path}: operation 0: ")
