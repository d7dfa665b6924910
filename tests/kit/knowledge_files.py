"""The stewards' files of protocols and types, made up: a `configs/` folder that holds together, and its variations."""

from __future__ import annotations

from pathlib import Path

from tests.kit.places import CONFIGS

RULES_OF_READING = {
    f"protocols/reading/{name}": (CONFIGS / "protocols" / "reading" / name).read_text(encoding="utf-8").splitlines()
    for name in ("words.yml", "thresholds.yml")
}
"""As shipped: they belong to no catalogue."""

FILES = RULES_OF_READING | {
    "protocols/categories.csv": ["category,note", "forest,", "renewable-energy,", "unknown,"],
    "protocols/project_types.csv": ["project_type,display_name,category,bundle,note", "trees,Trees,forest,no,", "wind,Wind Power,renewable-energy,no,", "sun,Solar Power,renewable-energy,no,"],
    "protocols/programs.csv": [
        "program,name,registry,is_compliance,markers,note",
        "one,Programme One,first,no,Programme One|ONE,",
        "two,Programme Two,,no,Programme Two,",
        "law,The Law,,yes,LAW,",
    ],
    "protocols/one.yml": ["program: one", "protocols:", "  - id: a", "    title: Purple Carrots of Kenya", "  - id: b", "    title: Windmills of the Mind"],
    "protocols/two.yml": ["program: two", "protocols:", "  - id: c", "    title: Hidden Springs of Oman"],
    "registries/one.yml": ["id: one", "name: One", "tables: {}"],
    "registries/first.yml": ["id: first", "name: First", "tables: {}"],
    "registries/second.yml": ["id: second", "name: Second", "default_protocol: c", "tables: {}"],
    "protocols/registry_types/first.csv": [
        "registry,field,raw,project_type,broad,note",
        "first,type,Energy,wind,yes,",
        "first,type,Woods; Old,trees,no,",
        "first,type,Waste,,,says nothing of the type",
        "first,activity,Planting,trees,no,",
        "first,activity,Blowing,wind,no,",
        "first,activity,Sun and more,sun,yes,",
        "second,type,Energy,sun,no,",
    ],
    "protocols/project_type_overrides.csv": ["project_id,project_type,note", "ONE7,sun,", "ONE8,trees,", "ONE9,wind,"],
    "protocols/no_protocol.csv": ["raw,canonical,note", "Not given,not given,"],
}  # fmt: skip


def write(folder: Path, changes: dict[str, list[str] | None] | None = None) -> Path:
    """A configs folder that holds together, with some files changed, added or (None) left out."""
    for name, lines in (FILES | (changes or {})).items():
        if lines is not None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return folder
