"""Labels of credits: their families, so that several labels of one family do not double a sum."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from carbon_assets.base.configs import ConfigError
from carbon_assets.unified import labels, schema
from tests.kit.building import CONFIGS

HEADER = "raw,canonical,family,phase,note"
LISTED = (HEADER, "Air,Air,,,", "Sea Deep,Sea Deep,Sea,deep,", "Deep Sea,Sea Deep,,,another word", "Sea,Sea,Sea,,")


def configs(folder: Path, *lines: str, more: tuple[str, ...] = ()) -> Path:
    place = folder / "vocab" / "label"
    place.mkdir(parents=True)
    (place / "common.csv").write_text("\n".join([*lines, ""]))
    if more:
        (place / "more.csv").write_text("\n".join([*more, ""]))
    return folder


def test_every_label_has_a_family_and_a_label_without_one_is_its_own(tmp_path):
    pq.write_table(pa.table({"labels": [["Sea Deep", "Odd"], None, ["Air"]]}), tmp_path / "credits.parquet")
    with duckdb.connect() as con:
        table = labels.labels_table(con, tmp_path / "credits.parquet", configs(tmp_path / "configs", *LISTED))
    assert table.schema.equals(schema.LABELS_OF_CREDITS)
    assert [tuple(row.values()) for row in table.to_pylist()] == [
        ("Air", "Air", None, ["Air"]), ("Odd", "Odd", None, None), ("Sea", "Sea", None, ["Sea"]),
        ("Sea Deep", "Sea", "deep", ["Deep Sea", "Sea Deep"]),
    ]  # fmt: skip


def test_a_file_without_families_goes_on(tmp_path):
    known = labels.load_labels(
        configs(tmp_path, *LISTED, more=("raw,canonical,note", "Abyss,Sea Deep,of a new registry"))
    )
    assert (known["Sea Deep"].family, known["Sea Deep"].phase) == ("Sea", "deep")
    assert labels.load_words(tmp_path)["abyss"] == "Sea Deep"


@pytest.mark.parametrize(
    ("line", "column"), [("Abyss,Sea Deep,Ocean,,", "family"), ("Abyss,Sea Deep,Sea,deepest,", "phase")]
)
def test_a_label_of_two_families_or_phases_is_refused(tmp_path, line, column):
    with pytest.raises(ConfigError, match=rf"common\.csv, line 6: the {column} of 'Sea Deep' is "):
        labels.load_labels(configs(tmp_path, *LISTED, line))


def test_a_phase_is_of_another_family_than_itself():
    """A label with a phase whose family had no other label would be counted like any other."""
    known = labels.load_labels(CONFIGS)
    assert {label.family for label in known.values() if label.phase} == {"CORSIA", "California compliance"}
    assert not {name for name, label in known.items() if label.phase and label.family == name}
