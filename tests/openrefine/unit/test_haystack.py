"""`haystack`: finds what asking each text finds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_assets.openrefine import haystack
from carbon_assets.openrefine.haystack import Haystack

TEXT = st.text("ab\0", max_size=6)


@given(st.lists(TEXT), st.lists(TEXT), st.lists(st.text("ab\0", min_size=1, max_size=3), min_size=1), st.integers(0, 4))
def test_it_finds_what_asking_each_finds(first, then, needles, most_new):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(haystack, "MAX_TEXTS_NOT_JOINED", most_new)
        hay = Haystack(first)
        for needle in needles:
            assert set(hay.holding(needle)) == {text for text in first if needle in text}
        for text in then:
            hay.add(text)
        for needle in needles:
            assert set(hay.holding(needle)) == {text for text in first + then if needle in text}


def test_nothing_is_found_across_two_texts():
    assert list(Haystack(["x", "y"] * haystack.MAX_TEXTS_NOT_JOINED).holding("xy")) == []
