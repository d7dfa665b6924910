"""Protocols: what methodology texts say, and what projects are by them."""

from carbon_assets.platform.subject import Knowledge, Subject

SUBJECT = Subject(
    name="protocols",
    floor="meaning",
    meaning="Which protocols the registries' methodology texts name, and what each project is.",
    knowledge=(
        Knowledge(
            "protocols",
            "The catalogue of protocols, with the programmes, categories and project types that it names.",
            ("protocols/*.yml", "programs.csv", "categories.csv", "project_types.csv", "vocab/no_protocol.csv"),
        ),
        Knowledge(
            "project_types",
            "What the registries' own words for types mean, and the types of single projects.",
            ("registry_types.csv", "project_type_overrides.csv"),
        ),
    ),
    inputs={
        "harmonized/protocol_catalogue": (),
        # A registry's description names the one protocol of all its projects.
        "harmonized/protocols": ("registries/*.yml",),
        "harmonized/project_types": (),
    },
    assets="carbon_assets.protocols.assets:build",
    report="carbon_assets.protocols.report:lines",
)
