"""Boundaries: where projects lie."""

from carbon_assets.platform.subject import Knowledge, Subject

SUBJECT = Subject(
    name="boundaries",
    floor="meaning",
    meaning="One audited boundary per project, and what it says of the project.",
    takes="carbon_assets.boundaries.landing",
    knowledge=(
        Knowledge(
            "boundaries",
            "How boundaries are repaired and judged: thresholds, stated and least areas, countries and their regions.",
            ("boundaries/*.yml", "boundaries/*.csv", "geography/*.yml", "geography/**/*.parquet"),
        ),
    ),
    inputs={
        "normalized/boundaries/shapes": (),
        "harmonized/boundaries": (),
        "harmonized/boundary_repairs": (),
        "harmonized/boundary_repair_findings": (),
        "harmonized/boundary_overlaps": (),
        "harmonized/boundary_findings": (),
    },
    assets="carbon_assets.boundaries.assets:build",
    checks="carbon_assets.boundaries.check:faults",
)
