"""`BeneficiaryReader` against real retirements that were labelled by reading.

A name is right if it and the label are one entity: equal under key and alias table, or judged so in `ALSO_RIGHT`.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from decimal import Decimal
from itertools import combinations

import pytest

from carbon_assets.beneficiaries.reader import BeneficiaryReader, Reading, join_spellings
from tests.kit.building import CONFIGS
from tests.kit.places import REAL_DATA

LABELS = REAL_DATA / "beneficiary_labels.csv"
READER = BeneficiaryReader(CONFIGS)
NAMED, RIGHT, JOINED = 0.80, 0.99, 0.95

ALSO_RIGHT = {
    ("INSTITUTO NEMESIS DE ESTUDOS AVANÇADOS E PROJETOS", "Instituto Nemesis"): "the full name of the same institute",
}
"""(found name, label) that are one entity although no general rule can say so, and why."""

pytestmark = pytest.mark.skipif(not LABELS.is_file(), reason="no labelled retirements beside this checkout")


@pytest.fixture(scope="module")
def rows() -> list[tuple[dict[str, str], Reading]]:
    with LABELS.open(encoding="utf-8-sig", newline="") as file:
        labelled = list(csv.DictReader(file))
    return [(row, READER.read(row["account"], row["beneficiary"], row["note"], row["reason"])) for row in labelled]


def canonical(name: str) -> str:
    return READER.key(READER.canonical(name) or name)


def is_right(name: str, row: dict[str, str]) -> bool:
    if row["several"] == "1" or not row["entity"]:
        return False
    return canonical(name) == canonical(row["entity"]) or (name, row["entity"]) in ALSO_RIGHT


def cells_of(row: dict[str, str], read: Reading) -> str:
    cells = " | ".join(row[name][:100] for name in ("account", "beneficiary", "note", "reason"))
    return f"\n  {read.names} for {row['entity']!r}: {cells}"


def test_rows_that_name_one_user_are_named(rows):
    one = [(row, read) for row, read in rows if row["entity"] and row["several"] == "0"]
    missed = [cells_of(row, read) for row, read in one if not read.user]
    assert len(missed) <= (1 - NAMED) * len(one), "".join(missed)


def test_names_that_are_given_are_right(rows):
    given = [(row, read) for row, read in rows if read.user]
    wrong = [cells_of(row, read) for row, read in given if not is_right(read.user, row)]
    assert len(wrong) <= (1 - RIGHT) * len(given), "".join(wrong)


def test_spellings_of_one_entity_are_joined(rows):
    joined = join_spellings([(read, Decimal(row["quantity"])) for row, read in rows], READER)
    spellings: dict[str, list[str]] = defaultdict(list)
    for row, read in rows:
        if read.user and row["entity"] and row["several"] == "0":
            spellings[row["entity"]].append(joined[read.user])
    pairs = [pair for found in spellings.values() for pair in combinations(found, 2)]
    apart = [pair for pair in pairs if pair[0] != pair[1]]
    assert len(apart) <= (1 - JOINED) * len(pairs), apart
    entities: dict[str, set[str]] = defaultdict(set)
    for entity, found in spellings.items():
        for name in found:
            entities[name].add(entity)
    assert not {name: found for name, found in entities.items() if len(found) > 1}


def test_rows_with_several_users_have_no_one_user(rows):
    wrong = [cells_of(row, read) for row, read in rows if row["several"] == "1" and read.user]
    assert not wrong, "".join(wrong)
