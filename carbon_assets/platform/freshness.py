"""What must be made anew, as Dagster sees it: the assets that do not follow from what comes in and from today's code.

Dagster keeps for each materialization the versions of its inputs and of the code; what differs from today's is stale. So an
unchanged registry costs nothing, and what a killed run left undone is found by the next one. What the versions are made of
belongs in `versions.py`; whether there is anything to ask Dagster at all, in `stamp.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from carbon_assets.base.settings import Settings
from carbon_assets.platform import dagster_internals, gates
from carbon_assets.platform.stamp import MADE_TOGETHER, is_there

_VERSION = "dagster/data_version"


def report(instance: dg.DagsterInstance, versions: Mapping[str, str]) -> list[str]:
    """Tell Dagster the versions of external assets that it does not know yet; returns their keys."""
    changed = [key for key, version in versions.items() if _known_version(instance, key) != version]
    for key in changed:
        instance.report_runless_asset_event(
            dg.AssetObservation(asset_key=dg.AssetKey.from_user_string(key), tags={_VERSION: versions[key]})
        )
    return changed


def _known_version(instance: dg.DagsterInstance, key: str) -> str | None:
    records = instance.fetch_observations(dg.AssetKey.from_user_string(key), limit=1).records
    observation = records[0].asset_observation if records else None
    return observation.tags.get(_VERSION) if observation else None


def stale(instance: dg.DagsterInstance, graph: dagster_internals.AssetGraph, settings: Settings) -> list[dg.AssetKey]:
    """The assets that must be made anew, all that follows from them with them, in order of name.

    One with a blocking check that has not passed is among them, whatever it was made of: else a fault would stand after its
    cause is gone, as where a bad file gives way to the one before it. What one step makes is made together: the tables of a
    registry; and the marts, as the gate before publishing judges all of them.
    """
    keys = graph.materializable_asset_keys
    missing = {key for key in keys if not is_there(settings, key.to_user_string())}
    unfinished = {
        dg.AssetKey.from_user_string(check.asset) for check in gates.states(instance, graph) if check.is_unfinished
    }
    stale = dagster_internals.stale_keys(instance, graph) | missing | (unfinished & set(keys))
    roots = dagster_internals.made_together(graph, stale)
    selected = dg.AssetSelection.assets(*roots).downstream().resolve(graph) & keys if roots else set()
    if any(key.path[0] in MADE_TOGETHER for key in selected):
        selected |= {key for key in keys if key.path[0] in MADE_TOGETHER}
    return sorted(selected)
