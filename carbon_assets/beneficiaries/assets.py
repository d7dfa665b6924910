"""Who used the credits, and which names are probably one entity, as assets."""

from carbon_assets.base import store
from carbon_assets.beneficiaries import parity, schema, tables
from carbon_assets.beneficiaries.keys import BENEFICIARIES, CANDIDATES, KNOWN
from carbon_assets.platform.graph import Parts
from carbon_assets.platform.site import Site
from carbon_assets.platform.tables import table
from carbon_assets.unified.keys import CREDITS


def build(site: Site) -> Parts:
    """The mapping table of retirement texts, and the curators' list of work."""
    settings = site.settings
    made = [
        table(
            site, BENEFICIARIES, [CREDITS, KNOWN], schema.BENEFICIARIES,
            "Who each distinct combination of retirement texts names: by the curators' histories, then by the rules.",
            lambda con: tables.map_beneficiaries(con, settings.table(*CREDITS.path), settings.configs),
            counted="method",
        ),
        table(
            site, CANDIDATES, [BENEFICIARIES], schema.BENEFICIARY_CANDIDATES,
            "Names that are probably one entity and not joined yet.",
            lambda con: tables.candidates(store.read(settings.table(*BENEFICIARIES.path))),
        ),
    ]  # fmt: skip
    return Parts(assets=made, checks=[parity.build(settings)])
