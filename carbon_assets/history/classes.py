"""What a change of a record means: its class, which classes rewrite the past, and which of several is the gravest.

How records are found to differ belongs in `record_diff.py`.
"""

from __future__ import annotations

from carbon_assets.base.sqltext import literal
from carbon_assets.registries.description import Table

RETROACTIVE = (
    "retroactive cancellation",
    "retirement withdrawn",
    "cancellation withdrawn",
    "quantity restated",
    "project disappeared",
    "status moved backwards",
    "vintage or date moved",
)
"""Classes that rewrite what was published before, the gravest first."""
CLASSES = (
    *RETROACTIVE,
    "new retirement",
    "new cancellation",
    "new issuance",
    "new project",
    "block split",
    "project renamed",
    "beneficiary edited",
    "status changed",
    "detail edited",
    "unreadable row",
)
"""All classes: of several that fit a record the first counts."""

STATUS_ORDER = ("listed", "registered", "completed")
BENEFICIARY = ("retirement_beneficiary", "retirement_account", "retirement_note", "retirement_reason")

GRAVITY = f"list_position([{', '.join(map(literal, CLASSES))}], change_class)"
"""SQL of how grave a class is: 1 is the gravest."""

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
    # Issued units go on under any kind of row, retired and cancelled ones only under their own.
    continued = "case when a.kind = 'issuance' then by_any else by_own end"
    gone = (
        "when by_any and a.kind <> 'issuance' or a.kind = 'cancellation' then a.kind || ' withdrawn' "
        "else 'retroactive cancellation' end"
    )
    return f"case when {continued} then 'block split' when a.kind is null then 'unreadable row' " + (
        gone if side == "old" else "else 'new ' || a.kind end"
    )
