"""`carbon`: which words do which work, what is told of words that name none, and that asking for help loads nothing heavy."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from carbon_assets.base.errors import ExitCode
from carbon_assets.beneficiaries import curate
from carbon_assets.history import compare
from carbon_assets.platform import run
from carbon_assets.publishing import release
from tests.kit.building import CONFIGS
from tests.kit.commands import carbon
from tests.kit.places import HOME

COMMANDS = ["run", "map", "prepare", "check", "curate", "compare", "release", "openrefine"]


@pytest.fixture
def done(monkeypatch) -> list[str]:
    """What the command line does, on work that is only noted."""
    done: list[str] = []
    monkeypatch.setattr(run, "run", lambda settings: done.append("run"))
    monkeypatch.setattr(run, "map_anew", lambda settings, what: done.append(f"map {what}"))
    monkeypatch.setattr(run, "prepare", lambda settings: done.append("prepare"))
    monkeypatch.setattr(run, "main", lambda work: work(None) or 0)
    monkeypatch.setattr(curate, "curate", lambda settings: done.append("curate") or "there")
    monkeypatch.setattr(release, "release", lambda settings, *words: done.append(f"release {' '.join(words)}") or "")
    monkeypatch.setattr(compare, "compare", lambda settings, *words: done.append(f"compare {words}") or [])
    return done


@pytest.mark.parametrize(
    ("words", "work"),
    [
        ([], "run"),
        (["run"], "run"),
        (["map"], "map protocols"),
        (["map", "protocols"], "map protocols"),
        (["map", "beneficiaries"], "map beneficiaries"),
        (["map", "boundaries"], "map boundaries"),
        (["curate"], "curate"),
        (["prepare"], "prepare"),
        (["release", "A", "--reason", "it is right", "--by", "ann"], "release A it is right ann"),
        (["release", "--reason=it is right", "--by=ann", "A"], "release A it is right ann"),
        (["compare", "A", "B"], "compare ('A', 'B', None, None)"),
        (
            ["compare", "A", "B", "--registry", "arb", "--table", "issuances", "--csv", "c.csv"],
            f"compare ('A', 'B', ('arb', 'issuances'), {Path('c.csv')!r})",
        ),
    ],
)
def test_words_name_the_work(done, words, work):
    assert carbon(*words) == 0
    assert done == [work]


def test_a_run_that_failed_is_an_exit_code(done, monkeypatch):
    monkeypatch.setattr(run, "main", lambda work: 1)
    assert carbon() == carbon("run") == carbon("map") == 1


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["map", "everything"], "there is nothing to map of 'everything'; known: beneficiaries, boundaries, protocols"),
        (["cure"], "No such command 'cure'. Did you mean 'curate'?"),
        (["run", "now"], "Got unexpected extra argument(s) (now)"),
        (["compare", "A"], "Missing argument 'NEW'."),
        (["release", "A"], "Missing option '--reason'."),
        (["--quick"], "No such option: --quick"),
    ],
)
def test_other_words_are_refused(done, words, line, capsys):
    assert carbon(*words) == 2
    assert done == []
    told = capsys.readouterr()
    assert told.out == ""
    assert line in told.err


@pytest.mark.parametrize(
    ("words", "variable"),
    [(["prepare"], "CARBON_THREADS"), (["curate"], "CARBON_NOW"), (["run"], "CARBON_KEEP_VERSIONS")],
)
def test_settings_that_cannot_be_are_one_line(words, variable, monkeypatch, capsys):
    monkeypatch.setenv(variable, "many")
    assert carbon(*words) == ExitCode.USAGE
    told = capsys.readouterr()
    assert told.out == ("exit 2: the command or its settings cannot be understood\n" if words == ["run"] else "")
    assert told.err.startswith(f"FAILED   {variable}='many': ")
    assert told.err.count("\n") == 1


@pytest.mark.parametrize(("target", "line"), [("map", "map $(or $(WHAT),protocols)"), ("curate", "curate")])
def test_make_has_a_target_for_it(home: Path, target, line):
    assert f"\n{target}: .venv/ready\n\t@$(BIN)/python -m carbon_assets {line}\n" in (home / "Makefile").read_text()


def test_help_tells_every_command_and_loads_nothing_heavy():
    script = (
        "import json, sys\n"
        "from carbon_assets.platform.command import main\n"
        "try:\n    main(['--help'])\n"
        "except SystemExit as end:\n    code = end.code\n"
        "print(json.dumps([code, sorted(sys.modules)]))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=HOME, capture_output=True, text=True, check=True)
    *lines, last = done.stdout.splitlines()
    code, modules = json.loads(last)
    assert code == 0
    told = [line.split() for line in lines if line.startswith("  ") and line.split()[0] in COMMANDS]
    assert [words[0] for words in told] == COMMANDS
    assert all(len(words) > 2 and not words[-1].endswith("...") for words in told), "each says whole what it does"
    heavy = {"dagster", "dbt", "duckdb", "pyarrow", "pandas", "great_expectations", "geopandas", "numpy", "openpyxl"}
    assert heavy.isdisjoint(modules)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_of_its_own(command, capsys):
    assert carbon(command, "--help") == 0
    assert f"carbon {command} " in capsys.readouterr().out


# --- check ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def spoilt(tmp_path, monkeypatch) -> Path:
    """A copy of configs and suites to be spoilt."""
    shutil.copytree(CONFIGS, tmp_path / "configs")
    shutil.copytree(HOME / "expectations", tmp_path / "expectations")
    monkeypatch.setenv("CARBON_CONFIG_DIR", str(tmp_path / "configs"))
    monkeypatch.setenv("CARBON_EXPECTATIONS_DIR", str(tmp_path / "expectations"))
    monkeypatch.setenv("CARBON_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


def test_what_people_edit_is_read_as_a_whole_and_all_that_is_wrong_is_told(spoilt, capsys):
    assert carbon("check") == 0, capsys.readouterr().err
    assert capsys.readouterr().out == "nothing is wrong\n"
    drift = spoilt / "configs" / "intake" / "drift.yml"
    drift.write_text(f"{drift.read_text()}\nenough: 3\n")
    programs = spoilt / "configs" / "protocols" / "programs.csv"
    programs.write_text(programs.read_text().replace("program,", "programme,", 1))
    suite = spoilt / "expectations" / "harmonized" / "projects.json"
    suite.write_text(suite.read_text().replace("expect_column_values_to_not_be_null", "expect_something", 1))
    assert carbon("check") == 1
    told = capsys.readouterr()
    lines = told.err.splitlines()
    assert told.out == ""
    assert all(line.startswith("FAILED   ") for line in lines)
    assert len(set(lines)) == len(lines)
    assert any(f"{drift}, line " in line and "enough is given twice" in line for line in lines)
    assert any(f"{programs}, line 1: expected the columns" in line for line in lines)
    assert any(str(suite) in line and "Great Expectations has no expect_something" in line for line in lines)
