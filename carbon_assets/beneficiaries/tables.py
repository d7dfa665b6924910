"""The tables of beneficiaries: who each distinct retirement text names, and which names may yet be one entity.

The rules read the texts and join spellings; then the curators' OpenRefine histories say better, in order of file name. How
a text is read belongs in `reader.py`, how an operation is carried out in `openrefine/`.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
from rapidfuzz import fuzz, process

from carbon_assets.base.configs import ConfigError
from carbon_assets.beneficiaries import schema
from carbon_assets.beneficiaries.reader import BeneficiaryReader, Reading, join_spellings
from carbon_assets.openrefine import clustering, execute, history
from carbon_assets.openrefine.server import OpenRefine

TEXTS = ("retirement_account", "retirement_beneficiary", "retirement_note", "retirement_reason")
"""The texts of a retirement; a distinct combination of them is read once."""

NAME_COLUMN = "beneficiary"
"""The column in which a curator finds what the rules have found, and says better."""

SUGGESTION_COLUMN = "suggested"
"""The column in which a curator finds the heaviest of the names that are probably this entity."""

MERGED_COLUMN = "merged_beneficiary"
"""The column in which histories of OffsetsDB leave the name; while its parts are still joined by `UNFINISHED_MERGE`, it is none."""

UNFINISHED_MERGE = ";%"

NEIGHBOURS_COMPARED = 8
"""Names with which each is compared, on either side of the order."""

MIN_LIKENESS = 90
"""The likeness, of 100, from which two names are candidates for one entity."""


def load_operations(configs: Path) -> list[tuple[Path, history.History]]:
    """The curators' histories, in order of name. Raises `ConfigError` with all that are not supported."""
    loaded, faults = [], []
    for path in sorted((configs / "beneficiaries" / "operations").glob("*.json")):
        try:
            loaded.append((path, history.read(path)))
        except history.HistoryError as error:
            faults.append(f"{path}: {error}")
    if faults:
        raise ConfigError(*faults)
    return loaded


def map_beneficiaries(con: duckdb.DuckDBPyConnection, credits: Path, configs: Path) -> pa.Table:
    """Who each distinct combination of texts names, as `schema.BENEFICIARIES`."""
    reader = BeneficiaryReader(configs)
    by_rules = _by_rules(con, credits, reader)
    operations = load_operations(configs)
    return _after_histories(by_rules, operations, reader) if operations else by_rules


def curation_table(con: duckdb.DuckDBPyConnection, credits: Path, configs: Path) -> pa.Table:
    """What a curator works on, as text: one row per distinct combination of texts, with what is found in it so far."""
    table = _for_histories(_by_rules(con, credits, BeneficiaryReader(configs)))
    return _applied(table, load_operations(configs))


def disagreements(
    con: duckdb.DuckDBPyConnection, credits: Path, configs: Path, url: str
) -> tuple[int, list[dict[str, str]]]:
    """The number of rows, and the cells that the server at `url` leaves otherwise than we do, after all histories.

    Blank is blank. Raises `OpenRefineError` where the server cannot do it.
    """
    table = _for_histories(_by_rules(con, credits, BeneficiaryReader(configs)))
    operations = load_operations(configs)
    ours = _applied(table, operations)
    with OpenRefine(url) as server:
        project = server.create_project("carbon-assets: do both agree?", table)
        try:
            for path, _ in operations:
                server.apply(project, json.loads(path.read_text(encoding="utf-8")))
            theirs = server.rows(project)
        finally:
            server.delete(project)
    if ours.column_names != theirs.column_names:
        return len(ours), [{"columns here": str(ours.column_names), "columns there": str(theirs.column_names)}]
    return len(ours), [
        {"row": str(row), "column": name, "here": here or "", "there": there or ""}
        for name in ours.column_names
        for row, (here, there) in enumerate(zip(ours[name].to_pylist(), theirs[name].to_pylist(), strict=True))
        if (here or "") != (there or "")
    ]


# --- the rules


