"""What a change of a record means: its class. Which classes rewrite the past, and which of several is the gravest, is data:
`configs/history/`.

How records are found to differ belongs in `record_diff.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from carbon_assets.base.configs import ConfigError
from carbon_assets.base.errors import Faults
from carbon_assets.base.known_words import why_unknown
from carbon_assets.base.lists import load_list, yes_or_no
from carbon_assets.base.sqltext import literal
from carbon_assets.registries.table import Table
from carbon_assets.unified.statuses import load_statuses

PRODUCED = frozenset(
    {
        "retroactive cancellation", "retirement withdrawn", "cancellation withdrawn", "quantity restated",
        "transaction disappeared", "project disappeared", "status moved backwards", "vintage or date moved", "new retirement", "new cancellation",
        "new issuance", "new project", "block split", "project renamed", "beneficiary edited", "status changed",
        "detail edited", "unreadable row", "source changed",
    }
)  # fmt: skip
"""The classes that the SQL below gives; how grave each is, is data."""

OF_SOURCE = "source changed"
"""The class of what a registry writes or states otherwise where it publishes in another layout: no record of it has changed."""

BENEFICIARY = ("retirement_beneficiary", "retirement_account", "retirement_note", "retirement_reason")


@dataclass(frozen=True)
class ChangeClasses:
    """What stewards say of the classes of changes: `gravest_first`, of several that fit a record the first counts;
    `retroactive`, those that rewrite what was published before; `statuses`, in the order in which a project has them."""

    gravest_first: tuple[str, ...]
    retroactive: tuple[str, ...]
    statuses: tuple[str, ...]

    @property
    def gravity(self) -> str:
        """SQL of how grave `change_class` is: 1 is the gravest."""
        return f"list_position([{', '.join(map(literal, self.gravest_first))}], change_class)"

    def ranks(self, known: Mapping[str, str], words: Iterable[str]) -> dict[str, int | None]:
        """How far along a project with each of these published statuses is, by what they are `known` to mean; None: unknown."""
        means = {word: known.get(word) for word in words}
        return {word: self.statuses.index(m) if m in self.statuses else None for word, m in means.items()}


def load_classes(configs: Path) -> ChangeClasses:
    """What `configs/history/` says. Raises `ConfigError` where it leaves out a class, or names one that no change has."""
    folder, faults = configs / "history", Faults()
    rows = load_list(folder / "change_classes", ("change_class", "rewrites_the_past", "note"), key=("change_class",))
    retroactive = []
    for row in rows:
        if reason := why_unknown("change_class", row["change_class"], PRODUCED):
            faults.add(f"{row['place']}: no change has this class: {reason}")
        if faults.result_of(yes_or_no, row, "rewrites_the_past"):
            retroactive.append(row["change_class"])
    names = tuple(row["change_class"] for row in rows)
    if missing := PRODUCED - set(names):
        faults.add(f"{folder / 'change_classes'}.csv: says nothing of {', '.join(sorted(missing))}")
    statuses = faults.result_of(load_statuses, configs)
    faults.refuse(ConfigError)
    return ChangeClasses(names, tuple(retroactive), statuses)


_ENDS = "('retirement', 'cancellation')"

OF_FIELD = f"""
    case
        when role = 'event' and type = 'cancellation' and not is_unread and coalesce(is_t, 0) > coalesce(was_t, 0)
            then 'retroactive cancellation'
        when role = 'type' and new_kind = 'cancellation' and old_kind is not null then 'retroactive cancellation'
        when role = 'type' and old_kind in {_ENDS} then old_kind || ' withdrawn'
        when role = 'type' and old_kind is null and new_kind is not null then 'new ' || new_kind
        when role in ('event', 'quantity') and is_unread then 'quantity restated'
        when role in ('event', 'quantity') and coalesce(is_t, 0) = 0 and coalesce(was_t, 0) = 0 then 'detail edited'
        when role in ('event', 'quantity') and coalesce(was_t, 0) = 0 and is_t > 0 and tonnes_kind is not null
            then 'new ' || tonnes_kind
        when role in ('event', 'quantity') and coalesce(is_t, 0) = 0 and tonnes_kind in {_ENDS}
            then tonnes_kind || ' withdrawn'
        when role = 'event' and is_t > was_t then 'new ' || tonnes_kind
        when role in ('event', 'quantity') then 'quantity restated'
        when role = 'amount' and was_t is not null and not (was_t = 0 and is_t is null and not is_unread)
            then 'quantity restated'
        when role = 'transaction date' and was is null and new_kind in {_ENDS} then 'new ' || new_kind
        when role = 'transaction date' and "is" is null and old_kind in {_ENDS} then old_kind || ' withdrawn'
        when role in ('transaction date', 'date') and was is not null and "is" is not null and not is_plan
            then 'vintage or date moved'
        when (role = 'status' or role = 'own' and is_other_status) and is_backwards then 'status moved backwards'
        when role = 'status' or role = 'own' and is_other_status then 'status changed'
        when role = 'name' then 'project renamed'
        when role = 'beneficiary' then 'beneficiary edited'
        else 'detail edited'
    end
"""
"""SQL of the class of one changed field.

Tonnes that are transactions of their own only grow: a rise is new, a fall takes back. A day that had not come when the older
file was published was a plan: moving it rewrites nothing.
"""


def role(spec: Table, canonical: tuple[str, ...]) -> tuple[str, str | None]:
    """What a change of a field that is read into these canonical columns can mean, and the type of the transactions that its
    tonnes are."""
    for name in canonical:
        if kind := spec.columns[name].transaction_type:
            return "event", kind
    types = {spec.cell_type(name) for name in canonical}
    for word, fits in {
        "type": "transaction_type" in canonical,
        "quantity": "quantity" in canonical,
        "amount": "tonnes" in types,
        "transaction date": "transaction_date" in canonical,
        "date": bool(types & {"date", "year"}),
        "status": "status_raw" in canonical,
        "name": "name" in canonical,
        "beneficiary": bool({*canonical} & {*BENEFICIARY}),
        "own": any(name not in spec.canonical.names for name in canonical),
    }.items():
        if fits:
            return word, None
    return "detail", None


def of_one_sided(spec: Table, side: str) -> str:
    """SQL of the class of a record that only one file has, `side`: old or new."""
    if spec.holds == "projects":
        return literal("project disappeared" if side == "old" else "new project")
    # Issued units go on under any kind of row, retired and cancelled ones only under their own. Of units that stand under another
    # kind it is proven that the transaction was taken back; of those that stand nowhere nothing is.
    continued = "case when a.kind = 'issuance' then by_any else by_own end"
    gone = "when by_any then a.kind || ' withdrawn' else 'transaction disappeared' end"
    return f"case when {continued} then 'block split' when a.kind is null then 'unreadable row' " + (
        gone if side == "old" else "else 'new ' || a.kind end"
    )
