"""The queries that the pages for people show run on the published file, and the answers shown are those of the samples."""

import re

import duckdb
import pytest

from tests.kit.pages import pages

QUERIES = [(page.name, number, sql) for page in pages() for number, sql in enumerate(page.blocks("sql"), 1)]
ANSWERS = [(page.name, number, *answer) for page in pages() for number, answer in enumerate(page.answers, 1)]
name_and_number = {"ids": lambda value: str(value) if len(str(value)) < 40 else ""}


@pytest.fixture(scope="module")
def reader(sample_run):
    with duckdb.connect(str(sample_run.database), read_only=True) as con:
        yield con


def cells_of_answer(text: str) -> list[list[str]]:
    """A block of text with columns that two or more blanks part."""
    return [re.split(r" {2,}", line.strip()) for line in text.splitlines()]


def cells_of_result(cursor: duckdb.DuckDBPyConnection) -> list[list[str]]:
    rows = [["NULL" if cell is None else str(cell) for cell in row] for row in cursor.fetchall()]
    return [[column[0] for column in cursor.description], *rows]


@pytest.mark.parametrize(("page", "number", "sql"), QUERIES, **name_and_number)
def test_every_query_runs(reader, sample_run, page, number, sql):
    reader.execute(sql.replace("'data/", f"'{sample_run.settings.data}/")).fetchall()


@pytest.mark.parametrize(("page", "number", "sql", "text"), ANSWERS, **name_and_number)
def test_every_answer_is_that_of_the_samples(reader, page, number, sql, text):
    assert cells_of_result(reader.execute(sql)) == cells_of_answer(text)


def test_there_are_queries_and_answers():
    assert len(QUERIES) > 10
    assert len(ANSWERS) == 5
