"""The whole graph on the bundled samples: it ends well, and the cases that the samples were written for come out right."""

import shutil

import dagster as dg
import pytest

from carbon_assets.platform import dagster_internals, graph, triggers


def test_run_ends_well(sample_run):
    assert sample_run.report.ok
    text = "\n".join(sample_run.report.lines)
    assert "0 failed" in text and "published: v-" in text and str(sample_run.database) in text


def test_the_run_names_its_files_and_where_the_ui_finds_its_job(sample_run, tmp_path):
    home = tmp_path / "dagster"
    shutil.copytree(sample_run.settings.dagster_home, home)
    with dagster_internals.opened(home) as instance:
        origin = dagster_internals.origin_of(graph.MATERIALIZE)
        (run,) = instance.get_runs(dg.RunsFilter(tags={".dagster/repository": origin.repository_origin.get_label()}))
        assert run.tags[triggers.TAG].startswith("american-carbon-registry/cancellations.csv, ")
        assert run.remote_job_origin == origin
    (line,) = (line for line in sample_run.report.lines if " steps, because of " in line)
    assert line.endswith(run.tags[triggers.TAG])


def test_report_counts_rows_tonnes_and_quarantine(sample_run):
    line = next(line for line in sample_run.report.lines if line.startswith("verra"))
    assert line.split() == ["verra", "37", "56", "4", "2,809,770", "620,562", "0"]


def test_published_folder_has_a_parquet_file_for_each_mart(sample_run):
    folder = sample_run.settings.published / "current"
    assert {path.name for path in folder.iterdir()} == {
        "MANIFEST.json", "beneficiaries.parquet", "beneficiary_candidates.parquet", "boundaries.parquet", "boundary_findings.parquet",
        "boundary_overlaps.parquet", "boundary_repairs.parquet", "carbon.duckdb", "ccp_eligibility.parquet",
        "corsia_eligibility.parquet", "credit_findings.parquet", "credits.parquet", "double_counting_findings.parquet", "labels.parquet", "project_history.parquet", "projects.parquet",
        "protocol_catalogue.parquet", "protocol_coverage.parquet", "registry_changes.parquet", "replaced_at_host.parquet",
        "schema_changes.parquet",
        "serial_blocks.parquet", "snapshots.parquet", "totals_history.parquet", "unknown_values.parquet",
    }  # fmt: skip


def test_columns_are_described_in_the_published_file(sample_run):
    undescribed = sample_run.sql(
        "select table_name, column_name from duckdb_columns() where schema_name = 'marts' and comment is null"
    )
    assert undescribed == []


