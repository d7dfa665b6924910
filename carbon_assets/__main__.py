"""python -m carbon_assets [command]

run                              from the drop to the published file (the default)
map [WHAT]                       map protocols, beneficiaries or boundaries anew, after an edit of what stewards know of them
curate                           hand beneficiaries to OpenRefine
compare OLD NEW                  what changed between two snapshots
release SNAPSHOT --reason TEXT   let a snapshot through that is held back
prepare                          only make Dagster's home
"""

import argparse
import sys
from functools import partial

from carbon_assets.base.settings import Settings
from carbon_assets.beneficiaries import curate
from carbon_assets.history import command
from carbon_assets.platform import run
from carbon_assets.platform.subject import subjects
from carbon_assets.publishing import release_command

OWN_ARGUMENTS = {"compare": command.main, "release": release_command.main}


def main() -> None:
    """The command that the arguments name; raises `SystemExit` with its exit code."""
    if len(sys.argv) > 1 and sys.argv[1] in OWN_ARGUMENTS:
        raise SystemExit(OWN_ARGUMENTS[sys.argv[1]](sys.argv[2:]))
    parser = argparse.ArgumentParser(
        prog="carbon", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "command", nargs="?", choices=["run", "map", "curate", "prepare", *OWN_ARGUMENTS], default="run"
    )
    parser.add_argument(
        "what",
        nargs="?",
        choices=sorted(s.name for s in subjects() if s.knowledge),
        default="protocols",
        help="what `map` maps anew",
    )
    arguments = parser.parse_args()
    if arguments.command == "prepare":
        run.prepare(Settings.from_environment())
    elif arguments.command == "curate":
        raise SystemExit(curate.main())
    else:
        raise SystemExit(
            run.main(partial(run.map_anew, what=arguments.what) if arguments.command == "map" else run.run)
        )


if __name__ == "__main__":
    main()
