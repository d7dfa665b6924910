"""The loader of stewards' YAML: what a file says is taken as written or refused with file, line and entry."""

from __future__ import annotations

import csv
import datetime
import re
from pathlib import Path

import pytest
import yaml

from carbon_assets.base.configs import ConfigError, Model, load_csv, load_yaml, read_yaml
from carbon_assets.base.settings import HOME
from tests.kit.building import CONFIGS


class Part(Model):
    name: str
    share: float = 1


class Whole(Model):
    parts: tuple[Part, ...] = ()
    words: dict[str, str] = {}  # noqa: RUF012
    day: datetime.date | None = None
    count: int = 0


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "some.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refused(folder: Path, text: str | bytes) -> str:
    """The message, without the folder."""
    with pytest.raises(ConfigError) as caught:
        load_yaml(written(folder, text), Whole)
    return str(caught.value).replace(f"{folder}/", "")


def test_a_file_is_read_as_its_model(tmp_path):
    text = "\ufeffparts:\n- name: 'no'\n  share: 0.5\nwords: {a: \"010\"}\nday: 2024-11-01\ncount: 10\n"
    assert load_yaml(written(tmp_path, text), Whole) == Whole(
        parts=(Part(name="no", share=0.5),), words={"a": "010"}, day=datetime.date(2024, 11, 1), count=10
    )


def test_a_mapping_may_be_taken_over_and_bettered(tmp_path):
    text = "words: &words {a: b, c: d}\nparts:\n- &first {name: x, share: 2}\n- {<<: *first, name: y}\n"
    whole = load_yaml(written(tmp_path, text), Whole)
    assert whole.parts == (Part(name="x", share=2), Part(name="y", share=2))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("count: 1\nwords: {}\ncount: 2", "line 3: count is given twice, first in line 1: keep one"),
        ("words: {a: x, a: y}", "line 1: a is given twice, first in line 1: keep one"),
        ("words: {a: x, 'a': y}", "line 1: a is given twice, first in line 1: keep one"),
        ("parts:\n- name: x\n  share: 1\n  share: 1", "line 4: share is given twice, first in line 3: keep one"),
        ("colour: green", "line 1: colour: no such key is known here: correct its spelling or remove it"),
        ("parts:\n- name: x\n  size: 1", "line 3: parts.x.size: no such key is known here: correct its spelling or"),
        ("parts:\n- share: 1", "line 2: parts.1.name: is required and missing"),
        ("parts:\n\n- name: x\n  share: all", "line 4: parts.x.share: Input should be a valid number"),
        ("parts: {name: x}", "line 1: parts: must be a list, found {'name': 'x'}"),
        ("parts: [x]", "line 1: parts.1: must be a mapping of keys to values, found 'x'"),
        ("words:\n  a: 3", "line 2: words.a: must be text, found 3: write it in quotes if text is meant"),
        ("words: {a: true}", "line 1: words.a: must be text, found True: write it in quotes if text is meant"),
        ("words: {a: 2024-11-01}", "line 1: words.a: must be text, found datetime.date(2024, 11, 1): write it in"),
        ("words: {3: a}", "line 1: words.3: must be text, found 3: write it in quotes if text is meant"),
        ("- a", "line 1: must be a mapping of keys to values, found ['a']"),
        ("count: 1\n---\ncount: 1", "line 2: is not YAML: but found another document"),
        ("count: [\n", "line 2: is not YAML: did not find expected node content"),
        ("words:\n\ta: b", "line 2: is not YAML: found character that cannot start any token"),
        ("count: *other", "line 1: is not YAML: found undefined alias"),
        ("count: !!python/name:os.system", "line 1: is not YAML: could not determine a constructor for the tag"),
        ("day: 2024-13-01", "line 1: 2024-13-01 is no valid timestamp"),
        (b"words:\n  a: \xff", "line 2: is not UTF-8: save the file as UTF-8"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_entry(tmp_path, text, message):
    assert refused(tmp_path, text).startswith(f"some.yml, {message}")


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    first, second = refused(tmp_path, "colour: green\nparts:\n- share: 1\n").splitlines()
    assert {first.split(": ")[1], second.split(": ")[1]} == {"parts.1.name", "colour"}


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "a: \x00"])
def test_a_file_that_holds_nothing_or_no_text_is_named(tmp_path, text):
    assert refused(tmp_path, text).startswith("some.yml")


