"""The same table written differently: seeded re-writings of a whole sample that leave its meaning as it is.

A mutant draws one form of numbers, one of days, blanks, headers and rows for its file; `form_files.py` draws the format. What
must become of it belongs to the tests. No registry is named here: columns are known by the table's description.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from carbon_assets.base.readers import LINE, header_key
from carbon_assets.registries import form_votes, normalize
from carbon_assets.registries.cells import EDGE_BLANKS
from carbon_assets.registries.description import Writes
from tests.kit.places import HOME
from tests.kit.sample_tables import Records, Sample

SIZES_OF_SUBSETS = (1, 1, 2, 2, 3, 3, 5, 8, 13)
SHARE_OF_CELLS_WITH_EDGE_BLANKS = 0.15


# --- what the cells of a sample mean --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Number:
    """A number as the sample writes it, without its groups: sign, digits before and after the mark."""

    sign: str
    whole: str
    decimals: str

    @property
    def value(self) -> int | float:
        """As a spreadsheet or JSON holds it."""
        number = Decimal(f"{self.sign}{self.whole}.{self.decimals or '0'}")
        return int(number) if number == number.to_integral_value() else float(number)


@dataclass(frozen=True)
class Meaning:
    """A sample's header, the kind of each column (number, day, year, text), and cells: `Number` or `date` where a cell of such a
    column is one, else the text. `is_read`: the table is made of the column. `writes`: how the registry writes its files."""

    header: tuple[str, ...]
    kinds: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    is_read: tuple[bool, ...]
    writes: Writes


_KINDS = {"tonnes": "number", "count": "number", "date": "day", "year": "year"}
_DAY = re.compile(
    r"\s*(?:(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)|(?P<a>\d{1,2})/(?P<b>\d{1,2})/(?P<year>\d{4}))"
    r"(?:[T ]+\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)? ?(?:[AP]M)?Z?)?\s*"
)


def meaning_of(sample: Sample) -> Meaning:
    """What the sample says, told from its description and its cells."""
    records = records_of(sample)
    width = len(records.header)
    rows = [row + [""] * (width - len(row)) for row in records.filled]
    kinds, is_read = _kinds(sample, records.header)
    mark, day_first = _own_form(rows, kinds)
    for place in range(width):
        days = [_as_day(row[place], day_first) for row in rows if row[place].strip()]
        if not is_read[place] and days and all(days):
            kinds[place] = "day"  # of no meaning here, but evidence of how the file writes its days
    readers: dict[str, Callable[[str], object]] = {
        "number": lambda cell: _as_number(cell, mark or "."),
        "day": lambda cell: _as_day(cell, day_first),
    }
    read = [readers.get(kind, lambda cell: cell) for kind in kinds]
    cells = [tuple(read[place](cell) or cell for place, cell in enumerate(row)) for row in rows]
    return Meaning(tuple(records.header), tuple(kinds), tuple(cells), tuple(is_read), sample.registry.writes)


def records_of(sample: Sample) -> Records:
    """The cells of a sample in any format; delimited ones read by another reader than the project's."""
    if sample.path.name.removesuffix(".gz").endswith((".csv", ".txt")):
        records = Records.of(sample.content)
        return Records(records.header, [row[: len(records.header)] for row in records.rows])
    raw = normalize.read_file(sample.registry, sample.table, sample.path.name, sample.content)
    return Records(list(raw.header.values()), [list(row.values()) for row in raw.rows.drop_columns([LINE]).to_pylist()])


def _kinds(sample: Sample, header: Sequence[str]) -> tuple[list[str], list[bool]]:
    """The kind of each column, and whether the table is read from it. A column whose text is taken apart is text."""
    kinds: dict[str, set[str]] = {}
    for name, column in sample.spec.columns.items():
        is_whole = not (column.extract or column.extract_all or column.replace or column.values or column.resolve)
        kind = _KINDS.get(sample.spec.cell_type(name), "text") if is_whole and not column.prefix else "text"
        for published in column.names:
            kinds.setdefault(header_key(published), set()).add(kind)
    words = [*sample.spec.where, *(name for label in sample.spec.labels for name in label.names)]
    for published in words:
        kinds.setdefault(header_key(published), set()).add("text")
    found = [kinds.get(header_key(name), set()) for name in header]
    return [next(iter(kind)) if len(kind) == 1 else "text" for kind in found], [bool(kind) for kind in found]


def _own_form(rows: Sequence[Sequence[str]], kinds: Sequence[str]) -> tuple[str | None, bool | None]:
    numbers = [row[place].strip() for row in rows for place, kind in enumerate(kinds) if kind == "number"]
    marks = {mark for cell in numbers for mark in ".," if readings(cell) == {mark}}
    days = [_DAY.fullmatch(row[place]) for row in rows for place, kind in enumerate(kinds) if kind == "day"]
    ordered = [(int(day["a"]), int(day["b"])) for day in days if day and day["a"]]
    orders = {a > 12 for a, b in ordered if (a > 12) != (b > 12)}
    return marks.pop() if len(marks) == 1 else None, orders.pop() if len(orders) == 1 else None


