"""The command line as a person uses it, in this process."""

from __future__ import annotations

from carbon_assets.openrefine.commands import app as openrefine_app
from carbon_assets.platform import command


def carbon(*words: object) -> int:
    """The exit code of `carbon <words>`; what it says goes to the streams of the test."""
    try:
        command.main([str(word) for word in words])
    except SystemExit as end:
        return int(end.code or 0)
    raise AssertionError("a command must end with an exit code")


def openrefine(*words: object) -> int:
    """The exit code of `python -m carbon_assets.openrefine <words>`."""
    try:
        openrefine_app([str(word) for word in words])
    except SystemExit as end:
        return int(end.code or 0)
    raise AssertionError("a command must end with an exit code")
