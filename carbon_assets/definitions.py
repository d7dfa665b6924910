"""What Dagster loads: the graph for the data folder and the configs that the environment names."""

from carbon_assets.graph import build
from carbon_assets.settings import Settings

defs = build(Settings.from_environment())
