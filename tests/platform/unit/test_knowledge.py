"""The data version of what stewards know: it changes with every byte and name of the files, and with nothing else."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from carbon_assets.base.settings import Settings
from carbon_assets.platform import knowledge
from carbon_assets.platform.site import Site
from tests.kit.building import CONFIGS
from tests.kit.knowledge_files import FILES, write


def versions(configs: Path) -> dict[str, str]:
    """What observing each body of knowledge in a folder says."""
    site = Site.of(dataclasses.replace(Settings.from_environment(), configs=configs))
    return {asset.key.path[-1]: asset.observe_fn().value for asset in bodies(site)}


def bodies(site: Site) -> list:
    """The external assets of all that stewards know, by name."""
    assets = [asset for subject in site.subjects for asset in knowledge.build(site, subject)]
    return sorted(assets, key=lambda asset: asset.key)


PROTOCOL_FILES = [
    "protocols/one.yml",
    "protocols/programs.csv",
    "protocols/categories.csv",
    "protocols/project_types.csv",
    "protocols/no_protocol.csv",
    "protocols/reading/words.yml",
]
TYPE_FILES = ["protocols/registry_types/first.csv", "protocols/project_type_overrides.csv"]
BENEFICIARY_FILES = ["beneficiaries/aliases.csv", "beneficiaries/patterns.yml", "beneficiaries/operations/one.json"]


def changed(folder: Path, changes: dict[str, list[str] | None]) -> set[str]:
    """The bodies of knowledge whose version some changes of files change."""
    before, after = versions(write(folder / "before")), versions(write(folder / "after", changes))
    return {name for name in before if before[name] != after[name]}


def test_the_bodies_of_knowledge_are_those_of_the_subjects_with_their_files():
    assets = {asset.key.path[-1]: asset for asset in bodies(Site.of(Settings.from_environment()))}
    assert set(assets) == {"protocols", "project_types", "beneficiaries", "boundaries"}
    assert all(asset.is_observable for asset in assets.values())
    assert "protocols/*.yml" in assets["protocols"].description
    assert "registry_types" in assets["project_types"].description
    assert "beneficiaries/operations/*.json" in assets["beneficiaries"].description
    assert "boundaries/*.yml" in assets["boundaries"].description


def test_the_same_content_has_the_same_version_wherever_it_lies(tmp_path):
    one, other = write(tmp_path / "one"), write(tmp_path / "other" / "deep")
    os.utime(other / "protocols" / "programs.csv", (0, 0))
    assert versions(one) == versions(other)
    assert len(set(versions(one).values())) == 3


@pytest.mark.parametrize("file", PROTOCOL_FILES)
def test_a_changed_file_of_the_catalogue_makes_a_new_version_of_protocols_alone(tmp_path, file):
    assert changed(tmp_path, {file: [*FILES[file], "# note"]}) == {"protocols"}


@pytest.mark.parametrize("file", TYPE_FILES)
def test_a_changed_file_of_types_makes_a_new_version_of_types_alone(tmp_path, file):
    assert changed(tmp_path, {file: [*FILES[file], "# note"]}) == {"project_types"}


@pytest.mark.parametrize("file", BENEFICIARY_FILES)
def test_a_file_of_beneficiaries_makes_a_new_version_of_beneficiaries_alone(tmp_path, file):
    assert changed(tmp_path / "new", {file: []}) == {"beneficiaries"}
    before, after = (versions(write(tmp_path / name, {file: [name]})) for name in ("before", "after"))
    assert {name for name in before if before[name] != after[name]} == {"beneficiaries"}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"protocols/three.yml": []}, id="a file more, even without content"),
        pytest.param({"protocols/two.yml": None}, id="a file less"),
        pytest.param({"protocols/two.yml": None, "protocols/zwei.yml": FILES["protocols/two.yml"]}, id="a file renamed"),
        pytest.param({"protocols/one.yml": FILES["protocols/two.yml"], "protocols/two.yml": FILES["protocols/one.yml"]}, id="contents exchanged"),
        pytest.param({"protocols/one.yml": [line.replace("Kenya", "kenya") for line in FILES["protocols/one.yml"]]}, id="another letter, as long"),
    ],
)  # fmt: skip
def test_names_and_bytes_count(tmp_path, changes):
    assert changed(tmp_path, changes) == {"protocols"}


@pytest.mark.parametrize(
    "file",
    [
        "protocols/notes.txt",
        "protocols/old/one.yml",
        "vocab/status/common.csv",
        "beneficiaries/operations/old/one.json",
    ],
)
def test_other_files_do_not_count(tmp_path, file):
    assert changed(tmp_path, {file: ["anything"]}) == set()


def test_the_default_protocol_of_a_registry_makes_the_readings_of_protocols_anew(tmp_path):
    """It stands in the registry's description, which is no knowledge of the stewards of protocols."""
    registry = ["id: one", "name: One", "tables: {}"]
    sites = [
        Site.of(
            dataclasses.replace(
                Settings.from_environment(), configs=write(tmp_path / name, {"registries/one.yml": lines})
            )
        )
        for name, lines in (("plain", registry), ("default", [*registry, "default_protocol: a"]))
    ]
    plain, default = (site.code_versions for site in sites)
    changed = {key for key in plain if key.startswith("harmonized/") and plain[key] != default[key]}
    assert "harmonized/protocols" in changed
    assert not changed & {"harmonized/protocol_catalogue", "harmonized/project_types", "harmonized/beneficiaries"}


def test_what_moves_from_one_file_to_the_next_counts(tmp_path):
    """The same bytes in a row, cut at another place; and a file that says what the next one is called."""
    one, two = FILES["protocols/one.yml"], FILES["protocols/two.yml"]
    moved = {"protocols/one.yml": one[:-1], "protocols/two.yml": [one[-1], *two]}
    swallowed = {"protocols/one.yml": [*one, "protocols/two.yml", *two], "protocols/two.yml": None}
    assert changed(tmp_path / "moved", moved) == changed(tmp_path / "swallowed", swallowed) == {"protocols"}


def test_all_files_that_the_shipped_versions_name_are_there():
    one_each = ["protocols/*.yml", "protocols/registry_types/*.csv"]
    patterns = [*one_each, *PROTOCOL_FILES[1:], TYPE_FILES[1], *BENEFICIARY_FILES[:2]]
    assert [pattern for pattern in patterns if not list(CONFIGS.glob(pattern))] == []
