"""What a registry changed in the form of a file: columns, kinds of cells, blanks, values, ways of writing.

Two profiles are compared; what blocks is said here, who is held back by it is not. Changes of records belong elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import pyarrow as pa
from pydantic import Field
from rapidfuzz import fuzz

from carbon_assets.base import readers
from carbon_assets.base.configs import Model, load_yaml, refuse_moved
from carbon_assets.base.settings import Settings
from carbon_assets.registries import profiles, schema
from carbon_assets.registries.column import Column as Source
from carbon_assets.registries.column import Label
from carbon_assets.registries.description import Registry
from carbon_assets.registries.layouts import layout_in
from carbon_assets.registries.profiles import FORMS, KINDS, Column, Profile, ProfileLimits
from carbon_assets.registries.table import Table
from carbon_assets.snapshots import store as snapshots
from carbon_assets.snapshots.store import Snapshot

MAX_WORDS_SHOWN = 5
"""Of a change of words; how many more there are is said."""


class Limits(Model):
    """The model of `configs/intake/drift.yml`, which says what its keys mean."""

    is_kind: float = Field(gt=0.5, le=1)
    was_kind: float = Field(gt=0, le=0.9)
    enough_to_retype: int = Field(ge=1)
    enough: int = Field(ge=1)
    blanks: float = Field(gt=0, le=1)
    blanks_where_none: float = Field(gt=0, le=1)
    cells_per_word: int = Field(ge=1)
    lost_word: float = Field(gt=0, le=1)
    word_share: float = Field(gt=0, le=1)
    form_share: float = Field(gt=0, le=1)
    name_likeness: float = Field(gt=0, le=1)
    shared_values: float = Field(gt=0, le=1)
    distinct_values: int = Field(ge=2)
    min_letters_of_contained_name: int = Field(ge=1)
    min_distinct_of_many: int = Field(ge=2)
    profiles: ProfileLimits


def load_limits(configs: Path) -> Limits:
    """The limits of `configs/intake/drift.yml`. Raises `ConfigError`."""
    refuse_moved(configs)
    return load_yaml(configs / "intake" / "drift.yml", Limits)


@dataclass(frozen=True)
class Change:
    """One difference, with the fields of `schema.SCHEMA_CHANGES`."""

    column: str
    canonical: str | None
    change: str
    old: str | None
    new: str | None
    blocks: bool
    detail: str


@dataclass(frozen=True)
class _Reading:
    """Which canonical columns a file's column is read into, and whether the table needs one of them."""

    names: tuple[str, ...] = ()
    is_required: bool = False

    @property
    def text(self) -> str | None:
        return ", ".join(self.names) or None


_UNREAD = _Reading()


def compare(old: Profile, new: Profile, spec: Table, limits: Limits) -> list[Change]:
    """What changed from one file of a table to another; what blocks first, then in the order of the columns.

    A file in another layout of the table has other columns: that is one change.
    """
    layouts = [layout_in(spec, [column.name for column in profile.columns.values()]) for profile in (old, new)]
    if None not in layouts and layouts[0] != layouts[1]:
        return [_published_anew(*layouts)]
    spec = spec.by(layouts[1] or layouts[0]) if any(layouts) else spec
    read_before, read_now = _readings(old, spec), _readings(new, spec)
    listed = _listed_renames(old, new, spec)
    gone = [key for key in old.columns if key not in new.columns and key not in listed]
    came = [key for key in new.columns if key not in old.columns and key not in listed.values()]
    likely = _likely_renames(old, new, gone, came, limits)
    changes = []
    for key, column in old.columns.items():
        reading = read_before.get(key, _UNREAD)
        if key in gone and key not in likely:
            changes.append(_removed(column, reading, lost=reading.is_required and not _is_read(reading, read_now)))
            continue
        now = likely.get(key, listed.get(key, key))
        if now != key:
            reading = reading if key in listed else _without(reading, read_now)
            changes.append(_renamed(column, new.columns[now], reading, listed=key in listed))
        changes += _moved(old, new, key, now, reading, limits)
    for key in came:
        if key not in likely.values():
            changes.append(_added(new.columns[key], read_now.get(key, _UNREAD)))
    return sorted(changes, key=lambda change: not change.blocks)


def blocking_reason(changes: Iterable[Change]) -> str | None:
    """Why a file is not used, in one sentence; None where nothing blocks."""
    details = [change.detail for change in changes if change.blocks]
    return f"the file's form has changed: {'; '.join(details)}" if details else None


def between(settings: Settings, registry: Registry, table: str, old: Snapshot, new: Snapshot) -> list[Change]:
    """What changed from one snapshot of a table to another. Raises `readers.UnreadableFile`."""
    limits = load_limits(settings.configs)
    before, now = (profiles.profile_of(settings, registry, table, snapshot, limits.profiles) for snapshot in (old, new))
    return compare(before, now, registry.tables[table], limits)


