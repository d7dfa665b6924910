"""Two made-up registries as a folder of configs describes them, and files of theirs in the landing folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import yaml

from carbon_assets.base.settings import Settings
from tests.kit.building import CONFIGS, settings_in

EVENTS = {
    "files": ["events*", "both"],
    "holds": "credits",
    "required": {"project_id": {"from": "ID", "prefix": "MUP"}, "quantity": "Tonnes"},
    "constants": {"transaction_type": "issuance"},
}
PROJECTS = {
    "files": ["projects*", "both"],
    "holds": "projects",
    "required": {"project_id": {"from": "ID", "prefix": "MUP"}, "name": "Name"},
}
REGISTRIES = {
    "made-up": {
        "id": "made-up",
        "name": "Made Up",
        "project_prefix": "MUP",
        "tables": {"projects": PROJECTS, "events": EVENTS},
    },
    "other": {"id": "other", "name": "Other", "project_prefix": "OTH", "tables": {"projects": PROJECTS}},
}


def described_in(folder: Path) -> Settings:
    """Settings of a data folder with configs of the two registries, no suites and no dbt project."""
    configs = folder / "configs"
    (configs / "registries").mkdir(parents=True)
    for name, registry in REGISTRIES.items():
        (configs / "registries" / f"{name}.yml").write_text(yaml.safe_dump(registry, sort_keys=False))
    shutil.copytree(CONFIGS / "intake", configs / "intake")
    return settings_in(folder, configs=configs, expectations=folder / "expectations", threads=1)


def projects(*names: str) -> str:
    """A file of projects with these names."""
    return "ID,Name\n" + "".join(f"{n},{name}\n" for n, name in enumerate(names, 1))


def land(settings: Settings, name: str, content: str | bytes, at: int | None = None) -> Path:
    """Put a file `<registry>/<name>` into the landing folder, changed that many seconds after the epoch."""
    path = settings.landing / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    if at is not None:
        os.utime(path, (at, at))
    return path
