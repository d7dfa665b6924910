"""What stewards know of names: which stand for nobody, which buy for others, which spell one entity.

The files are those of `configs/beneficiaries/`; `patterns.yml` belongs in `beneficiary_patterns.py`, and how texts are read
by all of it in `beneficiaries.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache, partial
from pathlib import Path

from carbon_assets.base.configs import ConfigError, load_csv
from carbon_assets.beneficiaries import names
from carbon_assets.beneficiaries.names import LegalForms

MOST_KEYS = 50_000
"""Keys that are remembered: the same names are asked for again and again."""


_OF_OWNER = re.compile(r"['’]s | - | (?:partners|platform|marketplace|app|shop|community)$", re.IGNORECASE)


class Knowledge:
    """The lists of one folder. Raises `ConfigError` where they contradict themselves."""

    def __init__(self, folder: Path) -> None:
        self.forms = LegalForms(folder / "legal_forms.csv")
        self._key = lru_cache(MOST_KEYS)(partial(names.key, forms=self.forms))
        self._placeholders = frozenset(self._keys_of(folder / "placeholders.csv", "text"))
        self._intermediaries = frozenset(self._keys_of(folder / "intermediaries.csv", "name"))
        self._aliases = self._load_aliases(folder / "aliases.csv")

    def key(self, name: str) -> str:
        """The key under which spellings of one entity meet."""
        return self._key(name)

    def canonical(self, name: str) -> str | None:
        """The entity that the alias table gives for a spelling."""
        return self._aliases.get(self.key(name))

    def is_placeholder(self, text: str) -> bool:
        """Whether `text` stands for nobody: a word of the list, or nothing but numbers and signs."""
        key = self.key(text)
        return key in self._placeholders or not any(letter.isalpha() for letter in key)

    def is_intermediary(self, name: str) -> bool:
        """Whether `name`, or what it is said to be of ('Patch's ...', 'Patch - ...', 'Patch partners'), is known to buy
        for others."""
        owner = _OF_OWNER.split(name, maxsplit=1)[0]
        return self.key(name) in self._intermediaries or self.key(owner) in self._intermediaries

    def is_known(self, name: str) -> bool:
        """Whether the alias table has `name`."""
        return self.key(name) in self._aliases

    def _keys_of(self, path: Path, column: str) -> Iterable[str]:
        """The keys of a list of names; an entry without a letter or digit has none and would match nothing."""
        for row in load_csv(path, (column, "note")):
            if not (key := self.key(row[column])):
                raise ConfigError(f"{path}, line {row['line']}: {row[column]!r} has no letters")
            yield key

    def _load_aliases(self, path: Path) -> dict[str, str]:
        aliases: dict[str, str] = {}
        lines: dict[str, str] = {}
        rows = load_csv(path, ("alias", "canonical", "note"))
        for row in rows:
            key, canonical = self.key(row["alias"]), row["canonical"]
            if not key or not self.key(canonical):
                raise ConfigError(f"{path}, line {row['line']}: needs both an alias and a canonical name")
            if key in self._placeholders:
                raise ConfigError(f"{path}, line {row['line']}: {row['alias']!r} is a placeholder")
            if key in aliases:
                raise ConfigError(f"{path}, line {row['line']}: {row['alias']!r} stands in line {lines[key]} already")
            aliases[key], lines[key] = canonical, row["line"]
        for row in rows:
            key = self.key(row["canonical"])
            if aliases.setdefault(key, row["canonical"]) != row["canonical"]:
                raise ConfigError(
                    f"{path}, line {row['line']}: {row['canonical']!r} is itself an alias of {aliases[key]!r}"
                    + (f" in line {lines[key]}" if key in lines else "")
                )
        return aliases

    def are_related(self, name: str, other: str) -> bool:
        """Whether two names may be of one house: a word in common, or one the initials of the other."""
        if self.canonical(name) and self.canonical(name) == self.canonical(other):
            return True
        words, others = self.key(name).split(), self.key(other).split()
        initials = {"".join(word[0] for word in words), "".join(word[0] for word in others)}
        is_shared = any(len(word) > 2 for word in {*words} & {*others})
        glued = "".join(words), "".join(others)
        return is_shared or bool({*words, *others} & initials) or glued[0] in glued[1] or glued[1] in glued[0]
