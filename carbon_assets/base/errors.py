"""The one base of errors whose message is for a person, and faults that are collected so that all are told at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class PlainError(Exception):
    """Something that a person can mend: the message says what is wrong, where, and what to do. It is shown without a trace.

    `args` are its faults: several where several things are wrong, each a message of its own.
    """

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


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
