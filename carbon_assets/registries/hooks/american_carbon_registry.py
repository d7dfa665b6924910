"""ACR splits a project's status: its reports over two columns, one for voluntary and one for compliance projects; its feed calls
projects that have credits and projects that are only listed by one word."""

from datetime import date

from carbon_assets.base.sqltext import literal
from carbon_assets.registries.table import Table


def projects(rows: str, spec: Table, observed_on: date) -> str:
    """The compliance status counts unless it says that the project is in no compliance programme; where there is none, the one word
    with whether credits were issued."""
    words = {name: literal(word) for name, word in spec.parameters.items()}
    if "compliance_status" in spec.columns:
        none = words["in_no_compliance_programme"]
        status = f"if(coalesce(compliance_status, {none}) = {none}, status_raw, compliance_status)"
    else:
        status = f"if(status_raw = {words['active']} and issued_credits > 0, {words['with_credits']}, status_raw)"
    return f"select * replace ({status} as status_raw) from {rows}"
