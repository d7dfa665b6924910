"""Which files a run is for: those that something was not made of yet. What must be made anew belongs in `freshness.py`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from carbon_assets.base.lines import listed
from carbon_assets.platform import dagster_internals
from carbon_assets.platform.report import MAX_LETTERS_OF_FILES
from carbon_assets.platform.site import Site
from carbon_assets.snapshots import store

TAG = "carbon/files"
"""The tag of a run that names its files."""

_RAW = "raw"


def files(
    site: Site,
    instance: dg.DagsterInstance,
    graph: dagster_internals.AssetGraph,
    keys: Iterable[dg.AssetKey],
    versions: Mapping[str, str],
) -> list[str]:
    """The files that assets which must be made anew, `keys`, were not made of yet, in order: as `<folder>/<file>`, or
    `configs/<name>` for a body of what stewards know. `versions`: of what comes from outside, as of now.

    There are none where only code or configs differ, or where what was left undone is made up for.
    """
    causes: set[str] = set()
    parents = dagster_internals.dependencies(graph)
    for key in keys:
        outside = {name for name in map(dg.AssetKey.to_user_string, parents[key]) if name in versions} - causes
        if outside:
            made_of = dagster_internals.versions_made_of(instance, key)
            causes |= {name for name in outside if made_of.get(name) != versions[name]}
    present = (name for name in causes if versions[name] != store.ABSENT)
    return sorted({file for name in present for file in _files_of(site, name)})


def _files_of(site: Site, source: str) -> list[str]:
    layer, folder, *_ = source.split("/")
    if layer != _RAW:
        return [source]
    tables = [names for intake in site.intakes for names in intake.tables(site.settings) if names[0] == folder]
    own = [names for names in tables if source == "/".join((_RAW, *names))]
    newest = [(names, store.current(site.settings, *names)) for names in own or tables]
    # A source of many tables: of which of them it has news, their marks say.
    news = [(names, s) for names, s in newest if s and (own or not store.is_accepted(site.settings, s))]
    return [f"{names[0]}/{snapshot.file}" for names, snapshot in news]


def in_words(names: Sequence[str]) -> str:
    """The files in one line of a bounded length."""
    return listed(names, MAX_LETTERS_OF_FILES)


def tags(names: Sequence[str]) -> dict[str, str]:
    """The tags of a run for these files."""
    return {TAG: in_words(names)} if names else {}
