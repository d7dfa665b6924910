"""The curators' list of work: names that are probably one entity and not joined yet."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest

from carbon_assets.beneficiaries import schema
from carbon_assets.beneficiaries.tables import candidates


def clusters(*named: tuple[str | None, str], note: str = "") -> list[dict]:
    """The candidates among names with their tonnes, as cells or, with `note`, after these words of a note."""
    text = "retirement_note" if note else "retirement_beneficiary"
    given = [
        {text: name and note + name, "beneficiary_harmonized": name, "quantity": Decimal(tonnes)}
        for name, tonnes in named
    ]
    blank = dict.fromkeys(schema.BENEFICIARIES.names) | {"project_id": "VCS1", "transactions": 1}
    table = candidates(pa.Table.from_pylist([blank | row for row in given], schema=schema.BENEFICIARIES))
    assert table.schema.equals(schema.BENEFICIARY_CANDIDATES, check_metadata=True)
    return table.to_pylist()


def test_words_in_another_order_have_one_fingerprint():
    (row,) = clusters(("Foods of Peat", "1"), ("Peat: of Foods", "2.5"), ("Wind Mills", "100"))
    assert row == {
        "method": "fingerprint", "score": 1.0, "names": ["Peat: of Foods", "Foods of Peat"], "suggested": "Peat: of Foods",
        "quantity": Decimal("3.5"), "examples": ["Peat: of Foods", "Foods of Peat"],
    }  # fmt: skip


def test_blanks_within_words_do_not_count_for_the_ngram_fingerprint():
    (row,) = clusters(("Wind Mills", "2"), ("Windmills", "3"))
    assert (row["method"], row["score"], row["names"]) == ("ngram-fingerprint", 1.0, ["Windmills", "Wind Mills"])


def test_names_with_a_slip_of_a_typist_are_alike():
    (row,) = clusters(("Northern Peat Foods", "2"), ("Northern Peet Foods", "3"))
    assert row["method"] == "likeness"
    assert row["suggested"] == "Northern Peet Foods"
    assert 0.9 <= row["score"] < 1


def test_the_heaviest_cluster_stands_first_and_none_twice():
    """A pair that is alike says nothing new of names that a fingerprint has joined."""
    found = clusters(
        ("Wind Mills", "1"), ("Windmills", "2"), ("Mills, Wind", "3"), ("Northern Peat Foods", "40"),
        ("Northern Peet Foods", "50"),
    )  # fmt: skip
    assert [(row["method"], row["names"]) for row in found] == [
        ("likeness", ["Northern Peet Foods", "Northern Peat Foods"]),
        ("fingerprint", ["Mills, Wind", "Wind Mills"]),
        ("ngram-fingerprint", ["Windmills", "Wind Mills"]),
    ]


@pytest.mark.parametrize(
    "named",
    [
        [("Peat Foods", "1")],
        [("Peat Foods", "1"), ("Peat Foods", "2")],
        [("Peat Foods", "1"), (None, "2"), (None, "3")],
        [("Peat Foods", "1"), ("Wind Mills", "2")],
    ],
    ids=["one", "one in two rows", "nobody", "two that are not alike"],
)
def test_what_is_no_two_names_of_one_entity_is_no_candidate(named):
    assert clusters(*named) == []


def test_candidates_show_a_text_that_holds_each_name():
    (row,) = clusters(("Peat Foods", "3"), ("Peat Foodds", "2"), note="Retired for ")
    assert row["names"] == ["Peat Foods", "Peat Foodds"]
    assert row["examples"] == ["Retired for Peat Foods", "Retired for Peat Foodds"]
