"""Verra publishes no issuances: one file lists the parts of issued blocks, retired or not."""

from datetime import date

from carbon_assets.registries.table import Table


def transactions(rows: str, spec: Table, observed_on: date) -> str:
    """Retirements are the dated rows; issuances are inferred from all rows of a vintage period.

    Verra allows rolling issuances, so a period's rows can carry several `Total Vintage Quantity`; the total only
    grows, so the largest counts, and the earliest `Issuance Date` is the period's. It has the labels that all its rows
    have: one that only some have is not that of the whole. A row that does not say its period is no period of its own.
    """
    return f"""
        select
            project_id, 'retirement' as transaction_type, quantity, transaction_date, issued_on, vintage_start,
            vintage_end, serial_number, labels,
            coalesce(serial_number, concat_ws('/', transaction_date, quantity)) as part, retirement_beneficiary, retirement_reason, retirement_note
        from {rows}
        where transaction_date is not null
        union all by name
        select
            * exclude (labels_of_rows),
            list_filter(
                list_distinct(flatten(labels_of_rows)),
                lambda label: len(list_filter(labels_of_rows, lambda labels: not list_contains(labels, label))) = 0
            ) as labels
        from (
            select
                project_id, 'issuance' as transaction_type, max(total_vintage_quantity) as quantity,
                min(issued_on) as transaction_date, min(issued_on) as issued_on, vintage_start, vintage_end,
                list(labels) filter (labels is not null) as labels_of_rows
            from {rows}
            where project_id is not null and vintage_start is not null and vintage_end is not null
            group by project_id, vintage_start, vintage_end
            having max(total_vintage_quantity) > 0
        )
    """
