"""Regions: what only says that none is stated is none."""

import duckdb
import pytest

from carbon_assets.unified import harmonize
from tests.kit.building import CONFIGS
from tests.kit.findings_tables import registries


@pytest.mark.parametrize(
    ("cell", "region"),
    [("Worldwide", None), ("WORLDWIDE ", None), ("Huila", "Huila"), ("World", "World"), (None, None)],
)
def test_a_region_that_is_not_stated_is_none(cell, region):
    with duckdb.connect() as con:
        con.execute(
            "create table stated as select 'CCB1' as project_id, null::varchar as status_raw, 'Colombia' as country_raw, "
            "null::varchar as country_code_raw, $cell::varchar as region",
            {"cell": cell},
        )
        known = harmonize.registries_table(registries())
        query = harmonize.harmonized_projects(con, "stated", known, CONFIGS)
        assert con.execute(f"select region, country_iso3 from ({query})").fetchall() == [(region, "COL")]
