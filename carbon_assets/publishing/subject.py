"""Publishing: the marts that dbt builds, and the file that readers open."""

from carbon_assets.platform.subject import Subject

SUBJECT = Subject(
    name="publishing",
    floor="outlets",
    meaning="The marts, gated and published.",
    inputs="carbon_assets.publishing.inputs:inputs",
    assets="carbon_assets.publishing.assets:marts",
    checks="carbon_assets.publishing.check:faults",
    tables="carbon_assets.publishing.check:tables",
    closes="carbon_assets.publishing.assets:published",
    commands="carbon_assets.publishing.commands:app",
)
