"""`clustering`: OpenRefine's keys, by hand and by their invariants."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_assets.openrefine.clustering import fingerprint, ngram_fingerprint


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", ""),
        ("  Maple Leaf  Foods ", "foods leaf maple"),
        ("Foods, Maple-Leaf; maple", "foods maple mapleleaf"),
        ("Café ÉCOLE e\u0301", "cafe e ecole"),
        ("Straße Ærø Łódź İ", "aeroe i lodz strasse"),
        ("\u00a0a\u2003b\u3000", "a b"),
        ("- foo", " foo"),
        ("foo -", "foo"),
        ("- -", ""),
        ("A$B+C <d>", "<d> a$b+c"),
        ("a`b^c¨", "abc"),
        ("½ ﬁ", "1⁄2 fi"),
        ("a\x00\x1fb\x0bc", "ab c"),
        ("“Planétair”", "planetair"),
        ("b 😀 \ufb00", "b ff 😀"),
    ],
)
def test_fingerprint(text, key):
    assert fingerprint(text) == key


@pytest.mark.parametrize(
    ("text", "n", "key"),
    [
        ("Paris", 2, "arispari"),
        ("p a-r.i\ts", 2, "arispari"),
        ("Paris", 1, "aiprs"),
        ("banana", 2, "anbana"),
        ("a", 2, ""),
        ("", 1, ""),
        ("É", 1, "e"),
    ],
)
def test_ngram_fingerprint(text, n, key):
    assert ngram_fingerprint(text, n) == key


@given(st.lists(st.text("abcéß", min_size=1), min_size=1), st.randoms())
def test_order_case_and_repetition_of_words_do_not_matter(words, random):
    shuffled = [*words, random.choice(words).upper()]
    random.shuffle(shuffled)
    assert fingerprint("  ".join(shuffled)) == fingerprint(" ".join(words))


@given(st.text())
def test_blanks_within_do_not_matter_to_ngrams(text):
    assert ngram_fingerprint(text) == ngram_fingerprint(text.replace(" ", ""))
