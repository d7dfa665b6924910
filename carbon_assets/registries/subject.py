"""Registries: each registry's files become canonical tables."""

from carbon_assets.platform.subject import Subject

SUBJECT = Subject(
    name="registries",
    floor="sources",
    meaning="What registries publish, read into one shape per registry.",
    takes="carbon_assets.registries.landing",
    inputs="carbon_assets.registries.inputs:inputs",
    assets="carbon_assets.registries.assets:build",
    checks="carbon_assets.registries.check:faults",
    tables="carbon_assets.registries.check:tables",
    report="carbon_assets.registries.report:lines",
)
