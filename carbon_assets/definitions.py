"""What Dagster loads: the graph for the data folder and the configs that the environment names."""

from carbon_assets.base.settings import Settings
from carbon_assets.platform.graph import build

defs = build(Settings.from_environment())
