"""What breaks the rules of time, serial numbers and double counting, as tables and as checks."""

import dagster as dg

from carbon_assets.integrity import conversions, double_counting, findings, replaced_at_host, schema, serial_blocks
from carbon_assets.integrity.rules import load_rules
from carbon_assets.platform.graph import Parts
from carbon_assets.platform.rules import Rules
from carbon_assets.platform.site import Site
from carbon_assets.platform.tables import table
from carbon_assets.registries.description import load_registries
from carbon_assets.unified.keys import CREDITS, PROJECTS

PROJECT_HISTORY = dg.AssetKey(["harmonized", "project_history"])
SNAPSHOTS = dg.AssetKey(["harmonized", "snapshots"])
"""A neighbour's tables."""

SERIAL_BLOCKS = dg.AssetKey(["harmonized", "serial_blocks"])
CREDIT_FINDINGS = dg.AssetKey(["harmonized", "credit_findings"])
DOUBLE_COUNTING_FINDINGS = dg.AssetKey(["harmonized", "double_counting_findings"])
REPLACED_AT_HOST = dg.AssetKey(["harmonized", "replaced_at_host"])


def build(site: Site) -> Parts:
    """The serial blocks, the findings of single credits and of those that two programmes count, and what gives way to a programme.

    Raises `ConfigError` where `configs/integrity/` cannot be understood.
    """
    settings, registries = site.settings, load_registries(site.settings.configs)
    rules = load_rules(settings.configs)
    words = conversions.load(settings.configs, registries)
    credits, projects, blocks = (settings.table(*key.path) for key in (CREDITS, PROJECTS, SERIAL_BLOCKS))
    # What was published of projects before tells of crediting periods that are over.
    past = settings.table(*PROJECT_HISTORY.path)
    taken = settings.table(*SNAPSHOTS.path)
    made = [
        table(
            site, SERIAL_BLOCKS, [CREDITS], schema.SERIAL_BLOCKS,
            "Serial numbers taken apart: one row per credit and block.",
            lambda con: serial_blocks.blocks(con, credits, registries), counted="form",
        ),
        table(
            site, CREDIT_FINDINGS, [CREDITS, PROJECTS, SERIAL_BLOCKS, PROJECT_HISTORY],
            schema.CREDIT_FINDINGS, "Rows that break a rule of time or of serial numbers, once for each rule.",
            lambda con: findings.findings(con, credits, projects, blocks, registries, past, rules), counted="rule",
            rules=Rules(
                "rule", {rule.name: rule.meaning for rule in findings.RULES},
                ("project_id", "quantity", "serial_number", "finding", "credit_id", "other_credit_id"),
            ),
        ),
        table(
            site, DOUBLE_COUNTING_FINDINGS, [CREDITS, SNAPSHOTS], schema.DOUBLE_COUNTING_FINDINGS,
            "Credits that a programme issues anew and that do not match what host registries cancelled for it.",
            lambda con: double_counting.findings(con, credits, taken, words, rules.double_counting), counted="status",
            rules=Rules(
                "status", double_counting.FAULTS,
                (
                    "program", "registry", "project_id", "vintage", "cancelled", "issued", "finding",
                    "cancellation_id", "issuance_id",
                ),
            ),
        ),
        table(
            site, REPLACED_AT_HOST, [CREDITS], schema.REPLACED_AT_HOST,
            "Rows of host registries that give way to those of a programme, wholly or in part.",
            lambda con: replaced_at_host.replaced(con, credits, words), counted="reason",
        ),
    ]  # fmt: skip
    return Parts(assets=made)
