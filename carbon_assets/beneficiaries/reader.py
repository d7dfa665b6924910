"""Who retired credits: what one retirement's account, beneficiary, note and reason say, and which spellings are one entity.

Here stands which text counts before which. Phrases belong in `phrases.py`, lists of names in `name_lists.py`, what is known of
single names in `knowledge.py`; tables and OpenRefine histories in `tables.py`. What is doubtful stays unnamed: a wrong name is
worse than none.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from carbon_assets.beneficiaries.absence import Absence, AbsenceReader
from carbon_assets.beneficiaries.expressions import alternatives, any_of
from carbon_assets.beneficiaries.knowledge import Knowledge
from carbon_assets.beneficiaries.name_ends import NameEnds
from carbon_assets.beneficiaries.name_lists import NameLists
from carbon_assets.beneficiaries.name_shape import NameShape
from carbon_assets.beneficiaries.patterns import Phrase
from carbon_assets.beneficiaries.phrases import PhraseReader
from carbon_assets.beneficiaries.text import flat, tidy
from carbon_assets.beneficiaries.vocabulary import load_vocabulary
from carbon_assets.beneficiaries.words import Words


@dataclass(frozen=True)
class Reading:
    """What one retirement says.

    `names`: who used the credits, as written but cleaned; none if nobody is named, several if the row has no one user.
    `has_others`: the text speaks of more users than it names ("X and others"): then X is listed, but not the one user.
    `basis`: the cell that says so: beneficiary, note, account or reason. `method`: alias if the alias table knows each
    name, else pattern, be it a cell that is a name or a phrase. 'operation' and 'fingerprint' are never said here: the
    first is said of names that an OpenRefine history wrote, the second of names whose spelling `join_spellings` changed
    without an alias. `confidence`: from 0 to 1. `absence`: why nobody is named.
    """

    names: tuple[str, ...] = ()
    basis: str | None = None
    method: str | None = None
    confidence: float | None = None
    has_others: bool = False
    absence: Absence = field(default="not_understood", compare=False)

    @property
    def user(self) -> str | None:
        """The one user, if it is one."""
        return self.names[0] if len(self.names) == 1 and not self.has_others else None

    @property
    def absence_reason(self) -> Absence | None:
        """Why there is no one user; None if there is."""
        if self.user is not None:
            return None
        return "several" if self.names else self.absence


_DOUBTFUL = Reading()
_CROWD = Reading(absence="crowd")
_NOT_USED = Reading(absence="not_stated")


class BeneficiaryReader:
    """Reads retirements against the knowledge of one folder of configs. Raises `ConfigError` where that contradicts itself."""

    def __init__(self, configs: Path) -> None:
        folder = configs / "beneficiaries"
        vocabulary = load_vocabulary(folder)
        self._limits = vocabulary.limits
        self._knowledge = Knowledge(folder, vocabulary.words)
        self.key = self._knowledge.key
        self.canonical = self._knowledge.canonical
        self.is_placeholder = self._knowledge.is_placeholder
        self.is_intermediary = self._knowledge.is_intermediary
        self._shape = NameShape(vocabulary, self._knowledge)
        self._absence = AbsenceReader(self._knowledge, self._shape)
        self._ends = NameEnds(vocabulary, self._knowledge, self._shape)
        self._phrases = PhraseReader(vocabulary, self._knowledge, self._shape, self._ends)
        self._lists = NameLists(vocabulary.words, self._knowledge, self._shape, self._ends)
        self._compile(vocabulary.words)

    def _compile(self, words: Words) -> None:
        self._own_reasons = frozenset(map(self.key, words.own_reasons))
        self._own_notes = any_of(words.own_notes)
        self._not_own = any_of(words.not_own)
        self._project_holders = any_of(words.project_holders, "^")
        self._sellers = any_of(words.sellers)
        self._not_used = any_of(words.not_used)
        self._no_use = any_of(words.not_used + words.gifts)
        self._plant = alternatives(words.plants)

    def read(self, account: str | None, beneficiary: str | None, note: str | None, reason: str | None) -> Reading:
        """Who used the credits of one retirement. Never raises, whatever the texts."""
        account, beneficiary, note, reason = (tidy(text) for text in (account, beneficiary, note, reason))
        if self._not_used.search(flat(reason)) or any(self._no_use.search(flat(text)) for text in (beneficiary, note)):
            return _NOT_USED
        of_note = self._of_text(note, "note")
        reading = self._of_cell(beneficiary, account, note, of_note)
        if reading is None:
            reading = of_note if of_note is not None else self._of_text(reason, "reason")
        if reading is None and self._may_be_account(beneficiary, account):
            reading = self._of_account(account, note, reason)
        return reading or Reading(absence=self._absence.of_texts(beneficiary, note))

    # --- the beneficiary cell

    def _of_cell(self, cell: str, account: str, note: str, of_note: Reading | None) -> Reading | None:
        """What the beneficiary cell says, against what the note says; None if it says nothing."""
        if not cell or self.is_placeholder(cell) or self._shape.is_code(cell):
            return None
        of_phrase = self._of_text(cell, "beneficiary", deciding=True)
        if of_phrase is not None:
            return of_phrase
        if self._shape.names_a_crowd(self._lists.without_family(cell)):
            return of_note if self._is_clients_name(cell, of_note) else _CROWD
        cell, has_others = self._lists.without_others(cell)
        names = self._lists.split(self._lists.without_tail(cell))
        if not names:
            return of_note or self._of_beginning(cell, "beneficiary")
        if self._is_part(names[0], note):
            return of_note or _DOUBTFUL
        of_cell = self._reading(names, "beneficiary", self._limits.confidence_of_cell, has_others)
        return self._against_note(of_cell, account, of_note)

    def _is_part(self, name: str, note: str) -> bool:
        """Whether the note shows that a name of the cell is cut off ('oo Bank' where it writes 'Foo Bank'), or a plant of the
        user ('FOO-Bar' where it writes 'Bar facility')."""
        if self._knowledge.is_known(name):
            return False
        folded, text = flat(name), flat(note)
        place = folded.rpartition("-")[2]
        if place != folded and re.search(rf"\b{re.escape(place)} {self._plant}\b", text):
            return True
        around = text.split(folded)[: self._limits.max_places_of_name] if len(folded) > 5 else []
        return len(around) > 1 and all(
            before[-1:].isalpha() or (after[:2].isalpha() and len(after) > 1) for before, after in pairwise(around)
        )

    def _against_note(self, of_cell: Reading, account: str, of_note: Reading | None) -> Reading | None:
        """The name of the cell, unless the note tells of another user: customers of it, or those whom a broker serves."""
        name = of_cell.names[0]
        if of_cell.user is None:
            return of_cell
        is_broker = self.is_intermediary(name)
        if of_note is None:
            return None if is_broker else of_cell
        if not of_note.names:
            return None if is_broker or not self._is_served(account, name) else of_cell
        if is_broker or not self._is_sure(of_note):
            return of_note if is_broker else of_cell
        related = [self._knowledge.are_related(name, other) for other in of_note.names]
        if len(related) > 1 and not all(related):
            return of_note
        return of_cell if any(related) else _DOUBTFUL

    def _is_clients_name(self, cell: str, of_note: Reading | None) -> bool:
        """Whether the note names the one of whom the cell 'client of X' speaks."""
        if of_note is None or of_note.user is None:
            return False
        return self._is_sure(of_note) and not self._knowledge.are_related(cell, of_note.user)

    def _is_sure(self, of_note: Reading) -> bool:
        return (of_note.confidence or 0) >= self._limits.min_confidence_to_contradict

    def _is_served(self, account: str, name: str) -> bool:
        """Whether another holds the account: then a named user with attendees or guests is the user."""
        return bool(account) and self.key(account) != self.key(name)

    # --- texts

    def _of_text(self, text: str, basis: str, *, deciding: bool = False) -> Reading | None:
        """What the phrases in a text say: names, or that it is for nobody in particular; None if they say nothing.

        `deciding`: only phrases that decide count, as in a cell that should be a name itself.
        """
        if not text or self.is_placeholder(text):
            return None
        for phrase, named in self._phrases.read(text):
            if deciding and not (phrase.decides or phrase.confidence >= self._limits.confidence_of_cell):
                continue
            if not named:
                return _CROWD
            parts = [self._lists.without_others(words) for words in named]
            split = (self._lists.split(self._lists.without_tail(words)) for words, _ in parts)
            if names := self._lists.distinct(name for part in split for name in part):
                names = self._without_brokers(names, phrase)
            elif phrase.decides and not any(map(self.is_intermediary, named)):
                return _DOUBTFUL  # it names somebody, but who is doubtful
            if names:
                return self._reading(names, basis, phrase.confidence, any(has_others for _, has_others in parts))
        return None if deciding else self._of_beginning(text, basis)

    def _of_beginning(self, text: str, basis: str) -> Reading | None:
        """The name with a legal form that begins a text and is followed by something else than customers."""
        if self._shape.names_a_crowd(text) or self._lists.names_a_group(flat(text)):
            return None
        name = self._ends.formed_beginning(text)
        if name is None or self.is_intermediary(name) or len(self._lists.split(name)) != 1:
            return None
        if basis != "beneficiary" and self._is_seller(name):
            return None
        return self._reading([name], basis, self._limits.confidence_of_beginning)

    def _without_brokers(self, names: list[str], phrase: Phrase) -> list[str]:
        """The names that may be users: a broker 'for 2025 emissions' of its own is, 'retired by' or 'for' a broker is not."""
        if phrase.kind in {"before", "possessive"} and len(names) == 1:
            return names
        if phrase.broker == "never" or phrase.kind == "whole":
            names = [name for name in names if not self._is_seller(name)]
        return [name for name in names if not self.is_intermediary(name)]

    # --- the account

    def _may_be_account(self, cell: str, account: str) -> bool:
        """Whether the account holder may be the user: not where the cell says something else that could not be read."""
        return not cell or self.is_placeholder(cell) or self._knowledge.are_related(cell, account)

    def _of_account(self, account: str, note: str, reason: str) -> Reading | None:
        """The account holder, if reason or note say that it retired for itself and it is nobody's broker."""
        name = self._knowledge.display(account)
        if not self._shape.is_name(name) or self.is_intermediary(name) or self._project_holders.match(flat(name)):
            return None
        if self._is_seller(name) and not self._lists.is_institution(name):
            return None
        if self._not_own.search(flat(f"{reason} {note}")):
            return None
        if self.key(reason) in self._own_reasons or self._own_notes.search(flat(note)):
            return self._reading([name], "account", self._limits.confidence_of_account)
        return None

    def _is_seller(self, name: str) -> bool:
        """Whether `name` sounds like one who develops projects or trades: where nothing says that it used credits, it may not."""
        return bool(self._sellers.search(flat(name))) and not self._knowledge.is_known(name)

    def _reading(self, names: list[str], basis: str, confidence: float, has_others: bool = False) -> Reading:
        is_known = all(self._knowledge.is_known(name) for name in names)
        if is_known and confidence >= self._limits.confidence_of_cell:
            confidence = self._limits.confidence_of_alias
        return Reading(tuple(names), basis, "alias" if is_known else "pattern", confidence, has_others)


def join_spellings(readings: Iterable[tuple[Reading, Decimal]], reader: BeneficiaryReader) -> dict[str, str]:
    """Spelling -> the spelling to show: that of the alias table, else the one with most tonnes of those that share a key; of
    equals the first in order of text. `readings`: with the tCO2e retired."""
    tonnes: dict[str, Decimal] = defaultdict(Decimal)
    for reading, quantity in readings:
        for name in reading.names:
            tonnes[name] += quantity
    alike: dict[str, list[str]] = defaultdict(list)
    for name in tonnes:
        alike[reader.key(name)].append(name)
    joined: dict[str, str] = {}
    for key in sorted(alike):
        heaviest = min(alike[key], key=lambda name: (-tonnes[name], name))
        joined |= {name: reader.canonical(name) or heaviest for name in sorted(alike[key])}
    return joined
