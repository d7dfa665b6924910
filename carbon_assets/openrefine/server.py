"""A thin client of a running OpenRefine: load a table, apply a history, read the rows back, delete the project.

What PyPI calls `openrefine-client` runs on Python 2 only, and the others send no import options, have no time limits, or
break on long histories; hence these few calls of our own. OpenRefine has no login, and a history may hold Jython, which it
runs as its own user: give it histories that `history.py` has accepted, and let it listen on the loopback only. How a
history is carried out without a server belongs in `execute.py`.
"""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pyarrow as pa

FORM_LIMIT = 900_000
"""Bytes of a url-encoded form. Jetty takes 1,048,576; what is longer is answered with a complaint about a token."""

TOKEN_AGE_S = 600
"""After that many seconds the token is asked for anew; OpenRefine forgets it after 3,600."""

PAGE_ROWS = 20_000

IMPORT = {
    "encoding": "UTF-8",
    "separator": ",",
    "ignoreLines": -1,
    "headerLines": 1,
    "skipDataLines": 0,
    "limit": -1,
    "storeBlankRows": True,
    "storeBlankCellsAsNulls": True,
    "guessCellValueTypes": False,  # true makes 007 a 7, and 1e3 a 1000
    "processQuotes": True,
    "quoteCharacter": '"',
    "trimStrings": False,  # the server's own default is true
    "includeFileSources": False,
}


class OpenRefineError(Exception):
    """The server refuses, does not answer, or has not done what it was asked for."""


class OpenRefine:
    """A server at `url`, as a context manager. Projects that it makes are the caller's to delete."""

    def __init__(self, url: str, read_timeout_s: float = 900, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(
            base_url=f"{url.rstrip('/')}/command/core/",
            timeout=httpx.Timeout(read_timeout_s, connect=3),
            transport=transport,
        )
        self._url = url
        self._token = ""
        self._token_until = 0.0

    def __enter__(self) -> OpenRefine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def version(self) -> str:
        """The server's version, e.g. 3.6.2."""
        return self._ask("GET", "get-version")["version"]

    def create_project(self, name: str, table: pa.Table) -> str:
        """Load a table of text as a new project, and return the project's id. A NULL becomes a blank cell."""
        answer = self._send(
            "POST",
            "create-project-from-upload",
            params={"format": "text/line-based/*sv", "options": json.dumps(IMPORT)},
            data={"project-name": name},
            files={"project-file": ("table.csv", _as_csv(table), "text/csv")},
        )
        project = parse_qs(urlsplit(answer.headers.get("location", "")).query).get("project")
        if answer.status_code != 302 or not project:
            raise OpenRefineError(f"{self._url} made no project of {name!r}: {answer.text[:300]}")
        return project[0]

    def apply(self, project: str, operations: Sequence[dict]) -> list[str]:
        """Apply operations, and return what the project's history says of each.

        Raises `OpenRefineError` where the history did not grow by one entry for each: the server answers `ok` even to an
        operation that it does not know, and leaves it out.
        """
        before = len(self._history(project))
        for chunk in _chunks(operations):
            self._ask("POST", "apply-operations", data={"project": project, "operations": json.dumps(chunk)})
            self._wait(project)
        done = self._history(project)[before:]
        if len(done) != len(operations):
            raise OpenRefineError(
                f"{len(operations)} operations were sent, {len(done)} are in the history of {project}"
            )
        return done

    def rows(self, project: str) -> pa.Table:
        """All cells as text, columns in the order in which the project shows them; no trimming, as an export does."""
        columns = self._ask("GET", "get-models", params={"project": project})["columnModel"]["columns"]
        cells: list[list[str | None]] = [[] for _ in columns]
        start = 0
        while True:
            page = self._ask("GET", "get-rows", params={"project": project, "start": start, "limit": PAGE_ROWS})
            for row in page["rows"]:
                for column, values in zip(columns, cells, strict=True):
                    # Cells come in the order of `cellIndex`, a row ends with its last filled one.
                    cell = row["cells"][column["cellIndex"]] if column["cellIndex"] < len(row["cells"]) else None
                    values.append(_text(cell))
            start += PAGE_ROWS
            if start >= page["filtered"]:
                break
        return pa.table({column["name"]: pa.array(v, pa.string()) for column, v in zip(columns, cells, strict=True)})

    def delete(self, project: str) -> None:
        """Delete a project."""
        self._ask("POST", "delete-project", data={"project": project})

    def _history(self, project: str) -> list[str]:
        return [entry["description"] for entry in self._ask("GET", "get-history", params={"project": project})["past"]]

    def _wait(self, project: str) -> None:
        """Until nothing runs in the project: long operations are answered before they are done."""
        while self._ask("GET", "get-processes", params={"project": project})["processes"]:
            time.sleep(0.2)

    def _ask(self, method: str, command: str, **request: Any) -> dict:
        answer = self._send(method, command, **request)
        try:
            body = answer.raise_for_status().json()
        except (httpx.HTTPStatusError, json.JSONDecodeError) as error:
            raise OpenRefineError(f"{self._url}: {command}: {error}: {answer.text[:300]}") from error
        if body.get("code") == "error":
            raise OpenRefineError(f"{self._url}: {command}: {body.get('message') or body}")
        return body

    def _send(self, method: str, command: str, params: dict | None = None, **request: Any) -> httpx.Response:
        token = {"csrf_token": self._csrf_token()} if method == "POST" else {}
        try:
            return self._http.request(method, command, params={**(params or {}), **token}, **request)
        except httpx.HTTPError as error:
            raise OpenRefineError(f"{self._url}: {command}: {error or type(error).__name__}") from error

    def _csrf_token(self) -> str:
        if time.monotonic() > self._token_until:
            self._token = self._ask("GET", "get-csrf-token")["token"]
            self._token_until = time.monotonic() + TOKEN_AGE_S
        return self._token


def _chunks(operations: Sequence[dict]) -> Iterator[list[dict]]:
    """The operations in their order, in lists that fit into a form."""
    chunk: list[dict] = []
    size = 0
    for operation in operations:
        length = len(urlencode({"": json.dumps(operation)}))
        if chunk and size + length > FORM_LIMIT:
            yield chunk
            chunk, size = [], 0
        chunk.append(operation)
        size += length + 3
    if chunk:
        yield chunk


def _as_csv(table: pa.Table) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(table.column_names)
    writer.writerows(zip(*(column.to_pylist() for column in table.columns), strict=True))
    return out.getvalue().encode()


def _text(cell: dict | None) -> str | None:
    value = cell.get("v") if cell else None
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)
