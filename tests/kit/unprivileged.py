"""Python as a user whom permissions bind: root passes them by, unless it gives up what it may do beyond other users."""

import os
import shutil
import subprocess
import sys

import pytest

_WITHOUT_PRIVILEGES = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")


def run_python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run this Python with arguments, and with variables beside those of this process. Skips the test where root cannot give up
    its privileges."""
    if os.geteuid() == 0 and not shutil.which(_WITHOUT_PRIVILEGES[0]):
        pytest.skip("PERMISSIONS ARE NOT TESTED: this is root, and there is no setpriv (util-linux)")
    variables = {**os.environ, **environment}
    return subprocess.run(command(*arguments), env=variables, capture_output=True, text=True, check=False)


def command(*arguments: str) -> list[str]:
    """The command line of this Python as such a user."""
    privileges = _WITHOUT_PRIVILEGES if os.geteuid() == 0 else ()
    return [*privileges, sys.executable, *arguments]
