"""Eligibility: which issued credits a scheme accepts, by dated rules that name their documents."""

from carbon_assets.base.lists import list_patterns
from carbon_assets.platform.subject import Subject

SUBJECT = Subject(
    name="eligibility",
    floor="meaning",
    meaning="Which issued credits CORSIA and the Core Carbon Principles accept, and why not.",
    inputs={
        "harmonized/eligibility": (
            *list_patterns("labels/phases"),
            *list_patterns("labels/rules"),
            *list_patterns("labels/unit_types"),
            *list_patterns("labels/first_crediting_periods"),
            *list_patterns("protocols/programs"),
        ),
    },
    assets="carbon_assets.eligibility.assets:build",
    checks="carbon_assets.eligibility.check:faults",
)
