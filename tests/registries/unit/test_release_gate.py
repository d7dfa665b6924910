"""The release gate: each bound alone, just within and just beyond; exceptions; and what may be published."""

import random
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from carbon_assets.base.configs import ConfigError
from carbon_assets.publishing import gate as publishing_gate
from carbon_assets.publishing.gate import Exemptions
from carbon_assets.registries import release_gate, schema
from carbon_assets.registries.release_gate import Bounds, Gate
from carbon_assets.snapshots.store import Contents, Snapshot
from tests.kit.building import CONFIGS, OBSERVED
from tests.kit.engine import connection

ANYTHING = Bounds(
    max_fall=1, max_rise=1e6, max_rise_of_whole=0, max_keys_lost=1, max_keys_lost_without_new=1, max_rewritten=1,
    max_relabelled=1, max_days_back=10**6, min_rows_of_shares=10, max_growth_of_few_rows=10, min_rows_all_gone=3,
)  # fmt: skip
"""Bounds that nothing breaks but what is gone altogether."""
DEFAULTS = release_gate.load_gate(CONFIGS, set()).defaults
DAY = date(2024, 5, 31)


def bounds(**changes: float) -> Bounds:
    return ANYTHING.model_copy(update=changes)


def credits(*rows: dict) -> pa.Table:
    """Retirements of 1 t with a key and a serial number of their own, unless a row says otherwise."""
    cells = [
        {
            "credit_id": f"c{n}", "project_id": "MUP1", "transaction_type": "retirement", "quantity": 1, "is_buffer": False,
            "serial_number": f"s{n}", "transaction_date": DAY, "source": "made-up/events", "snapshot_id": "a", **row,
        }
        for n, row in enumerate(rows)
    ]  # fmt: skip
    rough = pa.schema([f.with_type(pa.float64()) if pa.types.is_decimal(f.type) else f for f in schema.CREDITS])
    return pa.Table.from_pylist(cells, schema=rough).cast(schema.CREDITS)


def many(count: int, start: int = 0, **cells: object) -> list[dict]:
    """Rows with the keys from `start` on."""
    return [{"credit_id": f"c{n}", "serial_number": f"s{n}", **cells} for n in range(start, start + count)]


def projects(*rows: dict) -> pa.Table:
    cells = [
        {"project_id": f"MUP{n}", "source": "made-up/projects", "snapshot_id": "a", **row} for n, row in enumerate(rows)
    ]
    return pa.Table.from_pylist(cells, schema=schema.PROJECTS)


def reasons(before: pa.Table, now: pa.Table, allowed: Bounds = ANYTHING) -> list[str]:
    holds = "credits" if "credit_id" in before.column_names else "projects"
    with connection() as con:
        return release_gate.reasons_to_hold(con, before, now, holds, allowed)


# --- one bound alone ------------------------------------------------------------------------------------------------

ISSUED = {"transaction_type": "issuance"}
NEW = many(1, start=9000)

