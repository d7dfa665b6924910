"""What became of methodology texts and project types, for the end of a run."""

from __future__ import annotations

from carbon_assets.base.lines import counted
from carbon_assets.base.settings import Settings


def lines(settings: Settings) -> list[str]:
    """Texts by outcome, projects by what says their type."""
    return [
        *counted("methodology texts", settings.table("harmonized", "protocols"), "outcome"),
        *counted("project types by", settings.table("harmonized", "project_types"), "project_type_source"),
    ]
