"""Who used the credits, and which names are probably one entity, as assets."""

import dagster as dg

from carbon_assets.base import store
from carbon_assets.base.settings import Settings
from carbon_assets.beneficiaries import schema, tables
from carbon_assets.beneficiaries.keys import BENEFICIARIES, CANDIDATES
from carbon_assets.platform import knowledge
from carbon_assets.platform.tables import table
from carbon_assets.unified.keys import CREDITS


def build(settings: Settings) -> list[dg.AssetsDefinition]:
    """The mapping table of retirement texts, and the curators' list of work. Raises `ConfigError` where the stewards' files
    contradict each other."""
    tables.check(settings.configs)
    return [
        table(
            settings, BENEFICIARIES, [CREDITS, knowledge.BENEFICIARIES], schema.BENEFICIARIES,
            "Who each distinct combination of retirement texts names: by the curators' histories, then by the rules.",
            lambda con: tables.map_beneficiaries(con, settings.table(*CREDITS.path), settings.configs),
            counted="method",
        ),
        table(
            settings, CANDIDATES, [BENEFICIARIES], schema.BENEFICIARY_CANDIDATES,
            "Names that are probably one entity and not joined yet.",
            lambda con: tables.candidates(store.read(settings.table(*BENEFICIARIES.path))),
        ),
    ]  # fmt: skip
