"""The contract that every table of every registry keeps, whatever its file looks like.

Registries and tables are found in `configs/registries/`, their files in the samples; none is named here. Covered: the
account of rows, the shape and identity of results, independence from order and encoding, required, optional and unknown
columns, cells that are no values, empty files, and what stewards must have explained of a registry's words.
"""

import random
from collections.abc import Callable, Iterable, Iterator

import pytest

from carbon_assets.base import readers
from carbon_assets.protocols import tables
from carbon_assets.protocols.catalogue import load_catalogue
from carbon_assets.protocols.project_types import ProjectTypes
from carbon_assets.protocols.reader import ProtocolReader
from carbon_assets.registries import normalize
from carbon_assets.registries.description import load_registries
from tests.kit.effort import is_thorough
from tests.kit.places import UNKNOWN_METHODOLOGY
from tests.kit.sample_tables import HOME, Records, Sample, samples, written_differently

TABLES = samples()
every_table = pytest.mark.parametrize("sample", TABLES, ids=lambda sample: sample.id)
every_table_of_credits = pytest.mark.parametrize(
    "sample", [sample for sample in TABLES if sample.spec.holds == "credits"], ids=lambda sample: sample.id
)
every_table_of_projects = pytest.mark.parametrize(
    "sample", [sample for sample in TABLES if sample.spec.holds == "projects"], ids=lambda sample: sample.id
)
TYPED = ("tonnes", "year", "date")


def optional_columns(sample: Sample) -> list[str]:
    """Those that share a required column's cells are no options."""
    needed = {name for column in sample.spec.required.values() for name in column.names}
    return [name for name, column in sample.spec.optional.items() if not needed & set(column.names)]


def typed_columns(sample: Sample) -> list[str]:
    """The required columns that hold numbers, years or dates."""
    return [name for name in sample.spec.required if sample.spec.cell_type(name) in TYPED]


def every_column(columns_of: Callable[[Sample], Iterable[str]]) -> pytest.MarkDecorator:
    pairs = [pytest.param(sample, name, id=f"{sample.id}.{name}") for sample in TABLES for name in columns_of(sample)]
    return pytest.mark.parametrize(("sample", "name"), pairs)


def quarantined_lines(result) -> list[int]:
    return result.quarantine.column("line").to_pylist()


def without_snapshot(result):
    return result.rows.drop_columns(["snapshot_id"])


@every_table
def test_the_sample_is_there_and_of_a_size_to_read(sample):
    """A registry without a sample would pass every other test of this module."""
    assert sample.path, f"tests/samples/{sample.registry.id} has no file for {sample.table}"
    assert 20 <= len(Records.of(sample.content).filled) <= 60


@every_table
def test_every_row_of_the_file_is_accepted_or_quarantined(sample, normalized):
    """Counted by another reader of the file, so that rows lost while reading are missed too."""
    result = normalized(sample)
    assert result.rows_in == len(Records.of(sample.content).filled)
    assert result.rows_in == result.rows_accepted + len(result.quarantine)


@every_table
def test_the_result_has_the_canonical_columns_and_types(sample, normalized):
    result = normalized(sample)
    assert len(result.rows) > 0
    assert result.rows.schema.equals(sample.spec.canonical)
    required = [field.name for field in sample.spec.canonical if not field.nullable]
    assert {name: result.rows.column(name).null_count for name in required} == dict.fromkeys(required, 0)


@every_table
def test_project_ids_carry_the_prefix_and_projects_are_unique(sample, normalized):
    """A registry that issues for others' projects has no prefix of its own; its ids must carry one of theirs."""
    own = sample.registry.project_prefix
    known = tuple({other.registry.project_prefix for other in TABLES if other.registry.project_prefix})
    ids = normalized(sample).rows.column("project_id").to_pylist()
    assert [id for id in ids if not id.startswith(own or known)] == []
    if sample.spec.holds == "projects":
        assert len(set(ids)) == len(ids)


@every_table_of_credits
def test_credits_have_distinct_ids_and_no_negative_quantity(sample, normalized):
    rows = normalized(sample).rows
    ids = rows.column("credit_id").to_pylist()
    assert len(set(ids)) == len(ids)
    assert min(rows.column("quantity").to_pylist()) >= 0


@every_table_of_credits
def test_events_keep_their_ids_when_the_file_grows(sample, normalized):
    """Snapshots are compared by these ids: an event that changed its own would look like two."""
    records = Records.of(sample.content)
    # Every other row: the first half of a small file need not tell how it writes its days.
    earlier = Records(records.header, records.rows[::2])
    before, after = (
        set(normalized(sample, file.content()).rows.column("credit_id").to_pylist()) for file in (earlier, records)
    )
    assert before
    assert before < after


