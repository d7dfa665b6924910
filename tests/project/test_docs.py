"""The pages for people name what there is: links, paths, commands; and every mart and config file is told in some page."""

import re
from pathlib import PurePosixPath

import pytest
import typer

from carbon_assets.platform.command import app
from tests.kit.pages import Page, pages
from tests.kit.places import HOME

PAGES = pages()
TOP = ("carbon_assets/", "configs/", "dbt_project/", "docs/", "expectations/", "tests/", ".ci/", ".github/")
MAKE = re.compile(r"\bmake ([a-z][a-z-]*)")
CARBON = re.compile(r"(?:\bcarbon|-m carbon_assets) ([a-z][a-z-]*)")
MODULE = re.compile(r"`([\w/]+\.py)`")
TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)


def each_page(test):
    return pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)(test)


def leads_nowhere(page: Page) -> list[str]:
    """Links of a page that lead to no file."""
    return [link for link in page.links if not (page.path.parent / link).exists()]


def named_paths(codes: list[str]) -> set[str]:
    """Paths of this repository among pieces of inline code."""
    return {code for code in codes if code.startswith(TOP) and " " not in code and "," not in code}


def missing(paths: set[str]) -> list[str]:
    """Paths that no file or folder of the checkout has; of one that ends in `*.csv` or the like, the folder counts."""
    wanted = {path: str(PurePosixPath(path).parent) if "*" in PurePosixPath(path).name else path for path in paths}
    return sorted(path for path, place in wanted.items() if next(HOME.glob(place.rstrip("/")), None) is None)


def make_targets(page: Page) -> set[str]:
    """What a page says that `make` makes."""
    return {target for code in [*page.inline, *page.blocks("sh")] for target in MAKE.findall(code)}


def carbon_commands(page: Page) -> set[str]:
    """What a page says that `carbon` does."""
    return {command for code in [*page.inline, *page.blocks("sh")] for command in CARBON.findall(code)}


def untold(files: list[str], codes: set[str]) -> list[str]:
    """Files that no piece of inline code names, by path or by the end of it, with `*` for anything."""
    return [file for file in files if not any(PurePosixPath(file).match(code) for code in codes)]


@each_page
def test_every_link_leads_to_a_file(page):
    assert leads_nowhere(page) == []


@each_page
def test_every_path_that_is_named_exists(page):
    assert missing(named_paths(page.inline)) == []


def test_every_module_that_code_names_exists():
    code = [path for top in ("carbon_assets", "configs", "tests") for path in (HOME / top).rglob("*.py")]
    there = [path.relative_to(HOME).as_posix() for path in code]
    untrue = {
        (here, name)
        for path, here in zip(code, there, strict=True)
        for name in MODULE.findall(path.read_text(encoding="utf-8"))
        if not any(f"/{known}".endswith(f"/{name}") for known in there)
    }
    assert untrue == set()


def test_every_path_of_the_notice_exists():
    words = re.findall(r"[\w./-]+", (HOME / "NOTICE").read_text(encoding="utf-8"))
    paths = {word.rstrip(".") for word in words if word.startswith(TOP)}
    assert len(paths) > 5
    assert missing(paths) == []


@each_page
def test_make_knows_every_target_that_is_named(page):
    targets = set(TARGET.findall((HOME / "Makefile").read_text(encoding="utf-8")))
    assert make_targets(page) - targets == set()


@each_page
def test_carbon_knows_every_command_that_is_named(page):
    assert carbon_commands(page) - set(typer.main.get_command(app).commands) == set()


def test_every_mart_is_told_in_some_page():
    marts = {path.stem for path in (HOME / "dbt_project" / "models" / "marts").rglob("*.sql")}
    told = {code for page in PAGES for code in page.inline}
    assert marts
    assert {mart for mart in marts if f"marts.{mart}" not in told} == set()


def test_every_file_of_stewards_is_told_in_some_page():
    files = [
        str(path.relative_to(HOME)) for path in (HOME / "configs").rglob("*")
        if path.is_file() and not path.name.startswith(".") and "__pycache__" not in path.parts
    ]  # fmt: skip
    codes = {code for page in PAGES for code in page.inline if re.fullmatch(r"[\w./*-]+\.\w+", code)}
    assert files
    assert untold(files, codes) == []


# --- the functions above find what they look for --------------------------------------------------------------------


@pytest.fixture
def page(tmp_path) -> Page:
    path = tmp_path / "page.md"
    path.write_text(
        "Run `make it` or [this](there.md#part), [that](https://example.test/x), ![a picture](here.png).\n"
        "`configs/<kind>/list.csv`, `configs/no such thing`\n"
        "```sh\nmake so DROP=<dir>   # `configs/x.yml` is code\ncarbon go\n.venv/bin/python -m carbon_assets stay\n```\n"
        "```sql\nselect 1;\n```\n```text\n1\n```\n```sql\nselect 2;\n```\n",
        encoding="utf-8",
    )
    (tmp_path / "here.png").touch()
    return Page(path)


def test_a_page_is_taken_apart(page):
    assert leads_nowhere(page) == ["there.md"]
    assert named_paths(page.inline) == {"configs/*/list.csv"}
    assert make_targets(page) == {"it", "so"}
    assert carbon_commands(page) == {"go", "stay"}
    assert page.blocks("sql") == ["select 1;\n", "select 2;\n"]
    assert page.answers == [("select 1;\n", "1\n")]


def test_paths_that_are_missing_are_found():
    assert missing({"docs/", "tests/nothing/*.md", "tests/*/unit/", "docs/nothing.md", "configs/*/nothing.yml"}) == [
        "configs/*/nothing.yml",
        "docs/nothing.md",
        "tests/nothing/*.md",
    ]


def test_files_that_are_untold_are_found():
    files = ["configs/a/words.csv", "configs/a/b/other.csv", "configs/c.yml"]
    assert untold(files, {"words.csv", "b/*.csv"}) == ["configs/c.yml"]
