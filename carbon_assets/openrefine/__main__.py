"""`python -m carbon_assets.openrefine`: the commands of this tool by themselves; `carbon openrefine` has the same."""

from carbon_assets.openrefine.commands import app

if __name__ == "__main__":
    app(prog_name="python -m carbon_assets.openrefine")
