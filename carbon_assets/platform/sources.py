"""What comes from outside as an external asset: observing it takes note of its version, and nobody makes it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import dagster as dg

from carbon_assets.base.errors import PlainError


def source(key: dg.AssetKey, group: str, description: str, folder: Path, version: Callable[[], str]) -> dg.SourceAsset:
    """The asset. `folder`: where its files lie, shown in the UI. `version`: takes what is new, and says the data version; a
    `PlainError` of it fails the observation with its message."""

    def observe() -> dg.DataVersion:
        try:
            return dg.DataVersion(version())
        except PlainError as error:
            raise dg.Failure(str(error), allow_retries=False) from error

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # one per file that there is, in each run
        return dg.observable_source_asset(
            key=key,
            group_name=group,
            description=description,
            # External assets have no `kinds` of their own: the tag is what the UI shows them by.
            tags={"dagster/kind/file": ""},
            metadata={"folder": dg.MetadataValue.path(folder)},
        )(observe)
