"""The phrases of `configs/beneficiaries/patterns.yml`, and the words that files of `patterns/` add to them.

How a phrase finds a name in a text belongs in `phrases.py`; single words of languages in `words.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, RootModel

from carbon_assets.base.configs import ConfigError, Document, Model, read_yaml
from carbon_assets.base.errors import Faults
from carbon_assets.base.known_words import why_unknown
from carbon_assets.beneficiaries.text import flat
from carbon_assets.beneficiaries.words import ByLanguage, Words, placed_words


class Phrase(Model):
    """One entry of `phrases`; `patterns.yml` says what its keys mean."""

    name: str
    kind: Literal["after", "before", "possessive", "whole"]
    by_language: ByLanguage = Field(default={}, alias="words")
    confidence: Annotated[float, Field(gt=0, le=1)]
    needs: Literal["capitals", "form"] | None = None
    decides: bool = False
    rest: bool = False
    broker: Literal["may", "never"] = "may"

    @property
    def words(self) -> tuple[str, ...]:
        """The words of all languages."""
        return tuple(word for words in self.by_language.values() for word in words)

    def with_words(self, more: ByLanguage) -> Phrase:
        """The phrase with more words."""
        own = self.by_language
        joined = {language: own.get(language, ()) + more.get(language, ()) for language in {**own, **more}}
        return self.model_copy(update={"by_language": joined})


class _Phrases(Model):
    """The model of `patterns.yml`."""

    phrases: tuple[Phrase, ...]


class _MoreWords(RootModel[dict[str, ByLanguage]]):
    """The model of a file of `patterns/`: phrase -> language -> words."""


def load_phrases(folder: Path) -> tuple[Phrase, ...]:
    """The phrases in the order in which they are tried. Raises `ConfigError` with all that is wrong, each with file and line; also
    for words that two phrases of one kind claim."""
    document = read_yaml(folder / "patterns.yml")
    _refuse_lists_of_words(document, folder)
    claims: dict[tuple[str, str], tuple[str, str]] = {}
    phrases: dict[str, Phrase] = {}
    faults = Faults()
    for number, phrase in enumerate(document.to_model(_Phrases).phrases):
        place = document.place(("phrases", number))
        if phrase.name in phrases:
            faults.add(f"{place}: a phrase {phrase.name!r} stands above already: give this one another name")
        if phrase.kind != "whole" and not phrase.words:
            faults.add(f"{place}: the phrase {phrase.name!r} has no words")
        phrases[phrase.name] = phrase
        if phrase.words:
            with faults.collected():
                _claim(claims, phrase, document, "phrases", number, "words")
    for path in sorted((folder / "patterns").glob("*.yml")):
        with faults.collected():
            more = read_yaml(path)
            for name, by_language in more.to_model(_MoreWords).root.items():
                if reason := why_unknown("phrase", name, phrases, str(document.path)):
                    faults.add(f"{more.place((name,))}: {reason}")
                    continue
                with faults.collected():
                    _claim(claims, phrases[name], more, name)
                phrases[name] = phrases[name].with_words(by_language)
    faults.refuse(ConfigError)
    return tuple(phrases.values())


def _refuse_lists_of_words(document: Document, folder: Path) -> None:
    """`patterns.yml` held them once."""
    data = document.data if isinstance(document.data, dict) else {}
    for name in ("own", *Words.model_fields):
        if name in data:
            raise ConfigError(
                f"{document.place((name,))}: the list {name!r} is no longer read here: move it to a file of "
                f"{folder / 'words'}, where README.md says how it is written"
            )


def _claim(
    claims: dict[tuple[str, str], tuple[str, str]], phrase: Phrase, document: Document, *entry: str | int
) -> None:
    """Note in `claims` that the words under `entry` lead to `phrase`: (kind, word) -> (phrase, place)."""
    faults = Faults()
    with faults.collected():
        for _, word, place in placed_words(document, *entry):
            name, first = claims.setdefault((phrase.kind, flat(word)), (phrase.name, place))
            if name != phrase.name:
                faults.add(
                    f"{place}: {word!r} of the phrase {phrase.name!r} belongs to the phrase {name!r} already, in {first}: "
                    "leave one of them"
                )
    faults.refuse(ConfigError)
