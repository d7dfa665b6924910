"""Names of entities: how one is cleaned for display, and the key under which its spellings are one.

What a text says about a name belongs in `phrases.py`, who is who in `knowledge.py`. Everything here is bounded: a text longer
than `MAX_LETTERS_OF_TEXT` is cut before it is looked at.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from carbon_assets.base.configs import ConfigError, load_csv
from carbon_assets.base.errors import Faults
from carbon_assets.base.lists import files_of
from carbon_assets.beneficiaries.expressions import alternatives
from carbon_assets.beneficiaries.text import ALIKE_SIGNS, MAX_LETTERS_OF_TEXT, flat, tidy
from carbon_assets.beneficiaries.words import Words

MAX_LETTERS_OF_KEY = 200
"""Letters of a name that its key takes account of."""

MAX_LETTERS_OF_INITIALS = 12
"""Initials are shorter."""

MAX_REMEMBERED_NAMES = 50_000
"""Keys that are remembered: the same names are asked for again and again."""

_DEFINED = re.compile(r" ?\( ?[\"'“”‘’„«][^()]{1,30}[\"'“”‘’»] ?\)$")
"""The short name that a contract gives a party: 'Foo Limited ("Foo")'."""

_SHORT_FIRST = re.compile(r"^\([A-Z]{2,8}\) (?=\w)")
"""A short name in front of the name: '(FOO) Foo Oil Operations'."""

_EDGES = " \t\"'`´“”„«»‘’,;:.-–—|/\\*_~=<>#!?•·"
_CLOSING = {"(": ")", "[": "]"}
_IN_KEYS = {"ı": "i", "ø": "o", "ł": "l", ".": "", "'": ""}
_WORD = re.compile(r"[^\W_]+")
_ACRONYM = re.compile(r"^(.*\S) ?\([\"'“”‘’]?([^\W_][\w&.-]{1,11})[\"'“”‘’]?\)$")


class _Folded(dict[int, str]):
    """Letter of decomposed text -> what a key takes of it; accents vanish, dots and apostrophes join."""

    def __missing__(self, code: int) -> str:
        letter = chr(code).translate(ALIKE_SIGNS)
        self[code] = "" if unicodedata.combining(letter) else _IN_KEYS.get(letter, letter)
        return self[code]


_FOLDED = _Folded()


class LegalForms:
    """The legal forms of the list `legal_forms` (`form,place,note`): words at the end or the start of a name that do not tell
    entities apart. Raises `ConfigError` with file and line."""

    def __init__(self, folder: Path, words: Words) -> None:
        self._and = words.ampersand[0]
        self._joined_forms = frozenset(words.joined_forms)
        self._forms: dict[str, set[tuple[str, ...]]] = {"end": set(), "start": set()}
        for path in files_of(folder / "legal_forms"):
            self._load(path)
        self._max_words = max((len(form) for forms in self._forms.values() for form in forms), default=0)

    def _load(self, path: Path) -> None:
        lines: dict[tuple[str, tuple[str, ...]], str] = {}
        faults = Faults()
        for row in load_csv(path, ("form", "place", "note")):
            form, place = self.split(row["form"]), row["place"]
            if not form or place not in self._forms:
                faults.add(f"{path}, line {row['line']}: {row['form']!r} needs words, and the place start or end")
                continue
            if (line := lines.setdefault((place, form), row["line"])) != row["line"]:
                faults.add(f"{path}, line {row['line']}: {row['form']!r} stands in line {line} already")
            self._forms[place].add(form)
        faults.refuse(ConfigError)

    def split(self, name: str) -> tuple[str, ...]:
        """The words of `name` that count, without case, accents and signs."""
        return _words(name, self._and)

    def strip(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """`words` without forms at either end; one word always stays."""
        while size := self._size(words, "end"):
            words = words[:-size]
        while size := self._size(words, "start"):
            words = words[size:]
        return words

    def has_form(self, name: str) -> bool:
        """Whether `name` has a legal form at its end or start."""
        words = self.split(name)
        return bool(self._size(words, "end") or self._size(words, "start"))

    def ends(self, name: str) -> bool:
        """Whether `name` has a legal form at its end."""
        return bool(self._size(self.split(name), "end"))

    def starts(self, name: str) -> bool:
        """Whether `name` has a legal form at its start, as in 'PT Foo'."""
        return bool(self._size(self.split(name), "start"))

    def begins(self, text: str) -> bool:
        """Whether `text` begins with a form that stands at the end of names: what follows the comma in 'Block, Inc.'."""
        words = self.split(text[:40])
        return any(words[:size] in self._forms["end"] for size in range(1, self._max_words + 1))

    def _size(self, words: tuple[str, ...], place: str) -> int:
        """How many words the longest form at that place has. '& Co' alone is part of a name, as in 'Bain & Company'."""
        for size in range(min(self._max_words, len(words) - 1), 0, -1):
            part = words[-size:] if place == "end" else words[:size]
            is_joined = place == "end" and part[0] in self._joined_forms and words[-size - 1] == self._and
            if part in self._forms[place] and not is_joined:
                return size
        return 0


class Names:
    """How names are shown and compared, with the legal forms and words of stewards; `same_words`: word -> its other spelling."""

    def __init__(self, words: Words, forms: LegalForms, same_words: dict[str, str]) -> None:
        self._forms = forms
        self._same_words = same_words
        self._articles = frozenset(words.key_articles)
        self._abbreviations = frozenset(words.abbreviations)
        self._tax_id = _tax_id(words)
        self._date = _date(words)
        self.display = lru_cache(2_048)(self._display)
        """`text` as a name to show: without outer blanks, quotes and punctuation, without what follows a tax id, without a
        date at its end. Legal form, case and accents stay."""
        self.key = lru_cache(MAX_REMEMBERED_NAMES)(self._key)
        """The key under which the spellings of one entity meet: case, accents, quotes, punctuation, '&' or 'and', 'the',
        legal forms, tax ids and dates at the end do not count. Blank if the name has no letter or digit."""

    def tax_id_at(self, text: str) -> int | None:
        """Where the tax id in `text` begins."""
        tax_id = self._tax_id.search(text)
        return tax_id.start() if tax_id else None

    def _display(self, text: str | None) -> str:
        name = tidy(text)[:MAX_LETTERS_OF_TEXT]
        if (cut := self.tax_id_at(name)) is not None:
            name = name[:cut]
        before = None
        while name != before:
            before = name
            name = self._without_date(self._without_edges(name))
            name = _DEFINED.sub("", name) if name.endswith(")") else name
        return _without_initials(name)

    def _without_date(self, name: str) -> str:
        if not any(map(str.isdigit, name[-4:])):
            return name
        return name[:-40] + self._date.sub("", name[-40:])

    def _without_edges(self, name: str) -> str:
        bare = name.strip(_EDGES)
        bare = _SHORT_FIRST.sub("", bare) if bare.startswith("(") else bare
        for opening, closing in _CLOSING.items():
            if bare.startswith(opening) and bare.endswith(closing):
                bare = bare[1:-1]
            if bare.count(opening) > bare.count(closing):
                bare = bare[: bare.rindex(opening)].rstrip(_EDGES)
            elif bare.count(closing) > bare.count(opening):
                bare = bare.rstrip(_EDGES + closing)
        end = name.find(bare) + len(bare)
        word = bare.rpartition(" ")[2]
        is_short = flat(word) in self._abbreviations or "." in word
        return f"{bare}." if name[end : end + 1] == "." and is_short and self._forms.has_form(f"x {word}") else bare

    def _key(self, name: str) -> str:
        shown = _without_acronym(self.display(name[: 2 * MAX_LETTERS_OF_KEY]))
        words = _latin(self._forms.split(shown[:MAX_LETTERS_OF_KEY]))
        if len(words) > 1 and words[0] in self._articles:
            words = words[1:]
        return " ".join(self._same_words.get(word, word) for word in self._forms.strip(words))


def _tax_id(words: Words) -> re.Pattern[str]:
    """The word for a tax id and the beginning of its number: 'con NIT no. A-1'."""
    lead, number_word, tax_id, glued = (
        alternatives(part, as_written=True)
        for part in (words.tax_id_leads, words.number_words, words.tax_ids, words.tax_ids_glued)
    )
    return re.compile(
        rf"(?<!\w)(?:{lead} )?{tax_id}\b(?: ?{number_word}\b)?[ .:#°º-]{{0,4}}[a-z&]{{0,4}}-?\d|(?<!\w){glued} ?\d",
        re.IGNORECASE,
    )


def _date(words: Words) -> re.Pattern[str]:
    """A year or a part of one at the end of a name: 'January 2023', 'FY 2022/23', 'Q3', '1Q 23'."""
    month, year_word, year, quarter, half = (
        alternatives(part, as_written=True)
        for part in (words.months, words.year_words, words.year_codes, words.quarter_codes, words.half_year_codes)
    )
    return re.compile(
        rf"(?:[ ,(/[_-]|^)(?:{month}\.? (?=\d))?(?:{year_word} )?(?:(?:{year}|{quarter}[1-4]|{half}[12]) ?[/'-]?)*"
        r"(?:\d{1,2}[./-]\d{1,2}[./-])?(?:19|20)\d\d(?:[/-]\d{2,4})?[)\]]?$"
        rf"|[ ,(_-](?:{year} ?'?\d\d|(?:{quarter}|{half})[1-4]|[1-4]{quarter}(?: ?'?\d\d)?)\)?$",
        re.IGNORECASE,
    )


def _without_initials(name: str) -> str:
    """'University of Foo, Bar UFB' without the initials at its end."""
    head, _, last = name.rpartition(" ")
    if len(last) < 3 or not last.isalpha() or not last.isupper():
        return name
    initials = "".join(word[0] for word in re.findall(r"[^\W\d_]+", head) if word[0].isupper())
    return head.rstrip(_EDGES) if initials == last else name


@lru_cache(2_048)
def _words(text: str, ampersand: str) -> tuple[str, ...]:
    """The words that count; dots and apostrophes join ('S.A.', 'McDonald's'), and so do single letters ('S / A').
    `ampersand`: the word that '&' is read as."""
    if text.isascii():
        folded = text.lower().replace(".", "").replace("'", "").replace("`", "")
    else:
        folded = unicodedata.normalize("NFKD", text.casefold()).translate(_FOLDED)
    words: list[str] = []
    run = ""
    for word in [*_WORD.findall(folded.replace("&", f" {ampersand} ")), ""]:
        if len(word) == 1 and word.isascii() and word.isalpha():
            run += word
            continue
        words += [part for part in (run, word) if part]
        run = ""
    return tuple(words)


def _latin(words: tuple[str, ...]) -> tuple[str, ...]:
    """Of a name in two scripts the part in Latin letters, if that is long enough to be the whole name."""
    latin = tuple(word for word in words if word.isascii())
    return latin if len(latin) > 1 and sum(map(len, latin)) >= 8 else words


def _without_acronym(name: str) -> str:
    """'Tribunal Regional Eleitoral (TRE)' without what repeats its own letters in brackets."""
    parts = _ACRONYM.match(name)
    return parts[1] if parts and _repeats(parts[2], parts[1]) else name


def is_short_for(short: str, name: str) -> bool:
    """Whether `short` is written like initials and its letters stand in `name` in this order: 'FBB', 'Foo Bar Baz'."""
    is_short = len(short) < MAX_LETTERS_OF_INITIALS and short.isupper() and len(name) > len(short)
    return is_short and _repeats(short, name)


def _repeats(short: str, name: str) -> bool:
    """Whether the letters of `short` stand in `name` in this order, the first of them first."""
    letters = iter(flat(name))
    wanted = [letter for letter in flat(short) if letter.isalnum()]
    return bool(wanted) and flat(name)[:1] == wanted[0] and all(letter in letters for letter in wanted)
