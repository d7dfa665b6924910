"""The command `curate`. What it does belongs in `curate.py`, which is loaded when it is asked for."""

import typer

from carbon_assets.base.errors import PlainError
from carbon_assets.base.settings import Settings

app = typer.Typer()


@app.command()
def curate() -> None:
    """Hand beneficiaries to OpenRefine.

    It listens at OPENREFINE_URL; a person curates there.
    """
    from carbon_assets.beneficiaries import curate as curating
    from carbon_assets.openrefine.server import OpenRefineError

    settings = Settings.from_environment()
    try:
        address = curating.curate(settings)
    except OpenRefineError as error:
        raise PlainError(str(error)) from error
    typer.echo(curating.advice(settings, address))
