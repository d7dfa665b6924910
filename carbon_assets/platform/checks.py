"""What a check said, and the names of checks that every subject shares. How checks are made belongs in `gates.py`."""

from __future__ import annotations

from dataclasses import dataclass

READABLE = "file_is_readable"
"""The check of a table that its newest file could be read."""

RELEASED = "file_is_released"
"""The check of a table that its newest file may be used without a person looking at it first, or that one let it through."""


@dataclass(frozen=True)
class Check:
    """What a check said when it was last evaluated; `passed` is None where it never was, or not to its end."""

    asset: str
    name: str
    passed: bool | None
    is_warning: bool = False
    is_blocking: bool = False
    description: str | None = None

    @property
    def is_unfinished(self) -> bool:
        """Whether it stands against publishing: a blocking check that has not passed."""
        return self.is_blocking and not self.is_warning and self.passed is not True
