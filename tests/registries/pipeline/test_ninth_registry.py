"""A registry is data: files that are only added bring a ninth one into all marts, whatever is wrong with another registry."""

import shutil
from pathlib import Path

import pytest

from tests.kit.runs import Run, run_drop

YAML = """
id: moon-registry
name: Moon Registry
project_prefix: MOO
project_url: https://example.test/{number}
serials:
  - pattern: '(?P<key>MOO-\\d+)-(?P<start>\\d+)-(?P<end>\\d+)'
tables:
  projects:
    files: projects
    holds: projects
    required:
      project_id: {from: Number, prefix: MOO}
      name: Name
      status_raw: State
      country_raw: Land
    optional:
      protocol_raw: Method
      project_type_raw: Kind
  retirements:
    files: retirements
    holds: credits
    required:
      project_id: {from: Number, prefix: MOO}
      quantity: Tonnes
      transaction_date: Day
    optional:
      serial_number: Serial
      vintage: Vintage
    constants: {transaction_type: retirement}
    key: [serial_number]
"""
CATALOGUE = """
program: moon
protocols:
  - id: moon-craters
    title: Planting of Craters
    project_type: crater planting
"""
PROJECTS = """Number,Name,State,Land,Method,Kind
1,Crater forest,Registered,France,AR-ACM0003 v2.0,Moon forest
2,Sea of grass,Orbiting,Kenya,No moon method,Moon grass
4,Crater wood,Registered,Selene,Planting of Craters (Moon Standard),
"""
ADDED = {
    "registries/moon-registry.yml": YAML,
    "protocols/moon.yml": CATALOGUE,
    "protocols/programs/moon-registry.csv": "program,name,registry,is_compliance,markers,note\n"
    "moon,Moon Standard,moon-registry,no,Moon Standard,\n",
    "protocols/project_types/moon-registry.csv": "project_type,display_name,category,bundle,note\n"
    "crater planting,Crater Planting,forest,no,\n",
    "protocols/registry_types/moon-registry.csv": "registry,field,raw,project_type,broad,note\n"
    "moon-registry,type,Moon grass,sustainable grassland management,no,\n",
    "protocols/project_type_overrides/moon-registry.csv": "project_id,project_type,note\nMOO5,crater planting,told\n",
    "protocols/no_protocol/moon-registry.csv": "raw,canonical,note\nNo moon method,not given,\n",
    "vocab/status/moon-registry.csv": "raw,canonical,note\nOrbiting,listed,\nRegistered,registered,\n",
    "vocab/country/moon-registry.csv": "raw,canonical,note\nSelene,Greece,\n",
    "unified/curated_projects/moon-registry.csv": "project_id,name,proponent,protocol_raw,status_raw,country_raw,"
    "listed_at,project_url,note\nMOO5,Far side,,,Registered,Kenya,,,\n",
    "integrity/conversions/moon-registry.csv": "registry,text,program,note\nmoon-registry,For California,arb,\n",
}
"""All that is known of the registry and of its programme, in files that no other registry has."""
RETIREMENTS = 'Number,Tonnes,Day,Serial,Vintage\n1,"1,500",2024-05-01,MOO-7-1-1500,2023\n3,2.5,2024-06-01,MOO-8-1-2,\n5,1,2024-07-01,MOO-9-1-1,2023\n'


def add(path: Path, content: str) -> None:
    """Write a file that must not be there yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x") as file:
        file.write(content)


@pytest.fixture(scope="module")
def first_day(home, samples, tmp_path_factory) -> Run:
    """The first run of a data folder: of the ninth registry, and of one whose projects, which its other tables look up, cannot be
    read."""
    folder = tmp_path_factory.mktemp("first-day")
    configs = Path(shutil.copytree(home / "configs", folder / "configs"))
    for name, content in ADDED.items():
        add(configs / name, content)
    add(folder / "drop" / "moon-registry" / "projects.csv", PROJECTS)
    add(folder / "drop" / "moon-registry" / "retirements.csv", RETIREMENTS)
    broken = Path(shutil.copytree(samples / "isometric", folder / "drop" / "isometric"))
    (broken / "projects.csv").write_text("id,name\n1,2\n")
    return run_drop(folder / "drop", folder / "data", configs=configs)


def test_refused_file_without_a_good_one_before_does_not_stop_the_others(first_day):
    assert not first_day.report.ok
    wrong = [line for line in first_day.report.lines if line.startswith(("REFUSED", "HELD BACK", "BLOCKED", "FAILED"))]
    assert len(wrong) == 3
    assert all(line.startswith("REFUSED") and "normalized/isometric/" in line for line in wrong), wrong


def test_a_ninth_registry_only_adds_files(first_day):
    made = first_day
    assert made.sql(
        "select project_id, registry, status, country_iso3, retired::double as retired, project_url, is_placeholder "
        "from marts.projects order by 1"
    ) == [
        ("MOO1", "moon-registry", "registered", "FRA", 1500, "https://example.test/1", False),
        ("MOO2", "moon-registry", "listed", "KEN", 0, "https://example.test/2", False),
        ("MOO3", "moon-registry", None, None, 2.5, "https://example.test/3", True),
        ("MOO4", "moon-registry", "registered", "GRC", 0, "https://example.test/4", False),
        ("MOO5", "moon-registry", "registered", "KEN", 1, "https://example.test/5", False),
    ]
    assert made.sql(
        "select project_id, registry, quantity::varchar as t, serial_key, serial_end, source from marts.credits order by 1"
    ) == [
        ("MOO1", "moon-registry", "1500.000000", "MOO-7", 1500, "moon-registry/retirements"),
        ("MOO3", "moon-registry", "2.500000", "MOO-8", 2, "moon-registry/retirements"),
        ("MOO5", "moon-registry", "1.000000", "MOO-9", 1, "moon-registry/retirements"),
    ]
    assert made.sql(
        "select project_id, protocol, protocol_version, project_type, category from marts.projects order by 1"
    ) == [
        ("MOO1", ["ar-acm0003"], "2.0", "Afforestation + Reforestation", "forest"),
        ("MOO2", None, None, "Grassland Management", "land-use"),
        ("MOO3", None, None, "Unknown", "unknown"),
        ("MOO4", ["moon-craters"], None, "Crater Planting", "forest"),
        ("MOO5", None, None, "Crater Planting", "forest"),
    ]
