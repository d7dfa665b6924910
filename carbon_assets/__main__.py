"""`python -m carbon_assets`: one run from the drop to the published file; `... map [protocols|beneficiaries]` only maps these
anew, `... curate` hands beneficiaries to OpenRefine, `... prepare` only makes Dagster's home."""

import argparse
from functools import partial

from carbon_assets import curate, graph, run
from carbon_assets.settings import Settings

parser = argparse.ArgumentParser(prog="python -m carbon_assets", description=__doc__)
parser.add_argument("command", nargs="?", choices=["run", "map", "curate", "prepare"], default="run")
parser.add_argument("what", nargs="?", choices=sorted(graph.MAP), default="protocols", help="what `map` maps anew")
arguments = parser.parse_args()

if arguments.command == "prepare":
    run.prepare(Settings.from_environment())
elif arguments.command == "curate":
    raise SystemExit(curate.main())
else:
    raise SystemExit(run.main(partial(run.map_anew, what=arguments.what) if arguments.command == "map" else run.run))
