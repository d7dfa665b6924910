"""`grel` and `jython`: what expressions mean, and what none of them may hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_assets.openrefine import grel, jython
from carbon_assets.openrefine.values import FAILURE, ExpressionError, ResultError, Scope, Value


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
        ("coalesce(null, null)", None),
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
        "null.replace(/a/, 'b')", "coalesce(value)",
    ],
)  # fmt: skip
def test_grel_fails(text):
    assert grel_of(text, "abc") is FAILURE


@pytest.mark.parametrize(
    ("one", "other", "want"),
    [
        ("école", "e\u0301cole", True), ("Å", "\u212b", True), ("a\u200bb", "ab", True), ("a\x01\x85b", "a\u200fb", True),
        ("e", "é", False), ("a", "A", False), ("ß", "ss", False), ("ﬁ", "fi", False), ("ab", "a b", False),
        ("ab", "a\nb", False), ("a\u00a0b", "a b", False), ("a\u00adb", "ab", False), ("a\u200b b", "a b", False),
        ("a\u200b-b", "a\x01-b", True), ("", "\u200b", True),
    ],
)  # fmt: skip
def test_texts_are_equal_to_a_collator(one, other, want):
    assert grel_of("value == cells.w.value", one, w=other) is want
    assert grel_of("value != cells.w.value", other, w=one) is not want


@pytest.mark.parametrize("text", ["[['a'], value].join('-')", "['a'].replace('a', 'b')", "['a'].replace(/a/, 'b')"])
def test_an_array_is_no_text(text):
    with pytest.raises(ResultError, match="text of an array"):
        grel_of(text, "abc")


@pytest.mark.parametrize("text", ["value.replace('', '-')", "value.replace(/a*/, '-')", "value.replace(/a|/, '-')"])
def test_no_replacement_cuts_a_character_in_two(text):
    assert grel_of(text, "bé") == "-b-é-"
    with pytest.raises(ResultError, match="in two"):
        grel_of(text, "b😀")


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
        f"value.replace('{needle}','{to}')",
    ):
        expression = grel.parse(text)
        assert expression.needle == needle
        assert needle in value or run(expression, value) == value


@pytest.mark.parametrize(
    "text",
    [
        "if(value == 'a','b',value)",
        "if(value.contains(''),'a',value)",
        "if(value.contains('a'),'b','c')",
        "value.trim()",
    ],
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


@pytest.mark.parametrize("value", [3, True])
def test_jython_is_not_asked_of_numbers_and_truths(value):
    with pytest.raises(ResultError, match="numbers and truths"):
        jython_of("return value", value)


def test_jython_knows_its_needle():
    assert jython.parse(IF_ELSE).needle == "a"
    assert jython.parse("if value.startswith('a'): return 'b'\nreturn value").needle == "a"
    assert jython.parse("if value.startswith('a'): return 'b'").needle is None
    assert jython.parse("return value").needle is None
