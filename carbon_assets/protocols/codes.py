"""The grammar of protocol codes, with the noise of the real world.

CDM (`ACM0002`, `AM0029`, `AMS-III.D.`, `AR-ACM0003`, `AR-AMS0007`), Verra (`VM0007`, `VMR0006`; a `VMD` module is no
protocol) and the codes that the catalogue spells out (`M/UT/F-A01`). Letters may be apart (`A M S`), separators missing or
doubled (`AMS I D`, `AMSI.D`, `ACM 0002`), roman numerals arabic (`AMS-1.D`), zeros too few or too many (`VM00015`). Titles
do not belong here, and the words of languages around codes are data (`reading_rules.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass

from carbon_assets.protocols.reading_rules import Words, any_of

GAP = r"[\s.\-]*"
"""What may stand between the letters of a code: blanks, dots and dashes, or nothing."""


def _letters(word: str) -> str:
    return GAP.join(word)


_FORMS = (
    rf"(?:"
    rf"(?P<ar>A[\s.\-/&]*R{GAP})(?P<forest>{_letters('ACM')}|{_letters('AMS')}|{_letters('AM')}){GAP}(?=[0O1-9])"
    rf"|(?P<large>{_letters('ACM')}|{_letters('AM')}){GAP}(?=[0O1-9])"
    rf"|(?P<small>{_letters('AMS')}|ASM)[\s.\-:(]*(?=[I1-3])"
    rf"|(?P<verra>{_letters('VM')}(?:{GAP}[RD](?=[\s.\-]*[0O1-9]))?){GAP}(?=[0O1-9])"
    rf")"
)
_NEXT_CODE = re.compile(_FORMS, re.IGNORECASE)
_NUMBER = re.compile(r"[0O][\dO]+|[0O](?:[\s.]?[\dO]){3}(?![\dO])|[1-9]\d{0,2}(?![\d.]\d|\d)", re.IGNORECASE)
_ROMAN = re.compile(rf"(?P<roman>(?>III|II|I|[1-3])){GAP}(?=[A-Z])", re.IGNORECASE)
_RUN = re.compile(r"[A-Z]{1,20}", re.IGNORECASE)
_PAIR = re.compile(r"(?P<first>[A-Z])[\s.\-]{1,2}(?P<second>[A-Z])(?![A-Z])(?!\W{0,3}\d)", re.IGNORECASE)
_DIGIT = re.compile(r"\d(?!\d|\.\d)")


@dataclass(frozen=True)
class Code:
    """A code in a text: where it stands, the id that it spells, and whether it stands for a module, not a protocol."""

    start: int
    end: int
    id: str
    is_module: bool = False


class CodeGrammar:
    """Finds the codes of the programmes that follow the grammar, by the words of languages that may surround them.

    `known`: the ids of the catalogue; they decide where a code without separators ends.
    """

    def __init__(self, words: Words, known: Container[str]) -> None:
        self._known = known
        around = words.codes
        joining = any_of(words.joining)
        # A code does not begin inside a word, unless the blank before it was lost.
        starts = [
            "(?<![a-z])",
            "(?-i:(?<=[a-z])(?=[A-Z]))",
            *(f"(?<={re.escape(word)})" for word in around.glued_before),
        ]
        version = rf"(?:\W{{0,3}}(?:{any_of(around.version)})[\s.]*\d+(?:\.\d+)*)?"
        self._code = re.compile(f"(?:{'|'.join(starts)}){_FORMS}", re.IGNORECASE)
        self._more_numbers = re.compile(rf"\s*(?:[/&,;+]|{joining})\s*(?P<number>0\d{{3}})(?!\d|\.\d)", re.IGNORECASE)
        self._more_small = re.compile(
            rf"{version}\.?\s*(?:"
            rf"(?:[/&,;+]\s*(?:{joining})?|{joining})\s*(?P<roman>III|II|I)[\s.\-]{{1,2}}(?P<letters>[A-Z]{{1,2}})"
            r"|/(?P<glued_roman>III|II|I)?(?P<glued>[A-Z]{1,2})"
            r")(?![A-Z0-9])",
            re.IGNORECASE,
        )
        self._before_am = re.compile(rf"(?<![\w.\-])(?:{any_of(around.before_am)})\s+$", re.IGNORECASE)
        self._glued_after = re.compile(
            rf"(?-i:[A-Z][a-z])|(?:{any_of(around.glued_version)})$|{any_of(around.glued_after)}", re.IGNORECASE
        )

    def find(self, text: str, fits: Callable[[str, str], bool] = lambda id_, rest: False) -> list[Code]:
        """All codes of a cleaned text, in its order.

        `fits(id, rest)` says whether the text that follows begins like the title of that protocol, which tells where a code
        without separators ends. A code that is spelled well and unknown comes out too.
        """
        codes: list[Code] = []
        position = 0
        while match := (_NEXT_CODE.match(text, position) if codes else None) or self._code.search(text, position):
            found = self._small(text, match, fits) if match["small"] else self._large(text, match)
            codes += found
            position = found[-1].end if found else match.start() + 1
        return codes

    def _large(self, text: str, match: re.Match[str]) -> list[Code]:
        letters = re.sub(r"[^a-z]", "", (match["forest"] or match["large"] or match["verra"]).casefold())
        prefix = f"ar-{letters}" if match["ar"] else letters
        number = _NUMBER.match(text, match.end())
        if not number:
            return []
        if prefix == "am" and self._before_am.search(text[: match.start()]):
            return []
        if number[0][0] in "123456789" and (prefix == "am" or re.search(r"\s", match[0])):
            return []  # 'at 9 AM 29 guests', 'VM 2': only a number that is padded, or glued to its letters, is one
        id_, end = self._numbered(prefix, number)
        codes = [Code(match.start(), end, id_, is_module=prefix == "vmd")]
        while (more := self._more_numbers.match(text, codes[-1].end)) and f"{prefix}{more['number']}" in self._known:
            codes.append(Code(more.start("number"), more.end(), f"{prefix}{more['number']}"))
        return codes

    def _numbered(self, prefix: str, number: re.Match[str]) -> tuple[str, int]:
        """The id and its end; of digits that run on, those that name a protocol."""
        digits = re.sub(r"[\s.]", "", number[0]).upper().replace("O", "0")
        whole = f"{prefix}{int(digits):04}"
        if len(digits) > 4 and whole not in self._known:
            return f"{prefix}{digits[:4]}", number.start() + 4  # ACM000220.0: the blank before the version was lost
        return whole, number.end()

    def _small(self, text: str, match: re.Match[str], fits: Callable[[str, str], bool]) -> list[Code]:
        roman = _ROMAN.match(text, match.end())
        if not roman:
            return []
        numeral = {"1": "i", "2": "ii", "3": "iii"}.get(roman["roman"], roman["roman"].casefold())
        found = self._lettered(text, roman.end(), numeral, fits)
        if not found:
            return []
        codes = [Code(match.start(), found[1], found[0])]
        while more := self._more_small.match(text, codes[-1].end):
            letters = more["letters"] or more["glued"]
            numeral = (more["roman"] or more["glued_roman"] or numeral).casefold()
            if f"ams-{numeral}-{letters.casefold()}" not in self._known or not letters.isupper():
                break
            start = min(more.start(group) for group in ("roman", "letters", "glued_roman", "glued") if more[group])
            codes.append(Code(start, more.end(), f"ams-{numeral}-{letters.casefold()}"))
        return codes

    def _lettered(self, text: str, at: int, numeral: str, fits: Callable[[str, str], bool]) -> tuple[str, int] | None:
        """The id whose letters begin at `at`, and where they end."""
        letters_there = _RUN.match(text, at)
        if letters_there is None:
            return None
        run = letters_there[0]

        def id_of(letters: str) -> str:
            return f"ams-{numeral}-{letters.casefold()}"

        if len(run) == 1 and (pair := _PAIR.match(text, at)) and id_of(pair["first"] + pair["second"]) in self._known:
            return id_of(pair["first"] + pair["second"]), pair.end()
        digit = _DIGIT.match(text, at + len(run))
        if digit and id_of(run + digit[0]) in self._known:
            return id_of(run + digit[0]), digit.end()
        if len(run) <= 2 and id_of(run) in self._known:
            return id_of(run), at + len(run)
        lengths = [n for n in (2, 1) if len(run) > n and id_of(run[:n]) in self._known]
        n = next((n for n in lengths if self._ends_code(run, n) or fits(id_of(run[:n]), text[at + n :])), None)
        if n:
            return id_of(run[:n]), at + n
        return (id_of(run), at + len(run)) if len(run) <= 2 else None  # spelled like a code, and unknown

    def _ends_code(self, run: str, n: int) -> bool:
        """Whether the letters after the first `n` begin something else: 'DGrid', 'DandAMS', 'DAMS', 'DVersion', 'DV18'."""
        return bool(self._glued_after.match(run[n:]))


def find_spelled(text: str, spelled: Iterable[tuple[str, re.Pattern[str]]]) -> list[Code]:
    """The codes that the catalogue spells out, as `spelled_pattern` has made them findable."""
    return [Code(m.start(), m.end(), id_) for id_, pattern in spelled for m in pattern.finditer(text)]


def spelled_pattern(code: str) -> re.Pattern[str]:
    """Finds a code that follows no grammar, whatever separates its letters.

    >>> bool(spelled_pattern("M/UT/F-A01").search("ccb – m-ut f.a 01: methodology"))
    True
    """
    parts = re.findall(r"[A-Za-z]+|\d+|\+", code)
    return re.compile(r"(?<![a-z0-9])" + r"[\W_]*".join(map(re.escape, parts)) + r"(?![a-z0-9])", re.IGNORECASE)
