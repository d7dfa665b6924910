"""The decimal mark of a file, told by the shapes of its numbers and by what its other cells say of their sizes.

What one number is read as by a mark belongs in `cells.sql`.
"""

from __future__ import annotations

from carbon_assets.base.sqltext import literal
from carbon_assets.registries.form_votes import Cells, Votes, impossible, settled

_MARKS = ("a decimal point", "a decimal comma")


def decimal_mark(file: Cells) -> str | None:
    """'.' or ','; None where the file does not tell. Raises `readers.UnreadableFile` where it proves both."""
    votes = _votes_of_shapes(file)
    if not votes.are_sure and (votes.first or votes.second or votes.undecided):
        for evidence in (_votes_of_sizes, _votes_of_totals, _votes_of_whole_credits, _votes_of_typed_cells):
            told = evidence(file)
            if told.first or told.second:
                votes = votes.outweighed_by(told)
                break
        else:
            if votes.undecided and not (votes.first or votes.second):
                return _published_mark(file)
    is_point = settled(votes, file.known, _MARKS)
    if is_point is False and votes.second < file.known.min_cells_of_decimal_comma:
        return None
    return None if is_point is None else "." if is_point else ","


def _distinct(file: Cells, *types: str) -> str | None:
    """A query of the distinct cells with a mark, as `cell`, `number` and how often they occur."""
    cells = file.of_types(*types).values()
    if not cells:
        return None
    return f"""
        select cell, bare_number(cell) as number, n from (
            select cell, count(*) as n from (select unnest([{", ".join(cells)}]) as cell from raw r)
            where contains(cell, '.') or contains(cell, ',') group by cell
        )
    """


def _votes_of_shapes(file: Cells) -> Votes:
    """What the distinct cells of the columns tell by their shapes; those without a mark tell nothing."""
    if not (distinct := _distinct(file, "tonnes", "count")):
        return Votes()
    ((numbers,),) = file.con.execute(f"create or replace temp table numbers as {distinct}").fetchall()
    if not numbers:
        return Votes()
    ((first, second, undecided, *examples),) = file.con.execute("""
        select
            coalesce(sum(n) filter (tells_point(number)), 0)::bigint, coalesce(sum(n) filter (tells_comma(number)), 0)::bigint,
            coalesce(sum(n) filter (tells_no_mark(number)), 0)::bigint,
            min(cell) filter (tells_point(number)), min(cell) filter (tells_comma(number))
        from numbers
    """).fetchall()
    return Votes(first, second, undecided, (examples[0], examples[1]))


def _votes_of_sizes(file: Cells) -> Votes:
    """What the sizes of serial blocks tell of the quantities of their rows: 8.000 for units 1000 to 8999 is 8,000."""
    if "quantity" not in file.cells or not (size := _size(file)):
        return Votes()
    ((point, comma),) = file.con.execute(f"""
        with sized as (
            select as_tonnes(cell, '.') as by_point, as_tonnes(cell, ',') as by_comma, size
            from (select {file.cells["quantity"]} as cell, {size} as size from raw r)
            where (contains(cell, '.') or contains(cell, ',')) and size is not null
        )
        select
            count(*) filter (by_point = size and by_comma is distinct from size),
            count(*) filter (by_comma = size and by_point is distinct from size)
        from sized
    """).fetchall()
    return Votes(point, comma) if bool(point) != bool(comma) else Votes()


def _size(file: Cells) -> str | None:
    """SQL of how many units a row's serial numbers span."""
    cells = file.cells
    if {"serial_start", "serial_end"} <= set(cells):
        return f"as_count({cells['serial_end']}, null) - as_count({cells['serial_start']}, null) + 1"
    return file.by_serial(
        ("start", "end"), lambda start, end: f"try_cast({end} as bigint) - try_cast({start} as bigint) + 1"
    )


def _votes_of_totals(file: Cells) -> Votes:
    """Which mark makes tonnes more than the total that they are part of: 425 of 41,000 are not of 41."""
    stated = [(name, column.at_least) for name, column in file.spec.columns.items() if column.at_least]
    pairs = [
        (file.cells[whole], file.cells[part])
        for whole, part in [*stated, ("quantity", "buffer_quantity")]
        if {whole, part} <= set(file.cells)
    ]
    return impossible(file, "as_tonnes", pairs, ("'.'", "','"))


def _votes_of_whole_credits(file: Cells) -> Votes:
    """Where credits are whole, 1,790 has no decimals: its mark groups thousands. 1,000 can be either."""
    distinct = _distinct(file, "tonnes")
    if not distinct or not file.registry.writes.whole_credits or file.raw.delimiter is None:
        return Votes()
    ((with_commas, with_points),) = file.con.execute(f"""
        with numbers as ({distinct})
        select count(*) filter (contains(number, ',')), count(*) filter (contains(number, '.'))
        from numbers where tells_no_mark(number) and regexp_full_match(number, '[+-]?[1-9].*') and not number like '%000'
    """).fetchall()
    return Votes(with_commas, with_points)


def _votes_of_typed_cells(file: Cells) -> Votes:
    """In formats that know numbers, such as JSON, 1.273 is one, and its mark is the point."""
    if file.registry.writes.whole_credits or file.raw.delimiter is not None:
        return Votes()
    return Votes(_undecided_with(file, "."))


def _undecided_with(file: Cells, mark: str) -> int:
    """How many distinct numbers have this mark and two readings."""
    if not (distinct := _distinct(file, "tonnes", "count")):
        return 0
    query = f"select count(*) from ({distinct}) where tells_no_mark(number) and contains(number, {literal(mark)})"
    ((numbers,),) = file.con.execute(query).fetchall()
    return numbers


def _published_mark(file: Cells) -> str | None:
    """The mark of the registry's own files, for one that is written as they are.

    It is not where a workbook or JSON has a number that is not whole, though credits are, or text has one with three decimals
    (515.000 may be grouped); nor where thousands seem to be grouped,
    though a registry that issues parts of credits does not do so.
    """
    writes = file.registry.writes
    if writes.whole_credits:
        is_written_so = file.raw.delimiter is not None and not _undecided_with(file, writes.decimal_mark or ".")
    else:
        is_written_so = not _undecided_with(file, "." if writes.decimal_mark == "," else ",")
    return writes.decimal_mark if file.is_as_published and is_written_so else None
