"""The client of an OpenRefine server, against made-up answers; tests/pipeline/test_openrefine.py asks a real one."""

import json
from urllib.parse import parse_qs

import httpx
import pyarrow as pa
import pytest

from carbon_assets.openrefine.server import FORM_LIMIT, OpenRefine, OpenRefineError

EDIT = {"op": "core/mass-edit", "columnName": "a", "expression": "value", "edits": []}


class Answers:
    """A server that notes what it is asked, and answers from a table of command -> answer or function."""

    def __init__(self, **answers):
        self.asked = []
        self.history = []
        self.answers = {"get_csrf_token": {"token": "t"}, "get_processes": {"processes": []}} | answers

    def __call__(self, request: httpx.Request) -> httpx.Response:
        command = request.url.path.rsplit("/", 1)[-1]
        self.asked.append((command, request))
        answer = self.answers[command.replace("-", "_")]
        answer = answer(request) if callable(answer) else answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    def commands(self, name: str) -> list[httpx.Request]:
        return [request for command, request in self.asked if command == name]

    def client(self) -> OpenRefine:
        return OpenRefine("http://127.0.0.1:3333/", transport=httpx.MockTransport(self))


def applying(**answers) -> Answers:
    """A server that puts every operation that it gets into its history."""
    server = Answers(**answers)

    def apply(request):
        sent = json.loads(parse_qs(request.content.decode())["operations"][0])
        server.history += [{"description": f"Mass edit 0 cells in {op['columnName']}"} for op in sent]
        return {"code": "ok"}

    server.answers = {"apply_operations": apply, "get_history": lambda _: {"past": server.history}} | server.answers
    return server


def test_a_project_is_made_with_every_option_of_the_import_said():
    server = Answers(create_project_from_upload=httpx.Response(302, headers={"location": "/project?project=123"}))
    with server.client() as client:
        assert client.create_project("name", pa.table({"a": ["007", None]})) == "123"
    (request,) = server.commands("create-project-from-upload")
    options = json.loads(request.url.params["options"])
    assert options["trimStrings"] is False
    assert options["guessCellValueTypes"] is False
    assert options["storeBlankCellsAsNulls"] is True
    assert request.url.params["csrf_token"] == "t"
    assert b'"a"\n"007"\n""\n' in request.content


def test_no_project_is_an_error():
    server = Answers(create_project_from_upload=httpx.Response(200, text="an error page"))
    with server.client() as client, pytest.raises(OpenRefineError, match=r"made no project of 'name'.*an error page"):
        client.create_project("name", pa.table({"a": ["x"]}))


def test_a_long_history_is_sent_in_forms_that_the_server_takes():
    server = applying()
    operations = [EDIT | {"edits": [{"from": ["ü" * 60_000], "to": "x"}]} for _ in range(9)]
    with server.client() as client:
        assert len(client.apply("1", operations)) == 9
    sent = server.commands("apply-operations")
    assert len(sent) > 1
    assert all(len(request.content) < FORM_LIMIT + 10_000 for request in sent)
    assert len(server.commands("get-csrf-token")) == 1


def test_an_operation_that_the_server_leaves_out_is_an_error():
    server = Answers(apply_operations={"code": "ok"}, get_history={"past": []})
    with (
        server.client() as client,
        pytest.raises(OpenRefineError, match="1 operations were sent, 0 are in the history"),
    ):
        client.apply("1", [EDIT])


def test_what_runs_on_is_waited_for():
    left = [["busy"], ["busy"], []]
    server = applying(get_processes=lambda _: {"processes": left.pop(0)})
    with server.client() as client:
        client.apply("1", [EDIT])
    assert not left


def test_cells_are_read_by_their_index_and_rows_by_pages(monkeypatch):
    monkeypatch.setattr("carbon_assets.openrefine.server.PAGE_ROWS", 2)
    rows = [
        {"cells": [{"v": "1"}, None, {"v": " x "}]},
        {"cells": [{"v": "2"}]},
        {"cells": [None, {"v": True}, {"v": ""}]},
    ]
    server = Answers(
        get_models={"columnModel": {"columns": [{"name": "new", "cellIndex": 2}, {"name": "a", "cellIndex": 0},
                                                {"name": "b", "cellIndex": 1}]}},
        get_rows=lambda r: {"rows": rows[int(r.url.params["start"]):][:2], "filtered": 3},
    )  # fmt: skip
    with server.client() as client:
        table = client.rows("1")
    assert table.to_pydict() == {"new": [" x ", None, ""], "a": ["1", "2", None], "b": [None, None, "true"]}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"code": "error", "message": "Missing or invalid csrf_token parameter"}, "Missing or invalid csrf_token"),
        (httpx.Response(500, text="form too large"), "form too large"),
        (httpx.Response(200, text="<html>"), "<html>"),
    ],
)
def test_errors_say_what_the_server_said(answer, message):
    server = Answers(delete_project=answer)
    with server.client() as client, pytest.raises(OpenRefineError, match=message):
        client.delete("1")


def test_a_server_that_does_not_answer_is_named():
    with (
        OpenRefine("http://127.0.0.1:9") as client,
        pytest.raises(OpenRefineError, match=r"http://127\.0\.0\.1:9: get-version: .*refused"),
    ):
        client.version()
