"""Protocols: what methodology texts say, and what projects are by them."""

from carbon_assets.base.lists import list_patterns
from carbon_assets.platform.subject import Knowledge, Subject

SUBJECT = Subject(
    name="protocols",
    floor="meaning",
    meaning="Which protocols the registries' methodology texts name, and what each project is.",
    knowledge=(
        Knowledge(
            "protocols",
            "The catalogue of protocols, with the programmes, categories and project types that it names.",
            (
                "protocols/*.yml",
                "protocols/reading/*.yml",
                *list_patterns("protocols/programs"),
                *list_patterns("protocols/categories"),
                *list_patterns("protocols/project_types"),
                *list_patterns("protocols/no_protocol"),
            ),
        ),
        Knowledge(
            "project_types",
            "What the registries' own words for types mean, and the types of single projects.",
            (*list_patterns("protocols/registry_types"), *list_patterns("protocols/project_type_overrides")),
        ),
    ),
    inputs={
        "harmonized/protocol_catalogue": (),
        # A registry's description names the one protocol of all its projects.
        "harmonized/protocols": ("registries/*.yml",),
        "harmonized/project_types": (),
    },
    assets="carbon_assets.protocols.assets:build",
    checks="carbon_assets.protocols.check:faults",
    report="carbon_assets.protocols.report:lines",
)
