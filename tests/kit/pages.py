"""What the pages for people say: their links, the paths and commands that they name, the queries that they show."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.kit.places import HOME

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```\n?", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PLACEHOLDER = re.compile(r"<\w+>")


@dataclass(frozen=True)
class Page:
    """A Markdown file. `name`: its path below the checkout."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path.relative_to(HOME))

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def inline(self) -> list[str]:
        """What stands in inline code, with `*` for placeholders such as `<registry>`."""
        return [_PLACEHOLDER.sub("*", code) for code in _INLINE.findall(_FENCED.sub("", self.text))]

    @property
    def links(self) -> list[str]:
        """Targets of links and pictures that lie in this repository, without what follows '#'."""
        targets = [link.partition("#")[0] for link in _LINK.findall(_FENCED.sub("", self.text))]
        return [target for target in targets if target and ":" not in target]

    def blocks(self, language: str) -> list[str]:
        """What stands in fenced blocks of a language."""
        return [content for found, content in _FENCED.findall(self.text) if found == language]

    @property
    def answers(self) -> list[tuple[str, str]]:
        """Queries whose answer is shown: the query, and the block of text right behind it."""
        shown = re.compile(r"^```sql\n(.*?)^```\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
        return shown.findall(self.text)


def pages() -> list[Page]:
    """The pages for people, in order of name."""
    return [
        Page(path) for path in sorted([HOME / "README.md", HOME / "CONTRIBUTING.md", *(HOME / "docs").glob("*.md")])
    ]