def readings(cell: str) -> set[str]:
    """The decimal marks by which a cell with a mark is a number; both where it has no mark, none where it is no number."""
    plain = r"[+-]?(?:\d+|\d{1,3}(?:G\d{3})+|\d{1,2}(?:G\d\d)+G\d{3})(?:M\d+)?"
    return {
        mark
        for mark, group in (".,", ",.")
        if re.fullmatch(plain.replace("G", f"[{group}]").replace("M", f"[{mark}]"), cell)
    }


def _as_number(cell: str, mark: str) -> Number | None:
    bare = cell.strip().replace("," if mark == "." else ".", "").replace(mark, ".")
    parts = re.fullmatch(r"([+-]?)(\d+)(?:\.(\d+))?", bare)
    if not parts or mark not in readings(cell.strip()):
        return None
    return Number(parts[1].replace("+", ""), parts[2], parts[3] or "")


def _as_day(cell: str, day_first: bool | None) -> date | None:
    """The day, in UTC; None for cells with an offset too, of which this module does not reckon the day."""
    parts = _DAY.fullmatch(cell)
    if not parts or (parts["a"] and day_first is None):
        return None
    y, m, d = (parts["y"], parts["m"], parts["d"]) if parts["y"] else (parts["year"], parts["a"], parts["b"])
    if parts["a"] and day_first:
        m, d = d, m
    try:
        return date(int(y), int(m), int(d))
    except ValueError:
        return None


# --- forms of numbers -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NumberForm:
    """How a file writes all its numbers. `whole_ends_with`: what follows the mark of whole numbers; None: no mark."""

    mark: str
    group: str = ""
    is_indian: bool = False
    whole_ends_with: str | None = None
    minus: str = "-{}"

    def __str__(self) -> str:
        return f"numbers as {self.write(Number('-', '1234567', '5'))!r} and {self.write(Number('', '1234', ''))!r}"

    def write(self, number: Number) -> str:
        whole = _grouped(number.whole, self.group, 2 if self.is_indian else 3)
        decimals = number.decimals or self.whole_ends_with
        text = whole if decimals is None else f"{whole}{self.mark}{decimals}"
        return self.minus.format(text) if number.sign else text


CLEAR_NUMBERS = NumberForm(".")


def clear_number(number: Number) -> str:
    """A number that has one reading, whatever stands in the rest of its file."""
    text = CLEAR_NUMBERS.write(number)
    return f"{text}0" if len(number.decimals) == 3 else text


def _grouped(digits: str, group: str, by: int) -> str:
    if not group or len(digits) <= 3:
        return digits
    head, tail = digits[:-3], digits[-3:]
    first = len(head) % by
    groups = [head[:first]] * bool(first) + [head[at : at + by] for at in range(first, len(head), by)]
    return group.join([*groups, tail])


_BLANK_GROUPS = " \u00a0\u2007\u2009\u202f"


def draw_number_form(rng: random.Random) -> NumberForm:
    """Any form of numbers that people and programs write."""
    mark = rng.choice(".,")
    other = "," if mark == "." else "."
    group = rng.choice(["", "", other, other, other, rng.choice(_BLANK_GROUPS), rng.choice("'’")])
    return NumberForm(
        mark,
        group,
        is_indian=group == other == "," and rng.random() < 0.4,
        whole_ends_with=rng.choice([None, None, None, "0", "00", "000000"]),
        minus=rng.choice(["-{}", "−{}", "{}-"]),
    )


# --- forms of days --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DayForm:
    """How a file writes all its days: the pieces of a day, and of the time of day behind it."""

    pattern: str
    months: tuple[str, ...] = ()
    clock: str = ""
    offset: str = ""
    hour: int = 0

    @property
    def day_first(self) -> bool | None:
        """Whether days lead; None where the form leaves no question."""
        if self.months or self.pattern.startswith("{y"):
            return None
        return self.pattern.startswith("{d")

    def __str__(self) -> str:
        return f"days as {self.write(date(2024, 7, 5))!r}"

    def write(self, day: date) -> str:
        """The day, with a time of day in the zone of the offset that is of the same day in UTC."""
        moment = datetime.combine(day, time(self.hour, 30)) + _hours(self.offset)
        month = self.months[moment.month - 1] if self.months else ""
        text = self.pattern.format(y=moment.year, m=moment.month, d=moment.day, month=month, th=_ordinal(moment.day))
        return text + moment.strftime(self.clock) + self.offset


