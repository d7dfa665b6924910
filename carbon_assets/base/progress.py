"""How far long work is: one line per step on the standard error, begun when the step begins, ended by what it came to.

What a step came to belongs where it is made; what a whole run came to, in `platform/report.py`.
"""

from __future__ import annotations

import logging
import sys
import time
from dataclasses import dataclass, field
from typing import TextIO

_OPEN = "stays_open"
_MORE = "goes_on"


class Lines(logging.StreamHandler):
    """Writes each record as a line. One that stays open is written at once, and ended by the records that go on with it, or by
    any other."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(stream or sys.stderr)
        self.setFormatter(logging.Formatter("%(asctime)s  %(message)s", datefmt="%H:%M:%S"))
        self._is_open = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        try:
            goes_on = self._is_open and getattr(record, _MORE, False)
            before = "\n" if self._is_open and not goes_on else ""
            self._is_open = getattr(record, _OPEN, False)
            self.stream.write(before + (record.getMessage() if goes_on else self.format(record)))
            self.stream.write("" if self._is_open else "\n")
            self.flush()
        except Exception:
            self.handleError(record)


@dataclass
class Steps:
    """Work of `of` steps, told one by one as `<n> of <m>  <name>: <what it came to>, <seconds> s`. `done`: how many of them are,
    those too that nobody was told of; `is_begun`: whether one has begun that has not ended."""

    log: logging.Logger
    of: int
    done: int = 0
    is_begun: bool = False
    _came_to: int = 0
    _since: float = field(default_factory=time.monotonic)

    def begin(self, name: str) -> None:
        """A step begins."""
        self._came_to, self._since, self.is_begun = 0, time.monotonic(), True
        self._tell(f"{self.done + 1:>{len(str(self.of))}} of {self.of}  {name}", more=False)

    def came_to(self, what: str) -> None:
        """Something of the step is done."""
        self._tell(f"{', ' if self._came_to else ': '}{what}")
        self._came_to += 1

    def end(self) -> None:
        """The step is done."""
        self.done += 1
        self.is_begun = False
        self._tell(f", {time.monotonic() - self._since:.1f} s", stays_open=False)

    def _tell(self, text: str, *, more: bool = True, stays_open: bool = True) -> None:
        self.log.info("%s", text, extra={_MORE: more, _OPEN: stays_open})
