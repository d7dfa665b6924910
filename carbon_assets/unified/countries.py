"""Country codes and names as published -> short English name and ISO 3166-1 alpha-3 code.

Codes count before names, and names go through `configs/vocab/country/` before the library; `configs/vocab/country_name/` says
where a country is called otherwise than the library does. Anything that names no single country stays unknown.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass

import country_converter

from carbon_assets.base.vocab import Vocabulary

_UNKNOWN = "not found"


@dataclass(frozen=True)
class Country:
    """A country by its short English name and its ISO 3166-1 alpha-3 code."""

    name: str
    iso3: str


class Countries:
    """Resolves distinct values; a few hundred at most, so the library's regular expressions are fast enough."""

    def __init__(self, fixes: Vocabulary, names: Vocabulary) -> None:
        logging.getLogger("country_converter").setLevel(logging.CRITICAL)  # it warns of each unknown; we count them
        self._library = country_converter.CountryConverter()
        self._fixes = fixes
        self._names = names

    def resolve(self, code: str | None, name: str | None) -> Country | None:
        """The country that `code`, or else `name`, stands for."""
        for text in (code, name):
            if text and (country := self._by_code(text.strip()) or self._by_name(text)):
                return country
        return None

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
