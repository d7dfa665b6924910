"""`python -m carbon_assets`: one run from the drop to the published file; `... map` only maps protocols and project types
anew, `... prepare` only makes Dagster's home."""

import argparse

from carbon_assets import run
from carbon_assets.settings import Settings

parser = argparse.ArgumentParser(prog="python -m carbon_assets", description=__doc__)
parser.add_argument("command", nargs="?", choices=["run", "map", "prepare"], default="run")
command = parser.parse_args().command

if command == "prepare":
    run.prepare(Settings.from_environment())
else:
    raise SystemExit(run.main(run.map_anew if command == "map" else run.run))
