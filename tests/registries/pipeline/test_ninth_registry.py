"""A registry is data: a YAML file and a CSV in a temporary folder bring a ninth one into both marts."""

import shutil

from tests.kit.runs import run_drop

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
PROJECTS = """Number,Name,State,Land,Method,Kind
1,Crater forest,Registered,France,AR-ACM0003 v2.0,Moon forest
2,Sea of grass,Listed,Kenya,,Moon grass
"""
WORDS = "moon-registry,type,Moon grass,sustainable grassland management,no,\n"
RETIREMENTS = 'Number,Tonnes,Day,Serial,Vintage\n1,"1,500",2024-05-01,MOO-7-1-1500,2023\n3,2.5,2024-06-01,MOO-8-1-2,\n'


def test_a_ninth_registry_needs_no_edit(home, tmp_path):
    configs = shutil.copytree(home / "configs", tmp_path / "configs")
    (configs / "registries" / "moon-registry.yml").write_text(YAML)
    with (configs / "registry_types.csv").open("a") as file:
        file.write(WORDS)
    folder = tmp_path / "drop" / "moon-registry"
    folder.mkdir(parents=True)
    (folder / "projects.csv").write_text(PROJECTS)
    (folder / "retirements.csv").write_text(RETIREMENTS)

    made = run_drop(tmp_path / "drop", tmp_path / "data", configs=configs)

    assert made.report.ok, made.report.lines
    assert made.sql(
        "select project_id, registry, status, country_iso3, retired::double as retired, project_url, is_placeholder "
        "from marts.projects order by 1"
    ) == [
        ("MOO1", "moon-registry", "registered", "FRA", 1500, "https://example.test/1", False),
        ("MOO2", "moon-registry", "listed", "KEN", 0, "https://example.test/2", False),
        ("MOO3", "moon-registry", None, None, 2.5, "https://example.test/3", True),
    ]
    assert made.sql(
        "select project_id, registry, quantity::varchar as t, serial_key, serial_end, source from marts.credits order by 1"
    ) == [
        ("MOO1", "moon-registry", "1500.000000", "MOO-7", 1500, "moon-registry/retirements"),
        ("MOO3", "moon-registry", "2.500000", "MOO-8", 2, "moon-registry/retirements"),
    ]
    assert made.sql(
        "select project_id, protocol, protocol_version, project_type, category from marts.projects order by 1"
    ) == [
        ("MOO1", ["ar-acm0003"], "2.0", "Afforestation + Reforestation", "forest"),
        ("MOO2", None, None, "Grassland Management", "land-use"),
        ("MOO3", None, None, "Unknown", "unknown"),
    ]
