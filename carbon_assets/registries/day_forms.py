"""How a file writes its days: the order of day and month, years of two digits, and the numbers by which spreadsheets count days.

What one day is read as by a form belongs in `cells.sql`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from carbon_assets.base.sqltext import literal, quote
from carbon_assets.registries.form_votes import Cells, Knowledge, Votes, impossible, settled

_ORDERS = ("the day before the month", "the month before the day")
_YEAR_LAST = r"^\d{1,2}[-/.]\d{1,2}[-/.]\d{4}"

# --- the order of day and month ---------------------------------------------------------------------------------------


def day_first(file: Cells, short_years: frozenset[str]) -> bool | None:
    """Whether 03/04/2025 is in April; None where the file does not tell. `short_years`: its columns whose years have two digits.

    Raises `readers.UnreadableFile` where it proves both orders.
    """
    days = {name: _in_full(cell, name in short_years) for name, cell in file.of_types("date").items()}
    votes = _votes_of_shapes(file, days.values())
    if not votes.are_sure and votes.undecided:
        for evidence in (_votes_of_periods, _votes_of_sequence):
            told = evidence(file, days)
            if told.one_sided:
                votes = votes.outweighed_by(told)
                break
        else:
            if not (votes.first or votes.second):
                return _order_of_other_columns(file)
    return settled(votes, file.known, _ORDERS)


def _in_full(cell: str, has_short_year: bool) -> str:
    return f"with_century({cell})" if has_short_year else cell


def _order_of_other_columns(file: Cells) -> bool | None:
    """What columns that nobody reads tell, or else the order of the registry's own files, for one that is written as they are."""
    others = _votes_of_shapes(file, (f"r.{quote(key)}" for key in file.raw.header))
    if others.one_sided:
        return others.first > others.second
    is_untold = not others.first and file.is_as_published
    return file.registry.writes.day_first if is_untold else None


def _votes_of_shapes(file: Cells, cells: Iterable[str]) -> Votes:
    """What the distinct days in numbers tell by themselves: 25/03/2024 and 03/25/2024."""
    listed = ", ".join(cells)
    if not listed:
        return Votes()
    ((days,),) = file.con.execute(f"""
        create or replace temp table days as
        select cell, n from (
            select cell, count(*) as n from (select unnest([{listed}]) as cell from raw r) group by cell
        )
        where regexp_matches(trimmed(cell), {literal(_YEAR_LAST)})
    """).fetchall()
    if not days:
        return Votes()
    ((first, second, undecided, *examples),) = file.con.execute("""
        with told as (
            select *, day_leads(cell) as leads, day_and_month_differ(cell) and as_date(cell, true) is not null as matters from days
        )
        select
            coalesce(sum(n) filter (leads), 0)::bigint, coalesce(sum(n) filter (not leads), 0)::bigint,
            coalesce(sum(n) filter (leads is null and matters), 0)::bigint,
            min(cell) filter (leads), min(cell) filter (not leads)
        from told
    """).fetchall()
    return Votes(first, second, undecided, (examples[0], examples[1]))


_PERIODS = (("vintage_start", "vintage_from"), ("vintage_end", "vintage_to"))
"""Columns of days -> the group of a serial number that says the same day."""


def _votes_of_periods(file: Cells, days: Mapping[str, str]) -> Votes:
    """What the periods in serial numbers tell of the vintage's days in their rows."""
    first = second = 0
    for name, group in _PERIODS:
        day = _day_of_serial(file, group)
        if name in days and day:
            ((leading, trailing),) = file.con.execute(f"""
                with days as (
                    select as_date({days[name]}, true) as a, as_date({days[name]}, false) as b, {day} as day from raw r
                )
                select
                    count(*) filter (a = day and b is distinct from day),
                    count(*) filter (b = day and a is distinct from day)
                from days
            """).fetchall()
            first, second = first + leading, second + trailing
    return Votes(first, second)


def _day_of_serial(file: Cells, group: str) -> str | None:
    return file.by_serial((group, group), lambda day, _: f"cast(try_strptime({day}, '%d%m%Y') as date)")


_SEQUENCES = (
    ("issued_on", "transaction_date"),
    ("vintage_start", "vintage_end"),
    ("crediting_period_start", "crediting_period_end"),
)


def _votes_of_sequence(file: Cells, days: Mapping[str, str]) -> Votes:
    """Which order puts days where they cannot be: a retirement before its issuance, the end of a period before its start."""
    pairs = [(days[later], days[earlier]) for earlier, later in _SEQUENCES if {earlier, later} <= set(days)]
    return impossible(file, "as_date", pairs, ("true", "false"))


