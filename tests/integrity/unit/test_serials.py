"""Serial numbers: every registry's forms, old ones too, what they say, and what is none of them."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import ValidationError

from carbon_assets.integrity import schema as integrity_schema
from carbon_assets.integrity import serial_blocks
from carbon_assets.registries.description import Serial
from carbon_assets.unified import schema as unified_schema
from tests.kit.findings_tables import connection, event, registries, write
from tests.kit.places import REAL_DATA

EXAMPLES = REAL_DATA / "serial_examples.csv"
SHORT = {"acr": "american-carbon-registry", "car": "climate-action-reserve", "art": "art-trees"}


def parsed(folder: Path, numbers: list[tuple[str, str]], **cells: object) -> list[dict]:
    """The blocks of (registry, serial number), each of an event of its own, in order."""
    rows = [
        event(f"{place:06}", "retirement", "VCS1", source=f"{registry}/x", serial_number=number, **cells)
        for place, (registry, number) in enumerate(numbers)
    ]
    credits = write(folder / "credits.parquet", rows, unified_schema.UNIFIED_CREDITS)
    with connection() as con:
        return serial_blocks.blocks(con, credits, registries()).to_pylist()


# registry, number: form, key, start, end, project, vintage
FORMS = [
    ("verra", "30900-7001-7250-VCS-VCU-1507-VER-BR-14-9001-01012021-31122021-1", "VCS-VCU", "VCU", 7001, 7250, "VCS9001", None),
    ("verra", "412-88000001-88000900-VCU-007-APX-IN-1-906-01042006-18032007-0", "VCU", "VCU", 88000001, 88000900, "VCS906", None),
    ("verra", "2646-115079-115400-VCU-016-MER-AU-14-641-01072011-15042012-0", "VCU", "VCU", 115079, 115400, "VCS641", None),
    ("gold-standard", "GS1-1-RW-GS77-16-2021-5-100-250", "GS1", "GS1-1-RW-GS77-16-2021-5", 100, 250, "GLD77", 2021),
    ("gold-standard", "IN-5-301-1-1-0-9999 - IN-5-450-1-1-0-9999", "CDM", "IN-5", 301, 450, None, None),
    ("american-carbon-registry", "ACR-CA-77-2021-5-100 to 250", "ACR", "ACR-CA-77-2021-5", 100, 250, "ACR77", 2021),
    ("climate-action-reserve", "CAR-1-US-77-5-12-OH-2021-6-31 to 60", "CAR", "CAR-1-US-77-5-12-OH-2021-6", 31, 60, "CAR77", 2021),
    ("climate-action-reserve", "CAR-ROC-US-77-5-12-OH-2021-6-1 to 1", "CAR", "CAR-ROC-US-77-5-12-OH-2021-6", 1, 1, "CAR77", 2021),
    ("art-trees", "ART-GY-102-2020-7-501 to 1500", "TREES", "ART-GY-102-2020-7", 501, 1500, "ART102", 2020),
    ("art-trees", "FCPF-CR-201-2019-3-1 to 250", "FCPF", "FCPF-CR-201-2019-3", 1, 250, "ART201", 2019),
    ("cercarbono", "CDC_9_1_1_321_14_1", "CDC", None, None, None, "CCB9", None),
    ("cercarbono", "CDC_9_1_1_321_14_1_BF", "CDC", None, None, None, "CCB9", None),
    ("cercarbono", "CDC_9_1_1_321_14_1_2009_BF", "CDC", None, None, None, "CCB9", 2009),
    ("cercarbono", "CDC_R_16_1_1_321_14_CO_1_1_2016", "CDC with country", None, None, None, "CCB16", 2016),
    ("cercarbono", "CDC_9_1_1_321_14_CO_1_2", "CDC with country", None, None, None, "CCB9", None),
    ("cercarbono", "CDC_9_1_1_321_14_R1_XX_CO_1_2_2018", "CDC with country", None, None, None, "CCB9", 2018),
    ("cercarbono", "CDC_9_1_29_321_14_R1_XA_CO_1_6_BFC_2021", "CDC with country", None, None, None, "CCB9", 2021),
    ("arb", "CAOD1007-A", "ARB", None, None, None, None, None),
    ("arb", "CAFR0049-C3", "ARB", None, None, None, None, None),
    ("arb", "CAFR5283-(reversal)", "ARB", None, None, None, None, None),
    ("arb", "CALS5001-(zero)", "ARB", None, None, None, None, None),
    ("arb", "CAFR5001-(reforest defer)", "ARB", None, None, None, None, None),
    ("isometric", "ret_1KBG9EZ9T1S0107H", "retirement", None, None, None, None, None),
]  # fmt: skip


@pytest.mark.parametrize("case", FORMS, ids=lambda case: f"{case[0]} {case[1][:30]}")
def test_each_form_says_what_it_says(case, tmp_path):
    registry, number, *expected = case
    (block,) = parsed(tmp_path, [(registry, number)])
    assert [
        block[name] for name in ("form", "serial_key", "serial_start", "serial_end", "project_id", "vintage")
    ] == expected


def test_every_form_is_tried_here():
    named = {(registry.id, serial.form) for registry in registries().values() for serial in registry.serials}
    assert named == {(case[0], case[2]) for case in FORMS}


def test_verra_names_the_days_of_the_vintage(tmp_path):
    (block,) = parsed(tmp_path, [("verra", FORMS[1][1])])
    assert (block["vintage_start"], block["vintage_end"]) == (date(2006, 4, 1), date(2007, 3, 18))


NEAR_MISSES = [
    ("verra", "30900-7001-7250-VCS-VCU-1507-VER-BR-14-9001-01012021-31122021"),  # certified or not is missing
    ("verra", "30900-7001-7250-VCS-VCU-1507-VER-BR-14-9001-01012021-31122021-2"),
    ("verra", "30900-7001-7250-VCS-VCU-1507-VER-BRA-14-9001-01012021-31122021-1"),
    ("verra", "30900-7001-7250-VCS-VCU-1507-VER-BR-14-9001-31022021-31122021-1"),  # no such day
    (
        "verra",
        "30900-7001-7250-VCS-VCU-1507-VER-BR-14-9001-01012021-31122020-1",
    ),  # a vintage that ends before it begins
    ("verra", "30900-7250-7001-VCS-VCU-1507-VER-BR-14-9001-01012021-31122021-1"),  # a range backwards
    ("verra", "30900-7001-VCS-VCU-1507-VER-BR-14-9001-01012021-31122021-1"),
    ("verra", "30900-7001-7250-VCSVCU-1507-VER-BR-14-9001-01012021-31122021-1"),
    ("verra", "412-88000001-88000900-VCU-007-XYZ-IN-1-906-01042006-18032007-0"),
    ("verra", " 412-88000001-88000900-VCU-007-APX-IN-1-906-01042006-18032007-0"),
    ("verra", "GS1-1-RW-GS77-16-2021-5-100-250"),  # another registry's
    ("gold-standard", "GS1-1-RW-77-16-2021-5-100-250"),
    ("gold-standard", "GS1-1-RW-GS77-16-21-5-100-250"),
    ("gold-standard", "GS1-1-RW-GS77-16-2021-5-100"),
    ("gold-standard", "IN-5-301-1-1-0-9999"),  # one end only
    ("gold-standard", "IN-5-301-1-1-0-9999 - BR-5-450-1-1-0-9999"),  # another party
    ("gold-standard", "IN-5-301-1-1-0-9999 - IN-6-450-1-1-0-9999"),  # another type of unit
    ("gold-standard", "IN-5-301-1-1-0-9999 - IN-5-450-1-1-0-9998"),  # another project
    ("gold-standard", "IN-5-301-1-1-0-9999 - IN-5-450-1-2-0-9999"),  # another commitment period
    ("gold-standard", "IN-5-450-1-1-0-9999 - IN-5-301-1-1-0-9999"),
    ("american-carbon-registry", "ACR-CA-77-2021-5-100-250"),
    ("american-carbon-registry", "ACR-CA-77-2021-100 to 250"),
    ("american-carbon-registry", "ACR-CA-77-2021-5-100 to 250,"),
    ("american-carbon-registry", "ACR-CA-77-2021-5-100 to 99"),
    ("american-carbon-registry", "ACR-CA-77-2021-5-1 to 99999999999999999999"),  # no count of anything
    ("american-carbon-registry", "CAR-1-US-77-5-12-OH-2021-6-31 to 60"),
    ("climate-action-reserve", "CAR-US-77-5-12-OH-2021-6-31 to 60"),
    ("climate-action-reserve", "CAR-1-US-77-5-12-2021-6-31 to 60"),
    ("climate-action-reserve", "CAR-RO-US-77-5-12-OH-2021-6-31 to 60"),
    ("art-trees", "ART-GY-102-7-501 to 1500"),
    ("art-trees", "FCP-CR-201-2019-3-1 to 250"),
    ("cercarbono", "CDC_9_1_1_321_14"),
    ("cercarbono", "CDC_9_1_1_321_14_CO_1_2009"),
    ("cercarbono", "CDC-9-1-1-321-14-1"),
    ("cercarbono", "CDC_X_9_1_1_321_14_1"),
    ("arb", "CAOD1007"),
    ("arb", "CAOD107-A"),
    ("arb", "CAFR5283-reversal"),
    ("arb", "ACR1007-A"),
    ("isometric", "iss_1KBG9EZ9T1S0107H"),
    ("isometric", "ret_1KBG9EZ9T1S0107"),
]


@pytest.mark.parametrize(("registry", "number"), NEAR_MISSES)
def test_what_only_looks_like_a_serial_number_has_no_form(registry, number, tmp_path):
    (block,) = parsed(tmp_path, [(registry, number)])
    said = ("form", "serial_key", "serial_start", "serial_end", "project_id", "vintage", "vintage_start")
    assert [block[name] for name in said] == [None] * len(said)
    assert block["serial_number"] == number


@pytest.mark.skipif(not EXAMPLES.exists(), reason="no real serial numbers beside this checkout")
def test_every_real_serial_number_has_a_form(tmp_path):
    with EXAMPLES.open(newline="") as file:
        numbers = [(SHORT.get(row["registry"], row["registry"]), row["serial"]) for row in csv.DictReader(file)]
    blocks = parsed(tmp_path, numbers)
    assert len(blocks) == len(numbers) == 323
    assert [block["serial_number"] for block in blocks if block["form"] is None] == []
    # What has a range says so, and the other way round.
    ranged = {block["publisher"] for block in blocks if block["serial_start"] is not None}
    assert ranged == {"verra", "gold-standard", *SHORT.values()}


def test_a_row_may_hold_several_blocks(tmp_path):
    numbers = "ACR-US-1-2020-3-1 to 10; what is this; ACR-US-1-2020-4-6 to 7"
    blocks = parsed(tmp_path, [("american-carbon-registry", numbers)])
    assert [(block["block"], block["form"], block["serial_start"], block["serial_end"]) for block in blocks] == [
        (1, "ACR", 1, 10), (2, None, None, None), (3, "ACR", 6, 7),
    ]  # fmt: skip


@pytest.mark.parametrize("start", [0, 1])
def test_a_form_without_range_takes_that_of_the_rows_columns(start, tmp_path):
    number = "CDC_9_1_1_321_14_1"
    columns = {"serial_key": number, "serial_start": start, "serial_end": start + 9}
    (block,) = parsed(tmp_path, [("cercarbono", number)], **columns)
    assert (block["serial_key"], block["serial_start"], block["serial_end"]) == (number, start, start + 9)


def test_the_columns_of_a_row_say_nothing_of_its_several_blocks(tmp_path):
    numbers = "CDC_9_1_1_321_14_1; CDC_9_1_1_321_14_2"
    blocks = parsed(tmp_path, [("cercarbono", numbers)], serial_key="x", serial_start=1, serial_end=9)
    assert [block["serial_start"] for block in blocks] == [None, None]


def test_a_registry_without_forms_keeps_its_numbers(tmp_path):
    (block,) = parsed(tmp_path, [("somebody-else", "X-1-10")])
    assert (block["publisher"], block["serial_number"], block["form"]) == ("somebody-else", "X-1-10", None)


def test_rows_without_serial_number_have_no_blocks(tmp_path):
    credits = write(tmp_path / "credits.parquet", [event("a", "issuance")], unified_schema.UNIFIED_CREDITS)
    with connection() as con:
        assert serial_blocks.blocks(con, credits, registries()) == integrity_schema.SERIAL_BLOCKS.empty_table()


# --- what a form must say -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "complaint"),
    [
        ({"pattern": r"(?P<key>X)-(?P<start>\d+)"}, "end"),
        ({"pattern": r"(?P<start>\d+)-(?P<end>\d+)"}, "key"),
        ({"pattern": r"(?P<key>X)"}, "end, start"),
        ({"pattern": r"X(?P<vintage_from>\d{8})"}, "vintage_to"),
        ({"pattern": r"X(?P<start_again>\d+)"}, "start"),
        ({"pattern": r"X(?P<year>\d+)"}, "year, which nothing reads"),
    ],
)
def test_a_form_that_says_half_is_refused(form, complaint):
    with pytest.raises(ValidationError, match=complaint):
        Serial(**form)


def test_a_form_without_name_is_called_by_its_pattern():
    assert (Serial(pattern="X").form, Serial(pattern="X", name="ex").form) == ("X", "ex")


# --- built, then read -----------------------------------------------------------------------------------------------

_count = st.integers(0, 10**15)
_small = st.integers(1, 99999)
_letters = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=2, max_size=2)
_year = st.integers(1990, 2040)
_day = st.dates(date(1996, 1, 1), date(2040, 12, 31))


@st.composite
def built(draw) -> tuple[str, str, dict]:
    """A registry, a serial number in one of its forms, and what it must say."""
    start = draw(_count)
    end = start + draw(st.integers(0, 10**9))
    project, year, a, b, c = draw(_small), draw(_year), draw(_small), draw(_small), draw(_small)
    country = draw(_letters)
    said = {"serial_start": start, "serial_end": end}
    form = draw(st.sampled_from(sorted(case[2] for case in FORMS)))
    if form in ("VCS-VCU", "VCU"):
        first = draw(_day)
        last = first + timedelta(draw(st.integers(0, 4000)))
        issuer = f"VCS-VCU-{b}-VER" if form == "VCS-VCU" else f"VCU-{b:03}-{draw(st.sampled_from(['APX', 'MER']))}"
        number = (
            f"{a}-{start}-{end}-{issuer}-{country}-{c}-{project}-{first:%d%m%Y}-{last:%d%m%Y}-{draw(st.integers(0, 1))}"
        )
        said |= {"serial_key": "VCU", "project_id": f"VCS{project}", "vintage_start": first, "vintage_end": last}
        return "verra", number, {"form": form, **said}
    if form == "GS1":
        key = f"GS1-{a % 10}-{country}-GS{project}-{b}-{year}-{c}"
        said |= {"serial_key": key, "project_id": f"GLD{project}", "vintage": year}
        return "gold-standard", f"{key}-{start}-{end}", {"form": form, **said}
    if form == "CDM":
        key, rest = f"{country}-{a % 7 + 1}", f"{a % 2 + 1}-{b % 2 + 1}-{c % 7}-{project}"
        return "gold-standard", f"{key}-{start}-{rest} - {key}-{end}-{rest}", {"form": form, "serial_key": key, **said}
    if form in ("ACR", "TREES", "FCPF", "CAR"):
        registry, prefix, first = {
            "ACR": ("american-carbon-registry", "ACR", "ACR"),
            "TREES": ("art-trees", "ART", "ART"),
            "FCPF": ("art-trees", "ART", "FCPF"),
            "CAR": ("climate-action-reserve", "CAR", f"CAR-{draw(st.sampled_from(['1', '2', 'ROC']))}"),
        }[form]
        middle = f"-{a}-{b}-{draw(_letters)}" if form == "CAR" else ""
        key = f"{first}-{country}-{project}{middle}-{year}-{c}"
        said |= {"serial_key": key, "project_id": f"{prefix}{project}", "vintage": year}
        return registry, f"{key}-{start} to {end}", {"form": form, **said}
    said = {"form": form, "serial_start": None, "serial_end": None, "serial_key": None}
    if form == "ARB":
        ending = draw(st.sampled_from(["A", "B", "C3", "(zero)", "(reversal)", "(reforest defer)"]))
        return "arb", f"CA{country}{a % 10000:04}-{ending}", {**said, "project_id": None}
    if form == "retirement":
        return "isometric", "ret_" + draw(st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=16, max_size=16)), said
    revised, buffer = draw(st.sampled_from(["", "R_"])), draw(st.sampled_from(["", "_BF"]))
    vintage = draw(st.none() | _year)
    role = draw(st.sampled_from(["", "_R1_XX", "_R2_XA"])) + f"_{country}_{a % 999}" if form != "CDC" else ""
    number = f"CDC_{revised}{project}_{b}_{c}_{a}_14{role}_{c % 999}{f'_{vintage}' if vintage else ''}{buffer}"
    return "cercarbono", number, {**said, "project_id": f"CCB{project}", "vintage": vintage}


@given(st.lists(built(), min_size=1, max_size=30))
@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_what_is_built_from_a_form_is_read_back(tmp_path, numbers):
    blocks = parsed(tmp_path, [(registry, number) for registry, number, _ in numbers])
    assert [{name: block[name] for name in said} for block, (_, _, said) in zip(blocks, numbers, strict=True)] == [
        said for _, _, said in numbers
    ]


def test_the_table_has_its_schema(tmp_path):
    credits = write(
        tmp_path / "credits.parquet", [event("a", "issuance", serial_number="?")], unified_schema.UNIFIED_CREDITS
    )
    with connection() as con:
        rows = serial_blocks.blocks(con, credits, registries())
    assert isinstance(rows, pa.Table)
    assert rows.schema == integrity_schema.SERIAL_BLOCKS
