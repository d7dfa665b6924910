"""One data folder with one set of configs, and the subjects that work on them: what every factory of assets is given.

Dagster does not belong here: what is stale is asked of a site before it is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from carbon_assets.base.settings import Settings
from carbon_assets.platform import versions
from carbon_assets.platform.subject import Subject, SubjectError, subjects, takers
from carbon_assets.snapshots.landing import Intake


@dataclass(frozen=True)
class Site:
    """`settings` say where everything lies; `subjects` in order of floor and name."""

    settings: Settings
    subjects: tuple[Subject, ...]

    @classmethod
    def of(cls, settings: Settings) -> Site:
        """The site of these settings with the subjects of this package."""
        return cls(settings, subjects())

    @cached_property
    def intakes(self) -> tuple[Intake, ...]:
        """The modules of subjects that take files."""
        return tuple(takers(self.subjects))

    @cached_property
    def code_versions(self) -> dict[str, str]:
        """The code version of every asset that this project makes, by key as text."""
        return versions.code_versions(self.settings, self.subjects)

    def code_version(self, key: str) -> str:
        """The code version of one asset. Raises `SubjectError` for one whose inputs no subject states."""
        if key not in self.code_versions:
            raise SubjectError(
                f"{key}: no subject states what this asset is made by; name it in `inputs` of its subject.py"
            )
        return self.code_versions[key]

    def source_versions(self) -> dict[str, str]:
        """The data version of everything that comes from outside, by key as text: files as dropped, and knowledge."""
        files = {key: version for intake in self.intakes for key, version in intake.raw_versions(self.settings).items()}
        return files | versions.knowledge_versions(self.settings.configs, self.subjects)