def _hours(offset: str) -> timedelta:
    parts = re.fullmatch(r" ?([+-])(\d\d):?(\d\d)?", offset)
    if not parts:
        return timedelta()
    return timedelta(hours=int(parts[2]), minutes=int(parts[3] or 0)) * (-1 if parts[1] == "-" else 1)


def _ordinal(day: int) -> str:
    return "th" if day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


_IN_NUMBERS = [
    *("{y}-{m:02}-{d:02}", "{y}/{m:02}/{d:02}", "{y}.{m}.{d}", "{y}{m:02}{d:02}"),
    *(form.replace("/", mark) for form in ("{d:02}/{m:02}/{y}", "{d}/{m}/{y}", "{m:02}/{d:02}/{y}", "{m}/{d}/{y}") for mark in "/-."),
]  # fmt: skip
_IN_WORDS = ("{d} {month} {y}", "{d:02}-{month}-{y}", "{month} {d}, {y}", "{d}{th} {month} {y}", "{month} {d}{th}, {y}", "{d} de {month} de {y}", "{d}. {month} {y}", "{d}/{month}/{y}")  # fmt: skip
_CLOCKS = ("", "", " %H:%M", " %H:%M:%S", "T%H:%M:%S", " %I:%M %p", " %I:%M:%S%p", " %H:%M:%S.250")
_OFFSETS = ("", "Z", " UTC", "+00:00", " +05:30", "-08:00", "+1400", " -03")


def draw_day_form(rng: random.Random) -> DayForm:
    """Any form of days that people and programs write, with the words of `configs/intake/forms.yml`."""
    clock = rng.choice(_CLOCKS)
    offset = rng.choice(_OFFSETS) if clock else ""
    hour = rng.randrange(24)
    if rng.random() < 0.7:
        pattern = rng.choice(_IN_NUMBERS)
        return DayForm(pattern, clock=" %H:%M" if clock and "-" not in pattern else clock, offset=offset, hour=hour)
    known = form_votes.load_knowledge(HOME / "configs").months
    written = rng.choice([str.capitalize, str.upper, str.lower])
    months = tuple(written(rng.choice(known[month])) for month in range(1, 13))
    return DayForm(rng.choice(_IN_WORDS), months, clock.replace("T", " "), offset, hour)


CLEAR_DAYS = DayForm(_IN_NUMBERS[0])


def clear_day(day: date) -> str:
    """A day that has one reading."""
    return day.isoformat()


# --- the whole table ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rewritten:
    """A table in other words: header, rows of cells (text; `Number` and `date` where a format has types of its own), which rows of
    the sample they are, and what was done."""

    header: list[str]
    rows: list[list[object]]
    kinds: list[str]
    of_sample: list[int]
    steps: list[str] = field(default_factory=list)


def clear(meaning: Meaning, of_sample: Sequence[int]) -> bytes:
    """Rows of the sample as a file in which every cell has one reading."""
    write = {Number: clear_number, date: clear_day}
    rows = [[write.get(type(cell), str)(cell) for cell in meaning.rows[row]] for row in of_sample]
    return Records(list(meaning.header), rows).content()


def draw_rows(rng: random.Random, meaning: Meaning) -> list[int]:
    """Some rows or all, in any order. There are few subsets, so that what each says is reckoned once."""
    everything = range(len(meaning.rows))
    size = rng.choice([*SIZES_OF_SUBSETS, len(everything), len(everything)])
    chosen = random.Random(f"{size}/{rng.randrange(2)}").sample(everything, min(size, len(everything)))
    rng.shuffle(chosen)
    return chosen


def without_twins(meaning: Meaning, of_sample: Sequence[int]) -> list[int]:
    """The rows without those that stand there already: what numbers its rows makes twins two rows."""
    return list({meaning.rows[row]: row for row in of_sample}.values())


_BLANK_CELLS = ("", "", "", "N/A", "null", "-", "–", "\u00a0")


def rewritten(rng: random.Random, meaning: Meaning, of_sample: list[int], number: NumberForm, day: DayForm, is_typed: bool) -> Rewritten:  # fmt: skip
    """The rows in the given forms. `is_typed`: numbers and days stay what they are, for a format that has types."""
    blank = rng.choice(_BLANK_CELLS)
    year_ends = rng.choice(["", "", ".0", ",0"])
    has_blanks = rng.random() < 0.5

    def written(cell: object, kind: str, is_read: bool) -> object:
        if isinstance(cell, Number | date):
            if is_typed:
                return cell
            text = number.write(cell) if isinstance(cell, Number) else day.write(cell)
        elif kind != "text" and is_read and not cell:
            return blank
        else:
            text = f"{cell}{year_ends}" if kind == "year" and re.fullmatch(r"\d{4}", cell) else cell
        return _with_edge_blanks(rng, text) if has_blanks and (text or is_read) else text

    columns = list(zip(meaning.kinds, meaning.is_read, strict=True))
    rows = [
        [written(cell, *column) for cell, column in zip(meaning.rows[row], columns, strict=True)] for row in of_sample
    ]
    steps = [f"{len(rows)} rows {of_sample}"]
    steps += ["typed cells"] if is_typed else [str(number), str(day)]
    steps += [f"blank values as {blank!r}", f"years end with {year_ends!r}"]
    steps += ["blanks at the edges of cells"] if has_blanks else []
    return _with_another_header(rng, Rewritten(list(meaning.header), rows, list(meaning.kinds), of_sample, steps))


