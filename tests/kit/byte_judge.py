"""The files that are damaged as bytes, and what must become of one: a table whose rows all are accounted for, or one line that
says why not, within bounds of time and memory.

How a file is damaged belongs in `byte_mutants.py`; the tests are `test_byte_fuzz.py` of registries and of boundaries.
"""

from __future__ import annotations

import random
import re
import resource
import time
from collections.abc import Callable, Sequence

from tests.kit.byte_mutants import Damaged, Original, damaged

MAX_CPU_SECONDS = 5
MAX_GROWTH_MB = 500
MAX_FAULTS_SHOWN = 5
MAX_LETTERS_OF_A_REASON = 20_000
"""A reason names the columns that were found, of which there may be thousands."""

_OF_PROGRAMMERS = re.compile(
    r"Traceback|NoneType|object has no attribute|<class |not foreseen|\b\w*(?:Error|Exception)\b"
)

Read = Callable[[Damaged, int], str | None]
"""What is wrong with what is made of a file, if anything; the number says how far to follow it. May raise."""


def why_no_reason(reason: str | None) -> str | None:
    """What is wrong with the words in which a file is refused."""
    if not (reason or "").strip():
        return "refused without a reason"
    if len(reason.splitlines()) > 1 or len(reason) > MAX_LETTERS_OF_A_REASON:
        return f"refused in {len(reason.splitlines())} lines of {len(reason):,} letters: {reason[:300]!r}"
    if word := _OF_PROGRAMMERS.search(reason):
        return f"refused in words of programmers ({word.group()!r}): {reason[:300]!r}"
    return None


def mutant(originals: Sequence[Original], seed: int) -> Damaged:
    """The mutant of a seed; the files take turns."""
    return damaged(originals[seed % len(originals)], originals, random.Random(f"bytes/{seed}"))


def fault(changed: Damaged, read: Read, *, depth: int) -> str | None:
    """What is wrong with what becomes of a mutant."""
    cpu, peak = time.process_time(), _peak_mb()
    try:
        wrong = read(changed, depth)
    except Exception as error:  # whatever it is: no bytes may raise it
        where = error.__traceback__
        while where.tb_next:
            where = where.tb_next
        wrong = f"{type(error).__name__}: {str(error)[:300]} (line {where.tb_lineno} of {where.tb_frame.f_code.co_filename})"
    cpu, growth = time.process_time() - cpu, _peak_mb() - peak
    if cpu > MAX_CPU_SECONDS or growth > MAX_GROWTH_MB:
        wrong = f"{wrong or ''} takes {cpu:.1f} CPU seconds and {growth:,} MB".strip()
    return wrong


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024


def explained(changed: Damaged, seed: int, wrong: str) -> str:
    """What is wrong with a mutant, and how it was made."""
    steps = "".join(f"\n    {step[:300]}" for step in changed.steps)
    return f"{seed}: {wrong}\n  {changed.original.of} {changed.original.name} as {changed.name}:{steps}"


def judge_all(
    originals: Sequence[Original], seeds: Sequence[int], read: Read, depths: Sequence[int], replay: str
) -> None:
    """Each mutant is read or refused as it must be. `depths`: how far they are followed, in turn; `replay`: how one is looked at."""
    faults = []
    for place, seed in enumerate(seeds):
        changed = mutant(originals, seed)
        # The files take turns, too: without the second number the same ones would go farthest.
        wrong = fault(changed, read, depth=depths[(place + place // len(originals)) % len(depths)])
        faults += [explained(changed, seed, wrong)] if wrong else []
    shown = "\n".join(faults[:MAX_FAULTS_SHOWN])
    assert not faults, f"{len(faults)} of {len(seeds)} mutants; replay: {replay} SEED\n{shown}"
