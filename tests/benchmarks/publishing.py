"""Readers while runs write: `python -m tests.benchmarks.publishing`.

Three whole runs of the samples, each with another name for one project. All along, two processes ask the published file over new
read-only connections, and one as a user whom permissions bind opens it without `read_only`, to write. No question may fail, a
connection must answer from one version, and each attempt to write must be refused. Ends with 1 where one of these does not hold.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from multiprocessing.synchronize import Event
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from tests.kit.places import HOME, SAMPLES
from tests.kit.runs import rename
from tests.kit.unprivileged import command

RUNS, READERS, MIN_QUERIES = 3, 2, 10_000
PROJECT = "VCS90001"
NAME = f"select name from marts.projects where project_id = '{PROJECT}'"
QUESTIONS = (
    NAME,
    "select count(*), sum(quantity) from marts.credits",
    "select registry, sum(retired) from marts.projects group by all order by all",
    "select count(*) from marts.snapshots where state = 'in use'",
    NAME,
)
"""Asked one after the other over each connection."""
WRITE = """
import sys, duckdb
try:
    duckdb.connect(sys.argv[1]).execute("create table marts.mine as select 1")
except duckdb.Error as error:
    print(error)
"""


def read(database: Path, end: Event, answers: multiprocessing.Queue) -> None:
    """Ask until the end; then tell how many queries were answered, the names that were seen, and what went wrong."""
    queries, names, faults = 0, set(), []
    while not end.is_set():
        try:
            with duckdb.connect(str(database), read_only=True) as con:
                said = [con.execute(question).fetchall() for question in QUESTIONS]
        except duckdb.Error as error:
            faults.append(str(error))
            continue
        queries += len(said)
        names.add(said[0][0][0])
        if said[0] != said[-1]:
            faults.append(f"one connection answered {said[0]} and {said[-1]}")
        time.sleep(0.02)  # two cores are there for the run, too
    answers.put((queries, names, faults))


def write(database: Path, end: Event, answers: multiprocessing.Queue) -> None:
    """Try to write until the end; then tell how often, and what was not refused."""
    attempts, faults = 0, []
    while not end.is_set():
        said = subprocess.run(command("-c", WRITE, str(database)), capture_output=True, text=True, check=False).stdout
        attempts += 1
        if "Permission denied" not in said:
            faults.append(f"a writer was told {said!r}")
        time.sleep(1)
    answers.put((attempts, set(), faults))


def run(data: Path, drop: Path) -> None:
    """A whole run, as a user begins it. Raises `subprocess.CalledProcessError`."""
    environment = {**os.environ, "CARBON_DATA_DIR": str(data), "CARBON_DROP_DIR": str(drop), "PYTHONWARNINGS": "ignore"}
    subprocess.run(
        [sys.executable, "-m", "carbon_assets", "run"], cwd=HOME, env=environment, check=True, capture_output=True
    )


def main() -> int:
    """Run, read, write; tell the figures on standard output."""
    with TemporaryDirectory() as folder:
        data, drop = Path(folder) / "data", Path(folder) / "drop"
        shutil.copytree(SAMPLES, drop)
        run(data, drop)
        end, answers = multiprocessing.Event(), multiprocessing.Queue()
        database = data / "published" / "current" / "carbon.duckdb"
        others = [multiprocessing.Process(target=read, args=(database, end, answers)) for _ in range(READERS)]
        others.append(multiprocessing.Process(target=write, args=(database, end, answers)))
        for other in others:
            other.start()
        try:
            for number in range(RUNS):
                rename(drop / "verra" / "projects.csv", "Name", f"Name {number}")
                run(data, drop)
        finally:
            end.set()
        told = [answers.get() for _ in others]
        for other in others:
            other.join()
    faults = [fault for _, _, said in told for fault in said]
    queries = sum(count for count, names, _ in told if names)
    attempts = sum(count for count, names, _ in told if not names)
    names = set().union(*(names for _, names, _ in told))
    sys.stdout.write(
        f"{queries} queries in {READERS} other processes during {RUNS} runs, versions seen: {len(names)}; "
        f"{attempts} attempts to write; {len(faults)} faults\n" + "".join(f"{fault}\n" for fault in faults[:5])
    )
    return int(bool(faults) or queries < MIN_QUERIES or len(names) < RUNS)


if __name__ == "__main__":
    sys.exit(main())
