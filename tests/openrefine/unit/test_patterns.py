"""`patterns` and `java_regex`: what Java's regular expressions find and replace, and which are refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_assets.openrefine import patterns
from carbon_assets.openrefine.values import ExpressionError, ResultError, ResultTooLong


def found(pattern: str, text: str, case_sensitive: bool = False) -> bool:
    return patterns.found_in(patterns.searcher(pattern, case_sensitive), [text])[0]


@pytest.mark.parametrize(
    ("pattern", "text", "want"),
    [
        (r"nbsp\shere", "nbsp\u00a0here", False),
        (r"a\sb", "a\x0bb", True),
        (r"[\s]b", "a\x0bb", True),
        (r"\d", "٣", False),
        (r"\w", "é", False),
        (r"\W", "é", True),
        (r"\bcole", "école", True),
        (r"\bcole", "e\u0301cole", False),
        (r"\bcole", "😀\u0301cole", True),
        (r".\b", "_\u0301", True),
        ("a.b", "a\nb", False),
        ("a.b", "a\u2028b", False),
        ("a.b", "a\x85b", False),
        ("a.b", "a😀b", True),
        ("[^x]b", "\nb", True),
        ("tail$", "tail\n", True),
        ("tail$", "tail\r\n", True),
        ("tail$", "tail\u2029", True),
        ("tail$", "tail\n\n", False),
        ("^b", "a\nb", False),
        ("(a$|b)", "a\n", True),
        ("É", "é", False),
        ("k", "\u212a", False),
        ("^s", "ſ", False),
        ("[a-c]X", "Bx", True),
        ("[^a]", "A", False),
        ("REI\\s", "rei ", True),
        ("a{2,}b{1}c?", "AAb", True),
        ("a+?|b*", "", True),
        (r"\(\[\.\*\\", "([.*\\", True),
        ("[]-]".replace("[]", "[\\]"), "]", True),
        ("[a-]", "-", True),
        ("}", "}", True),
        ("(?:ab)+$", "abab", True),
        ("[a-zA-Z,\\.]+;%", ";%Ab.;%", True),
    ],
)
def test_a_search_is_javas(pattern, text, want):
    assert found(pattern, text) is want


@pytest.mark.parametrize(
    "pattern",
    [
        "(", ")", "[", "[a", "a**", "a*+", "a++", "+a", "{1}", "a{", "a{x}", "a{2,1}", "a{1}{2}", r"(a)\1", r"\k<a>", "(?i)a",
        "(?=a)", "(?!a)", "(?<=a)b", "(?<n>a)", "(?>a)", r"\p{L}", r"\x41", r"\u0041", r"\Qa\E", r"\A", r"\z", r"\h", r"\B", "\\",
        "[a&&b]", "[[a]b]", r"[\S]", r"[\d-z]", "[z-a]", "[]a]", "^*", "$+", r"\b?", "a$b", "(" * 30 + ")" * 30, "a" * 2_000,
        "(a{100}){100}", "x{1001}",
    ],
)  # fmt: skip
def test_a_pattern_that_is_not_supported_is_refused(pattern):
    with pytest.raises(ExpressionError):
        patterns.searcher(pattern, False)


def test_case_counts_if_it_shall():
    assert not found("rei", "REI", case_sensitive=True)
    assert found("R[E-F]I", "REI", case_sensitive=True)


def test_a_word_pattern_is_not_asked_of_an_accent_at_an_edge():
    with pytest.raises(ResultError, match=r"U\+0301"):
        found(r"\b\w", "e\u0301")
    assert found(r"\b\w", "\u0301e")


@given(
    st.lists(
        st.sampled_from(["a", "B", ".", "[ab]", "[^a]", "(?:a|b)", "(ab)", r"\w", r"\s", "a?", "b{1,2}", "|"]),
        max_size=5,
    ),
    st.text("abAB\n é", max_size=8),
)
def test_a_search_finds_what_python_finds(parts, text):
    """Where Java and Python agree: ASCII letters, and of line ends only LF."""
    pattern = "".join(parts)
    assert found(pattern, text) is bool(re.search(pattern, text, re.ASCII | re.IGNORECASE))


@pytest.mark.parametrize(
    ("pattern", "template", "text", "want"),
    [
        (".*", "x", "a\nb", "xx\nxx"),
        (".*", "x", "", "x"),
        (r"(\d)", "<$1>", "12", "<1><2>"),
        ("(a)(b)?", "$2$1", "aab", "aba"),
        ("(a)", "$12", "a", "a2"),
        ("a", r"\$1\\", "a", "$1\\"),
        ("tail$", "x", "tail\n", "x\n"),
        ("$", "x", "a\r\n", "ax\r\nx"),
        ("^a|b$", "", "aabb", "ab"),
        ("[ab]+c?", "x", "abab", "x"),
        ("(?:abc){2}", "x", "abcabc", "x"),
        ("a|b|c", "x", "cab", "xxx"),
        ("B", "x", "bB", "bx"),
        ("|a", "x", "aba", "xaxbxax"),
        ("a*?", "<$0>", "aa", "<>a<>a<>"),
        ("^", "x", "😀", "x😀"),
        (r"\b", "|", "a😀", "|a|😀"),
        (r"\b(.)", "<$1>", "e\u0301\u0301a-", "<e>\u0301\u0301a<->"),
    ],
)
def test_a_replacement_is_javas(pattern, template, text, want):
    assert patterns.replacer(pattern, True, template)(text) == want


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "(.*a){25}", "(a|a)*", "(a|aa)+b", ".*.*", "a?" * 30 + "a" * 30, "(a|a)" * 30, "(a?){30}", "a{0,99}"],
)
def test_a_replacement_that_could_run_away_is_refused(pattern):
    with pytest.raises(ExpressionError, match="unbounded time"):
        patterns.replacer(pattern, True, "")


def test_a_replacement_is_bounded_in_length():
    replace = patterns.replacer("(a*)", True, "$1" * 200)
    assert replace("a") == "a" * 200
    with pytest.raises(ResultTooLong):
        replace("a" * 1_000)
    with pytest.raises(ResultTooLong):
        replace("a" * 10_001)
    with pytest.raises(ResultTooLong):
        patterns.replacer("[ab]{0,60}a*b", True, "")("a" * 1_300)