ONE = {
    "D1 Gold Standard cancellations": (
        "select count(*) from marts.credits where registry = 'gold-standard' and transaction_type = 'cancellation'",
        2,
    ),
    "D2 vintage of a period over two years": (
        "select vintage from marts.credits where project_id = 'VCS90003' and transaction_type = 'issuance'",
        2019,
    ),
    "D3 the largest total of a period": (
        "select quantity from marts.credits where project_id = 'VCS90004' and transaction_type = 'issuance'",
        22500,
    ),
    "D3 its earliest issuance date": (
        "select transaction_date::varchar from marts.credits where project_id = 'VCS90002' and transaction_type = 'issuance'",
        "2023-06-01",
    ),
    "D3 two half years of equal quantity": (
        "select sum(quantity) from marts.credits where project_id = 'VCS90005' and transaction_type = 'issuance'",
        60000,
    ),
    "D4 Isometric vintages": (
        "select count(vintage) from marts.credits where registry = 'isometric' and transaction_type = 'issuance'",
        0,
    ),
    "D5 an unknown status stays NULL and keeps its text": (
        "select count(*) from marts.projects where status is null and status_raw = 'Paused by moon'",
        1,
    ),
    "D6 a blank vintage between two of its project": (
        "select vintage from marts.credits where project_id = 'ACR9010' and vintage_start = '2015-07-01' and transaction_type = 'issuance'",
        2016,
    ),
    "D6 a blank vintage alone": (
        "select count(*) from marts.credits where project_id = 'CAR9090' and vintage is not null",
        0,
    ),
    "D6 the 5th period is undated": (
        "select count(*) filter (transaction_date is null) = count(*) and count(*) > 0 from marts.credits "
        "where list_contains(labels, 'California 5th compliance period')",
        True,
    ),
    "D6 endings that are cancellations say so": (
        "select count(distinct retirement_reason) from marts.credits where source = 'arb/issuances' "
        "and transaction_type = 'cancellation'",
        3,
    ),
    "D7 the 4th period": (
        "select distinct transaction_date::varchar from marts.credits "
        "where list_contains(labels, 'California 4th compliance period')",
        "2024-11-01",
    ),
    "D8 ACR beneficiaries": (
        "select count(*) > 0 from marts.credits where registry = 'american-carbon-registry' "
        "and retirement_beneficiary is not null",
        True,
    ),
    "D8 ACR proponents": (
        "select count(*) from marts.projects where registry = 'american-carbon-registry' and not is_placeholder and proponent is null",
        0,
    ),
    "D9 a project that only cancellations mention": (
        "select is_placeholder and cancelled > 0 and issued = 0 from marts.projects where project_id = 'ACR9050'",
        True,
    ),
    "D10 in the ARB table": (
        "select bool_and(is_compliance) and count(*) = 12 from marts.projects where project_id in "
        "(select project_id from marts.credits where source = 'arb/issuances')",
        True,
    ),
    "D10 nothing else": (
        "select count(*) from marts.projects where is_compliance and not is_placeholder and not coalesce(list_has_any("
        "protocol, (select list(protocol) from marts.protocol_catalogue where program in ('arb', 'ecy'))), false)",
        0,
    ),
    "D10 Washington Ecology": (
        "select bool_and(is_compliance) and count(*) > 1 from marts.projects "
        "where protocol_raw like 'ECY%' or protocol_raw like '%WA ECO Compliance'",
        True,
    ),
    "D11 by ISO code where the name is blank": (
        "select count(*) from marts.projects where registry = 'isometric' and country_raw is null and country is not null",
        1,
    ),
    "D11 unknown countries are NULL": (
        "select count(*) from marts.projects where country_raw = 'Atlantis' and country is null and country_iso3 is null",
        1,
    ),
    "D13 buffer credits are counted and flagged": (
        "select sum(quantity) from marts.credits where registry = 'cercarbono' and is_buffer",
        122367,
    ),
    "D13 and their share where it is a part": (
        "select sum(buffer_quantity)::varchar from marts.credits where registry = 'isometric'",
        "1324.324000",
    ),
    "D14 quantities are exact": (
        "select sum(quantity)::varchar from marts.credits where registry = 'isometric' and transaction_type = 'issuance'",
        "42696.237000",
    ),
    "D15 curated projects that credits mention": (
        "select count(*) from marts.projects where project_id in ('VCSOPR2', 'CCB106', 'CCB107') "
        "and not is_placeholder and source = 'configs/curated_projects'",
        3,
    ),
    "D15 and none that nothing mentions": ("select count(*) from marts.projects where project_id = 'VCSOPR10'", 0),
    "ARB rows replace the host registry's": (
        "select count(*) filter (source <> 'arb/issuances') from marts.credits where project_id = 'ACR9010'",
        0,
    ),
    "D16 what the host did not convert counts there": (
        "select list(quantity::integer) from marts.credits where project_id = 'ACR9012' and source not like 'arb/%'",
        [250, 250],
    ),
    "D16 and what it converted is told": (
        "select sum(quantity)::integer from marts.replaced_at_host where project_id = 'ACR9012' and vintage = 2023 "
        "and transaction_type = 'issuance' and reason = 'converted'",
        70000,
    ),
    "one issuance where two are of one day and vintage": (
        "select quantity from marts.credits where project_id = 'GLD990003' and vintage = 2024 and transaction_type = 'issuance'",
        2000,
    ),
    "its serials are both kept": (
        "select len(string_split(serial_number, '; ')) from marts.credits where project_id = 'GLD990003' "
        "and vintage = 2024 and transaction_type = 'issuance'",
        2,
    ),
    "a blank vintage stays NULL": (
        "select quantity from marts.credits where registry = 'american-carbon-registry' and vintage is null "
        "and transaction_type = 'issuance' and source like 'american%'",
        3100,
    ),
    "labels have one name in all registries": (
        "select count(distinct registry) > 3 from marts.credits where list_contains(labels, 'CCP')",
        True,
    ),
    "texts without protocol wait unassigned": (
        "select count(*) = 6 and bool_and(protocol_unassigned = [protocol_raw]) from marts.projects "
        "where protocol is null and protocol_raw is not null",
        True,
    ),
    "protocols are ids of the catalogue": (
        "select count(*) from (select unnest(protocol) as protocol from marts.projects) "
        "anti join marts.protocol_catalogue using (protocol)",
        0,
    ),
    "N/A is nobody": (
        "select count(*) = 1 and count(retirement_beneficiary_harmonized) = 0 and count(beneficiaries_named) = 0 "
        "from marts.credits where project_id = 'VCS90008' and quantity = 345 and transaction_type = 'retirement'",
        True,
    ),
    "Not Disclosed is nobody": (
        "select count(*) = 3 and count(retirement_beneficiary_harmonized) = 0 from marts.credits "
        "where registry = 'gold-standard' and retirement_beneficiary = 'Not Disclosed'",
        True,
    ),
    "Not public is nobody": (
        "select count(*) = 18 and count(retirement_beneficiary_harmonized) = 0 from marts.credits "
        "where registry = 'cercarbono' and retirement_beneficiary = 'Not public'",
        True,
    ),
    "a retirement without any text is nobody's": (
        "select count(*) > 30 and count(retirement_beneficiary_harmonized) = 0 from marts.credits "
        "where source = 'arb/issuances' and transaction_type = 'retirement'",
        True,
    ),
    "only retirements have beneficiaries": (
        "select count(*) from marts.credits where transaction_type <> 'retirement' "
        "and (retirement_beneficiary_harmonized is not null or beneficiaries_named is not null)",
        0,
    ),
    "a quoted newline stays in its cell": (
        "select count(*) from marts.credits where registry = 'verra' and retirement_note like e'%\\n%'",
        1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ONE)
def test_case(case, sample_run):
    query, expected = ONE[case]
    assert sample_run.sql(query) == [(expected,)]


def test_serial_blocks_hold_their_quantity(sample_run):
    """end - start + 1 = quantity wherever one block is a row; Cercarbono's ranges too."""
    wrong = sample_run.sql("""
        select serial_number, quantity, serial_start, serial_end from marts.credits
        where serial_start is not null and serial_end - serial_start + 1 <> quantity
    """)
    assert wrong == []
    assert sample_run.sql("select count(serial_key) from marts.credits")[0][0] > 150


def test_unknown_words_are_listed_for_stewards(sample_run):
    listed = sample_run.sql("select field, raw from marts.unknown_values order by all")
    assert listed == [("country", "Atlantis"), ("country", "International"), ("status", "Paused by moon")]


# project: protocols, what is left unassigned, type, where the type comes from, category, compliance
MAPPED = {
    # Verra: a code; two codes; D12: a protocol that leaves the type to the activity; several activities
    "VCS90006": (["ams-i-d"], None, "Renewable Energy", "protocol", "renewable-energy", False),
    "VCS90007": (["vmr0006", "vm0050"], None, "Cookstove", "protocol", "energy-efficiency", False),
    "VCS90012": (["vm0009"], None, "REDD+", "registry", "forest", False),
    "VCS90022": (["vm0009"], None, "REDD+", "protocol", "forest", False),
    "VCS90031": (["vm0033"], None, "Wetland", "registry", "land-use", False),
    # Verra: no methodology yet, with an activity that says enough; none, with a type that says nothing
    "VCS90036": (None, ["Methodology Under Development"], "Sustainable Agriculture", "registry", "agriculture", False),
    "VCS90037": (None, None, "Unknown", "none", "unknown", False),
    # Gold Standard: D12: one protocol of wind and geothermal projects; no methodology in three ways; type `Other`
    "GLD990003": (["acm0002"], None, "Wind", "registry", "renewable-energy", False),
    "GLD990010": (["acm0002"], None, "Geothermal", "registry", "renewable-energy", False),
    "GLD990001": (["gs-tpddtec"], None, "Energy Efficiency", "protocol", "energy-efficiency", False),
    "GLD990016": (None, None, "Biomass", "registry", "fuel-switching", False),
    "GLD990017": (None, ["Not provided"], "Biomass", "registry", "fuel-switching", False),
    "GLD990018": (None, ["Other"], "Energy Efficiency", "registry", "energy-efficiency", False),
    "GLD990024": (None, None, "Unknown", "none", "unknown", False),
    # ACR: voluntary; ARB; Ecology, which is not in the ARB table
    "ACR9001": (["acr-ifm-nonfed"], None, "Improved Forest Management", "protocol", "forest", False),
    "ACR9012": (["arb-mine-methane"], None, "Mine Methane", "protocol", "ghg-management", True),
    "ACR9005": (["ecy-ozone"], None, "Ozone Depleting Substances", "protocol", "ghg-management", True),
    "ACR9006": (["ecy-forest"], None, "Improved Forest Management", "protocol", "forest", True),
    # CAR: the project type is all there is; `- ARB Compliance` and `- WA ECO Compliance` tell programmes apart
    "CAR9018": (["car-forest"], None, "Improved Forest Management", "registry", "forest", False),
    "CAR9010": (["arb-forest"], None, "Improved Forest Management", "registry", "forest", True),
    "CAR9017": (["arb-forest"], None, "Afforestation + Reforestation", "registry", "forest", True),
    "CAR9019": (["car-livestock"], None, "Manure Biodigester", "protocol", "ghg-management", False),
    "CAR9012": (["arb-livestock"], None, "Manure Biodigester", "protocol", "ghg-management", True),
    "CAR9014": (["ecy-ozone"], None, "Ozone Depleting Substances", "protocol", "ghg-management", True),
    # ART: the framework of the FCPF is another than TREES
    "ART901": (["fcpf-carbon-fund"], None, "REDD+", "protocol", "forest", False),
    "ART902": (["art-trees"], None, "REDD+", "protocol", "forest", False),
    # Cercarbono: a CDM methodology, its own, none
    "CCB901": (["ar-acm0003"], None, "Afforestation + Reforestation", "protocol", "forest", False),
    "CCB905": (["ccb-redd"], None, "REDD+", "protocol", "forest", False),
    "CCB912": (None, ["Not defined"], "Unknown", "none", "unknown", False),
    # Isometric: slugs
    "ISOZA01": (["iso-biochar"], None, "Biochar", "protocol", "biomass-cdr", False),
    "ISOZD07": (["iso-ocean"], None, "Ocean Alkalinity Enhancement", "protocol", "alkalinity-cdr", False),
    "ISOZE10": (["iso-dac"], None, "Direct Air Capture", "protocol", "air-capture", False),
    # placeholders, by what transactions state; two are in the ARB table
    "VCS90999": (["ar-acm0003"], None, "Afforestation + Reforestation", "protocol", "forest", False),
    "ACR9050": (["acr-ifm-nonfed"], None, "Improved Forest Management", "protocol", "forest", False),
    "CAR9090": (None, None, "Manure Biodigester", "registry", "ghg-management", True),
    "VCS559": (None, None, "Mine Methane", "registry", "ghg-management", True),
    # curated: what stewards say of them is mapped as well
    "VCSOPR2": (["arb-mine-methane"], None, "Mine Methane", "protocol", "ghg-management", True),
    "CCB106": (["ccb-redd"], None, "REDD+", "protocol", "forest", False),
    "CCB107": (["ccb-redd"], None, "REDD+", "protocol", "forest", False),
}


def test_protocols_types_categories_and_compliance_are_those_of_the_rows(sample_run):
    made = sample_run.sql("""
        select project_id, protocol, protocol_unassigned, project_type, project_type_source, category, is_compliance
        from marts.projects
    """)
    found = {id_: row for id_, *row in made if id_ in MAPPED}
    assert {id_: tuple(row) for id_, row in found.items()} == MAPPED


def test_versions_are_kept_beside_the_protocol(sample_run):
    query = "select protocol_version from marts.projects where protocol = ['gs-tpddtec'] order by project_id"
    assert sample_run.sql(query) == [("3.1",), ("4.0",)]


def test_placeholders_are_what_transactions_state_of_them(sample_run):
    """Of the others nothing is taken from transactions, and a placeholder has no default protocol of its registry."""
    said = sample_run.sql("""
        select project_id, name, proponent, protocol[1], project_type, project_type_source, country_iso3, facts_sources
        from marts.projects where is_placeholder order by project_id
    """)
    assert said == [
        ("ACR9050", "Vanished Meadow Forest Project", None, "acr-ifm-nonfed", "Improved Forest Management", "protocol", "USA", ["american-carbon-registry/cancellations"]),
        ("CAR9090", "Lonely Hollow Digester", "Lonely Hollow Farms", None, "Manure Biodigester", "registry", None, ["arb/issuances"]),
        ("CAR9091", "Ember Flats Replanting", "Ember Flats Timber", None, "Improved Forest Management", "registry", None, ["arb/issuances"]),
        ("VCS559", "Hollow Seam Methane Use (invented)", "Hollow Seam Gas Inc.", None, "Mine Methane", "registry", None, ["arb/issuances"]),
        ("VCS90999", "Las Brisas Shade Coffee", None, "ar-acm0003", "Afforestation + Reforestation", "protocol", "HND", ["verra/transactions"]),
    ]  # fmt: skip
    assert sample_run.sql(
        "select count(*) from marts.projects where facts_sources is not null and not is_placeholder"
    ) == [(0,)]


def test_every_text_is_covered_with_its_projects_and_tonnes(sample_run):
    """And nothing else: the totals are those of the projects that have the text."""
    by_project = sample_run.sql("""
        select registry, protocol_raw, count(*), sum(issued) from marts.projects
        where not is_placeholder or protocol_raw is not null
        group by all order by all
    """)
    covered = sample_run.sql(
        "select registry, protocol_raw, projects, issued from marts.protocol_coverage order by all"
    )
    assert covered == by_project
    assert sum(projects for *_, projects, _ in covered) == 180


def test_coverage_says_how_each_text_was_mapped_as_the_projects_have_it(sample_run):
    differing = sample_run.sql("""
        select p.project_id from marts.projects p join marts.protocol_coverage c
            on c.registry = p.registry and c.protocol_raw is not distinct from p.protocol_raw
        where (not is_placeholder or p.protocol_raw is not null) and (c.protocol is distinct from p.protocol
            or c.protocol_unassigned is distinct from p.protocol_unassigned
            or c.protocol_version is distinct from p.protocol_version
            or (c.method is null) <> (p.protocol is null))
    """)
    assert differing == []
    outcomes = sample_run.sql("select outcome, count(*) from marts.protocol_coverage group by 1 order by 1")
    assert outcomes == [("assigned", 93), ("blank", 2), ("names none", 4), ("not understood", 1)]


def test_coverage_stands_with_the_heaviest_first(sample_run):
    """As a steward meets it, without an order of their own."""
    stored = [
        (-issued, -projects)
        for issued, projects in sample_run.sql("select issued, projects from marts.protocol_coverage")
    ]
    assert stored == sorted(stored)
    assert stored[0] < stored[-1]


def test_the_catalogue_counts_the_projects_under_each_protocol(sample_run):
    by_project = sample_run.sql("""
        select protocol, count(*), sum(issued), sum(retired)
        from (select unnest(protocol) as protocol, issued, retired from marts.projects) group by all order by all
    """)
    counted = sample_run.sql(
        "select protocol, projects, issued, retired from marts.protocol_catalogue where projects > 0 order by all"
    )
    assert counted == by_project
    assert ("vm0050", 1) in [row[:2] for row in counted]


def test_the_report_counts_texts_and_types_by_what_became_of_them(sample_run):
    lines = sample_run.report.lines
    assert "methodology texts: assigned 93, names none 4, blank 2, not understood 1" in lines
    assert next(line for line in lines if line.startswith("project types by: ")).split(": ")[1].startswith("protocol ")
