"""The California ARB table: one row per reporting period, with a column for each way its credits ended."""

from __future__ import annotations

import datetime

from pydantic import BaseModel, ConfigDict

from carbon_assets.registries.table import Table


class Ending(BaseModel):
    """What a column of retired or cancelled tonnes does not say itself. `date` is the day of all its rows: for a compliance period the
    deadline by which its instruments were due, and unknown while that lies ahead."""

    model_config = ConfigDict(extra="forbid")

    column: str
    date: datetime.date | None = None
    reason: str | None = None
    label: str | None = None

    def day(self, observed_on: datetime.date) -> str | None:
        """The day of this column's rows in a file observed on `observed_on`."""
        return str(self.date) if self.date and self.date <= observed_on else None


def _nullable(value: str | None) -> str:
    return "null" if value is None else "'" + value.replace("'", "''") + "'"


def issuances(rows: str, spec: Table, observed_on: datetime.date) -> str:
    """One issuance per row and one event per column that holds tonnes.

    A blank cell of credits issued means that the reporting period earned none (the table's comments say so), so its
    issuance is 0 t. A blank vintage is read off its neighbours within the project, in the order of reporting periods.
    """
    endings = [Ending.model_validate(ending) for ending in spec.parameters["endings"]]
    common = "project_id, vintage, vintage_start, vintage_end, issued_on, serial_number"
    melted = "\nunion all by name\n".join(
        f"""
        select
            {common}, '{spec.columns[ending.column].transaction_type}' as transaction_type, {ending.column} as quantity,
            cast({_nullable(ending.day(observed_on))} as date) as transaction_date, '{ending.column}' as ending,
            {_nullable(ending.reason)} as retirement_reason, {_nullable(ending.reason)} as cancellation_reason,
            list_filter([{_nullable(ending.label)}], lambda x: x is not null) as labels
        from filled
        where {ending.column} > 0
        """
        for ending in endings
    )
    return f"""
        with numbered as (
            select *, row_number() over (partition by project_id order by vintage_start, vintage_end, row_hash) as place
            from {rows}
        ),
        neighbours as (
            select
                *,
                last_value(vintage ignore nulls) over before as vintage_before,
                max(place) filter (where vintage is not null) over before as place_before,
                first_value(vintage ignore nulls) over after as vintage_after,
                min(place) filter (where vintage is not null) over after as place_after
            from numbered
            window
                before as (partition by project_id order by place rows between unbounded preceding and current row),
                after as (partition by project_id order by place rows between current row and unbounded following)
        ),
        filled as (
            select * replace (
                coalesce(
                    vintage,
                    vintage_before
                    + (vintage_after - vintage_before) * (place - place_before) // (place_after - place_before)
                ) as vintage
            )
            from neighbours
        )
        select
            {common}, 'issuance' as transaction_type, coalesce(quantity, 0) as quantity,
            buffer_quantity, issued_on as transaction_date, 'issued' as ending
        from filled
        union all by name
        {melted}
    """
