"""The one base of errors whose message is for a person, faults that are collected so that all are told at once, and the exit codes
of the command line."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any


class ExitCode(IntEnum):
    """What the exit code of a command says."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    ENVIRONMENT = 3


MEANING = {
    ExitCode.DONE: "done",
    ExitCode.REFUSED: "something failed, was blocked, refused or not taken",
    ExitCode.USAGE: "the command or its settings cannot be understood",
    ExitCode.ENVIRONMENT: "this machine or another process stands in the way",
}


class PlainError(Exception):
    """Something that a person can mend: the message says what is wrong, where, and what to do. It is shown without a trace.

    `args` are its faults: several where several things are wrong, each a message of its own.
    """

    exit_code = ExitCode.REFUSED

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


class EnvironmentFault(PlainError):
    """The machine or another process stands in the way: the same command can succeed later."""

    exit_code = ExitCode.ENVIRONMENT


_OF_ZLIB = re.compile(r"^Error -?\d+ while (?:de)?compressing data: ")
_OF_PYTHON = re.compile(r"<class '(?:\w+\.)*(\w+)'>")


def in_words(error: Exception) -> str:
    """The first line of an error; of the operating system's what it refused, and where."""
    if not isinstance(error, OSError) or error.strerror is None:
        return _OF_PYTHON.sub(r"\1", _OF_ZLIB.sub("", (str(error).splitlines() or [type(error).__name__])[0]))
    where = " and ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
    return f"{error.strerror}{f': {where}' if where else ''}"


_OF_THE_MACHINE = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EIO,
    errno.EMFILE,
    errno.ENFILE,
)


_WORDS_OF_SQLITE = ("database or disk is full", "disk I/O error", "readonly database", "unable to open database file")


def is_of_the_machine(message: str) -> bool:
    """Whether an error says that the disk is full or broken, or a folder cannot be read or written. DuckDB, Arrow and dbt pass on
    the words of the operating system, SQLite has its own."""
    return any(words in message for words in (*map(os.strerror, _OF_THE_MACHINE), *_WORDS_OF_SQLITE))


class Faults:
    """What is wrong with the files that people edit, in the order in which it was met, each fault once."""

    def __init__(self) -> None:
        self._messages: dict[str, None] = {}

    def add(self, *messages: str) -> None:
        """Take note of faults."""
        self._messages |= dict.fromkeys(messages)

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Take note of the `PlainError` that ends the block early."""
        try:
            yield
        except PlainError as error:
            self.add(*map(str, error.args))

    def result_of(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """What `work` gives; None where it raises a `PlainError`, of which note is taken."""
        with self.collected():
            return work(*arguments)
        return None

    @property
    def messages(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(self._messages)

    def refuse(self, kind: type[PlainError]) -> None:
        """Raise all of them as one error; nothing happens where there are none."""
        if self._messages:
            raise kind(*self._messages)
