"""Lists of stewards in several files: joined in order, contradictions refused with both places, old places refused."""

import re
from pathlib import Path

import pytest

from carbon_assets.base.configs import MOVED, ConfigError, refuse_moved
from carbon_assets.base.lists import load_list, yes_or_no
from carbon_assets.base.vocab import Vocabulary
from tests.kit.places import CONFIGS

COLUMNS = ("registry", "raw", "meaning", "note")
KEY = ("registry", "raw")


def load(folder: Path, files: dict[str, list[str]]) -> list[dict[str, str]]:
    """The rows of the list `words` in a folder with these files."""
    for name, lines in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([",".join(COLUMNS), *lines, ""]))
    return load_list(folder / "words", COLUMNS, KEY)


def test_the_file_comes_first_and_then_those_of_the_folder_by_name(tmp_path):
    rows = load(tmp_path, {"words/b.csv": ["b,x,1,"], "words/a.csv": ["a,x,2,"], "words.csv": ["z,x,3,"]})
    assert [row["registry"] for row in rows] == ["z", "a", "b"]
    assert rows[2]["place"] == f"{tmp_path / 'words' / 'b.csv'}, line 2"


@pytest.mark.parametrize("name", ["words.csv", "words/any.csv"])
def test_one_file_is_enough(tmp_path, name):
    assert len(load(tmp_path, {name: ["a,x,1,", "b,x,1,"]})) == 2


def test_no_file_is_refused_with_both_places_where_it_could_stand(tmp_path):
    with pytest.raises(ConfigError, match=r"words\.csv, or files words/\*\.csv; found neither"):
        load(tmp_path, {})


@pytest.mark.parametrize("again", ["a,x,2,", "a,X ,1,", "a,x,1,the same"])
def test_what_one_file_says_twice_is_refused_with_both_lines(tmp_path, again):
    with pytest.raises(ConfigError, match=r"words\.csv, line 4: '[xX]' of 'a' stands in line 2 already"):
        load(tmp_path, {"words.csv": ["a,x,1,", "a,y,1,", again]})


def test_two_meanings_in_two_files_are_refused_with_both_files_and_lines(tmp_path):
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, {"words.csv": ["a,y,1,", "a,x,1,"], "words/more.csv": ["a,X,2,"]})
    first, second = tmp_path / "words.csv", tmp_path / "words" / "more.csv"
    assert str(raised.value).startswith(f"{second}, line 2: 'X' of 'a' has another meaning in {first}, line 3: ")
    assert "meaning '2' here, '1' there" in str(raised.value)


def test_another_file_may_repeat_what_is_said_whatever_it_notes(tmp_path):
    rows = load(tmp_path, {"words.csv": ["a,x,1,first"], "words/more.csv": ["a,X,1,again", "b,x,2,"]})
    assert [(row["registry"], row["note"]) for row in rows] == [("a", "first"), ("b", "")]


def test_a_vocabulary_of_two_files_is_one_and_gives_a_word_one_meaning(tmp_path):
    (tmp_path / "status").mkdir()
    (tmp_path / "status" / "common.csv").write_text("raw,canonical,note\nListed,listed,\n")
    (tmp_path / "status" / "moon.csv").write_text("raw,canonical,note\nOrbiting,registered,\n")
    assert dict(Vocabulary(tmp_path / "status")) == {"listed": "listed", "orbiting": "registered"}
    (tmp_path / "status" / "sun.csv").write_text("raw,canonical,note\nORBITING,completed,\n")
    with pytest.raises(ConfigError, match=r"sun\.csv, line 2: 'ORBITING' has another meaning in .*moon\.csv, line 2"):
        Vocabulary(tmp_path / "status")


def test_a_cell_of_yes_or_no_is_one_of_them():
    assert (yes_or_no({"x": "yes"}, "x"), yes_or_no({"x": "no"}, "x")) == (True, False)
    with pytest.raises(ConfigError, match="here: x is yes or no, not 'Yes'"):
        yes_or_no({"x": "Yes", "place": "here"}, "x")


# --- files that have moved ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("old", "new"), MOVED.items())
def test_a_file_at_its_old_place_is_refused_with_the_new_one(tmp_path, old, new):
    path = tmp_path / old
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    with pytest.raises(ConfigError) as raised:
        refuse_moved(tmp_path)
    assert str(raised.value) == f"{path} is no longer read: move what it says to {tmp_path / new}"


def test_files_at_their_places_are_not_refused():
    refuse_moved(CONFIGS)


@pytest.mark.parametrize("new", MOVED.values())
def test_what_has_moved_stands_where_the_refusal_points(new):
    """Of `<registry>` and the like, some file does."""
    pattern = re.sub("<[^>]+>", "*", new)
    assert list(CONFIGS.glob(pattern))


def test_a_file_may_leave_out_what_is_optional(tmp_path):
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "a.csv").write_text("registry,raw,meaning,note\na,x,1,\n")
    (tmp_path / "words" / "b.csv").write_text("registry,raw,note\nb,x,\n")
    rows = load_list(tmp_path / "words", COLUMNS, KEY, optional=("meaning",))
    assert [row["meaning"] for row in rows] == ["1", ""]
    with pytest.raises(ConfigError, match="line 1: expected the columns"):
        load_list(tmp_path / "words", COLUMNS, KEY)
