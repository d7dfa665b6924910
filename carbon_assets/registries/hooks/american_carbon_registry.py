"""ACR splits a project's status over two columns, one for voluntary and one for compliance projects."""

from datetime import date

from carbon_assets.base.sqltext import literal
from carbon_assets.registries.description import Table


def projects(rows: str, spec: Table, observed_on: date) -> str:
    """The compliance status counts unless it says that the project is in no compliance programme."""
    return f"""
        select * replace (
            case
                when compliance_status is null or compliance_status = {literal(spec.parameters["in_no_compliance_programme"])} then status_raw
                else compliance_status
            end as status_raw
        )
        from {rows}
    """
