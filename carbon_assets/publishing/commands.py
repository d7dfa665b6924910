"""The command `release`. What it does belongs in `release.py`, which is loaded when it is asked for."""

import getpass
from typing import Annotated

import typer

from carbon_assets.base.settings import Settings

app = typer.Typer()


@app.command()
def release(
    snapshot: Annotated[
        str, typer.Argument(metavar="SNAPSHOT", help="Its name, or what that begins with; or `published`.")
    ],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why it is right.")],
    by: Annotated[
        str, typer.Option(metavar="NAME", help="Who says so.", default_factory=getpass.getuser, show_default="you")
    ],
) -> None:
    """Let a snapshot through that is held back.

    With `published` for a name, the next version of the published file.
    """
    from carbon_assets.publishing import release as releasing

    typer.echo(releasing.release(Settings.from_environment(), snapshot, reason, by))