def _with_edge_blanks(rng: random.Random, text: str) -> str:
    if rng.random() > SHARE_OF_CELLS_WITH_EDGE_BLANKS:
        return text
    blanks = [blank for blank in EDGE_BLANKS if blank not in "\r\v\f"]
    return rng.choice(["", rng.choice(blanks)]) + text + rng.choice(["", rng.choice(blanks)])


def _with_another_header(rng: random.Random, table: Rewritten) -> Rewritten:
    order = list(range(len(table.header)))
    if rng.random() < 0.5:
        rng.shuffle(order)
    case = rng.choice([str, str, str.upper, str.lower, str.title])
    edge = rng.choice(["{}", "{}", " {} ", "{}\u00a0", "\ufeff{}", "{}\u200b"])
    inner = rng.choice([" ", " ", "  ", "\u00a0"])
    header = [
        edge.format(case(table.header[place]).replace(" ", inner)) if table.header[place] else "" for place in order
    ]
    steps = [f"columns in the order {order}", f"header as {next(name for name in header if name)!r}"]
    rows = [[row[place] for place in order] for row in table.rows]
    return Rewritten(header, rows, [table.kinds[place] for place in order], table.of_sample, table.steps + steps)


def _with_index(rng: random.Random, table: Rewritten) -> Rewritten:
    """With a first column that numbers the rows, as programs for data frames write it."""
    name = rng.choice(["", "#", "Unnamed: 0"])
    rows = [[str(number), *row] for number, row in enumerate(table.rows)]
    return Rewritten([name, *table.header], rows, ["text", *table.kinds], table.of_sample, [*table.steps, "an index"])


def is_open(table: Rewritten) -> tuple[bool, bool]:
    """Whether no cell of the table tells its decimal mark, though some have two readings; likewise its order of day and month.
    Only what the registry is known to write can tell then."""
    cells = [(kind, str(cell).strip()) for row in table.rows for kind, cell in zip(table.kinds, row, strict=True)]
    numbers = [readings(cell) for kind, cell in cells if kind == "number" and re.search("[.,]", cell)]
    days = [re.match(r"(\d{1,2})[-/.](\d{1,2})[-/.]\d{4}", cell) for kind, cell in cells if kind == "day"]
    orders = [(int(day[1]), int(day[2])) for day in days if day]
    return (
        any(len(marks) == 2 for marks in numbers) and not any(len(marks) == 1 for marks in numbers),
        any(a != b and max(a, b) <= 12 for a, b in orders) and not any((a > 12) != (b > 12) for a, b in orders),
    )


FORMATS_OF_REGISTRIES = (",", "xlsx", "json")
"""In these the registry's own way of writing counts where nothing else tells."""


def _misled(writes: Writes, table: Rewritten, number: NumberForm, day: DayForm) -> bool:
    """Whether the table is open to a reading that is not meant and that the registry's own way of writing favours: then nobody
    could tell what it says."""
    has_open_numbers, has_open_days = is_open(table)
    favours_mark = not writes.whole_credits and writes.decimal_mark not in (None, number.mark)
    favours_order = writes.day_first is not None and writes.day_first != day.day_first
    return (has_open_numbers and favours_mark) or (has_open_days and favours_order)


def draw_table(rng: random.Random, meaning: Meaning, format: str) -> Rewritten:
    """The sample in forms that the file itself tells, or that its registry writes where the format is that of its own files."""
    rows = draw_rows(rng, meaning)
    has_index = rng.random() < 0.15
    if has_index or "xlsx" in format:
        rows = without_twins(meaning, rows)
    is_typed = format.startswith("typed")
    number, day = draw_number_form(rng), draw_day_form(rng)
    table = rewritten(rng, meaning, rows, number, day, is_typed)
    is_misled = format in FORMATS_OF_REGISTRIES and _misled(meaning.writes, table, number, day)
    if is_misled:
        table = rewritten(rng, meaning, rows, CLEAR_NUMBERS, CLEAR_DAYS, is_typed)
    return _with_index(rng, table) if has_index else table