@every_table_of_credits
def test_events_of_one_key_stay_apart_or_are_summed(sample, normalized):
    """Two rows that differ in quantity alone are two events with ids of their own, in whatever order they stand, or
    one event of their sum where the registry says so."""
    records = Records.of(sample.content)
    row, _ = next(sound_rows(records, quarantined_lines(normalized(sample))))
    (place,) = records.places(sample.spec.columns["quantity"].names)
    twin = records.with_cell(row, place, "1").rows[row]
    assert twin != records.rows[row]
    rows = [twin, *records.rows]
    result = normalized(sample, Records(records.header, rows).content())
    ids = result.rows.column("credit_id").to_pylist()
    assert len(set(ids)) == len(ids)
    assert result.rows_accepted == normalized(sample).rows_accepted + 1
    assert (len(ids) == len(normalized(sample).rows)) == bool(sample.spec.sum_by)
    reversed_rows = normalized(sample, Records(records.header, rows[::-1]).content()).rows
    assert reversed_rows.equals(result.rows)


@every_table
def test_the_same_bytes_give_the_same_table(sample, normalized, normalized_anew):
    first, second = normalized(sample), normalized_anew(sample)
    assert first.rows.equals(second.rows)
    assert first.quarantine.equals(second.quarantine)
    assert first.snapshot_id == second.snapshot_id


@every_table
def test_the_order_of_rows_means_nothing(sample, normalized):
    records = Records.of(sample.content)
    rows = list(reversed(records.rows))
    random.Random(7).shuffle(rows)
    assert rows != records.rows
    expected, result = normalized(sample), normalized(sample, Records(records.header, rows).content())
    assert result.snapshot_id == expected.snapshot_id
    assert result.rows.equals(expected.rows)
    assert len(result.quarantine) == len(expected.quarantine)


@every_table
@pytest.mark.parametrize("form", ["gzip", "LF", "CRLF", "BOM"])
def test_compression_line_ends_and_byte_order_marks_mean_nothing(sample, form):
    """Held of the text, of which all else is made."""
    content, file = written_differently(sample.content, sample.path.name)[form]
    expected, result = (
        normalize.read_file(sample.registry, sample.table, *each)
        for each in ((sample.path.name, sample.content), (file, content))
    )
    assert result.rows.equals(expected.rows)
    assert (result.header, result.twins, result.bad_rows) == (expected.header, expected.twins, expected.bad_rows)


@every_column(lambda sample: sample.spec.required)
def test_a_file_without_a_required_column_is_refused(sample, name, normalized):
    """The message must say what to look for, in the file's own words."""
    names = sample.spec.required[name].names
    records = Records.of(sample.content).without(names)
    with pytest.raises(readers.UnreadableFile) as refusal:
        normalized(sample, records.content())
    missing, expected, found = str(refusal.value).split("; ")[0:3]
    assert repr(names[0]) in missing.removeprefix("missing column ").split(", ")
    assert expected.startswith("expected ") and repr(names[0]) in expected
    assert found.startswith("found ")
    assert repr(names[0]) not in found
    assert all(repr(other) in found for other in records.header if other.strip())


@every_column(optional_columns)
def test_a_file_without_an_optional_column_is_read(sample, name, normalized):
    """Columns that only a hook knows are the hook's to make rows of; their absence may take those rows away. Without serial
    numbers, fewer rows tell how the file writes its numbers."""
    expected = normalized(sample)
    result = normalized(sample, without_optional(sample, name).content())
    assert name in result.absent_columns
    assert result.rows_in == expected.rows_in
    untold = [row for row in result.quarantine.to_pylist() if "the file does not tell" in row["reason"]]
    assert len(untold) <= 1
    assert result.rows_accepted == expected.rows_accepted - len(untold)
    if name in sample.spec.canonical.names:
        assert len(result.rows) == len(expected.rows) - len(untold)


def without_optional(sample: Sample, name: str) -> Records:
    """The file without an optional column. Quickly, every third one of its kind, of a hook's columns or of the others, lacks
    with it: a third of the columns cost as much as one."""
    canonical = sample.spec.canonical.names
    kind = [column for column in optional_columns(sample) if (column in canonical) == (name in canonical)]
    gone = [name] if is_thorough() else kind[kind.index(name) % 3 :: 3]
    return Records.of(sample.content).without([source for each in gone for source in sample.spec.optional[each].names])


