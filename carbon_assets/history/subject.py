"""History: every file ever taken, what was published when, and what registries changed."""

from carbon_assets.platform.subject import Subject

_REGISTRIES = ("registries/*.yml",)

SUBJECT = Subject(
    name="history",
    floor="meaning",
    meaning="What was said when, and what was changed afterwards.",
    inputs={
        "harmonized/snapshots": (),
        "harmonized/project_history": (*_REGISTRIES, "vocab/**/*.csv"),
        "harmonized/totals_history": _REGISTRIES,
        "harmonized/registry_changes": (*_REGISTRIES, "vocab/**/*.csv", "history/*.csv"),
    },
    assets="carbon_assets.history.assets:build",
    checks="carbon_assets.history.check:faults",
    commands="carbon_assets.history.commands:app",
)
