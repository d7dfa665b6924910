"""The commands `apply` and `check`: an OpenRefine operation history on a CSV file, without a server.

CSV is UTF-8, a blank cell is null. They exit with 2 and one line that says why if the history or the table is refused; then
nothing is written. Operations are counted from 0, as in the history's list.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from carbon_assets.openrefine.execute import Applied

app = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Apply OpenRefine histories to CSV files.\n\nWithout a server; or only say whether they can be applied.",
)

Operations = Annotated[Path, typer.Argument(metavar="OPERATIONS.json", help="The history.")]


@app.command("apply")
def apply_to_table(
    operations: Operations,
    source: Annotated[Path, typer.Argument(metavar="INPUT.csv", help="The table.")],
    target: Annotated[Path, typer.Argument(metavar="OUTPUT.csv", help="Where the changed table is written.")],
    report: Annotated[
        Path | None, typer.Option(metavar="REPORT.json", help="Write what each operation changed, as JSON.")
    ] = None,
) -> None:
    """Apply a history to a table."""
    from carbon_assets.openrefine import history, tables
    from carbon_assets.openrefine.execute import apply

    with _refusals_in_one_line():
        applied = apply(history.read(operations), tables.read(source))
        tables.write(applied.table, target)
        if report:
            report.write_text(report_of(applied), encoding="utf-8")
    dead = sum(result.note is not None for result in applied.results)
    cells = sum(result.cells for result in applied.results)
    typer.echo(
        f"{len(applied.results):,} operations changed {cells:,} cells of {applied.table.num_rows:,} rows"
        f"{f'; {dead} cannot be parsed by OpenRefine and changed nothing' if dead else ''}"
    )


@app.command()
def check(
    operations: Operations,
    source: Annotated[Path | None, typer.Argument(metavar="INPUT.csv", help="The table.")] = None,
) -> None:
    """Say whether a history can be applied, to a table if one is given."""
    from carbon_assets.openrefine import history, tables

    with _refusals_in_one_line():
        read = history.read(operations)
        if source:
            history.check_columns(read, tables.read(source).column_names)
    dead = ", ".join(str(i) for i, operation in enumerate(read.operations) if operation.expression.dead)
    typer.echo(
        f"{len(read.operations):,} operations can be applied"
        f"{f'; these do nothing, as OpenRefine cannot parse them: {dead}' if dead else ''}"
    )


def report_of(applied: "Applied") -> str:
    """What each operation changed, as JSON: a list of objects in the order of the history."""
    return json.dumps([asdict(result) for result in applied.results], ensure_ascii=False, indent=1) + "\n"


@contextmanager
def _refusals_in_one_line() -> Iterator[None]:
    from carbon_assets.openrefine.history import HistoryError

    try:
        yield
    except (HistoryError, OSError) as error:
        typer.echo(" ".join(str(error).split()), err=True)
        raise typer.Exit(2) from error