def test_what_cannot_be_opened_is_named(tmp_path):
    for path in (tmp_path / "none.yml", tmp_path):
        with pytest.raises(ConfigError, match=f"^{path}: cannot be read: "):
            load_yaml(path, Whole)


def test_a_circle_of_aliases_ends(tmp_path):
    assert "must be a mapping of keys to values" in refused(tmp_path, "&a [*a]")


# --- values that the versions of YAML read differently -----------------------------------------------------------


@pytest.mark.parametrize("value", ["no", "No", "NO", "yes", "on", "off", "ON", "010", "-012", "1_000", "1:30", "0x1F",
                                   "0b11", "1.5_0", "1:30.5"])  # fmt: skip
@pytest.mark.parametrize("place", ["words: {{a: {}}}", "words: {{{}: a}}", "count: {}", "parts: [{}]"])
def test_a_value_without_one_meaning_is_refused_wherever_it_stands(tmp_path, value, place):
    message = refused(tmp_path, place.format(value))
    assert message.startswith(f"some.yml, line 1: {value} has not one meaning in YAML: write it in quotes")


def test_the_name_of_a_list_of_words_for_yes_has_one_meaning(tmp_path):
    assert read_yaml(written(tmp_path, "{yes: [Eligible], no: []}")).data == {"yes": ["Eligible"], "no": []}


@pytest.mark.parametrize("value", ["true", "FALSE", "0", "-7", "+1", "1.5", ".5", "1.0e+3", ".inf", "-.INF", "~", "''",
                                   "y", "n", "1e3", "0o10", "N/A", "'no'", '"010"', "|\n  no\n"])  # fmt: skip
def test_a_value_with_one_meaning_is_what_it_always_was(tmp_path, value):
    text = f"a: {value}"
    assert read_yaml(written(tmp_path, text)).data == yaml.safe_load(text)


@pytest.mark.parametrize("path", sorted(CONFIGS.rglob("*.yml")), ids=lambda path: path.stem)
def test_every_shipped_file_says_what_plain_yaml_reads(path):
    def named(value: object) -> object:
        """With `yes` for the key that plain YAML 1.1 makes of it."""
        if isinstance(value, dict):
            return {
                ("yes" if key is True else "no" if key is False else key): named(item) for key, item in value.items()
            }
        return [*map(named, value)] if isinstance(value, list) else value

    assert read_yaml(path).data == named(yaml.safe_load(path.read_text(encoding="utf-8")))


# --- CSV: what is no table ------------------------------------------------------------------------------------------


def test_a_csv_file_in_another_encoding_is_refused_with_its_line(tmp_path):
    path = tmp_path / "words.csv"
    path.write_bytes(b"raw\n\xff\n")
    with pytest.raises(ConfigError, match=f"^{path}, line 2: is not UTF-8"):
        load_csv(path, ("raw",))


def test_a_csv_file_with_an_endless_cell_is_refused_with_its_line(tmp_path):
    path = tmp_path / "words.csv"
    path.write_text("raw\na\n" + "b" * 300 + "\n")
    limit = csv.field_size_limit(200)
    try:
        with pytest.raises(ConfigError, match=f"^{path}, line 3: is not CSV: field larger"):
            load_csv(path, ("raw",))
    finally:
        csv.field_size_limit(limit)


def test_yaml_is_parsed_in_one_place():
    parses = re.compile(r"\byaml\.\w*(load|compose|parse|scan|Loader)|from (yaml|ruamel\S*) import|import ruamel")
    parsing = [
        path.relative_to(HOME).as_posix()
        for path in sorted((HOME / "carbon_assets").rglob("*.py"))
        if parses.search(path.read_text())
    ]
    assert parsing == ["carbon_assets/base/configs.py"]
