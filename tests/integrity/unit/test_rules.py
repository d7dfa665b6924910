"""The thresholds of integrity are data: what they are moves what is found, and a file that cannot be meant is refused."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

import pytest
import yaml

from carbon_assets.base.configs import ConfigError
from carbon_assets.integrity.rules import DoubleCounting, IntegrityRules, load_rules
from tests.integrity.unit.test_double_counting import HORIZON, cancelled, issued
from tests.kit import findings_tables
from tests.kit.findings_tables import conversions_found, found, project
from tests.kit.places import CONFIGS

SHIPPED = load_rules(CONFIGS)


@pytest.fixture
def rules(monkeypatch):
    """Lets other thresholds hold than the shipped ones."""

    def hold(share: float = 0.4, **changes: int) -> None:
        matching = DoubleCounting(**(SHIPPED.double_counting.model_dump() | changes))
        changed = IntegrityRules(max_restated_share_of_crediting_period=share, double_counting=matching)
        monkeypatch.setattr(findings_tables, "load_rules", lambda configs: changed)

    return hold


@pytest.mark.parametrize(("days", "status"), [(30, "not due yet"), (5, "issued, not cancelled")])
def test_a_host_has_so_many_days_to_follow(tmp_path, rules, days, status):
    rules(due_after_days=days)
    rows = conversions_found(tmp_path, [*HORIZON, issued("i", transaction_date="2024-12-20")])
    assert [row["status"] for row in rows if row["issuance_id"] == "i"] == [status]


@pytest.mark.parametrize(("blocks", "matches"), [(3, True), (2, False)])
def test_sums_are_tried_of_so_many_blocks(tmp_path, rules, blocks, matches):
    rules(max_blocks_combined=blocks)
    events = [cancelled("c1", 6), cancelled("c2", 4), cancelled("c3", 5), issued("i1", 10), issued("i2", 7)]
    rows = conversions_found(tmp_path, [*HORIZON, *events])
    assert ("i1" not in {row["issuance_id"] for row in rows}) == matches


@pytest.mark.parametrize(("share", "rows"), [(0.4, 1), (0.6, 0)])
def test_a_start_that_moves_by_less_than_the_share_is_restated(tmp_path, rules, share, rows):
    rules(share=share)
    periods = [("2018-01-01", "2027-12-31"), ("2023-01-01", "2032-12-31")]
    past = [
        project("ACR1", *period, valid_from=datetime(2010 + place, 6, 1, tzinfo=UTC))
        for place, period in enumerate(periods)
    ]
    assert len(found(tmp_path, [], [], past)) == rows


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"max_restated_share_of_crediting_period": 1.5}, "max_restated_share_of_crediting_period"),
        ({"max_share": 1}, "max_share"),
        ({"double_counting": {"due_after_days": 30}}, "max_blocks_combined"),
        ({"double_counting": {"due_after_days": 30, "max_blocks_combined": 40}}, "max_blocks_combined"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_by_name_and_entry(tmp_path, changes, complaint):
    folder = shutil.copytree(CONFIGS / "integrity", tmp_path / "integrity")
    rules = yaml.safe_load((folder / "rules.yml").read_text())
    (folder / "rules.yml").write_text(yaml.safe_dump(rules | changes))
    with pytest.raises(ConfigError, match=rf"rules\.yml.*{complaint}"):
        load_rules(tmp_path)
