"""Apply an OpenRefine operation history to a CSV file, or only check it, without a server.

    python -m carbon_assets.openrefine apply OPERATIONS.json INPUT.csv OUTPUT.csv [--report REPORT.json]
    python -m carbon_assets.openrefine check OPERATIONS.json [INPUT.csv]

CSV is UTF-8, a blank cell is null. Exits 2 with one line that says why if the history or the table is refused; then nothing
is written. Operations are counted from 0, as in the history's list.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from carbon_assets.openrefine import history, tables
from carbon_assets.openrefine.execute import Applied, apply


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, or 2 where something is refused."""
    parser = argparse.ArgumentParser(
        prog="python -m carbon_assets.openrefine",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    applying = commands.add_parser("apply", help="apply a history to a table")
    checking = commands.add_parser("check", help="say whether a history can be applied (to a table)")
    for command in (applying, checking):
        command.add_argument("operations", type=Path)
    applying.add_argument("input", type=Path)
    applying.add_argument("output", type=Path)
    applying.add_argument("--report", type=Path, help="write what each operation changed, as JSON")
    checking.add_argument("input", type=Path, nargs="?")
    chosen = parser.parse_args(arguments)
    try:
        said = _apply(chosen) if chosen.command == "apply" else _check(chosen)
    except (history.HistoryError, OSError) as error:
        sys.stderr.write(" ".join(str(error).split()) + "\n")
        return 2
    sys.stdout.write(said + "\n")
    return 0


def _apply(chosen: argparse.Namespace) -> str:
    applied = apply(history.read(chosen.operations), tables.read(chosen.input))
    tables.write(applied.table, chosen.output)
    if chosen.report:
        chosen.report.write_text(report(applied), encoding="utf-8")
    dead = sum(result.note is not None for result in applied.results)
    cells = sum(result.cells for result in applied.results)
    return (
        f"{len(applied.results):,} operations changed {cells:,} cells of {applied.table.num_rows:,} rows"
        f"{f'; {dead} cannot be parsed by OpenRefine and changed nothing' if dead else ''}"
    )


def _check(chosen: argparse.Namespace) -> str:
    read = history.read(chosen.operations)
    if chosen.input:
        history.check_columns(read, tables.read(chosen.input).column_names)
    dead = [str(i) for i, operation in enumerate(read.operations) if operation.expression.dead]
    return f"{len(read.operations):,} operations can be applied" + (
        f"; these do nothing, as OpenRefine cannot parse them: {', '.join(dead)}" if dead else ""
    )


def report(applied: Applied) -> str:
    """What each operation changed, as JSON: a list of objects in the order of the history."""
    return json.dumps([asdict(result) for result in applied.results], ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
