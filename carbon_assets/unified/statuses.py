"""The statuses that projects have, in their order (`configs/history/status_order.csv`), and the words of registries for them
(`configs/vocab/status/`)."""

from __future__ import annotations

from pathlib import Path

from carbon_assets.base.known_words import why_unknown
from carbon_assets.base.lists import load_list
from carbon_assets.base.vocab import Vocabulary

_ORDER = "history/status_order"


def load_statuses(configs: Path) -> tuple[str, ...]:
    """The statuses, in the order in which a project has them. Raises `ConfigError`."""
    return tuple(row["status"] for row in load_list(configs / _ORDER, ("status", "note"), key=("status",)))


def load_words(configs: Path) -> Vocabulary:
    """Raw word -> status. Raises `ConfigError`, also for a word that means no status."""
    known = load_statuses(configs)
    return Vocabulary(
        configs / "vocab" / "status", lambda word: why_unknown("status", word, known, f"configs/{_ORDER}.csv")
    )