CASES = {
    "rows fall": (
        {"max_fall": 0.1}, many(100), many(90, quantity=2), many(89, quantity=2),
        "retirement: rows fall from 100 to 89",
    ),
    "tonnes fall": (
        {"max_fall": 0.1}, many(100, quantity=10), many(100, quantity=9), many(100, quantity=8.99),
        "retirement: tonnes fall from 1,000 to 899",
    ),
    "rows rise": (
        {"max_rise": 0.8}, many(100), many(180, quantity=0.5), many(181, quantity=0.5),
        "retirement: rows rise from 100 to 181",
    ),
    "tonnes rise": (
        {"max_rise": 0.8}, many(100), many(100, quantity=1.8), many(100, quantity=1.81),
        "retirement: tonnes rise from 100 to 181",
    ),
    "a type rises beyond what is allowed of the whole": (
        {"max_rise": 0, "max_rise_of_whole": 0.05},
        many(50) + many(950, start=100, **ISSUED),
        many(100) + many(950, start=100, **ISSUED),
        many(101, quantity=0.9) + many(950, start=100, **ISSUED),
        "retirement: rows rise from 50 to 101",
    ),
    "a type is gone": (
        {}, many(1) + many(99, start=1, **ISSUED), many(1) + many(99, start=1, **ISSUED), many(99, start=1, **ISSUED),
        "retirement: rows fall from 1 to 0; retirement: tonnes fall from 1 to 0",
    ),
    "keys are lost": (
        {"max_keys_lost": 0.1}, many(100), many(90) + NEW, many(89) + NEW,
        "11 of 100 transactions disappeared, 1 appeared",
    ),
    "keys are lost and none is new": (
        {"max_keys_lost_without_new": 0.01}, many(300), many(297), many(296),
        "4 of 300 transactions disappeared, 0 appeared: this may be an older file",
    ),
    "one key of few is lost and none is new": (
        {"max_keys_lost_without_new": 0.01}, many(20), many(19), many(18),
        "2 of 20 transactions disappeared, 0 appeared: this may be an older file",
    ),
    "a column is rewritten": (
        {"max_rewritten": 0.5}, many(100, vintage=2020),
        many(50, vintage=2020) + many(50, start=50, vintage=2021),
        many(49, vintage=2020) + many(51, start=49, vintage=2021),
        "the column vintage says something else in 51 of 100 rows",
    ),
    "filled cells of a column are blanked": (
        {"max_rewritten": 0.5}, many(50) + many(50, start=50, vintage=2020),
        many(75) + many(25, start=75, vintage=2020), many(76) + many(24, start=76, vintage=2020),
        "the column vintage says something else in 26 of 50 rows",
    ),
    "serial numbers are relabelled": (
        {"max_relabelled": 0.05}, many(100) + many(50, start=500, **ISSUED),
        many(95) + many(5, start=95, **ISSUED) + many(50, start=500, **ISSUED),
        many(92) + many(8, start=92, **ISSUED) + many(50, start=500, **ISSUED),
        "8 of 150 serial numbers stand under another transaction type",
    ),
    "days go back": (
        {"max_days_back": 30}, many(1), many(1, transaction_date=DAY - timedelta(30)),
        many(1, transaction_date=DAY - timedelta(31)),
        "the newest transaction is of 2024-04-30, 31 days before that of the file in use: 2024-05-31",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_bound_holds_back_what_is_beyond_it_and_nothing_within(name):
    allowed, before, within, beyond, reason = CASES[name]
    assert reasons(credits(*before), credits(*within), bounds(**allowed)) == []
    assert "; ".join(reasons(credits(*before), credits(*beyond), bounds(**allowed))) == reason


def test_projects_are_counted_compared_and_have_no_tonnes():
    before = projects(*[{"name": "Mill"}] * 20)
    now = projects(*[{"name": "Bog"}] * 10)
    assert reasons(before, now, bounds(max_fall=0.1, max_keys_lost=0.1, max_rewritten=0.1)) == [
        "projects: rows fall from 20 to 10",
        "10 of 20 projects disappeared, 0 appeared",
        "the column name says something else in 10 of 10 rows",
    ]


def test_where_a_row_comes_from_is_never_compared():
    before = credits(*many(20))
    now = credits(*many(20, source="made-up/other", snapshot_id="b"))
    assert reasons(before, now, bounds(max_rewritten=0)) == []


def test_a_column_that_is_filled_for_the_first_time_is_no_rewriting():
    assert reasons(credits(*many(20)), credits(*many(20, vintage=2020)), bounds(max_rewritten=0)) == []


def test_a_serial_number_of_several_types_may_lose_one():
    """An issuance whose credits were retired stands under both."""
    before = credits(*many(20), *({**row, **ISSUED, "credit_id": f"i{n}"} for n, row in enumerate(many(20))))
    assert reasons(before, credits(*many(20)), bounds(max_relabelled=0))[0].startswith("issuance: rows fall")
    assert not any("serial" in reason for reason in reasons(before, credits(*many(20)), bounds(max_relabelled=0)))


def test_a_type_that_is_new_has_nothing_to_be_measured_against():
    before, new = many(100, **ISSUED), many(100, start=100)
    assert reasons(credits(*before), credits(*before, *new), bounds(max_rise=0)) == []


# --- few rows -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "within", "beyond"),
    [
        ([], many(1000), None),
        (many(9), many(1), []),
        (many(9), many(90), many(91, quantity=0.9)),
        (many(1), many(10), many(11, quantity=0.5)),
        (many(10), many(9), many(8)),
        ([*many(2), *many(998, start=500, **ISSUED)], [*many(70), *many(998, start=500, **ISSUED)],
         [*many(71, quantity=0.9), *many(998, start=500, **ISSUED)]),
    ],
    ids=["nothing before", "9 to 1", "9 to 90", "1 to 10", "10 are not few", "few of many"],
)  # fmt: skip
def test_of_few_rows_only_the_loss_of_all_or_a_manifold_counts(before, within, beyond):
    allowed = bounds(max_fall=0.1, max_rise=0.8, max_rise_of_whole=0.05)
    assert reasons(credits(*before), credits(*within), allowed) == []
    if beyond is not None:
        assert len(reasons(credits(*before), credits(*beyond), allowed)) >= 1


def test_of_few_rows_lost_keys_and_rewritten_columns_say_nothing():
    strict = bounds(max_keys_lost=0, max_keys_lost_without_new=0, max_rewritten=0, max_relabelled=0)
    before = credits(*many(9, vintage=2020))
    assert reasons(before, credits(*many(1), *many(8, start=50)), strict) == []
    assert reasons(before, credits(*many(9, vintage=2021)), strict) == []


@pytest.mark.parametrize(("count", "told"), [(2, []), (3, ["3 of 3 transactions disappeared, 3 appeared"])])
def test_the_loss_of_all_keys_counts_of_few_rows_too(count, told):
    assert reasons(credits(*many(count)), credits(*many(count, start=50))) == told


# --- with the bounds in use -----------------------------------------------------------------------------------------

ROWS = st.lists(
    st.tuples(st.sampled_from(["issuance", "retirement"]), st.integers(1, 100), st.integers(0, 400)),
    min_size=1,
    max_size=40,
)


def of(rows: list[tuple[str, int, int]], start: int = 0) -> list[dict]:
    return [
        {"credit_id": f"k{n}", "serial_number": f"k{n}", "transaction_type": kind, "quantity": tonnes,
         "transaction_date": DAY - timedelta(age)}
        for n, (kind, tonnes, age) in enumerate(rows, start)
    ]  # fmt: skip


@given(ROWS, st.randoms(use_true_random=False))
@hypothesis_settings(max_examples=25, deadline=None)
def test_the_same_rows_in_any_order_go_through(rows, chance: random.Random):
    shuffled = chance.sample(rows_ := of(rows), len(rows))
    assert reasons(credits(*rows_), credits(*shuffled), DEFAULTS) == []


@given(ROWS)
@hypothesis_settings(max_examples=25, deadline=None)
def test_a_file_that_only_grows_by_half_goes_through(rows):
    """Row by row as many of each type, and none heavier than the rows that were there."""
    before = of(rows)
    kinds = {kind: [row for row in rows if row[0] == kind] for kind, *_ in rows}
    more = [min(of_kind, key=lambda row: row[1]) for of_kind in kinds.values() for _ in of_kind[: len(of_kind) // 2]]
    assert reasons(credits(*before), credits(*before, *of(more, start=len(rows))), DEFAULTS) == []


# --- older files ----------------------------------------------------------------------------------------------------


def snapshot(records: str, day: date | None = None, after: int = 0) -> Snapshot:
    return Snapshot(
        registry="made-up", table="events", file="events.csv", sha256="0" * 64, size=1,
        observed_at=OBSERVED + timedelta(after), file_date=day, source_path="", asserted_by="a test", stored_as="",
        contents=Contents(records=records),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("stated", "in_use", "reason"),
    [
        (DAY, DAY, None),
        (DAY + timedelta(1), DAY, None),
        (None, DAY, None),
        (DAY - timedelta(1), None, None),
        (DAY - timedelta(1), DAY, "the file states 2024-05-30; the one in use states 2024-05-31"),
    ],
)
def test_a_file_that_states_an_earlier_day_is_older(stated, in_use, reason):
    assert release_gate.is_older(snapshot("b", stated, 1), snapshot("a", in_use), []) == reason


def test_records_that_were_in_use_before_are_older():
    earlier, good = snapshot("a"), snapshot("b", after=1)
    assert release_gate.is_older(snapshot("a", after=2), good, [earlier]) == (
        "the same records were in use before the present ones, from 2024-06-01 12:00 UTC on"
    )
    assert release_gate.is_older(snapshot("c", after=2), good, [earlier]) is None
    assert release_gate.is_older(snapshot("b", after=2), good, [earlier]) is None


# --- the file of bounds ---------------------------------------------------------------------------------------------


def load(folder: Path, text: str | None = None, **exceptions: dict) -> Gate:
    """The gate of a file with these exceptions, or with this text."""
    gate = {"defaults": DEFAULTS.model_dump(), "exceptions": exceptions}
    (folder / "intake").mkdir()
    (folder / "intake" / "release_gate.yml").write_text(yaml.safe_dump(gate) if text is None else text)
    return release_gate.load_gate(folder, {"made-up/events", "made-up/projects"})


def test_an_exception_holds_for_its_table_alone(tmp_path):
    gate = load(tmp_path, **{"made-up/events": {"max_rise": 3.0, "reason": "a young registry"}})
    assert gate.bounds("made-up/events") == DEFAULTS.model_copy(update={"max_rise": 3.0})
    assert gate.bounds("made-up/projects") == gate.bounds("any/other") == DEFAULTS


@pytest.mark.parametrize(
    ("table", "exception", "error"),
    [
        ("made-up/events", {"max_rise": 3.0}, "made-up/events gives no reason"),
        ("made-up/events", {"max_rise": 3.0, "reason": " "}, "made-up/events gives no reason"),
        ("made-up/events", {"max_raise": 3.0, "reason": "x"}, "max_raise"),
        ("made-up/events", {"max_fall": 2.0, "reason": "x"}, "max_fall"),
        (
            "made-up/event",
            {"max_fall": 0.5, "reason": "x"},
            "table 'made-up/event' is not known; the nearest known is 'made-up/events'",
        ),
    ],
)
def test_an_exception_that_cannot_be_meant_is_refused(tmp_path, table, exception, error):
    with pytest.raises(ConfigError, match=error) as raised:
        load(tmp_path, **{table: exception})
    assert str(tmp_path / "intake" / "release_gate.yml") in str(raised.value)


@pytest.mark.parametrize("text", ["", "defaults: {}", "defaults: [", "limits: 3"])
def test_a_file_that_is_none_is_refused_by_name(tmp_path, text):
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, text)
    assert str(tmp_path / "intake" / "release_gate.yml") in str(raised.value)


def test_no_file_is_refused_by_name(tmp_path):
    with pytest.raises(ConfigError) as raised:
        release_gate.load_gate(tmp_path, set())
    assert str(tmp_path / "intake" / "release_gate.yml") in str(raised.value)


# --- publishing -----------------------------------------------------------------------------------------------------

EVENTS = "made-up/events"
NONE = Exemptions()


def marts(folder: Path, credits_: list[dict], projects_: list[dict]) -> Path:
    """Parquet files of the two marts, with the columns that the gate reads."""
    folder.mkdir()
    for mart, cells in {
        "credits": [
            {
                "source": EVENTS,
                "snapshot_id": "a",
                "transaction_type": "issuance",
                "quantity": 1.0,
                "registry": "made-up",
                "project_id": "MU1",
                **row,
            }
            for row in credits_
        ],
        "projects": [
            {"source": "made-up/projects", "snapshot_id": "a", "is_placeholder": False, **row} for row in projects_
        ],
    }.items():
        shape = (
            {
                "quantity": pa.float64(),
                "transaction_type": pa.string(),
                "registry": pa.string(),
                "project_id": pa.string(),
            }
            if mart == "credits"
            else {"is_placeholder": pa.bool_()}
        )
        names = {"source": pa.string(), "snapshot_id": pa.string(), **shape}
        pq.write_table(pa.Table.from_pylist(cells, schema=pa.schema(list(names.items()))), folder / f"{mart}.parquet")
    return folder


@pytest.fixture
def verdict(tmp_path):
    """Why marts may not be published after others."""

    def verdict(
        before: list[dict],
        now: list[dict],
        *,
        exemptions: Exemptions = NONE,
        holds: str = "credits",
        **gate: dict,
    ) -> list[str]:
        one, other = ((before, [{}]), (now, [{}])) if holds == "credits" else (([{}], before), ([{}], now))
        folders = marts(tmp_path / "published", *one), marts(tmp_path / "marts", *other)
        with connection() as con:
            allowed = Gate(defaults=DEFAULTS, exceptions=gate)
            return publishing_gate.reasons_not_to_publish(con, *folders, allowed, exemptions)

    return verdict


def test_marts_that_stay_the_same_may_be_published(verdict):
    assert verdict([{}] * 100, [{}] * 100) == []


@pytest.mark.parametrize("snapshot_id", ["a", "b"])
def test_what_falls_is_not_published_whatever_came_in(verdict, snapshot_id):
    now = [{"snapshot_id": snapshot_id}] * 89
    assert verdict([{}] * 100, now) == [
        f"{EVENTS}: issuance: rows fall from 100 to 89",
        f"{EVENTS}: issuance: tonnes fall from 100 to 89",
    ]


@pytest.mark.parametrize("left", [50, 20])
def test_a_host_loses_the_rows_of_projects_whose_credits_a_programme_issues_anew(verdict, left):
    stay, go = [{"project_id": "MU2"}] * 50, [{"project_id": "MU1"}] * 50
    anew = [{"project_id": "MU1", "source": "programme/issuances"}] * 50
    fallen = [f"{EVENTS}: issuance: {what} fall from 50 to {left}" for what in ("rows", "tonnes")]
    assert verdict(stay + go, stay[:left] + anew) == (fallen if left < 50 else [])


def test_what_rises_is_published_with_another_snapshot(verdict):
    assert verdict([{}] * 100, [{"snapshot_id": "b"}] * 300) == []


def test_what_rises_by_itself_is_not_published(verdict):
    assert verdict([{}] * 100, [{}] * 300)[0] == f"{EVENTS}: issuance: rows rise from 100 to 300"


def test_a_table_that_is_lost_is_named_and_no_other(verdict):
    others = [{"source": "other/events", "registry": "other"}] * 50
    assert verdict([{}] * 100 + others, others) == [
        f"{EVENTS}: issuance: rows fall from 100 to 0",
        f"{EVENTS}: issuance: tonnes fall from 100 to 0",
    ]


def test_a_table_that_is_new_may_be_published(verdict):
    assert verdict([{}] * 100, [{}] * 100 + [{"source": "other/events", "snapshot_id": "n"}] * 500) == []


def test_what_a_person_let_through_is_published_once(verdict):
    let_through = Exemptions(released=frozenset({"b"}))
    assert verdict([{}] * 100, [{"snapshot_id": "b"}] * 10, exemptions=let_through) == []


def test_what_was_let_through_once_is_judged_from_then_on(verdict):
    let_through = Exemptions(released=frozenset({"b"}))
    assert verdict([{"snapshot_id": "b"}] * 100, [{"snapshot_id": "b"}] * 10, exemptions=let_through)


def test_a_release_counts_for_the_snapshot_that_it_names(verdict):
    let_through = Exemptions(released=frozenset({"b"}))
    assert verdict([{}] * 100, [{"snapshot_id": "c"}] * 10, exemptions=let_through)


def test_made_up_rows_give_way_to_real_ones_and_to_none(verdict):
    made_up = [{"snapshot_id": "samples"}] * 100
    gone = Exemptions(gave_way=frozenset({"samples"}))
    others = [{"source": "other/events", "registry": "other"}] * 50
    assert verdict(made_up + others, [{"snapshot_id": "real"}] * 10 + others, exemptions=gone) == []


def test_real_rows_that_came_after_made_up_ones_are_judged(verdict):
    """In every folder that once held the samples: the README's first command takes them."""
    gone = Exemptions(gave_way=frozenset({"samples"}))
    real = [{"snapshot_id": "real"}]
    assert verdict(real * 100, real * 50, exemptions=gone) == [
        f"{EVENTS}: issuance: rows fall from 100 to 50",
        f"{EVENTS}: issuance: tonnes fall from 100 to 50",
    ]


def test_the_bounds_of_a_table_count(verdict):
    assert verdict([{}] * 100, [{}] * 60, **{EVENTS: {"max_fall": 0.4, "reason": "x"}}) == []


def test_lost_projects_are_not_published(verdict):
    assert verdict([{}] * 100, [{}] * 80, holds="projects") == ["made-up/projects: projects: rows fall from 100 to 80"]


def test_placeholders_may_come_and_go(verdict):
    """They go when the file arrives that has the projects which only credits had mentioned."""
    placeholder = {"source": EVENTS, "is_placeholder": True}
    assert verdict([placeholder] * 20 + [{}] * 50, [{}] * 50, holds="projects") == []
