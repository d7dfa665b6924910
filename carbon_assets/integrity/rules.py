"""The thresholds of the rules of integrity: `configs/integrity/rules.yml`, which says what each is for."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from carbon_assets.base.configs import Model, load_yaml


class DoubleCounting(Model):
    """How cancellations and issuances are matched."""

    due_after_days: int = Field(ge=0)
    max_blocks_combined: int = Field(ge=2, le=16)


class IntegrityRules(Model):
    """The model of `rules.yml`; shares from 0 to 1."""

    max_restated_share_of_crediting_period: float = Field(ge=0, le=1)
    double_counting: DoubleCounting


def load_rules(configs: Path) -> IntegrityRules:
    """The thresholds of `configs/integrity/rules.yml`. Raises `ConfigError`."""
    return load_yaml(configs / "integrity" / "rules.yml", IntegrityRules)
