"""Where a name that begins a text ends.

Whether it is one belongs in `name_shape.py`, which phrases lead to it in `phrases.py`.
"""

from __future__ import annotations

import re

from carbon_assets.beneficiaries.expressions import alternatives, any_of
from carbon_assets.beneficiaries.knowledge import Knowledge
from carbon_assets.beneficiaries.name_shape import NameShape
from carbon_assets.beneficiaries.text import flat
from carbon_assets.beneficiaries.vocabulary import Vocabulary
from carbon_assets.beneficiaries.words import Words

OWNER = "'s "
"""Behind who has what follows, and at the end of some names."""

MAX_LETTERS_OF_PURPOSE = 80
"""Letters behind a 'for' that tell whether a purpose follows."""


class NameEnds:
    """Cuts names out of texts by the words of stewards."""

    def __init__(self, vocabulary: Vocabulary, knowledge: Knowledge, shape: NameShape) -> None:
        words = vocabulary.words
        self._max_words = vocabulary.limits.max_words_of_name
        self._knowledge = knowledge
        self._forms = knowledge.forms
        self._shape = shape
        self._stops = re.compile(any_of(words.stops, "(?: | ?[(])").pattern + "|" + _numbers_and_signs(words))
        self._stops_of_short_names = frozenset(words.stops_of_short_names)
        self._for = frozenset(words.for_within_names)
        self._keep_for = frozenset(map(flat, words.keep_for))
        self._period = re.compile(alternatives(words.period_marks, as_written=True))
        self._purpose = re.compile(alternatives(words.purpose_starts + words.month_starts))
        self._owned_crowds = any_of(words.crowds + words.owned_crowds)
        self._listed_group = re.compile(
            rf" {alternatives(words.group_openings_listed)} (?:[\w-]+ ){{0,3}}{alternatives(words.groups)}[ :]{{1,2}}"
            rf"(?!{alternatives(words.group_purposes)} )\w"
        )
        self._form = re.compile(rf"\s*[^\s,]+(?:\s{alternatives(words.form_particles)}?\s?[^\s,]+)?")
        joint = alternatives((*words.pair_joints, "&"), as_written=True)
        self._last_of_list = re.compile(rf",[^,]* {joint} [^\W\d_a-zà-ÿ]")
        self._last_joint = re.compile(alternatives(words.list_joints, as_written=True) + " ")

    def cut(self, text: str, folded: str) -> str:
        """`text` up to where a name that begins it ends; `folded` is the flat text."""
        start = 0
        if (tax_id := self._knowledge.tax_id_at(text)) is not None:
            text, folded = text[:tax_id], folded[:tax_id]
        while stop := self._stops.search(folded, start):
            if not self._goes_on(text, folded, stop):
                head, rest = text[: stop.start()], text[stop.end() :].lstrip()
                if self._is_cut_off(self._shape.without_leads(head), stop[0].strip(), rest):
                    return ""
                text = head
                break
            start = stop.end()
        return self.to_form(self._to_comma(self._without_possessive(text)))

    def formed_beginning(self, text: str) -> str | None:
        """The name with a legal form that `text` begins with, if `text` goes on behind it with something else."""
        name = self._knowledge.display(self.cut(text, flat(text)))
        is_one = self._forms.ends(name) and self._shape.is_name(name) and self._shape.has_capitals(name, strict=True)
        return name if is_one else None

    def to_form(self, name: str) -> str:
        """'Foo Ltd products' is Foo Ltd: `name` up to a legal form that a word without a capital follows."""
        parts = name.split(" ")
        for size in range(2, min(len(parts), self._max_words)):
            form, word = parts[size - 1], parts[size]
            is_end = word[:1].islower() and not self._shape.is_small_word(word) and not form.islower()
            is_end = is_end or self._is_no_part(parts[0], parts[size:])
            head = " ".join(parts[:size])
            if is_end and self._forms.ends(head) and not self._forms.begins(word):
                return head
        return name

    def _is_no_part(self, first: str, rest: list[str]) -> bool:
        """Whether `rest`, behind a legal form, is no part of the name: 'Corporate Travel', or a code such as 'FOOBR' of Foo Bar Ltd."""
        is_code = len(rest) == 1 and len(rest[0]) > 3 and rest[0].isupper() and flat(rest[0])[:3] == flat(first)[:3]
        return is_code or all(self._shape.is_common_word(flat(word)) or word.isdigit() for word in rest)

    # --- stops

    def _goes_on(self, text: str, folded: str, stop: re.Match[str]) -> bool:
        """Whether a stop is part of the name: 'Society for ...'; 'Institute of Technology in Vienna' is not."""
        last = folded[: stop.start()].rpartition(" ")[2]
        rest = text[stop.end() :].lstrip()
        if stop[0].strip().isdigit() and self._forms.begins(rest.partition(" ")[0]):
            return True  # 'Games 2022 LLC'
        if stop[0].strip() in self._for:
            return last in self._keep_for and rest[:1].isupper() and not self._period.match(rest)
        return bool(self._listed_group.match(folded, stop.start()) and rest)

    def _is_cut_off(self, head: str, stop: str, rest: str) -> bool:
        """Whether a name of one word, which ends at a small word, may go on behind it."""
        is_short = bool(head) and not re.search(r"[\s,]", head) and not self._knowledge.is_known(head)
        return is_short and stop in self._stops_of_short_names and not self.is_purpose(rest)

    def is_purpose(self, words: str) -> bool:
        """Whether `words`, which follow a 'for' or 'in', say what for or when: '2025', 'its flights', 'May', 'Portugal',
        'Lisbon Tower'."""
        words = words[:MAX_LETTERS_OF_PURPOSE]
        folded = flat(words).lstrip(" (\"'")
        word = re.split(r"[\W_]", folded, maxsplit=1)[0]
        is_plain = not words.lstrip(" (\"'")[:1].isupper() or self._shape.is_common_word(word)
        is_code = any(letter.isdigit() for letter in word) or bool(self._purpose.match(folded))
        if is_plain or is_code or self._shape.is_country(word):
            return True
        return self._shape.begins_with_never(folded) or self._shape.is_no_user(folded)

    # --- possessives

    def _without_possessive(self, words: str) -> str:
        """'Disney's' is Disney, where what it has follows; 'Ben & Jerry's' is known to end so."""
        folded = flat(words)
        end = folded.find(OWNER)
        if end > 0 and self.is_owned(words[end + len(OWNER) :]):
            words = words[:end]
        elif folded.endswith(OWNER.rstrip()) and not self._knowledge.is_known(words):
            words = words[:-2]
        elif folded.endswith("s") and not self._knowledge.is_known(words) and self._knowledge.is_known(words[:-1]):
            words = words[:-1]  # 'Foos 2015 emissions', where Foo is known
        return words

    def is_owned(self, words: str) -> bool:
        """Whether `words` begin with what one has and is no part of a name: '2025 emissions', 'contribution to ...'."""
        folded = flat(words)
        if self._owned_crowds.search(" ".join(folded[:MAX_LETTERS_OF_PURPOSE].split()[:4])):
            return False
        word = re.split(r"[\W\d_]", folded, maxsplit=1)[0]
        is_plain = words[:1].islower() or words[:1].isdigit() or self._shape.is_common_word(word)
        return is_plain or self._shape.begins_with_never(folded)

    # --- commas

    def _to_comma(self, text: str) -> str:
        """`text` up to a comma, unless the name goes on behind it: a legal form, or a list of names."""
        head, comma, rest = text.partition(",")
        if not comma or not head.strip() or self._knowledge.is_known(text):
            return text
        place = rest.partition(",")[0].strip()
        if self._shape.is_university(head) and place[:1].isupper() and not self._shape.is_country(flat(place)):
            return f"{head}, {place}"
        if self._forms.begins(rest):
            form = self._form.match(rest)
            if form is None or not rest[form.end() :].startswith(",") or self._is_list(text):
                return text
            return f"{head},{form[0]}"
        return text if self._is_list(text) else head

    def _is_list(self, text: str) -> bool:
        """'X, Y and Z': parts that each begin like a name, the last behind an 'and'."""
        return bool(self._last_of_list.search(text)) and all(
            part.strip()[:1].isupper() or self._last_joint.match(part.strip()) for part in text.split(",")
        )


def _numbers_and_signs(words: Words) -> str:
    """A period, a number or a sign that ends a name; and the dot at the end of a sentence, which is none of an abbreviation:
    behind four letters, or in front of what begins a sentence."""
    abbreviations = "".join(rf"(?<!{re.escape(word)})" for word in words.abbreviations if len(word) >= 4)
    return (
        rf" [(\[]?(?:{alternatives(words.period_codes)} ?'?\d|{alternatives(words.month_starts)}[a-z]{{0,7}}\.? ?'?\d"
        r"|\d{4}(?!\w)|\d{1,2}[./-]\d|\d+% |\d+,\d)"
        rf"|{abbreviations}(?<=\w{{4}})\. |(?<=\.) (?={alternatives(words.sentence_starts)}\b)"
        r"|; | - | \||: | \\| //| / |\"|,(?= ?\d)"
    )
