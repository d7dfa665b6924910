"""`boundary_rules`: what stewards decided is read whole, and a slip is refused where it stands."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from carbon_assets.base.configs import ConfigError
from carbon_assets.boundaries import rules
from tests.kit.building import CONFIGS

STATED, LEAST, RULES = "stated_areas.csv", "least_areas.csv", "rules.yml"
HEADER = {STATED: "project_id,area_ha,source", LEAST: "protocol,area_ha,source"}


@pytest.fixture
def configs(tmp_path) -> Path:
    """A copy to be spoilt."""
    shutil.copytree(CONFIGS / "boundaries", tmp_path / "boundaries")
    return tmp_path


def put(configs: Path, line: str) -> None:
    """Into the rules, in place of the key's own lines if it has any."""
    path, key = configs / "boundaries" / RULES, line.split(":")[0]
    others = re.sub(rf"^{key}:.*\n(  .*\n)*", "", path.read_text(), flags=re.MULTILINE)
    path.write_text(f"{others}\n{line}\n")


def areas(configs: Path, file: str, *lines: str) -> None:
    """The file holds just these lines."""
    (configs / "boundaries" / file).write_text("\n".join(lines) + "\n")


def refused(configs: Path, *said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        rules.load(configs)
    for text in said:
        assert text in str(caught.value)


def test_the_rules_of_the_repository_can_be_read():
    known = rules.load(CONFIGS)
    assert known.rules.default_crs == "EPSG:4326"
    assert known.rules.min_part_ha == 0.1
    assert known.least_ha
    for area, source in (*known.stated_ha.values(), *known.least_ha.values()):
        assert area > 0
        assert source


def test_areas_are_told_with_their_sources(configs):
    areas(configs, STATED, HEADER[STATED], "VCS1,12.5,the registry", 'VCS2,1e3,"a page, read by us"')
    areas(configs, LEAST, HEADER[LEAST])
    known = rules.load(configs)
    assert known.stated_ha == {"VCS1": (12.5, "the registry"), "VCS2": (1000, "a page, read by us")}
    assert known.least_ha == {}


def test_a_file_may_have_a_reference_system_of_its_own(configs):
    text = (configs / "boundaries" / RULES).read_text()
    declared = 'declared_crs: {"VCS1.zip": {crs: EPSG:31981, reason: said so}}'
    (configs / "boundaries" / RULES).write_text(text.replace("declared_crs: {}", declared))
    (file,) = rules.load(configs).rules.declared_crs.items()
    assert (file[0], file[1].crs, file[1].reason) == ("VCS1.zip", "EPSG:31981", "said so")


# --- rules.yml ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param("default_crs: EPSG:99999999", "EPSG:99999999", id="no such reference system"),
        pytest.param("default_crs: somewhere", "'somewhere' is no coordinate reference system", id="no system at all"),
        pytest.param("default_crs: EPSG:5773", "places nothing on a map", id="heights"),
        pytest.param("least_part: 1", "least_part", id="unknown key"),
        pytest.param("min_part_ha: -1", "min_part_ha", id="negative"),
        pytest.param("min_part_ha: some", "min_part_ha", id="no number"),
        pytest.param("min_share_inside: 1.5", "min_share_inside", id="more than all"),
        pytest.param("max_previews: 1.5", "max_previews", id="half a picture"),
        pytest.param('declared_crs: {"a.zip": {crs: EPSG:4326}}', "reason", id="no reason"),
        pytest.param('declared_crs: {"a.zip": {crs: EPSG:4326, reason: ""}}', "reason", id="empty reason"),
        pytest.param('declared_crs: {"a.zip": {crs: EPSG:0, reason: why}}', "EPSG:0", id="none of its own"),
        pytest.param("limits: {max_bites: 1}", "max_bites", id="unknown limit"),
        pytest.param("a: [", RULES, id="no YAML"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(line, said, configs):
    put(configs, line)
    refused(configs, str(configs / "boundaries" / RULES), said)


def test_a_rule_that_is_missing_is_named(configs):
    path = configs / "boundaries" / RULES
    path.write_text(path.read_text().replace("overlap_tolerance_ha: 1", ""))
    refused(configs, RULES, "overlap_tolerance_ha")


def test_rules_that_are_not_there_are_refused(configs):
    (configs / "boundaries" / RULES).unlink()
    refused(configs, RULES)


# --- areas ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", [STATED, LEAST])
@pytest.mark.parametrize(
    ("row", "said"),
    [
        pytest.param("B,many,a page", "area_ha is 'many'", id="no number"),
        pytest.param('B,"1,000",a page', "area_ha is '1,000'", id="a comma in the number"),
        pytest.param("B", "expected 3 cells", id="no area"),
        pytest.param("B,1,000,a page", "expected 3 cells", id="a comma outside of quotes"),
        pytest.param("B,,a page", "area_ha is ''", id="blank area"),
        pytest.param("B,0,a page", "above 0", id="nothing"),
        pytest.param("B,-5,a page", "above 0", id="less than nothing"),
        pytest.param("B,nan,a page", "above 0", id="nan"),
        pytest.param("B,inf,a page", "above 0", id="infinite"),
        pytest.param("B,5,", "source are expected", id="no source"),
        pytest.param(",5,a page", "source are expected", id="no name"),
        pytest.param("A,6,another page", "A stands there twice", id="twice"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_its_line(file, row, said, configs):
    areas(configs, file, HEADER[file], "A,5,a page", row)
    refused(configs, f"{configs / 'boundaries' / file}, line 3", said)


@pytest.mark.parametrize("file", [STATED, LEAST])
@pytest.mark.parametrize("header", ["id,area_ha,source", "area_ha,source", "", "project_id,protocol,area_ha,source"])
def test_other_columns_are_refused(file, header, configs):
    areas(configs, file, header, "A,5,a page")
    found = header.split(",") if header else ""
    refused(configs, str(configs / "boundaries" / file), f"expected the columns {HEADER[file]}", f"found {found}")


@pytest.mark.parametrize("file", [STATED, LEAST])
@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"], ids=["missing", "no text"])
def test_a_file_that_cannot_be_read_is_named(file, content, configs):
    path = configs / "boundaries" / file
    path.unlink()
    if content:
        path.write_bytes(content)
    refused(configs, str(path))


def test_a_protocol_that_nobody_has_catalogued_is_refused(tmp_path):
    configs = Path(shutil.copytree(CONFIGS, tmp_path / "all"))
    areas(configs, LEAST, HEADER[LEAST], "art-trees,5,a page", "art-treees,5,a page")
    rules.check_protocols(configs, {"art-trees", "art-treees"})
    with pytest.raises(
        ConfigError, match=r"least_areas\.csv, line 3: protocol 'art-treees' .* nearest known is 'art-trees'"
    ):
        rules.check_protocols(configs, {"art-trees"})


def test_the_shipped_least_areas_are_of_catalogued_protocols():
    from carbon_assets.protocols.catalogue import load_catalogue

    rules.check_protocols(CONFIGS, set(load_catalogue(CONFIGS).protocols))
