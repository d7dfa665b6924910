"""The command line `carbon`: what the platform does itself, and the commands that subjects bring (`Subject.commands`).

What a command does is loaded when it is asked for: Dagster, dbt and DuckDB take seconds, `carbon --help` does not.
"""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from carbon_assets.base.errors import ExitCode, PlainError, in_words
from carbon_assets.base.settings import Settings
from carbon_assets.openrefine import commands as openrefine
from carbon_assets.platform.subject import named, subjects

app = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="What carbon-credit registries publish, as one database of projects and credits.",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the arguments say (of the process, if none are given). Raises `SystemExit` with an `ExitCode`."""
    try:
        app(arguments, prog_name="carbon")
    except PlainError as error:
        sys.stderr.writelines(f"FAILED   {fault}\n" for fault in error.args)
        raise SystemExit(error.exit_code) from None
    except OSError as error:
        sys.stderr.write(f"FAILED   {in_words(error)}\n")
        raise SystemExit(ExitCode.ENVIRONMENT) from None


@app.callback(invoke_without_command=True)
def _default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        run()


@app.command()
def run() -> None:
    """From the drop to the published file (the default)."""
    from carbon_assets.platform import run as running

    raise typer.Exit(running.main(running.run))


_MAPPED = sorted(subject.name for subject in subjects() if subject.knowledge)


@app.command("map")
def map_anew(
    what: Annotated[str, typer.Argument(metavar="WHAT", help=f"One of {', '.join(_MAPPED)}.")] = "protocols",
) -> None:
    """Map anew after an edit of what stewards know."""
    from carbon_assets.platform import run as running

    if what not in _MAPPED:
        raise typer.BadParameter(f"there is nothing to map of {what!r}; known: {', '.join(_MAPPED)}")
    raise typer.Exit(running.main(lambda settings: running.map_anew(settings, what)))


@app.command()
def prepare() -> None:
    """Only make Dagster's home."""
    from carbon_assets.platform import run as running

    running.prepare(Settings.from_environment())


@app.command()
def check() -> None:
    """Say what is wrong with configs and suites.

    Reads all configs, vocabularies, mappings, suites and the dbt project, and makes nothing.
    """
    from carbon_assets.platform import check as checking

    faults = checking.faults(Settings.from_environment())
    for fault in faults:
        typer.echo(f"FAILED   {fault}", err=True)
    if faults:
        raise typer.Exit(1)
    typer.echo("nothing is wrong")


for _subject in subjects():
    if _subject.commands:
        app.add_typer(named(_subject.commands))
app.add_typer(openrefine.app, name="openrefine")
