"""Why a retirement has no one user: exactly one reason where none is shown, and none where one is."""

from __future__ import annotations

import shutil
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_assets.base.configs import ConfigError
from carbon_assets.beneficiaries.absence import Absence
from carbon_assets.beneficiaries.reader import BeneficiaryReader
from tests.kit.building import CONFIGS
from tests.kit.effort import examples

READER = BeneficiaryReader(CONFIGS)
THIRD_PARTY = "On Behalf of Third Party"


def reason(
    cell: str | None = None, note: str | None = None, account: str | None = None, why: str | None = None
) -> str | None:
    return READER.read(account, cell, note, why).absence_reason


@pytest.mark.parametrize(
    ("cell", "note", "expected"),
    [
        ("Bayer AG", None, None),
        (None, "Retired on behalf of Bayer AG", None),
        (None, None, "not_stated"),
        (" ", "", "not_stated"),
        (None, "tokenized for a bridge", "not_stated"),
        (None, "a gift to my sister", "not_stated"),
        ("N/A", None, "placeholder"),
        ("-", None, "placeholder"),
        ("N/A", "Offsetting the emissions of 2023", "placeholder"),
        ("N/A", "Anonymous", "not_public"),
        ("Environmental Benefit", None, "placeholder"),
        (None, "N/A", "placeholder"),
        ("202300417", None, "code_only"),
        ("BKG-2023/00417", None, "code_only"),
        ("12 05 2023", None, "placeholder"),
        ("Anonymous", None, "not_public"),
        ("Anonymous", "For the emissions of a year", "not_public"),
        ("Not Disclosed", None, "not_public"),
        ("various", None, "several"),
        ("Bayer AG and Siemens AG", None, "several"),
        ("Bayer AG and others", None, "several"),
        ("third parties", None, "crowd"),
        ("Everyone", None, "crowd"),
        (None, "Retired on behalf of our customers", "crowd"),
        ("indigo passengers", "1,000 flights", "crowd"),
        (None, "Offsetting what could not be avoided in 2023", "not_understood"),
    ],
)
def test_why_nobody_is_shown(cell, note, expected):
    assert reason(cell, note) == expected


def test_two_texts_that_name_two_users_are_not_understood():
    assert reason("Siemens AG", "Retired on behalf of Bayer AG") == "not_understood"


def test_an_account_that_is_nobodys_user_states_nothing():
    assert reason(account="ClimateSeed", why=THIRD_PARTY) == "not_stated"


TEXT = (
    st.none()
    | st.sampled_from(["N/A", "Bayer AG", "Anonymous", "our clients", "123", "x and y"])
    | st.text(max_size=30)
)


@examples(60, 600)
@given(TEXT, TEXT, TEXT, TEXT)
def test_there_is_a_reason_exactly_where_there_is_no_user(account, cell, note, why):
    reading = READER.read(account, cell, note, why)
    assert (reading.absence_reason is None) == (reading.user is not None)
    assert reading.absence_reason in (None, *get_args(Absence))
    assert reading.absence_reason == "several" or reading.user or not reading.names


@pytest.mark.parametrize(("line", "is_refused"), [("ohne Namen,not_public,", False), ("ohne Namen,not_pubic,", True)])
def test_what_a_placeholder_says_is_a_word_that_is_known(tmp_path, line, is_refused):
    shutil.copytree(CONFIGS, tmp_path / "configs")
    (tmp_path / "configs" / "beneficiaries" / "placeholders").mkdir()
    more = tmp_path / "configs" / "beneficiaries" / "placeholders" / "german.csv"
    more.write_text(f"text,says,note\n{line}\n")
    if is_refused:
        with pytest.raises(
            ConfigError, match=r"german\.csv, line 2: says 'not_pubic' is not known; the nearest known is 'not_public'"
        ):
            BeneficiaryReader(tmp_path / "configs")
    else:
        assert (
            BeneficiaryReader(tmp_path / "configs").read(None, "Ohne Namen", None, None).absence_reason == "not_public"
        )