def _by_rules(con: duckdb.DuckDBPyConnection, credits: Path, reader: BeneficiaryReader) -> pa.Table:
    texts = con.execute(
        f"""
        select {", ".join(TEXTS)}, min(project_id) as project_id, sum(quantity) as quantity, count(*) as transactions
        from read_parquet($credits)
        where transaction_type = 'retirement'
        group by {", ".join(TEXTS)}
        order by {", ".join(f"{name} nulls first" for name in TEXTS)}
        """,
        {"credits": str(credits)},
    ).to_arrow_table()
    readings = [reader.read(*row) for row in zip(*(texts[name].to_pylist() for name in TEXTS), strict=True)]
    canonical = join_spellings(zip(readings, texts["quantity"].to_pylist(), strict=True), reader)
    return _table({**text, **_columns(r, canonical)} for text, r in zip(texts.to_pylist(), readings, strict=True))


def _columns(reading: Reading, canonical: dict[str, str]) -> dict:
    """The columns that say who is named; several users have no single name."""
    one = reading.user
    name = canonical.get(one, one) if one else None
    joined = reading.method == "pattern" and name != one
    return {
        "beneficiary_harmonized": name,
        "beneficiary_found": one,
        "beneficiaries_named": list(dict.fromkeys(canonical.get(n, n) for n in reading.names)) or None,
        "absence_reason": reading.absence_reason,
        "basis": reading.basis,
        "method": "fingerprint" if joined else reading.method,
        "confidence": reading.confidence,
    }


def _table(rows: Iterable[dict]) -> pa.Table:
    return pa.Table.from_pylist(
        [{name: row[name] for name in schema.BENEFICIARIES.names} for row in rows], schema=schema.BENEFICIARIES
    )


# --- the curators' histories


def _for_histories(beneficiaries: pa.Table) -> pa.Table:
    """The columns that a history may name, as text."""
    suggested = {name: row["suggested"] for row in candidates(beneficiaries).to_pylist() for name in row["names"]}
    found = beneficiaries["beneficiary_harmonized"].to_pylist()
    return pa.table(
        {
            NAME_COLUMN: pa.array(found, pa.string()),
            SUGGESTION_COLUMN: pa.array([suggested.get(name) for name in found], pa.string()),
            **{name: beneficiaries[name] for name in (*TEXTS, "project_id")},
            "transaction_type": pa.array(["retirement"] * len(found), pa.string()),
            **{name: beneficiaries[name].cast(pa.string()) for name in ("quantity", "transactions")},
        }
    )


def _applied(table: pa.Table, operations: list[tuple[Path, history.History]]) -> pa.Table:
    for path, operation in operations:
        try:
            table = execute.apply(operation, table).table
        except history.HistoryError as error:
            raise ConfigError(f"{path}: {error}") from error
    return table


def _after_histories(
    by_rules: pa.Table, operations: list[tuple[Path, history.History]], reader: BeneficiaryReader
) -> pa.Table:
    """The table after the histories: a name that they set is taken, a text that they changed is read anew."""
    before = _for_histories(by_rules).to_pylist()
    after = _applied(_for_histories(by_rules), operations).to_pylist()
    known = {reader.key(name): name for name in by_rules["beneficiary_harmonized"].to_pylist() if name}
    rows = []
    for row, was, now in zip(by_rules.to_pylist(), before, after, strict=True):
        merged = now.get(MERGED_COLUMN)
        if now[NAME_COLUMN] != was[NAME_COLUMN]:
            row |= _by_operation(now[NAME_COLUMN], row["beneficiary_found"])
        elif merged and UNFINISHED_MERGE not in merged:
            row |= _by_operation(merged, row["beneficiary_found"])
        elif any(now[name] != was[name] for name in TEXTS):
            reading = reader.read(*(now[name] for name in TEXTS))
            joined = {name: reader.canonical(name) or known.get(reader.key(name), name) for name in reading.names}
            row |= {**_columns(reading, joined), "method": "operation" if reading.names else None}
        rows.append(row)
    return _table(rows)


