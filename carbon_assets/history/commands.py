"""The command `compare`. What it does belongs in `compare.py`, which is loaded when it is asked for."""

from pathlib import Path
from typing import Annotated

import typer

from carbon_assets.base.settings import Settings

app = typer.Typer()


@app.command()
def compare(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A snapshot by name, or what it begins with; or a file.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The same of what came later.")],
    registry: Annotated[str | None, typer.Option(metavar="R", help="Whose files OLD and NEW are.")] = None,
    table: Annotated[str | None, typer.Option(metavar="T", help="Which of its tables they hold.")] = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write every change to FILE, one line per field.")
    ] = None,
) -> None:
    """What changed between two snapshots.

    Of one table, by their names; or between two files of the table T of the registry R.
    """
    from carbon_assets.base.configs import ConfigError
    from carbon_assets.base.readers import UnreadableFile
    from carbon_assets.history import compare as comparing
    from carbon_assets.snapshots.store import UnknownSnapshot

    try:
        if bool(registry) != bool(table):
            raise comparing.Refused("--registry and --table go together")
        of = (registry, table) if registry and table else None
        lines = comparing.compare(Settings.from_environment(), old, new, of, csv)
    except (comparing.Refused, ConfigError, UnreadableFile, UnknownSnapshot, OSError) as error:
        typer.echo(f"FAILED   {error}", err=True)
        raise typer.Exit(2) from error
    typer.echo("\n".join(lines))
