"""The whole graph on the bundled samples: it ends well, and the cases that the samples were written for come out right."""

import pytest


def test_run_ends_well(sample_run):
    assert sample_run.report.ok
    text = "\n".join(sample_run.report.lines)
    assert "0 failed" in text and "published: v-" in text and str(sample_run.database) in text


def test_report_counts_rows_tonnes_and_quarantine(sample_run):
    line = next(line for line in sample_run.report.lines if line.startswith("verra"))
    assert line.split() == ["verra", "37", "56", "4", "2,809,770", "620,562", "0"]


def test_published_folder_has_a_parquet_file_for_each_mart(sample_run):
    folder = sample_run.settings.published / "current"
    assert {path.name for path in folder.iterdir()} == {
        "carbon.duckdb", "credits.parquet", "projects.parquet", "unknown_values.parquet",
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
    "D10 in the ARB table": ("select is_compliance from marts.projects where project_id = 'CAR9090'", True),
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
    "protocol texts wait unassigned": (
        "select count(*) from marts.projects where protocol is null and protocol_raw is not null and protocol_unassigned[1] <> trim(protocol_raw)",
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
