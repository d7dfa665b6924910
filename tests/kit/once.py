"""What takes long to make and only looked at later, made once per session for all workers of pytest-xdist."""

import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from filelock import FileLock

T = TypeVar("T")


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], T]) -> T:
    """What `make` returns of an empty folder: by the first worker that asks, the others wait and get a copy by pickle.

    What lies in the folder is for looking at: a test that changes it works on a copy.
    """
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, result = shared / f"{name}-once", shared / f"{name}-once.pickle"
    with FileLock(shared / f"{name}-once.lock"):
        if not result.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed at it
            folder.mkdir()
            made = make(folder)
            result.write_bytes(pickle.dumps(made))
    return pickle.loads(result.read_bytes())