# --- forms that a column has throughout, or not at all ------------------------------------------------------------------

_COUNTED_DAY = r"\d{5}([.,]\d*)?"
# No class of all letters: it takes 5 ms to compile, for every file.
_SHORT_YEAR = r"\d{1,2}[-/. ]+([^\d\s/.,-]+\.?|\d{1,2})[-/., ]+\d{2}|[^\d\s/.,-]+\.? \d{1,2},? \d{2}"


def columns_with_a_form(file: Cells) -> tuple[frozenset[str], frozenset[str]]:
    """The columns that hold the numbers of days throughout, and those whose years have two digits throughout, where serial
    numbers or years beside them prove the day or the century."""
    counted, short = _columns_of(file, (_COUNTED_DAY, _SHORT_YEAR))
    counted_days = {name: f"as_counted_day({cell})" for name, cell in counted.items()}
    is_short = any(
        _are_proven(file, {name: f"as_date(with_century({cell}), {order})" for name, cell in short.items()})
        for order in ("true", "false")
    )
    return frozenset(counted if _are_proven(file, counted_days) else ()), frozenset(short if is_short else ())


MAX_ROWS_LOOKED_AT_FIRST = 1_000
"""Their cells tell of most columns that they do not have a form throughout."""


def _columns_of(file: Cells, forms: tuple[str, ...]) -> list[dict[str, str]]:
    """For each form the cells of the columns of days of which every filled cell has it."""
    days = file.of_types("date")
    fitting = [set(days) for _ in forms]
    for limit in (MAX_ROWS_LOOKED_AT_FIRST, len(file.raw.rows)):
        asked = {name: cell for name, cell in days.items() if any(name in names for names in fitting)}
        if not asked:
            break
        names, cells = (", ".join(values) for values in (map(literal, asked), asked.values()))
        fits = ", ".join(f"bool_and(regexp_full_match(cell, {literal(form)}))" for form in forms)
        answers = {
            name: answer
            for name, *answer in file.con.execute(f"""
                select name, {fits} from (
                    select name, trimmed(cell) as cell
                    from (select unnest([{names}]) as name, unnest([{cells}]) as cell from (from raw limit {limit}) r)
                )
                where not is_missing_value(cell) group by name
            """).fetchall()
        }
        is_whole = limit >= len(file.raw.rows)
        for place, columns in enumerate(fitting):
            columns &= {name for name in asked if (answers[name][place] if name in answers else not is_whole)}
        if is_whole:
            break
    return [{name: days[name] for name in days if name in columns} for columns in fitting]


def _are_proven(file: Cells, days: Mapping[str, str]) -> bool:
    """Whether the days (SQL of each column's) are those of serial numbers, or in the years of the vintage, in every row that has
    both."""
    others = [(name, name, _day_of_serial(file, group), 1) for name, group in _PERIODS]
    if "vintage" in file.cells:
        year = f"as_year({file.cells['vintage']})"
        others.append(("vintage_start", "year(vintage_start)", year, file.known.min_rows_of_agreeing_years))
    for name, said, other, needed in others:
        if name in days and other:
            ((same, different),) = file.con.execute(f"""
                with days as (select {days[name]} as {quote(name)}, {other} as other from raw r)
                select count(*) filter ({said} = other), count(*) filter ({said} <> other) from days
            """).fetchall()
            if same >= needed and not different:
                return True
    return False


# --- words ------------------------------------------------------------------------------------------------------------


def macros_of_words(known: Knowledge) -> str:
    """SQL of `day_in_words(day)`: year, month and day of a date with the name of a month; NULL where it has no such form."""
    month_of = {_plain(word): number for number, words in known.months.items() for word in words}
    numbers = ", ".join(f"{literal(word)}: {number}" for word, number in month_of.items())
    ordinal, link = (f"(?:{'|'.join(map(re.escape, words))})" for words in (known.ordinals, known.links))
    # No class of all letters: it takes a millisecond to compile, wherever a date is read.
    day, between, month = rf"(\d{{1,2}}) ?{ordinal}?", rf"[-/., ]+(?:{link} )?", r"([^\d\s/.,-]+)"
    pattern = rf"^(?:{day}{between}{month}|{month}{between}{day}){between}(\d{{4}})$"
    return f"""
create or replace macro day_in_words(day) as list_transform(
    [regexp_extract(
        lower(strip_accents(day)),
        {literal(pattern)},
        ['day', 'month', 'month_before', 'day_after', 'year']
    )],
    lambda t: calendar_day(t.year, map {{{numbers}}}[t.month || t.month_before], t.day || t.day_after)
)[1];
"""


def _plain(word: str) -> str:
    """A word without capitals and accents."""
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c)).lower()
