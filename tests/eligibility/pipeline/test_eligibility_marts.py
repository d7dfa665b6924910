"""The marts of eligibility in a whole run of the samples: nothing is left out, and contradictions are told."""

import pytest


@pytest.mark.parametrize(
    ("mart", "phases"), [("corsia_eligibility", {"pilot phase", "first phase"}), ("ccp_eligibility", {None})]
)
def test_every_tonne_issued_is_judged_once_in_each_phase(sample_run, mart, phases):
    (issued,) = sample_run.sql("select count(*), sum(quantity) from marts.credits where transaction_type = 'issuance'")
    judged = sample_run.sql(f"select phase, count(*), sum(quantity) from marts.{mart} group by phase")
    assert {phase: (blocks, tonnes) for phase, blocks, tonnes in judged} == dict.fromkeys(phases, issued)


def test_what_is_left_of_vintages_is_what_is_left_of_projects(sample_run):
    """Where all vintages of a project are known."""
    differing = sample_run.sql("""
        with vintages as (
            select distinct project_id, vintage, vintage_outstanding from marts.ccp_eligibility
        )
        select project_id, sum(vintage_outstanding), any_value(outstanding)
        from vintages join marts.projects using (project_id)
        where project_id not in (select project_id from marts.credits where vintage is null)
            and project_id not in (
                select project_id from marts.credits group by project_id, vintage
                having not bool_or(transaction_type = 'issuance')
            )
        group by project_id having sum(vintage_outstanding) is distinct from any_value(outstanding)
    """)
    assert differing == []


def test_a_label_that_a_rule_contradicts_is_told_in_the_report(sample_run):
    """VCS90007 uses VMR0006, which is excluded in the first phase; VCS90012 was credited before 2016."""
    rows = sample_run.sql("""
        select distinct project_id, registry_label, reason from marts.corsia_eligibility where contradicts_registry order by all
    """)
    assert rows == [
        ("VCS90007", "CORSIA First Phase", "excluded"),
        ("VCS90012", "CORSIA Pilot Phase", "crediting_began_before"),
    ]
    told = [line for line in sample_run.report.lines if "labels_of_registries_agree_with_the_rules" in line]
    assert len(told) == 1 and told[0].startswith("warning")
