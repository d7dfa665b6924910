"""By what each asset is made, as one hash per asset: the code of its subject, configs, suites, libraries; and the versions of
what stewards know.

An asset is stale when one of these changes, and not when a neighbour's code does. What comes of a difference belongs in
`freshness.py` and `stamp.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from carbon_assets.base import code, suites
from carbon_assets.base.settings import Settings
from carbon_assets.platform.subject import Inputs, Knowledge, Subject, below


def code_versions(settings: Settings, subjects: Iterable[Subject]) -> dict[str, str]:
    """The code version of every asset that the subjects state inputs of, by key as text."""
    return {
        key: _code_version(settings, subject, key, inputs)
        for subject in subjects
        for key, inputs in subject.inputs_by_key(settings).items()
    }


def _code_version(settings: Settings, subject: Subject, key: str, inputs: Inputs) -> str:
    files = [*inputs.files, *suites.suite_paths(settings, *key.split("/"))]
    parts = [
        "" if inputs.without_code else code.version_of(subject.name),
        code.hash_of_libraries(inputs.libraries),
        _hash_of_files(settings, files),
    ]
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def _hash_of_files(settings: Settings, files: Iterable[Path]) -> str:
    """Names count below the folder that holds them all, so that a moved project folder makes nothing stale."""
    by_folder: dict[Path, list[Path]] = {
        settings.configs: [],
        settings.expectations: [],
        settings.dbt_project: [],
        settings.data: [],
    }
    for path in sorted(set(files)):
        folder = next((folder for folder in by_folder if path.is_relative_to(folder)), path.parent)
        by_folder.setdefault(folder, []).append(path)
    return " ".join(code.hash_of_files(paths, folder) for folder, paths in by_folder.items())


def knowledge_versions(configs: Path, subjects: Iterable[Subject]) -> dict[str, str]:
    """The data version of every body of knowledge, by key as text."""
    return {knowledge_key(body): knowledge_version(configs, body) for s in subjects for body in s.knowledge}


def knowledge_key(body: Knowledge) -> str:
    """The key of the asset that observes it."""
    return f"configs/{body.name}"


def knowledge_version(configs: Path, body: Knowledge) -> str:
    """A hash of names and bytes of its files."""
    return code.hash_of_files(below(configs, *body.files), configs)
