"""The release gate: is what a new file says so different from what is in use that a person must look first?

Both are canonical tables of one registry's table. The bounds are data (`configs/intake/release_gate.yml`). What becomes of a file
that is held back belongs in `intake.py`, what is wrong with single rows in `faults.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa
from pydantic import Field, ValidationError, model_validator

from carbon_assets.base.configs import ConfigError, Model, read_yaml, refuse_moved
from carbon_assets.base.known_words import why_unknown
from carbon_assets.base.sqltext import quote
from carbon_assets.snapshots.store import Snapshot

_IDENTITY = {"credits": "credit_id", "projects": "project_id"}
_NEVER_COMPARED = {"credit_id", "project_id", "source", "snapshot_id"}


class Bounds(Model):
    """Shares of what was there before, from 0 up; what each means stands beside its value in the file."""

    max_fall: float = Field(ge=0, le=1)
    max_rise: float = Field(ge=0)
    max_rise_of_whole: float = Field(ge=0)
    max_keys_lost: float = Field(ge=0, le=1)
    max_keys_lost_without_new: float = Field(ge=0, le=1)
    max_rewritten: float = Field(ge=0, le=1)
    max_relabelled: float = Field(ge=0, le=1)
    max_days_back: int = Field(ge=0)
    min_rows_of_shares: int = Field(ge=1)
    max_growth_of_few_rows: float = Field(ge=1)
    min_rows_all_gone: int = Field(ge=1)


class Gate(Model):
    """The bounds of all tables, and those of single ones, each with its reason."""

    defaults: Bounds
    exceptions: dict[str, dict[str, float | str]] = Field({})

    @model_validator(mode="after")
    def _reasoned(self) -> Gate:
        for name, exception in self.exceptions.items():
            if not str(exception.get("reason", "")).strip():
                raise ValueError(f"the exception for {name} gives no reason")
            try:
                self.bounds(name)
            except ValidationError as error:
                faults = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
                raise ValueError(f"the exception for {name}: {'; '.join(faults)}") from error
        return self

    def bounds(self, table: str) -> Bounds:
        """The bounds of `<registry>/<table>`."""
        changed = {name: value for name, value in self.exceptions.get(table, {}).items() if name != "reason"}
        return Bounds.model_validate({**self.defaults.model_dump(), **changed})


def load_gate(configs: Path, tables: set[str]) -> Gate:
    """The bounds of `configs/intake/release_gate.yml`. Raises `ConfigError`, also for an exception of none of `tables`."""
    refuse_moved(configs)
    document = read_yaml(configs / "intake" / "release_gate.yml")
    gate = document.to_model(Gate)
    reasons = {name: why_unknown("table", name, tables) for name in gate.exceptions}
    faults = [f"{document.place(('exceptions', name))}: exceptions: {why}" for name, why in reasons.items() if why]
    if faults:
        raise ConfigError(*faults)
    return gate


@dataclass(frozen=True)
class Amount:
    """Rows and tonnes of one kind, before and now."""

    kind: str
    rows_before: int
    rows: int
    tonnes_before: float
    tonnes: float


@dataclass(frozen=True)
class Keys:
    """Projects or transactions, `what`, by their ids: how many there were `before`, and how many of those are no longer there, or
    are there only now. A missing one has disappeared; that it was cancelled is for another row to show."""

    what: str
    before: int
    disappeared: int
    appeared: int

    @property
    def in_words(self) -> str:
        """As the gate and `carbon compare` say it."""
        return f"{self.disappeared:,} of {self.before:,} {self.what} disappeared, {self.appeared:,} appeared"


def reasons_to_hold(
    con: duckdb.DuckDBPyConnection,
    before: pa.Table,
    now: pa.Table,
    holds: Literal["projects", "credits"],
    bounds: Bounds,
    *,
    in_another_layout: bool = False,
) -> list[str]:
    """Why `now` should not replace `before`, in words for a person; empty if it may. A file in another layout of its table writes
    whole columns otherwise: only what there is of projects, transactions and tonnes is compared."""
    con.register("before_rows", before)
    con.register("now_rows", now)
    reasons = [*amounts_out_of_bounds(_amounts(con, holds), bounds), *_keys_lost(con, holds, bounds)]
    if len(before) >= bounds.min_rows_of_shares and not in_another_layout:
        reasons += _rewritten(con, holds, before.column_names, bounds)
    if holds == "credits":
        reasons += [*_relabelled(con, bounds), *_days_back(con, bounds)]
    return reasons


def is_older(snapshot: Snapshot, good: Snapshot, earlier: list[Snapshot]) -> str | None:
    """Why the file is an older one than that in use, if it says so itself or was in use before."""
    if snapshot.file_date and good.file_date and snapshot.file_date < good.file_date:
        return f"the file states {snapshot.file_date}; the one in use states {good.file_date}"
    known = next((s for s in earlier if s.snapshot_id and s.snapshot_id == snapshot.snapshot_id), None)
    if known:
        return f"the same records were in use before the present ones, from {known.observed_at:%Y-%m-%d %H:%M} UTC on"
    return None


# --- the rules


def _amounts(con: duckdb.DuckDBPyConnection, holds: str) -> list[Amount]:
    kind, tonnes = ("transaction_type", "quantity") if holds == "credits" else ("'projects'", "0")
    each = f"select {kind} as kind, count(*) as rows, coalesce(sum({tonnes}), 0)::double as tonnes"
    rows = con.execute(f"""
        with before as ({each} from before_rows group by 1), now as ({each} from now_rows group by 1)
        select
            kind, coalesce(before.rows, 0), coalesce(now.rows, 0), coalesce(before.tonnes, 0), coalesce(now.tonnes, 0)
        from before full join now using (kind)
        order by kind
    """).fetchall()
    return [Amount(*row) for row in rows]


def amounts_out_of_bounds(amounts: list[Amount], bounds: Bounds, *, may_rise: bool = False) -> Iterator[str]:
    """Which rows and tonnes fell or rose by more than the bounds allow, in words."""
    all_rows = sum(amount.rows_before for amount in amounts)
    all_tonnes = sum(amount.tonnes_before for amount in amounts)
    for amount in amounts:
        few = amount.rows_before < bounds.min_rows_of_shares
        for what, was, now, whole in (
            ("rows", amount.rows_before, amount.rows, all_rows),
            ("tonnes", amount.tonnes_before, amount.tonnes, all_tonnes),
        ):
            least = 0 if few else was * (1 - bounds.max_fall)
            most = (
                was * (bounds.max_growth_of_few_rows if few else 1 + bounds.max_rise) + whole * bounds.max_rise_of_whole
            )
            if few and all_rows < bounds.min_rows_of_shares:
                most = max(was * bounds.max_growth_of_few_rows, bounds.min_rows_of_shares if what == "rows" else 0)
            # A type that was not there before has nothing to be measured against.
            if was and (now < least or now == 0):
                yield f"{amount.kind}: {what} fall from {was:,.0f} to {now:,.0f}"
            elif was and now > most and not may_rise:
                yield f"{amount.kind}: {what} rise from {was:,.0f} to {now:,.0f}"


def keys_counted(
    con: duckdb.DuckDBPyConnection, before: pa.Table, now: pa.Table, holds: Literal["projects", "credits"]
) -> Keys:
    """How many projects or transactions two canonical tables have, of which only one."""
    con.register("before_rows", before)
    con.register("now_rows", now)
    return _keys(con, holds)


def _keys(con: duckdb.DuckDBPyConnection, holds: str) -> Keys:
    key = _IDENTITY[holds]
    ((known, disappeared, appeared),) = con.execute(f"""
        select
            (select count(*) from before_rows),
            (select count(*) from before_rows anti join now_rows using ({key})),
            (select count(*) from now_rows anti join before_rows using ({key}))
    """).fetchall()
    return Keys("projects" if holds == "projects" else "transactions", known, disappeared, appeared)


def _keys_lost(con: duckdb.DuckDBPyConnection, holds: str, bounds: Bounds) -> Iterator[str]:
    keys = _keys(con, holds)
    known, lost = keys.before, keys.disappeared
    is_all = lost == known >= bounds.min_rows_all_gone
    if is_all or (known >= bounds.min_rows_of_shares and lost > known * bounds.max_keys_lost):
        yield keys.in_words
    elif (
        known >= bounds.min_rows_of_shares
        and not keys.appeared
        and lost > max(1, known * bounds.max_keys_lost_without_new)
    ):
        yield f"{keys.in_words}: this may be an older file"


def _rewritten(con: duckdb.DuckDBPyConnection, holds: str, columns: list[str], bounds: Bounds) -> Iterator[str]:
    key = _IDENTITY[holds]
    compared = [name for name in columns if name not in _NEVER_COMPARED]
    counts = ", ".join(
        f"count(*) filter (b.{quote(name)} is not null), "
        f"count(*) filter (b.{quote(name)} is not null and b.{quote(name)} is distinct from n.{quote(name)})"
        for name in compared
    )
    (found,) = con.execute(f"select {counts} from before_rows b join now_rows n using ({key})").fetchall()
    for name, filled, other in zip(compared, found[::2], found[1::2], strict=True):
        if filled >= bounds.min_rows_of_shares and other > filled * bounds.max_rewritten:
            yield f"the column {name} says something else in {other:,} of {filled:,} rows"


def _relabelled(con: duckdb.DuckDBPyConnection, bounds: Bounds) -> Iterator[str]:
    """Serial numbers that stood under one type and now stand under others only."""
    ((known, moved),) = con.execute("""
        with types as (
            select
                serial_number,
                list(distinct b.transaction_type) as before,
                (
                    select list(distinct n.transaction_type) from now_rows n where n.serial_number = b.serial_number
                ) as now
            from before_rows b
            where serial_number is not null
            group by serial_number
        )
        select count(*), count(*) filter (not list_has_any(before, now)) from types where now is not null
    """).fetchall()
    if known >= bounds.min_rows_of_shares and moved > known * bounds.max_relabelled:
        yield f"{moved:,} of {known:,} serial numbers stand under another transaction type"


def _days_back(con: duckdb.DuckDBPyConnection, bounds: Bounds) -> Iterator[str]:
    ((before, now),) = con.execute("""
        select (select max(transaction_date) from before_rows), (select max(transaction_date) from now_rows)
    """).fetchall()
    if before and now and (before - now).days > bounds.max_days_back:
        yield f"the newest transaction is of {now}, {(before - now).days} days before that of the file in use: {before}"
