"""A made-up registry and all that is known of it, in files that no other registry has: what `tests/kit/made_up_subject` is
for subjects."""

from __future__ import annotations

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
CONFIGS = {
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

DROP = {"projects.csv": PROJECTS, "retirements.csv": RETIREMENTS}
"""The files of its first day, by name."""
