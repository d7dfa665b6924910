"""Why a retirement has no one user: what its texts say in place of a name.

Who is named belongs in `reader.py`.
"""

from __future__ import annotations

from typing import Literal

from carbon_assets.beneficiaries.knowledge import Knowledge
from carbon_assets.beneficiaries.name_shape import NameShape

Absence = Literal["not_stated", "placeholder", "code_only", "not_public", "several", "crowd", "not_understood"]
"""Nothing is said of a user, or the credits are said to be unused yet or a gift; a text that stands for none ('N/A'); a number
or code; the user does not want to be named; several users; customers, guests or the public; something that is not understood."""

_SAYS_MORE = ("not_public", "several", "crowd", "code_only")
"""What a note can say that the beneficiary cell leaves open with a placeholder."""


class AbsenceReader:
    """Tells the absence from texts that name nobody."""

    def __init__(self, knowledge: Knowledge, shape: NameShape) -> None:
        self._knowledge = knowledge
        self._shape = shape

    def of_texts(self, cell: str, note: str) -> Absence:
        """Why a beneficiary cell and a note name nobody; what the cell says counts first."""
        of_cell, of_note = self._of_text(cell), self._of_text(note)
        if of_cell == "not_stated":
            return of_note
        return of_note if of_cell == "placeholder" and of_note in _SAYS_MORE else of_cell

    def _of_text(self, text: str) -> Absence:
        if not text:
            return "not_stated"
        if stated := self._knowledge.placeholder_says(text):
            return stated
        if self._shape.is_code(text) or _is_mostly_digits(text):
            return "code_only"
        if self._shape.names_a_crowd(text):
            return "crowd"
        return "placeholder" if self._knowledge.is_placeholder(text) else "not_understood"


def _is_mostly_digits(text: str) -> bool:
    """Whether a text is one word with more digits than letters: 'BKG-2023/00417'."""
    digits, letters = (sum(map(test, text)) for test in (str.isdigit, str.isalpha))
    return digits > letters and " " not in text