def _by_operation(name: str | None, spelling: str | None) -> dict:
    """A name that a curator gave, or took away; the texts still spell it as they do."""
    name = (name or "").strip()
    if not name:
        return _columns(Reading(), {})
    return {**_columns(Reading((name,), "beneficiary", "operation", 1.0), {}), "beneficiary_found": spelling or name}


# --- candidates


def candidates(beneficiaries: pa.Table) -> pa.Table:
    """Clusters of names that are probably one entity, as `schema.BENEFICIARY_CANDIDATES`, heaviest first.

    By OpenRefine's fingerprints, and by likeness; a cluster that a surer method has found is not repeated.
    """
    weights: dict[str, Decimal] = defaultdict(Decimal)
    examples: dict[str, str] = {}
    for row in beneficiaries.select(["beneficiary_harmonized", "quantity", *TEXTS]).to_pylist():
        if name := row["beneficiary_harmonized"]:
            weights[name] += row["quantity"]
            examples.setdefault(name, next(row[text] for text in ("retirement_beneficiary", *TEXTS) if row[text]))
    rows: list[dict] = []
    clusters_of: dict[str, set[int]] = defaultdict(set)
    for number, (method, names, score) in enumerate(_clusters(sorted(weights))):
        if set.intersection(*(clusters_of[name] for name in names)):
            continue
        for name in names:
            clusters_of[name].add(number)
        ordered = sorted(names, key=lambda name: (-weights[name], name))
        rows.append(
            {
                "method": method,
                "score": score,
                "names": ordered,
                "suggested": ordered[0],
                "quantity": sum(weights[name] for name in names),
                "examples": [examples[name] for name in ordered],
            }
        )
    rows.sort(key=lambda row: (-row["quantity"], row["names"]))
    return pa.Table.from_pylist(rows, schema=schema.BENEFICIARY_CANDIDATES)


def _clusters(names: list[str]) -> Iterator[tuple[str, frozenset[str], float]]:
    yield from (("fingerprint", cluster, 1.0) for cluster in _keyed(names, clustering.fingerprint))
    yield from (("ngram-fingerprint", cluster, 1.0) for cluster in _keyed(names, _ngrams_and_number))
    yield from (("likeness", pair, score) for pair, score in _alike(names))


def _ngrams_and_number(name: str) -> str:
    """The n-gram fingerprint forgets how often a digit stands: 'Unit 133' would be 'Unit 1333'."""
    return f"{clustering.ngram_fingerprint(name)} {_number(name)}"


def _number(name: str) -> str:
    return re.sub(r"\D", "", name)


def _keyed(names: list[str], key: Callable[[str], str]) -> list[frozenset[str]]:
    groups: dict[str, set[str]] = defaultdict(set)
    for name in names:
        groups[key(name)].add(name)
    return [frozenset(group) for _, group in sorted(groups.items()) if len(group) > 1]


def _alike(names: list[str]) -> list[tuple[frozenset[str], float]]:
    """Pairs of names whose words are alike, in any order; names of other numbers are others.

    Compared with the `NEIGHBOURS_COMPARED` that follow it when the keys are sorted, from their beginnings and from their ends: all
    pairs would be 10 billion for 100,000 names, and names that are alike begin or end alike.
    """
    keys = {name: clustering.fingerprint(name) for name in names}
    digits = {name: _number(name) for name in names}
    pairs: set[tuple[str, str]] = set()
    for order in (lambda name: keys[name], lambda name: keys[name][::-1]):
        ordered = sorted(names, key=order)
        for step in range(1, NEIGHBOURS_COMPARED + 1):
            pairs.update(
                (min(pair), max(pair))
                for pair in zip(ordered, ordered[step:], strict=False)
                if digits[pair[0]] == digits[pair[1]]
            )
    compared = sorted(pairs)
    scores = process.cpdist(
        [keys[first] for first, _ in compared],
        [keys[second] for _, second in compared],
        scorer=fuzz.token_sort_ratio,
        score_cutoff=MIN_LIKENESS,
    )
    alike = [(frozenset(compared[i]), round(float(scores[i]) / 100, 3)) for i in scores.nonzero()[0]]
    return sorted(alike, key=lambda pair: (-pair[1], sorted(pair[0])))
