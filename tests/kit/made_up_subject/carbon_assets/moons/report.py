"""How many moons there are, for the end of a run."""

from carbon_assets.base.lines import counted
from carbon_assets.base.settings import Settings


def lines(settings: Settings) -> list[str]:
    """Moons by planet."""
    return counted("moons by planet", settings.table("harmonized", "moons"), "planet")
