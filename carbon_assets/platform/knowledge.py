"""What stewards know, as external assets: their files under `configs/`, versioned by content.

A changed file makes what depends on it stale, and nothing else. Which files a body of knowledge has belongs in `subject.py` of
the subject that it is of.
"""

from __future__ import annotations

import dagster as dg

from carbon_assets.platform import versions
from carbon_assets.platform.site import Site
from carbon_assets.platform.sources import source
from carbon_assets.platform.subject import Knowledge, Subject


def key(name: str) -> dg.AssetKey:
    """The key of a body of knowledge."""
    return dg.AssetKey(["configs", name])


def build(site: Site, subject: Subject) -> list[dg.SourceAsset]:
    """One observable asset per body of knowledge of a subject."""
    return [_observed(site, body) for body in subject.knowledge]


def _observed(site: Site, body: Knowledge) -> dg.SourceAsset:
    configs = site.settings.configs
    description = f"{body.meaning} Files: {', '.join(body.files)}."
    return source(key(body.name), "configs", description, configs, lambda: versions.knowledge_version(configs, body))
