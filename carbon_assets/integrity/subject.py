"""Integrity: what contradicts itself: serial numbers, dates, double counting."""

from carbon_assets.base.lists import list_patterns
from carbon_assets.platform.subject import Subject

_REGISTRIES = ("registries/*.yml",)
_CONVERSIONS = (*_REGISTRIES, "integrity/**/*", *list_patterns("protocols/programs"))

SUBJECT = Subject(
    name="integrity",
    floor="meaning",
    meaning="Rows that break the rules of time, serial numbers and double counting.",
    inputs={
        "harmonized/serial_blocks": _REGISTRIES,
        "harmonized/credit_findings": (*_REGISTRIES, "integrity/*.yml"),
        "harmonized/double_counting_findings": _CONVERSIONS,
        "harmonized/replaced_at_host": _CONVERSIONS,
    },
    assets="carbon_assets.integrity.assets:build",
    checks="carbon_assets.integrity.check:faults",
)