def schema_changes(settings: Settings, registries: dict[str, Registry]) -> pa.Table:
    """The changes of each snapshot against the last good one before it, as `schema.SCHEMA_CHANGES`."""
    rows = [
        {
            "registry": registry.id, "table": table, "from_snapshot": old.name, "to_snapshot": new.name,
            "observed_at": new.observed_at, **asdict(change),
        }
        for registry in registries.values()
        for table in registry.tables
        for old, new in _pairs(settings, registry.id, table)
        for change in _changes_by_columns(settings, registry, table, old, new)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=schema.SCHEMA_CHANGES)


def _pairs(settings: Settings, registry: str, table: str) -> list[tuple[Snapshot, Snapshot]]:
    """The snapshots that are compared, and each file that could not be read behind the last good one."""
    pairs = snapshots.compared(settings, registry, table)
    good: Snapshot | None = None
    for snapshot in snapshots.distinct(settings, registry, table)[::-1]:
        if good and snapshot.contents and snapshot.contents.unreadable:
            pairs.append((good, snapshot))
        elif snapshots.is_accepted(settings, snapshot):
            good = snapshot
    return sorted(pairs, key=lambda pair: pair[1].observed_at)


def _changes_by_columns(
    settings: Settings, registry: Registry, table: str, old: Snapshot, new: Snapshot
) -> list[Change]:
    """The changes; none for a file that cannot be read for another reason than its columns."""
    try:
        changes = between(settings, registry, table, old, new)
    except readers.UnreadableFile:
        return []
    unreadable = new.contents is not None and new.contents.unreadable is not None
    return changes if not unreadable or blocking_reason(changes) else []


# --- columns --------------------------------------------------------------------------------------------------------


def _readings(profile: Profile, spec: Table) -> dict[str, _Reading]:
    """What each column of a file is read into, by its key."""
    readings: dict[str, _Reading] = {}
    labels: list[tuple[str, Source | Label]] = [("labels", label) for label in spec.labels]
    for name, column in [*spec.columns.items(), *spec.states.items(), *labels]:
        if key := _present(profile, column.names):
            before = readings.get(key, _UNREAD)
            names = before.names if name in before.names else (*before.names, name)
            readings[key] = _Reading(names, before.is_required or name in spec.required)
    return readings


def _present(profile: Profile, names: Iterable[str]) -> str | None:
    return next((key for key in map(readers.header_key, names) if key in profile.columns), None)


def _is_read(reading: _Reading, now: dict[str, _Reading]) -> bool:
    """Whether another column is read into the same canonical ones."""
    found = {name for other in now.values() for name in other.names}
    return set(reading.names) <= found


def _without(reading: _Reading, now: dict[str, _Reading]) -> _Reading:
    """A reading that a rename has ended, unless another column took its place."""
    return _Reading(reading.names, reading.is_required and not _is_read(reading, now))


def _listed_renames(old: Profile, new: Profile, spec: Table) -> dict[str, str]:
    """Old key -> new key, where the table's description gives both names to one column."""
    renames = {}
    for column in spec.sources:
        before, now = _present(old, column.names), _present(new, column.names)
        if before and now and before not in new.columns and now not in old.columns:
            renames[before] = now
    return renames


def _likely_renames(old: Profile, new: Profile, gone: list[str], came: list[str], limits: Limits) -> dict[str, str]:
    """Old key -> new key of columns that are probably one; the likeliest pairs first, each column once."""
    scores = {}
    for before, now in product(gone, came):
        is_beside = _left_neighbour(old, new, before) == _left_neighbour(new, old, now)
        if score := _same_column(old.columns[before], new.columns[now], is_beside, limits):
            scores[before, now] = score
    renames: dict[str, str] = {}
    for before, now in sorted(scores, key=lambda pair: (-scores[pair], pair)):
        if before not in renames and now not in renames.values():
            renames[before] = now
    return renames


def _left_neighbour(profile: Profile, other: Profile, key: str) -> str | None:
    """The nearest column to the left that both files have."""
    place = profile.columns[key].place
    shared = [near for near, column in profile.columns.items() if column.place < place and near in other.columns]
    return shared[-1] if shared else None


