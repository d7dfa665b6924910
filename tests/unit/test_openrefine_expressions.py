"""`grel`, `jython` and `patterns`: what expressions mean, and what none of them may hold."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_assets.openrefine import grel, jython, patterns
from carbon_assets.openrefine.values import FAILURE, ExpressionError, ResultTooLong, Scope, Value


def run(expression, value: Value = None, **cells: Value) -> Value:
    scope = Scope(cells.__getitem__, lambda column, of: len(column))
    scope.value = value
    return expression.run(scope)


def grel_of(text: str, value: Value = None, **cells: Value) -> Value:
    return run(grel.parse(text), value, **cells)


def jython_of(text: str, value: Value = None) -> Value:
    return run(jython.parse(text), value)


# --- GREL


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("null", None),
        ("true", True),
        ("'a'", "a"),
        ('"it\'s"', "it's"),
        (r"'\t\n\r\\\'\q'", "\t\n\r\\'q"),
        ("  ( 'a' ) ", "a"),
        ("value", "abc"),
        ("cells['w'].value", "W"),
        ('cells["w"].value', "W"),
        ("cells.w.value", "W"),
        ("value == 'abc'", True),
        ("value != null", True),
        ("null == null", True),
        ("true == 'true'", False),
        ("value.length() == 'b'.length()", False),
        ("isNull(value.length()) == true", False),
        ("[value] == [value]", False),
        ("value == 'abc' == true", True),
        ("if(value.contains('b'), 'y', 'n')", "y"),
        ("if('TRUE', 'y', 'n')", "y"),
        ("if('1', 'y', 'n')", "n"),
        ("if(null, 'y', 'n')", "n"),
        ("isNull(null)", True),
        ("isNull([null].join(null))", False),
        ("coalesce(null, '', 'a')", ""),
        ("coalesce(null)", None),
        ("contains(value, 'c')", True),
        ("null.contains('c')", None),
        ("value.contains(null)", None),
        ("value.startsWith('ab')", True),
        ("value.endsWith('bc')", True),
        ("value.replace('b', '$1\\\\')", "a$1\\c"),
        ("value.replace(/[BX]/i, '<$0>')", "a<b>c"),
        ("value.replace(/.*/, 'x')", "xx"),
        ("value.length().replace('3', 'x')", "x"),
        ("value.length()", 3),
        ("['a', 'b'].length()", 2),
        ("'😀'.length()", 2),
        ("'\u00a0 a\u2003'.trim()", "a"),
        ("[null, '', 'a', null, '', true].join('-')", "a--true"),
        ("join([], '-')", ""),
        ("facetCount(value, 'value', 'v')", 1),
    ],
)
def test_grel_means(text, want):
    got = grel_of(text, "abc", w="W")
    assert (type(got), got) == (type(want), want)


@pytest.mark.parametrize(
    "text",
    [
        "null.startsWith('a')", "value.startsWith(null)", "null.endsWith('a')", "null.replace('a','b')", "null.length()",
        "null.trim()", "'a'.length().trim()", "value.replace('a', null)", "join(value, '-')", "join([value], null)",
        "coalesce(null.length(), 'a')", "if(null.length(), 'a', 'b')", "[null.length()]", "null.length() == null",
        "null.replace(/a/, 'b')",
    ],
)  # fmt: skip
def test_grel_fails(text):
    assert grel_of(text, "abc") is FAILURE


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "value +", "value + 'a'", "1", "value.length() > 3", "-1", "'a", '"a', "/a", "/a/", "value.contains(/a/)",
        "[/a/]", "value.replace(/a/, value)", "value.replace(/a/, '$1')", "value.replace(/a/, '$')", "value.replace(/(/, '')",
        "foo", "foo('a')", "cell.value", "row.index", "rowIndex", "cells", "cells['a']", "cells['a'].recon", "cells[0]",
        "cells['a', 'b'].value", "value[0]", "value['a']", "value.foo", "value.foo()", "value.if('a','b')", "value.isNull()",
        "if(value, 'a')", "isNull()", "coalesce()", "value.replace('a')", "length(value, 'a')", "value 'a'", "value)", "(value",
        "[value", "value.", "value = 'a'", "value == ", "'it''s'", "facetCount(value, 'value.trim()', 'v')", "__import__('os')",
        "facetCount(value, 'value', value)", "value.__class__", "eval('1')", "value;value", "value\x00", "with(value, v, v)",
    ],
)  # fmt: skip
def test_grel_refuses(text):
    with pytest.raises(ExpressionError):
        grel.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 60 + "value" + ")" * 60,
        "[" * 5_000,
        "if(" * 3_000,
        "value" + ".trim()" * 60,
        "value" + "=='a'" * 60,
        "cells." * 1_000 + "value",
    ],
)
def test_grel_refuses_depth(text):
    with pytest.raises(ExpressionError):
        grel.parse(text)


@given(st.text(alphabet="value.()[]'\"/\\,= \nifnulltrimreplace", max_size=40))
def test_grel_is_refused_or_runs_whatever_the_text(text):
    try:
        expression = grel.parse(text)
    except ExpressionError:
        return
    assert isinstance(run(expression, "abc"), str | int | list | type(FAILURE) | None)


@given(st.sampled_from("abé\u00a0x"), st.text("abé\u00a0x", max_size=4), st.text("abéx", max_size=3))
def test_without_its_needle_a_value_stays(needle, value, to):
    for text in (
        f"if(value.contains('{needle}'),'{to}',value)",
        f"if(value.startsWith('{needle}'),'{to}',value)",
        f"if(value == '{needle}','{to}',value)",
        f"value.replace('{needle}','{to}')",
    ):
        expression = grel.parse(text)
        assert expression.needle == needle
        assert needle in value or run(expression, value) == value


@pytest.mark.parametrize(
    "text", ["if(value.contains(''),'a',value)", "if(value.contains('a'),'b','c')", "value.trim()"]
)
def test_what_may_change_any_value_has_no_needle(text):
    assert grel.parse(text).needle is None


# --- Jython

IF_ELSE = 'if value.startswith("a"):\n  return "b"\nelse:\n  return value'


@pytest.mark.parametrize(
    ("text", "value", "want"),
    [
        (IF_ELSE, "abc", "b"),
        (IF_ELSE, "cba", "cba"),
        (IF_ELSE, None, FAILURE),
        (IF_ELSE, 3, FAILURE),
        ("if value.endswith('c'): return ''\nreturn value", "abc", ""),
        ("if value.endswith('c'): return ''\nreturn value", "cba", "cba"),
        ("if value.endswith('c'): return ''", "a", None),
        ("if value.endswith('c'):\n  if value.startswith('a'): return 'x'\nelif value.startswith('b'):\n  return\nreturn u'y'",
         "bc", "y"),
        ("return value", "é", "é"),
        ("return value", None, None),
        ("return None", "a", None),
        (r"return 'a\n'", "a", "a\n"),
        ("return r'\\d' 'x' # why", "a", "\\dx"),
    ],
)  # fmt: skip
def test_jython_means(text, value, want):
    assert jython_of(text, value) == want


@pytest.mark.parametrize(
    "text",
    [
        'if value.contains("a");\n  return "b"\nelse:\n  return value',
        'if value.startswith("a"):  return "b"else:  return value',
        "if value.startswith('print 10L'):",
        "return",
        "",
        "  return value\nreturn value",
    ],
)
def test_jython_that_does_not_parse_is_dead(text):
    expression = jython.parse(text)
    assert (expression.dead is not None) == (text != "return")
    assert text != "return" or run(expression, "a") is None


@pytest.mark.parametrize(
    "text",
    [
        "import os", "return __import__('os')", "return os.getcwd()", "return value.__class__", "return value.upper()",
        "value", "value.startswith('a')", "return value + 'a'", "return 1", "return b'a'", "return f'{value}'", "return [value]",
        "return lambda: 1", "x = 1", "while value.startswith('a'): return 'b'", "for x in value: return x", "pass",
        "def f(): return 1", "class A: pass", "exec('a')", "eval('a')", "global x", "try:\n  return value\nfinally:\n  pass",
        "if value: return 'a'", "if value == 'a': return 'b'", "if not value.startswith('a'): return 'b'",
        "if value.startswith('a') or value.endswith('b'): return 'c'", "if value.contains('a'): return 'b'",
        "if value.startswith('a', 1): return 'b'", "if value.startswith(value): return 'b'", "if value.startswith(): return 'b'",
        "if value.startswith(prefix='a'): return 'b'", "if cell.startswith('a'): return 'b'",
        "if value.startswith(*'a'): return 'b'", "if value.startswith(('a', 'b')): return 'c'", "return 'é'", r"return '\u00e9'",
        r"return '\xe9'", "return value\nimport os", "return (yield)", "return cells['a']", "print value", "return `value`",
        "return 10L", "return 010", "return ur'a'", "exec 'import os'", "if value.startswith('a'):\n\treturn 1\n        return 2",
        "raise ValueError, 'a'", "return 'a'\0", "(" * 1_000, "return " + "-" * 1_500 + "1", "return value" * 1_000,
        "if value.startswith('a'): return 'b'\n" * 21,
    ],
)  # fmt: skip
def test_jython_refuses(text):
    with pytest.raises(ExpressionError):
        jython.parse(text)


def test_jython_knows_its_needle():
    assert jython.parse(IF_ELSE).needle == "a"
    assert jython.parse("if value.startswith('a'): return 'b'\nreturn value").needle == "a"
    assert jython.parse("if value.startswith('a'): return 'b'").needle is None
    assert jython.parse("return value").needle is None


# --- regular expressions


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
