"""What stewards know of names: which stand for nobody, which buy for others, which spell one entity.

The lists are CSV files of `configs/beneficiaries/`; a list may go on in files of a folder of its name, such as
`aliases/japan.csv`. Words and phrases of languages belong in `vocabulary.py`, how texts are read by all of it in `reader.py`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from carbon_assets.base.configs import ConfigError
from carbon_assets.base.errors import Faults
from carbon_assets.base.known_words import why_unknown
from carbon_assets.base.lists import Row, load_list
from carbon_assets.beneficiaries.expressions import alternatives
from carbon_assets.beneficiaries.names import LegalForms, Names
from carbon_assets.beneficiaries.words import Words

PLACEHOLDERS_SAY = ("not_public", "several", "crowd")
"""What a placeholder can say of the user: that it does not want to be named, or is many."""


class Knowledge:
    """The lists of one folder. Raises `ConfigError` with all that contradicts itself."""

    def __init__(self, folder: Path, words: Words) -> None:
        faults = Faults()
        self.forms = LegalForms(folder, words)
        self._names = Names(words, self.forms, _load_same_words(folder / "same_words"))
        self.display = self._names.display
        self.key = self._names.key
        self.tax_id_at = self._names.tax_id_at
        self._placeholders = faults.result_of(self._load_names, folder / "placeholders", "text", ("says",)) or {}
        self._placeholders_say = faults.result_of(self._load_what_they_say, folder / "placeholders") or {}
        self._intermediaries = frozenset(faults.result_of(self._load_names, folder / "intermediaries", "name") or ())
        self._aliases = faults.result_of(self._load_aliases, folder / "aliases")
        faults.refuse(ConfigError)
        self._behind_owner = re.compile(
            rf"['’]s | - | {alternatives(words.broker_things, as_written=True)}$", re.IGNORECASE
        )

    def canonical(self, name: str) -> str | None:
        """The entity that the alias table gives for a spelling."""
        return self._aliases.get(self.key(name))

    def is_placeholder(self, text: str) -> bool:
        """Whether `text` stands for nobody: a word of the list, or nothing but numbers and signs."""
        key = self.key(text)
        return key in self._placeholders or not any(map(str.isalpha, key))

    def placeholder_says(self, text: str) -> Literal["not_public", "several", "crowd"] | None:
        """What a word of the list of placeholders says of the user; None where it only says that there is nothing to say."""
        return self._placeholders_say.get(self.key(text))

    def is_intermediary(self, name: str) -> bool:
        """Whether `name`, or what it is said to be of ('Patch's ...', 'Patch - ...', 'Patch partners'), is known to buy
        for others."""
        if self.key(name) in self._intermediaries:
            return True
        owner = self._behind_owner.search(name)
        return owner is not None and self.key(name[: owner.start()]) in self._intermediaries

    def is_known(self, name: str) -> bool:
        """Whether the alias table has `name`."""
        return self.key(name) in self._aliases

    def are_related(self, name: str, other: str) -> bool:
        """Whether two names may be of one house: a word in common, or one the initials of the other."""
        if self.canonical(name) and self.canonical(name) == self.canonical(other):
            return True
        words, others = self.key(name).split(), self.key(other).split()
        initials = {"".join(word[0] for word in words), "".join(word[0] for word in others)}
        is_shared = any(len(word) > 2 for word in {*words} & {*others})
        glued = "".join(words), "".join(others)
        return is_shared or bool({*words, *others} & initials) or glued[0] in glued[1] or glued[1] in glued[0]

    def _load_what_they_say(self, place: Path) -> dict[str, str]:
        """Key of each placeholder that says something of the user -> what."""
        says: dict[str, str] = {}
        faults = Faults()
        for row in load_list(place, ("text", "says", "note"), key=("text",), optional=("says",)):
            if row["says"]:
                faults.add(*_unknown_saying(row))
                says[self.key(row["text"])] = row["says"]
        faults.refuse(ConfigError)
        return says

    def _load_names(self, place: Path, column: str, optional: tuple[str, ...] = ()) -> dict[str, str]:
        """Key of each name of a list -> where it stands; an entry without a letter or digit has no key and would match
        nothing."""
        places: dict[str, str] = {}
        faults = Faults()
        for row in load_list(place, (column, *optional, "note"), key=(column,), optional=optional):
            if not (key := self.key(row[column])):
                faults.add(f"{row['place']}: {row[column]!r} has no letters: write a name, or remove the row")
            places.setdefault(key, row["place"])
        faults.refuse(ConfigError)
        return places

    def _load_aliases(self, place: Path) -> dict[str, str]:
        """Key of each spelling -> the entity to show."""
        aliases: dict[str, str] = {}
        rows: dict[str, Row] = {}
        faults = Faults()
        listed = load_list(place, ("alias", "canonical", "note"), key=("alias",))
        for row in listed:
            key, canonical = self.key(row["alias"]), row["canonical"]
            if not key or not self.key(canonical):
                faults.add(f"{row['place']}: needs both an alias and a canonical name")
                continue
            if key in self._placeholders:
                faults.add(
                    f"{row['place']}: {row['alias']!r} is a placeholder, in {self._placeholders[key]}: leave one of them"
                )
            first = rows.setdefault(key, row)
            if first is not row and (first["file"] == row["file"] or first["canonical"] != canonical):
                faults.add(
                    f"{row['place']}: {row['alias']!r} stands in {_place(first, row)} already: leave one of them"
                )
            aliases[key] = canonical
        for row in listed:
            key = self.key(row["canonical"])
            if key and aliases.setdefault(key, row["canonical"]) != row["canonical"]:
                faults.add(
                    f"{row['place']}: {row['canonical']!r} is itself an alias of {aliases[key]!r}"
                    + (f" in {_place(rows[key], row)}" if key in rows else "")
                )
        faults.refuse(ConfigError)
        return aliases


def _unknown_saying(row: Row) -> list[str]:
    reason = why_unknown("says", row["says"], PLACEHOLDERS_SAY)
    return [f"{row['place']}: {reason}"] if reason else []


def _place(row: Row, other: Row) -> str:
    """Where `row` stands, seen from `other`."""
    return f"line {row['line']}" if row["file"] == other["file"] else row["place"]


def _load_same_words(place: Path) -> dict[str, str]:
    """Word -> its other spelling in keys."""
    rows = load_list(place, ("word", "same_as", "language", "note"), key=("word",))
    return {row["word"]: row["same_as"] for row in rows}