def _same_column(old: Column, new: Column, is_beside: bool, limits: Limits) -> float | None:
    """How sure it is that two columns are one, NULL where it is not likely.

    Names with other numbers (1st and 2nd period) are of other columns. Alike names count unless the values of texts
    contradict them, the same values of texts wherever they are many, and other values only in the same place.
    """
    if old.filled and new.filled and not set(_kinds(old, limits)) & set(_kinds(new, limits)):
        return None
    if re.findall(r"\d+", old.name) != re.findall(r"\d+", new.name):
        return None
    likeness, shared = _likeness(old.name, new.name, limits), _shared_values(old, new, limits)
    are_many = min(old.distinct, new.distinct) >= limits.distinct_values
    are_texts = "text" in _kinds(old, limits) and "text" in _kinds(new, limits)
    contradicted = are_many and are_texts and shared < 1 - limits.is_kind
    is_same_by_values = shared >= limits.shared_values and (
        (are_many and are_texts)
        or (is_beside and min(old.distinct, new.distinct) > 1 and _same_words(old, new, limits))
    )
    if is_same_by_values or (likeness >= limits.name_likeness and not contradicted):
        return likeness + shared + is_beside
    return None


def _likeness(a: str, b: str, limits: Limits) -> float:
    """How alike two names are: in their letters, or as one that only adds words to the other."""
    a, b = (" ".join(re.findall(r"\w+", name.casefold())) for name in (a, b))
    is_longer = min(len(a), len(b)) >= limits.min_letters_of_contained_name and fuzz.token_set_ratio(a, b) == 100
    return 1.0 if is_longer else fuzz.token_sort_ratio(a, b) / 100


def _shared_values(a: Column, b: Column, limits: Limits) -> float:
    """The share of the distinct values of the smaller column that the other has too, estimated from the sketches."""
    both = sorted({*a.sketch, *b.sketch})[: limits.profiles.sketch_size]
    if not a.sketch or not b.sketch:
        return 0.0
    alike = len(set(both) & set(a.sketch) & set(b.sketch)) / len(both)
    return min(1.0, alike / (1 + alike) * (a.distinct + b.distinct) / min(a.distinct, b.distinct))


def _same_words(old: Column, new: Column, limits: Limits) -> bool:
    """Whether no word of two columns with few has another share; true of columns with many."""
    if not old.values or not new.values:
        return True
    words = {*old.values, *new.values}
    return all(
        abs(old.values.get(word, 0) / old.filled - new.values.get(word, 0) / new.filled) < limits.word_share
        for word in words
    )


def _published_anew(before: str | None, now: str | None) -> Change:
    detail = f"the table is published in another layout: {before!r} before, {now!r} now"
    return Change("all", None, "layout", before, now, blocks=False, detail=detail)


def _removed(column: Column, reading: _Reading, *, lost: bool) -> Change:
    name = f"the required column {column.name!r}" if reading.is_required else f"column {column.name!r}"
    detail = f"{name} is gone" + (
        f"; {reading.text} was read from it" if reading.names else "; nothing was read from it"
    )
    return Change(column.name, reading.text, "removed", _described(column), None, lost, detail)


def _added(column: Column, reading: _Reading) -> Change:
    use = f"{reading.text} is read from it" if reading.names else "nothing is read from it"
    detail = f"column {column.name!r} is new ({_described(column)}); {use}"
    return Change(column.name, reading.text, "added", None, _described(column), False, detail)


def _renamed(old: Column, new: Column, reading: _Reading, *, listed: bool) -> Change:
    blocks = reading.is_required and not listed
    likely = "is" if listed else "is probably"
    name = f"the required column {old.name!r}" if reading.is_required else f"column {old.name!r}"
    detail = f"{name} {likely} {new.name!r} now"
    if reading.names and not listed:
        detail += f"; {reading.text} is not read from it until the registry's description lists that name"
    return Change(new.name, reading.text, "renamed", old.name, new.name, blocks, detail)


def _described(column: Column) -> str:
    """A column in few words."""
    if not column.filled:
        return "blank"
    kind = max(KINDS, key=lambda kind: (column.share(kind), -KINDS.index(kind)))
    words = _quoted(column.values) if column.values and kind in ("text", "flag") else ""
    return f"{kind}: {words}" if words else f"{kind}, {column.distinct} distinct"


# --- cells ----------------------------------------------------------------------------------------------------------


def _moved(old: Profile, new: Profile, key: str, now: str, reading: _Reading, limits: Limits) -> Iterator[Change]:
    """What changed in the cells of one column. Where the kind has changed, its words and forms have too: not told twice."""
    before, after = old.columns[key], new.columns[now]
    yield from _blanks_moved(old, new, key, now, reading, limits)
    if retyped := _retyped(before, after, reading, limits):
        yield retyped
        return
    yield from _words_moved(before, after, reading, limits)
    yield from _forms_moved(before, after, reading, limits)


def _kinds(column: Column, limits: Limits) -> list[str]:
    return [kind for kind in KINDS if column.share(kind) >= limits.is_kind]


