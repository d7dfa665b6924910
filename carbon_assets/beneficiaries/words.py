"""The lists of words by which texts are read: the model of `configs/beneficiaries/words/*.yml`.

A comment in these files says what each list is for. Phrases belong in `patterns.py`, names of entities in `knowledge.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, create_model

from carbon_assets.base.configs import ConfigError, Document, Model, read_yaml
from carbon_assets.base.errors import Faults
from carbon_assets.beneficiaries.text import flat


def _to_language(code: str) -> str:
    if re.fullmatch(r"[a-z]{2}|any", code) is None:
        raise ValueError(
            "is no language: write its two letters of ISO 639-1, or any for signs and codes of no one language"
        )
    return code


def _to_word(word: str) -> str:
    if not word.strip():
        raise ValueError("is blank: write a word, or remove the entry")
    return word


ByLanguage = dict[Annotated[str, AfterValidator(_to_language)], tuple[Annotated[str, AfterValidator(_to_word)], ...]]
"""Language -> words."""


class Words(Model):
    """The lists of `words/*.yml`; a comment there says what each is for."""

    # What joins names
    joints: tuple[str, ...]
    pair_joints: tuple[str, ...]
    open_joints: tuple[str, ...]
    list_joints: tuple[str, ...]
    compound_joints: tuple[str, ...]
    titles: tuple[str, ...]
    couple_joints: tuple[str, ...]
    partner_joints: tuple[str, ...]
    together: tuple[str, ...]
    acting_as: tuple[str, ...]
    articles: tuple[str, ...]
    agents: tuple[str, ...]
    managers: tuple[str, ...]
    group_openings: tuple[str, ...]
    group_openings_listed: tuple[str, ...]
    group_modifiers: tuple[str, ...]
    groups: tuple[str, ...]
    groups_unlisted: tuple[str, ...]
    group_purposes: tuple[str, ...]
    others: tuple[str, ...]
    possessives: tuple[str, ...]
    families: tuple[str, ...]
    # Where names begin and end
    leads: tuple[str, ...]
    labels: tuple[str, ...]
    label_leads: tuple[str, ...]
    stops: tuple[str, ...]
    sentence_starts: tuple[str, ...]
    keep_for: tuple[str, ...]
    for_within_names: tuple[str, ...]
    stops_of_short_names: tuple[str, ...]
    never_first: tuple[str, ...]
    never_last: tuple[str, ...]
    also_named: tuple[str, ...]
    for_another: tuple[str, ...]
    then_another: tuple[str, ...]
    for_in_cells: tuple[str, ...]
    for_theirs: tuple[str, ...]
    duties: tuple[str, ...]
    universities: tuple[str, ...]
    tails: tuple[str, ...]
    tails_of_agents: tuple[str, ...]
    tails_of_contracts: tuple[str, ...]
    tails_of_accounts: tuple[str, ...]
    tails_of_purpose: tuple[str, ...]
    streets: tuple[str, ...]
    plants: tuple[str, ...]
    countries: tuple[str, ...]
    # Who is no user
    crowds: tuple[str, ...]
    owned_crowds: tuple[str, ...]
    never: tuple[str, ...]
    never_within: tuple[str, ...]
    common: tuple[str, ...]
    things: tuple[str, ...]
    undertakings: tuple[str, ...]
    no_users: tuple[str, ...]
    no_users_first: tuple[str, ...]
    not_used: tuple[str, ...]
    gifts: tuple[str, ...]
    # Account holders
    project_holders: tuple[str, ...]
    sellers: tuple[str, ...]
    institutions: tuple[str, ...]
    own_reasons: tuple[str, ...]
    own_notes: tuple[str, ...]
    not_own: tuple[str, ...]
    broker_things: tuple[str, ...]
    # Time
    month_starts: tuple[str, ...]
    months: tuple[str, ...]
    year_words: tuple[str, ...]
    year_codes: tuple[str, ...]
    quarter_codes: tuple[str, ...]
    half_year_codes: tuple[str, ...]
    period_codes: tuple[str, ...]
    period_marks: tuple[str, ...]
    gas_marks: tuple[str, ...]
    purpose_starts: tuple[str, ...]
    # Spelling
    small: tuple[str, ...]
    joining: tuple[str, ...]
    abbreviations: tuple[str, ...]
    form_particles: tuple[str, ...]
    joined_forms: tuple[str, ...]
    ampersand: tuple[str, ...] = Field(min_length=1, max_length=1)
    key_articles: tuple[str, ...]
    tax_ids: tuple[str, ...]
    tax_ids_glued: tuple[str, ...]
    tax_id_leads: tuple[str, ...]
    number_words: tuple[str, ...]


EXCLUSIVE_LISTS = {
    ("crowds", "owned_crowds"): "names nobody at all, or only as somebody's",
    ("leads", "never_first"): "is left out in front of a name, or shows that a name was cut off",
    ("not_used", "gifts"): "says that nobody used the credits, or that one of two did",
    ("small", "joining"): "may be part of a name anywhere, or only within it",
    ("own_notes", "not_own"): "says that the account holder used the credits, or that another did",
}
"""Two lists that no word can be in, and why."""


_LISTS: dict[str, Any] = {name: (ByLanguage, {}) for name in Words.model_fields}
_WordFile = create_model("_WordFile", __base__=Model, **_LISTS)


def load_words(folder: Path) -> Words:
    """The lists of all files of `folder`, joined. Raises `ConfigError` for a list that no file has, a word twice in one list
    of one file, and a word in two lists that exclude each other."""
    places: dict[str, dict[str, str]] = {}
    faults = Faults()
    for path in sorted(folder.glob("*.yml")):
        with faults.collected():
            document = read_yaml(path)
            for name in sorted(document.to_model(_WordFile).model_fields_set):
                words = places.setdefault(name, {})
                with faults.collected():
                    for _, word, place in placed_words(document, name):
                        words.setdefault(word, place)
    faults.refuse(ConfigError)
    if missing := [name for name in Words.model_fields if name not in places]:
        raise ConfigError(
            f"{folder}: no file has the list {missing[0]!r}: add it; if it has no words, write `{missing[0]}: {{}}`"
        )
    for (one, other), reason in EXCLUSIVE_LISTS.items():
        with faults.collected():
            _refuse_common_words(one, places[one], other, places[other], reason)
    faults.refuse(ConfigError)
    return Words(**{name: tuple(words) for name, words in places.items()})


def placed_words(document: Document, *entry: str | int) -> Iterator[tuple[str, str, str]]:
    """Language, word and place of each word of the `ByLanguage` that stands under `entry`. Raises `ConfigError` for a word that
    stands twice under one language."""
    by_language: Any = document.data
    faults = Faults()
    for part in entry:
        by_language = by_language[part]
    for language, words in by_language.items():
        places: dict[str, str] = {}
        for number, word in enumerate(words):
            place = document.place((*entry, language, number))
            if word in places:
                faults.add(f"{place}: {word!r} stands there under {language!r} already, in {places[word]}")
                continue
            places[word] = place
            yield language, word, place
    faults.refuse(ConfigError)


def _refuse_common_words(one: str, words: dict[str, str], other: str, others: dict[str, str], reason: str) -> None:
    """Raise `ConfigError` for a word of both lists; `words` and `others`: word -> place."""
    places = {flat(word): place for word, place in others.items()}
    faults = Faults()
    for word, place in words.items():
        if flat(word) in places:
            faults.add(
                f"{place}: {word!r} of the list {one!r} stands in the list {other!r}, too, in {places[flat(word)]}; "
                f"a word {reason}: leave one of them"
            )
    faults.refuse(ConfigError)
