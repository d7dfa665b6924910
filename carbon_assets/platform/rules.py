"""Rules whose breaches a table lists, as asset checks that show the heaviest rows. They warn and hold nothing back."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

MAX_ROWS_SHOWN = 20
_WORDS = {"t": "tonnes", "ha": "hectares"}
"""Rows that a check shows."""


@dataclass(frozen=True)
class Rules:
    """`column` of the table says which rule a row breaks. `meanings`: that word -> the rule, in words. `shown`: columns
    that a check shows of the rows that break it, those first that weigh most by the column `weight`, in `unit`."""

    column: str
    meanings: Mapping[str, str]
    shown: tuple[str, ...]
    weight: str = "quantity"
    unit: Literal["t", "ha"] = "t"


@dataclass(frozen=True)
class Watch:
    """One check of a table's rows that warns, and what finds out."""

    spec: dg.AssetCheckSpec
    judge: Callable[[pa.Table], dg.AssetCheckResult]


def specs(key: dg.AssetKey, rules: Rules | None) -> list[dg.AssetCheckSpec]:
    """One check per rule."""
    meanings = rules.meanings if rules else {}
    return [dg.AssetCheckSpec(_name(word), asset=key, description=meaning) for word, meaning in meanings.items()]


def results(key: dg.AssetKey, rows: pa.Table, rules: Rules | None) -> list[dg.AssetCheckResult]:
    """One result per rule: how many rows break it, what they weigh, and the heaviest of them."""
    return [_result(key, rows, rules, word) for word in rules.meanings] if rules else []


def _result(key: dg.AssetKey, rows: pa.Table, rules: Rules, word: str) -> dg.AssetCheckResult:
    broken = rows.filter(pc.equal(rows[rules.column], word))
    weight = float(pc.sum(broken[rules.weight]).as_py() or 0)
    heaviest = broken.sort_by([(rules.weight, "descending")]).slice(0, MAX_ROWS_SHOWN).select(rules.shown)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=_name(word),
        passed=len(broken) == 0,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(broken):,} rows, {weight:,.0f} {rules.unit}" if len(broken) else None,
        metadata={
            "rows": len(broken),
            _WORDS[rules.unit]: weight,
            **({"heaviest": preview(heaviest)} if len(broken) else {}),
        },
    )


def _name(word: str) -> str:
    return re.sub(r"\W+", "_", word)


def preview(rows: pa.Table) -> dg.MarkdownMetadataValue:
    """Rows as a Markdown table."""
    lines = [" | ".join(_cell(value) for value in row.values()) for row in rows.to_pylist()]
    return dg.MetadataValue.md(
        "\n".join([" | ".join(rows.column_names), " | ".join("---" for _ in rows.column_names), *lines])
    )


def _cell(value: object) -> str:
    return "" if value is None else str(value).replace("|", "/").replace("\n", " ")[:160]
