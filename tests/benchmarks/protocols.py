"""How long 20,000 distinct methodology texts take on one core: `.venv/bin/python -m tests.benchmarks.protocols`.

A third are codes with versions, a third titles with a slip, a third texts that name no protocol (the slowest: every title is
tried).
"""

import random
import sys
import time
from collections.abc import Iterator
from itertools import islice

from carbon_assets.protocols import tables
from carbon_assets.protocols.catalogue import load_catalogue
from carbon_assets.registries.description import load_registries
from tests.kit.places import CONFIGS

TEXTS = 20_000


def texts(titles: list[str], ids: list[str]) -> Iterator[str]:
    """Endless texts, the same ones in every run."""
    choice = random.Random(20_000)
    words = sorted({word for title in titles for word in title.split()})
    while True:
        codes = "; ".join(choice.sample(ids, choice.randint(1, 3))).upper()
        yield f"{codes}, Version {choice.randint(1, 40)}.{choice.randint(0, 9)}"
        title = choice.choice(titles)
        at = choice.randrange(len(title) - 1)
        yield f"{title[:at]}{title[at + 1]}{title[at]}{title[at + 2 :]} v{choice.randint(1, 99)}"
        yield " ".join(choice.sample(words, choice.randint(3, 15)))


def main() -> None:
    catalogue = load_catalogue(CONFIGS)
    reader = tables.reader(catalogue, load_registries(CONFIGS), CONFIGS)
    titles = [protocol.title for protocol in catalogue.protocols.values()]
    coded = [id_ for id_, protocol in catalogue.protocols.items() if protocol.program in ("cdm", "vcs")]
    distinct = list(islice(dict.fromkeys(islice(texts(titles, coded), 2 * TEXTS)), TEXTS))
    start = time.process_time()
    assigned = sum(bool(reader.read(text, "verra").ids) for text in distinct)
    seconds = time.process_time() - start
    sys.stdout.write(f"{len(distinct):,} distinct texts in {seconds:.1f} s, {assigned:,} with a protocol\n")


if __name__ == "__main__":
    main()
