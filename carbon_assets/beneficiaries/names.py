"""Names of entities: how one is cleaned for display, and the key under which its spellings are one.

What a text says about a name belongs in `beneficiary_phrases.py`, who is who in `beneficiaries.py`. Everything here is
bounded: a text longer than `LONGEST_TEXT` is cut before it is looked at.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from carbon_assets.base.configs import ConfigError, load_csv

LONGEST_TEXT = 2_000
"""Letters of a cell that are read; names stand at the beginning of what people write."""

LONGEST_NAME = 200
"""Letters of a name that its key takes account of."""

_TAX_ID = re.compile(
    r"(?<!\w)(?:con )?(?:nit|rut|cnpj|cpf|vat|rfc|ruc|cuit|cuil|cif|nif|nie|abn|acn|asn|crn|ein|uen|kvk|gst|pan|siren|siret"
    r"|p\.? ?iva|partita iva|tax id|tax no)\b(?: ?(?:no|nr|number|id)\b)?[ .:#°º-]{0,4}[a-z&]{0,4}-?\d|(?<!\w)asn ?\d",
    re.IGNORECASE,
)
_MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec|january|february|march|april|june|july|august|september|october|november|december"
    r"|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|janeiro|fevereiro|março|maio|junho|julho|setembro"
    r"|outubro|novembro|dezembro|janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre|januar|februar|märz|juni|juli"
    r"|oktober|dezember|gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre|januari|februari|maart|mei|augustus)"
)
_DATE = re.compile(
    rf"(?:[ ,(/[_-]|^)(?:{_MONTH}\.? (?=\d))?"
    r"(?:(?:year|a[nñ]o|anno|ann[ée]e|jahr|jaar|y[ıi]l[ıi]|per[ií]odo|period) )?(?:(?:fy|cy|ye|q[1-4]|h[12]) ?[/'-]?)*(?:\d{1,2}[./-]\d{1,2}[./-])?(?:19|20)\d\d(?:[/-]\d{2,4})?[)\]]?$"
    r"|[ ,(_-](?:(?:fy|cy|ye) ?'?\d\d|[qh][1-4]|[1-4]q(?: ?'?\d\d)?)\)?$",
    re.IGNORECASE,
)
_DEFINED = re.compile(r" ?\( ?[\"'“”‘’„«][^()]{1,30}[\"'“”‘’»] ?\)$")
"""The short name that a contract gives a party: 'Foo Limited ("Foo")'."""

_SHORT_FIRST = re.compile(r"^\([A-Z]{2,8}\) (?=\w)")
"""A short name in front of the name: '(FOO) Foo Oil Operations'."""

_ABBREVIATED = frozenset(
    {"inc", "ltd", "co", "corp", "cos", "ltda", "cia", "lda", "pte", "pvt", "pty", "bhd", "bros", "assn", "univ", "dept", "sti", "tic"}
)  # fmt: skip
"""Words at the end of a name whose dot is their own; that behind 'GmbH.' ends a sentence."""

_EDGES = " \t\"'`´“”„«»‘’,;:.-–—|/\\*_~=<>#!?•·"
_CLOSING = {"(": ")", "[": "]"}
_ALIKE = str.maketrans(
    {"’": "'", "‘": "'", "´": "'", "`": "'", "–": "-", "—": "-", "‑": "-", "“": '"', "”": '"', "„": '"'}
)
_ONE_LETTER = {"ı": "i", "ø": "o", "ł": "l", "đ": "d", "æ": "a", "œ": "o", "ð": "d", "ß": "s", "ſ": "s"}
_IN_KEYS = {"ı": "i", "ø": "o", "ł": "l", "&": " and ", ".": "", "'": ""}
_SAME = {"company": "co", "univ": "university"}
"""Words of names that are written in two ways."""

_WORD = re.compile(r"[^\W_]+")
_ACRONYM = re.compile(r"^(.*\S) ?\([\"'“”‘’]?([^\W_][\w&.-]{1,11})[\"'“”‘’]?\)$")


class _Flat(dict[int, str]):
    """Letter -> one letter without case and accent, made as letters turn up, so that places in a text stay the same."""

    def __missing__(self, code: int) -> str:
        letter = unicodedata.normalize("NFKD", chr(code))[0].casefold()[:1] or " "
        letter = unicodedata.normalize("NFKD", letter)[0]
        self[code] = _ONE_LETTER.get(letter, letter).translate(_ALIKE)
        return self[code]


class _Shown(dict[int, str]):
    """Letter -> what is shown of it: control characters part words, marks without width do not."""

    def __missing__(self, code: int) -> str:
        category = unicodedata.category(chr(code))
        self[code] = chr(code) if category[0] != "C" else "" if category == "Cf" else " "
        return self[code]


class _Folded(dict[int, str]):
    """Letter of decomposed text -> what a key takes of it; accents vanish, dots and apostrophes join."""

    def __missing__(self, code: int) -> str:
        letter = chr(code).translate(_ALIKE)
        self[code] = "" if unicodedata.combining(letter) else _IN_KEYS.get(letter, letter)
        return self[code]


_FLAT = _Flat()
_SHOWN = _Shown()
_FOLDED = _Folded()


@lru_cache(2_048)
def flat(text: str) -> str:
    """`text` without case, accents and kinds of quotes and dashes, letter for letter.

    >>> flat("Société d’Énergie")
    "societe d'energie"
    """
    if text.isascii() and text.isprintable():
        return text.lower().replace("`", "'")
    return text.translate(_FLAT)


def tidy(text: str | None) -> str:
    """`text` in composed Unicode, on one line, without control characters and repeated blanks."""
    text = _decoded((text or "")[:LONGEST_TEXT])
    if text.isascii() and text.isprintable():
        return " ".join(text.replace("\\n", " ").split())
    text = unicodedata.normalize("NFKC", text)[:LONGEST_TEXT].replace("\\n", " ")
    return " ".join(text.translate(_SHOWN).split())


def _decoded(text: str) -> str:
    """'StÃ¤dtische', which was UTF-8 and read as Windows-1252, as 'Städtische'; 'SÃO' is no such text and stays."""
    if "Ã" not in text and "Å" not in text and "â€" not in text:
        return text
    try:
        return text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return text


def tax_id_at(text: str) -> int | None:
    """Where the tax id in `text` begins."""
    found = _TAX_ID.search(text)
    return found.start() if found else None


class LegalForms:
    """The legal forms of `legal_forms.csv` (`form,place,note`): words at the end or the start of a name that do not tell
    entities apart."""

    def __init__(self, path: Path) -> None:
        self._forms: dict[str, set[tuple[str, ...]]] = {"end": set(), "start": set()}
        for row in load_csv(path, ("form", "place", "note")):
            words = _words(row["form"])
            if not words or row["place"] not in self._forms:
                raise ConfigError(
                    f"{path}, line {row['line']}: {row['form']!r} needs words, and the place start or end"
                )
            if words in self._forms[row["place"]]:
                raise ConfigError(f"{path}, line {row['line']}: {row['form']!r} stands above already")
            self._forms[row["place"]].add(words)
        self._longest = max((len(words) for forms in self._forms.values() for words in forms), default=0)

    def strip(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """`words` without forms at either end; one word always stays."""
        while size := self._size(words, "end"):
            words = words[:-size]
        while size := self._size(words, "start"):
            words = words[size:]
        return words

    def has_form(self, name: str) -> bool:
        """Whether `name` has a legal form at its end or start."""
        words = _words(name)
        return bool(self._size(words, "end") or self._size(words, "start"))

    def ends(self, name: str) -> bool:
        """Whether `name` has a legal form at its end."""
        return bool(self._size(_words(name), "end"))

    def starts(self, name: str) -> bool:
        """Whether `name` has a legal form at its start, as in 'PT Foo'."""
        return bool(self._size(_words(name), "start"))

    def begins(self, text: str) -> bool:
        """Whether `text` begins with a form that stands at the end of names: what follows the comma in 'Block, Inc.'."""
        words = _words(text[:40])
        return any(words[:size] in self._forms["end"] for size in range(1, self._longest + 1))

    def _size(self, words: tuple[str, ...], place: str) -> int:
        """How many words the longest form at that place has. '& Co' alone is part of a name, as in 'Bain & Company'."""
        for size in range(min(self._longest, len(words) - 1), 0, -1):
            part = words[-size:] if place == "end" else words[:size]
            joined = place == "end" and part[0] in {"co", "company"} and words[-size - 1] == "and"
            if part in self._forms[place] and not joined:
                return size
        return 0


@lru_cache(2_048)
def display(text: str | None, forms: LegalForms) -> str:
    """`text` as a name to show: without outer blanks, quotes and punctuation, without what follows a tax id, without a
    date at its end. Legal form, case and accents stay."""
    name = tidy(text)[:LONGEST_TEXT]
    if (cut := tax_id_at(name)) is not None:
        name = name[:cut]
    before = None
    while name != before:
        before = name
        name = _without_date(_edges(name, forms))
        name = _DEFINED.sub("", name) if name.endswith(")") else name
    return _without_initials(name)


def _without_initials(name: str) -> str:
    """'University of Foo, Bar UFB' without the initials at its end."""
    head, _, last = name.rpartition(" ")
    if len(last) < 3 or not last.isalpha() or not last.isupper():
        return name
    initials = "".join(word[0] for word in re.findall(r"[^\W\d_]+", head) if word[0].isupper())
    return head.rstrip(_EDGES) if initials == last else name


def _without_date(name: str) -> str:
    if not any(map(str.isdigit, name[-4:])):
        return name
    return _DATE.sub("", name[-40:]).join([name[:-40], ""]) if len(name) > 40 else _DATE.sub("", name)


def _edges(name: str, forms: LegalForms) -> str:
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
    is_short = flat(word) in _ABBREVIATED or "." in word
    return f"{bare}." if name[end : end + 1] == "." and is_short and forms.has_form(f"x {word}") else bare


def key(name: str, forms: LegalForms) -> str:
    """The key under which the spellings of one entity meet: case, accents, quotes, punctuation, '&' or 'and', 'the',
    legal forms, tax ids and dates at the end do not count. Blank if the name has no letter or digit."""
    words = _words(_without_acronym(display(name[: 2 * LONGEST_NAME], forms))[:LONGEST_NAME])
    words = _latin(words)
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    return " ".join(_SAME.get(word, word) for word in forms.strip(words))


@lru_cache(2_048)
def _words(text: str) -> tuple[str, ...]:
    """The words that count; dots and apostrophes join ('S.A.', 'McDonald's'), and so do single letters ('S / A')."""
    if text.isascii():
        folded = text.lower().replace("&", " and ").replace(".", "").replace("'", "").replace("`", "")
    else:
        folded = unicodedata.normalize("NFKD", text.casefold()).translate(_FOLDED)
    words: list[str] = []
    run = ""
    for word in [*_WORD.findall(folded), ""]:
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
    found = _ACRONYM.match(name)
    if not found:
        return name
    return found[1] if _repeats(found[2], found[1]) else name


def is_short_for(short: str, name: str) -> bool:
    """Whether `short` is written like initials and its letters stand in `name` in this order: 'FBB', 'Foo Bar Baz'."""
    return len(short) < 12 and short.isupper() and len(name) > len(short) and _repeats(short, name)


def _repeats(short: str, name: str) -> bool:
    """Whether the letters of `short` stand in `name` in this order, the first of them first."""
    letters = iter(flat(name))
    wanted = [letter for letter in flat(short) if letter.isalnum()]
    return bool(wanted) and flat(name)[:1] == wanted[0] and all(letter in letters for letter in wanted)
