"""The one base of errors whose message is for a person."""

from __future__ import annotations


class PlainError(Exception):
    """Something that a person can mend: the message says what is wrong, where, and what to do. It is shown without a trace."""
