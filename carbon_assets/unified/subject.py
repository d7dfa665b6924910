"""Unified: the projects and credits of all registries, words under one name."""

from carbon_assets.platform.subject import Subject

_REGISTRIES = ("registries/*.yml",)
_WORDS = (*_REGISTRIES, "vocab/**/*.csv")

SUBJECT = Subject(
    name="unified",
    floor="unified",
    meaning="The union of all registries.",
    inputs={
        "harmonized/registries": _REGISTRIES,
        "harmonized/credits": _WORDS,
        "harmonized/projects": (*_WORDS, "unified/**/*.csv"),
        "harmonized/labels": ("vocab/label/*.csv",),
        "harmonized/placeholders": (*_WORDS, "unified/test_projects/*.csv", "unified/test_projects.csv"),
        "harmonized/disputed_facts": _REGISTRIES,
    },
    assets="carbon_assets.unified.assets:build",
    checks="carbon_assets.unified.check:faults",
)
