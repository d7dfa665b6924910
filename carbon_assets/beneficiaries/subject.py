"""Beneficiaries: who used the credits."""

from carbon_assets.platform.subject import Knowledge, Subject

SUBJECT = Subject(
    name="beneficiaries",
    floor="meaning",
    meaning="Who used credits, by the texts of their retirements.",
    knowledge=(
        Knowledge(
            "beneficiaries",
            "How retirement texts name their users: placeholders, phrases, aliases, and the curators' histories.",
            ("beneficiaries/**/*.csv", "beneficiaries/**/*.yml", "beneficiaries/operations/*.json"),
        ),
    ),
    inputs={"harmonized/beneficiaries": (), "harmonized/beneficiary_candidates": ()},
    assets="carbon_assets.beneficiaries.assets:build",
    checks="carbon_assets.beneficiaries.check:faults",
    report="carbon_assets.beneficiaries.report:lines",
    commands="carbon_assets.beneficiaries.commands:app",
)
