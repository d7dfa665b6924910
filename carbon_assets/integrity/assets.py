"""What breaks the rules of time, serial numbers and double counting, as tables and as checks."""

import dagster as dg

from carbon_assets.base.settings import Settings
from carbon_assets.integrity import double_counting, findings, schema, serial_blocks
from carbon_assets.platform.rules import Rules
from carbon_assets.platform.tables import table
from carbon_assets.registries.description import Registry
from carbon_assets.unified.keys import CREDITS, PROJECTS

SERIAL_BLOCKS = dg.AssetKey(["harmonized", "serial_blocks"])
CREDIT_FINDINGS = dg.AssetKey(["harmonized", "credit_findings"])
DOUBLE_COUNTING_FINDINGS = dg.AssetKey(["harmonized", "double_counting_findings"])


def build(
    registries: dict[str, Registry], settings: Settings, history: dg.AssetKey | None = None
) -> list[dg.AssetsDefinition]:
    """The serial blocks, the findings of single credits, and those of credits that two programmes count.

    `history`: a table of what was published of projects before, which tells of crediting periods that are over.
    Raises `ConfigError` where `configs/conversions.csv` cannot be understood.
    """
    conversions = double_counting.check(settings.configs, registries)
    credits, projects, blocks = (settings.table(*key.path) for key in (CREDITS, PROJECTS, SERIAL_BLOCKS))
    past = settings.table(*history.path) if history else None
    return [
        table(
            settings, SERIAL_BLOCKS, [CREDITS], schema.SERIAL_BLOCKS,
            "Serial numbers taken apart: one row per credit and block.",
            lambda con: serial_blocks.blocks(con, credits, registries), counted="form",
        ),
        table(
            settings, CREDIT_FINDINGS, [CREDITS, PROJECTS, SERIAL_BLOCKS, *([history] if history else [])],
            schema.CREDIT_FINDINGS, "Rows that break a rule of time or of serial numbers, once for each rule.",
            lambda con: findings.findings(con, credits, projects, blocks, registries, past), counted="rule",
            rules=Rules(
                "rule", {rule.name: rule.meaning for rule in findings.RULES},
                ("project_id", "quantity", "serial_number", "finding", "credit_id", "other_credit_id"),
            ),
        ),
        table(
            settings, DOUBLE_COUNTING_FINDINGS, [CREDITS], schema.DOUBLE_COUNTING_FINDINGS,
            "Credits that a programme issues anew and that do not match what host registries cancelled for it.",
            lambda con: double_counting.findings(con, credits, conversions), counted="status",
            rules=Rules(
                "status", double_counting.FAULTS,
                (
                    "program", "registry", "project_id", "vintage", "cancelled", "issued", "finding",
                    "cancellation_id", "issuance_id",
                ),
            ),
        ),
    ]  # fmt: skip
