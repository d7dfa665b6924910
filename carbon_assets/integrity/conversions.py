"""Conversions: credits that a host registry cancels so that a programme issues them anew.

Which words of a registry say so (`configs/integrity/conversions.csv`), and both sides as relations. Whether the sides match belongs in
`double_counting.py`, which rows of the host give way in `replaced_at_host.py`.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import duckdb
import pyarrow as pa

from carbon_assets.base.configs import ConfigError, refuse_moved
from carbon_assets.base.errors import Faults
from carbon_assets.base.known_words import why_unknown
from carbon_assets.base.lists import load_list, word_key

COLUMNS = ("registry", "text", "program", "due_after_days", "note")
OPTIONAL = ("due_after_days",)
_PROGRAM_COLUMNS = ("program", "name", "registry", "is_compliance", "markers", "note")


def load(configs: Path, registries: Collection[str]) -> list[dict[str, str]]:
    """The rows of the list of conversions. Raises `ConfigError` with all that is wrong: a row that names no registry or programme, two
    that contradict each other."""
    refuse_moved(configs)
    known = load_list(configs / "protocols" / "programs", _PROGRAM_COLUMNS, key=("program",))
    programs = {row["program"] for row in known}
    rows = load_list(configs / "integrity" / "conversions", COLUMNS, key=("registry", "text"), optional=OPTIONAL)
    faults = Faults()
    for row in rows:
        reasons = (
            why_unknown("registry", row["registry"], registries, "configs/registries"),
            why_unknown("program", row["program"], programs, "configs/protocols/programs.csv"),
            None if word_key(row["text"]) else "needs a text",
        )
        faults.add(*(f"{row['place']}: {reason}" for reason in reasons if reason))
    faults.result_of(days_due, rows)
    faults.refuse(ConfigError)
    return rows


def days_due(conversions: list[dict[str, str]]) -> dict[tuple[str, str], int]:
    """Registry and programme -> the days by which the other side of a conversion is due, where the list states them. Raises
    `ConfigError` where its rows state several."""
    stated: dict[tuple[str, str], dict[str, str]] = {}
    for row in conversions:
        if not (text := row["due_after_days"]):
            continue
        if not (text.isascii() and text.isdecimal()):
            raise ConfigError(f"{row['place']}: due_after_days is a number of days or blank, not {text!r}")
        first = stated.setdefault((row["registry"], row["program"]), row)
        if int(first["due_after_days"]) != int(text):
            raise ConfigError(
                f"{row['place']}: due_after_days is {text} here, {first['due_after_days']} in {first['place']}: "
                f"{row['registry']} has one for {row['program']}"
            )
    return {pair: int(row["due_after_days"]) for pair, row in stated.items()}


def prepare(con: duckdb.DuckDBPyConnection, credits: Path, conversions: list[dict[str, str]]) -> None:
    """Make `events`, all transactions of `credits` (harmonized); of them `cancelled`, what hosts cancelled for a programme, and
    `issued`, what programmes issued in place of a host's credits."""
    con.execute(
        "create or replace temp table events as select *, split_part(source, '/', 1) as publisher "
        "from read_parquet($credits)",
        {"credits": str(credits)},
    )
    programs = {(row["registry"], word_key(row["text"])): row["program"] for row in conversions}
    said = con.execute("""
        select distinct publisher, unnest([cancellation_reason, cancellation_note]) as text
        from events where transaction_type = 'cancellation' and not is_host_replacement
    """).fetchall()
    meant = [(publisher, text, programs.get((publisher, word_key(text)))) for publisher, text in said if text]
    names = ("publisher", "text", "program")
    columns = {name: pa.array([row[place] for row in meant], pa.string()) for place, name in enumerate(names)}
    con.register("meanings", pa.table(columns))
    con.execute("""
        create or replace temp table cancelled as
        select
            event.credit_id, event.publisher as registry, coalesce(reason.program, note.program) as program,
            event.project_id, event.vintage, event.quantity, event.transaction_date as day, event.issued_on
        from (select * from events where transaction_type = 'cancellation' and not is_host_replacement) event
        left join meanings reason on reason.publisher = event.publisher and reason.text = event.cancellation_reason
        left join meanings note on note.publisher = event.publisher and note.text = event.cancellation_note
        where coalesce(reason.program, note.program) is not null and event.quantity > 0
    """)
    # What is issued in place of the host's credits, whoever says so: a programme needs no conversion to be checked.
    con.execute("""
        create or replace temp table issued as
        select
            credit_id, registry, publisher as program, project_id, vintage, vintage_start, vintage_end, quantity,
            coalesce(transaction_date, issued_on) as day
        from events where is_host_replacement and transaction_type = 'issuance' and quantity > 0
    """)
