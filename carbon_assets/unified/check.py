"""What is wrong with the vocabularies and the curated projects: all of it, each with file and line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from carbon_assets.base.column_types import is_day
from carbon_assets.base.errors import Faults
from carbon_assets.base.known_words import why_unknown
from carbon_assets.base.lists import Row
from carbon_assets.base.settings import Settings
from carbon_assets.base.vocab import Vocabulary
from carbon_assets.registries.description import Registry, load_registries
from carbon_assets.unified import harmonize, labels, statuses, trials
from carbon_assets.unified.countries import Countries, load_countries


def faults(settings: Settings) -> tuple[str, ...]:
    """Words that mean nothing, and curated projects that say what no vocabulary knows."""
    configs = settings.configs
    met = Faults()
    registries = met.result_of(load_registries, configs)
    words = met.result_of(statuses.load_words, configs)
    met.result_of(labels.load_labels, configs)
    if trial_rows := met.result_of(trials.load_trials, configs):
        met.add(*_trial_faults(trial_rows, registries))
    met.result_of(harmonize.load_no_regions, configs)
    countries = met.result_of(load_countries, configs)
    with met.collected():
        met.add(*_curated_faults(configs, registries, words, countries))
    return met.messages


def _trial_faults(rows: list[Row], registries: Mapping[str, Registry] | None) -> Iterator[str]:
    """What is wrong with the registries' own test projects, beyond what their list says itself."""
    for row in rows:
        if registries and (reason := why_unknown("registry", row["registry"], registries, "configs/registries")):
            yield f"{row['place']}: {reason}"


def _curated_faults(
    configs: Path, registries: Mapping[str, Registry] | None, words: Vocabulary | None, countries: Countries | None
) -> Iterator[str]:
    """What is wrong with curated projects; what cannot be read, nothing is asked of."""
    prefixes = [registry.project_prefix for registry in (registries or {}).values() if registry.project_prefix]
    for row in harmonize.load_curated(configs):
        if prefixes and not row["project_id"].startswith(tuple(prefixes)):
            yield f"{row['place']}: project_id {row['project_id']!r} begins with no registry's prefix: {', '.join(prefixes)}"
        if row["status_raw"] and words is not None and row["status_raw"] not in words:
            yield f"{row['place']}: {why_unknown('status_raw', row['status_raw'], [*words], 'configs/vocab/status')}"
        if row["country_raw"] and countries and (reason := countries.why_no_country(row["country_raw"])):
            yield f"{row['place']}: country_raw: {reason}"
        if row["listed_at"] and not is_day(row["listed_at"]):
            yield f"{row['place']}: listed_at is a day as YYYY-MM-DD, not {row['listed_at']!r}"