def _retyped(old: Column, new: Column, reading: _Reading, limits: Limits) -> Change | None:
    """The cells were of a kind, and are of none of the kinds that they were of."""
    kinds = _kinds(old, limits)
    if not kinds or min(old.filled, new.filled) < limits.enough_to_retype:
        return None
    if any(new.share(kind) >= limits.was_kind for kind in kinds):
        return None
    now = max(KINDS, key=lambda kind: (new.share(kind), -KINDS.index(kind)))
    name = f"the required column {new.name!r}" if reading.is_required else f"column {new.name!r}"
    detail = f"{name} held {kinds[0]}s in {_percent(old.share(kinds[0]))} of its cells, now in {_percent(new.share(kinds[0]))}"
    detail += f" ({now}s in {_percent(new.share(now))}{_for_example(new)})"
    return Change(new.name, reading.text, "retyped", kinds[0], now, reading.is_required, detail)


def _for_example(column: Column) -> str:
    return f", such as {_quoted(column.values, 2)}" if column.values else ""


def _blanks_moved(
    old: Profile, new: Profile, key: str, now: str, reading: _Reading, limits: Limits
) -> Iterator[Change]:
    if min(old.rows, new.rows) < limits.enough:
        return
    before, after = old.blank_share(key), new.blank_share(now)
    if abs(after - before) >= limits.blanks or (before == 0 and after >= limits.blanks_where_none):
        name = new.columns[now].name
        detail = f"column {name!r} was blank in {_percent(before)} of the rows, now in {_percent(after)}"
        yield Change(name, reading.text, "null rate", _percent(before), _percent(after), False, detail)


def _words_moved(old: Column, new: Column, reading: _Reading, limits: Limits) -> Iterator[Change]:
    """New and lost words, and shares that moved, of a column that says few things."""
    if not _has_few_words(old, limits) or new.filled < limits.enough:
        return
    before = _shares(old)
    if new.values is None:
        if new.distinct >= limits.min_distinct_of_many:
            detail = f"column {new.name!r} had {old.distinct} distinct values, now {new.distinct}"
            yield Change(
                new.name, reading.text, "values", f"{old.distinct} distinct", f"{new.distinct} distinct", False, detail
            )
        return
    now = _shares(new)
    came = [word for word in now if word not in before]
    gone = [word for word in before if word not in now and before[word] >= limits.lost_word]
    moved = [word for word in now if word in before and abs(now[word] - before[word]) >= limits.word_share]
    if not (came or gone or moved):
        return
    parts = [
        f"new {_quoted(new.values, only=came)}" if came else "",
        f"no longer {_quoted(old.values, only=gone)}" if gone else "",
        *(f"{word!r} in {_percent(before[word])} of the cells, now in {_percent(now[word])}" for word in moved),
    ]
    shown = [{word: shares[word] for word in [*came, *gone, *moved] if word in shares} for shares in (before, now)]
    was, is_ = (", ".join(f"{word!r} {_percent(share)}" for word, share in shares.items()) or None for shares in shown)
    detail = f"column {new.name!r}: " + "; ".join(filter(None, parts))
    yield Change(new.name, reading.text, "values", was, is_, blocks=False, detail=detail)


def _has_few_words(column: Column, limits: Limits) -> bool:
    """Whether the column is one of words that recur; numbers and days come and go with every row."""
    return (
        column.values is not None
        and column.filled >= max(limits.enough, limits.cells_per_word * column.distinct)
        and column.share("number") < limits.is_kind
        and column.share("date") < limits.is_kind
    )


def _shares(column: Column) -> dict[str, float]:
    return {word: count / column.filled for word, count in (column.values or {}).items()}


def _forms_moved(old: Column, new: Column, reading: _Reading, limits: Limits) -> Iterator[Change]:
    """Ways of writing numbers and days that more or fewer cells have."""
    for kind, of in (("number", "number format"), ("date", "date format")):
        moved = [
            form
            for form in FORMS
            if _root(form) == kind
            and form not in profiles.ASKED_ONLY
            and min(old.asked(form), new.asked(form)) >= limits.enough
            and abs(new.share(form) - old.share(form)) >= limits.form_share
        ]
        if moved:
            was, is_ = (", ".join(f"{form} {_percent(column.share(form))}" for form in moved) for column in (old, new))
            detail = f"column {new.name!r} writes its {kind}s in another way: {was} before, {is_} now"
            yield Change(new.name, reading.text, of, was, is_, blocks=False, detail=detail)


def _root(form: str) -> str:
    """The kind that a way of writing belongs to; one that no reader takes for a number is of numbers."""
    of = FORMS[form][0]
    return _root(of) if of in FORMS else "number" if of == "filled" else of


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _quoted(values: dict[str, int] | None, shown: int = MAX_WORDS_SHOWN, only: list[str] | None = None) -> str:
    """The most frequent words, and how many more there are."""
    words = sorted(only if only is not None else values or {}, key=lambda word: (-(values or {}).get(word, 0), word))
    rest = f" and {len(words) - shown} more" if len(words) > shown else ""
    return ", ".join(repr(word[:60]) for word in words[:shown]) + rest
