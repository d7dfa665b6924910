"""Country codes and names as published -> short English name and ISO 3166-1 alpha-3 code.

Codes count before names, and names go through `configs/vocab/country/` before the library; `configs/vocab/country_name/` says
where a country is called otherwise than the library does. Anything that names no single country stays unknown.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import country_converter

from carbon_assets.base.configs import ConfigError
from carbon_assets.base.errors import Faults
from carbon_assets.base.known_words import why_unknown
from carbon_assets.base.lists import load_list
from carbon_assets.base.vocab import COLUMNS, Vocabulary

_UNKNOWN = "not found"


@dataclass(frozen=True)
class Country:
    """A country by its short English name and its ISO 3166-1 alpha-3 code."""

    name: str
    iso3: str


def load_countries(configs: Path) -> Countries:
    """Countries by the words of `configs/vocab/`. Raises `ConfigError` with all that names no country."""
    vocab, faults = configs / "vocab", Faults()
    library = Countries({}, {})
    fixes = faults.result_of(Vocabulary, vocab / "country", library.why_no_country)
    names = faults.result_of(Vocabulary, vocab / "country_name")
    for row in load_list(vocab / "country_name", COLUMNS, key=("raw",)) if names is not None else ():
        if not library.is_code(row["raw"]):
            reason = why_unknown("country code", row["raw"], library.codes) or "is written in capitals"
            faults.add(f"{row['place']}: {reason}")
    faults.refuse(ConfigError)
    return Countries(fixes, names)


@cache
def _library() -> country_converter.CountryConverter:
    logging.getLogger("country_converter").setLevel(logging.CRITICAL)  # it warns of each unknown; we count them
    return country_converter.CountryConverter()


class Countries:
    """Resolves distinct values; a few hundred at most, so the library's regular expressions are fast enough."""

    def __init__(self, fixes: Mapping[str, str], names: Mapping[str, str]) -> None:
        self._library = _library()
        self._fixes = fixes
        self._names = names

    def resolve(self, code: str | None, name: str | None) -> Country | None:
        """The country that `code`, or else `name`, stands for."""
        for text in (code, name):
            if text and (country := self._by_code(text.strip()) or self._by_name(text)):
                return country
        return None

    @property
    def codes(self) -> list[str]:
        """All ISO 3166-1 alpha-3 codes."""
        return self._library.data["ISO3"].tolist()

    def is_code(self, text: str) -> bool:
        """Whether a text is an ISO 3166-1 alpha-3 code."""
        return len(text) == 3 and self._by_code(text) is not None

    def why_no_country(self, name: str) -> str | None:
        """Why a name stands for no country; None if it does."""
        if self.resolve(None, name):
            return None
        return why_unknown("country", name, self._library.data["name_short"].tolist()) or "names several countries"

    def resolve_all(self, pairs: Iterable[tuple[str | None, str | None]]) -> list[dict[str, str | None]]:
        """One record per pair: `code`, `name`, `country`, `iso3`."""
        records = []
        for code, name in pairs:
            found = self.resolve(code, name)
            country, iso3 = (found.name, found.iso3) if found else (None, None)
            records.append({"code": code, "name": name, "country": country, "iso3": iso3})
        return records

    def _by_code(self, text: str) -> Country | None:
        if re.fullmatch(r"[A-Z]{2}|[A-Z]{3}", text):
            return self._lookup(text, "ISO2" if len(text) == 2 else "ISO3")
        return None

    def _by_name(self, text: str) -> Country | None:
        if text in self._fixes:
            text = self._fixes[text]
        return self._lookup(text, "regex")

    def _lookup(self, text: str, source: str) -> Country | None:
        iso3 = self._library.convert(text, src=source, to="ISO3", not_found=_UNKNOWN)
        if not isinstance(iso3, str) or iso3 == _UNKNOWN:  # several countries come as a list
            return None
        return Country(self._names.get(iso3) or self._library.convert(iso3, src="ISO3", to="name_short"), iso3)
