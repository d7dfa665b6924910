"""How many retirement texts name somebody, for the end of a run."""

from __future__ import annotations

from carbon_assets.base.lines import counted
from carbon_assets.base.settings import Settings


def lines(settings: Settings) -> list[str]:
    """Texts by how the name was found."""
    return counted("retirement texts named by", settings.table("harmonized", "beneficiaries"), "method")