@every_table
def test_columns_of_the_sample_are_not_reported_absent(sample, normalized):
    """The counterpart of the test above, which would pass if every column were called absent."""
    records = Records.of(sample.content)
    read = {name: column.names for name, column in sample.spec.columns.items()}
    others = (*sample.spec.labels, *sample.spec.states.values())
    read |= {source.names[0]: source.names for source in others}
    absent = {name for name, names in read.items() if not records.places(names)}
    assert set(normalized(sample).absent_columns) == absent
    assert absent <= set(sample.spec.lacks), "the registry's own samples warn of nothing"


@every_table
def test_an_unknown_column_is_reported_and_changes_nothing_else(sample, normalized):
    expected = normalized(sample)
    result = normalized(sample, Records.of(sample.content).with_column("Phase of the Moon", "waxing").content())
    assert [*expected.unmapped_columns, "Phase of the Moon"] == list(result.unmapped_columns)
    assert without_snapshot(result).equals(without_snapshot(expected))
    assert quarantined_lines(result) == quarantined_lines(expected)
    assert result.snapshot_id != expected.snapshot_id


@every_table
def test_a_cell_that_is_no_value_quarantines_its_row_alone(sample, normalized):
    """One row for each column of a type, since a row tells only its first fault."""
    records, expected = Records.of(sample.content), normalized(sample)
    places = {place for name in typed_columns(sample) for place in records.places(sample.spec.required[name].names)}
    sound = sound_rows(records, quarantined_lines(expected))
    wrong, told = records, []
    for place, (row, line) in zip(sorted(places), sound, strict=False):
        wrong = wrong.with_cell(row, place, "garbage")
        told.append((line, records.header[place], "garbage", sample.path.name))
    assert len(told) == len(places)
    result = normalized(sample, wrong.content())
    before, after = (
        {(row["line"], row["column"], row["value"], row["file"]) for row in each.quarantine.to_pylist()}
        for each in (expected, result)
    )
    assert after - before == set(told)
    assert before < after or not told
    assert result.rows_accepted == expected.rows_accepted - len(told)


def sound_rows(records: Records, faulty: list[int]) -> Iterator[tuple[int, int]]:
    """Index and line of the rows that are accepted and have no twin, whose fault would clear the twin."""
    return (
        (row, line)
        for row, line in enumerate(records.lines())
        if line not in faulty and records.rows.count(records.rows[row]) == 1 and any(records.rows[row])
    )


@every_table
def test_a_header_without_rows_is_refused_unless_nothing_may_have_happened(sample, normalized):
    content = Records(Records.of(sample.content).header, []).content()
    if sample.spec.may_be_empty:
        result = normalized(sample, content)
        assert (len(result.rows), result.rows_in, len(result.quarantine)) == (0, 0, 0)
        assert result.rows.schema.equals(sample.spec.canonical)
    else:
        with pytest.raises(readers.UnreadableFile, match="no rows"):
            normalized(sample, content)


# --- what stewards must have explained ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reader() -> ProtocolReader:
    configs = HOME / "configs"
    return tables.reader(load_catalogue(configs), load_registries(configs), configs)


@pytest.fixture(scope="module")
def project_types() -> ProjectTypes:
    return ProjectTypes(load_catalogue(HOME / "configs"), HOME / "configs")


@every_table_of_projects
def test_every_methodology_text_names_protocols_of_the_catalogue_or_is_known_to_name_none(sample, normalized, reader):
    """And some name one: a registry whose texts went to another column would have none."""
    texts = set(normalized(sample).rows.column("protocol_raw").to_pylist()) - {UNKNOWN_METHODOLOGY}
    outcomes = {text: reader.read(text, sample.registry.id).outcome for text in texts}
    assert {text for text, outcome in outcomes.items() if outcome not in ("assigned", "names none", "blank")} == set()
    assert "assigned" in outcomes.values()


@every_table_of_projects
def test_every_word_for_a_type_is_explained_or_the_protocol_decides(sample, normalized, reader, project_types):
    unknown, decided = {}, 0
    for row in normalized(sample).rows.select(["protocol_raw", "project_type_raw", "activity_raw"]).to_pylist():
        protocols = reader.read(row["protocol_raw"], sample.registry.id).ids
        decision = project_types.decide(sample.registry.id, protocols, row["project_type_raw"], row["activity_raw"])
        unknown |= dict.fromkeys(decision.unknown_words, row["protocol_raw"])
        decided += decision.certain is not None
    assert unknown == {}
    assert decided > len(normalized(sample).rows) / 2
