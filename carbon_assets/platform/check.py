"""What `carbon check` asks: can everything that people edit be used? Nothing is made, and no data is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from carbon_assets.base import suites
from carbon_assets.base.configs import read_yaml
from carbon_assets.base.errors import PlainError
from carbon_assets.base.settings import Settings
from carbon_assets.platform import graph
from carbon_assets.platform.site import Site
from carbon_assets.platform.subject import named


def problems(settings: Settings) -> list[str]:
    """What is wrong with the configs, the suites, the subjects and the dbt project, each for a person; empty if nothing is."""
    settings.export()
    site = Site.of(settings)
    refusals = [_refusal(read) for read in _files(settings)]
    whole = _refusal(lambda: graph.definitions(site))
    if whole:  # it ends with the first: what else do subjects refuse?
        factories = [named(subject.assets) for subject in site.subjects if subject.assets]
        refusals += [*(_refusal(partial(factory, site)) for factory in factories), whole]
    return list(dict.fromkeys(filter(None, refusals)))


def _files(settings: Settings) -> Iterator[Callable[[], object]]:
    for folder in (settings.configs, settings.dbt_project):
        for path in sorted(folder.rglob("*.yml")):
            if settings.dbt_project / "target" not in path.parents:
                yield partial(read_yaml, path)
    for path in sorted(settings.expectations.rglob("*.json")):
        yield partial(_suite, path)


def _suite(path: Path) -> None:
    try:
        suites.build_suite(suites.load_suite(path))
    except suites.SuiteError as error:
        message = str(error)
        raise suites.SuiteError(message if message.startswith(str(path)) else f"{path}: {message}") from error


def _refusal(work: Callable[[], object]) -> str | None:
    try:
        work()
    except PlainError as error:
        return str(error)
    return None
