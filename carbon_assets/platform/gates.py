"""Expectations as Dagster asset checks, and the metadata that tables share."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import dagster as dg
import pandas as pd
import pyarrow as pa

from carbon_assets.base import column_types, suites
from carbon_assets.base.suites import Expectation, Outcome
from carbon_assets.platform import dagster_internals
from carbon_assets.platform.checks import Check


def check_specs(key: dg.AssetKey, expectations: Iterable[Expectation]) -> list[dg.AssetCheckSpec]:
    """One check per expectation; critical ones block what is downstream."""
    return [dg.AssetCheckSpec(e.name, asset=key, description=e.notes, blocking=e.is_critical) for e in expectations]


def judge(rows: pa.Table, expectations: list[Expectation]) -> list[Outcome]:
    """Hold a table against its expectations, in a pandas frame of just the columns that they name.

    Decimals are compared as floats: no expectation tells tonnes apart that differ by less than a gram.
    """
    named = rows.select([name for name in suites.columns_read(expectations) if name in rows.column_names])
    plain = pa.schema([pa.field(f.name, pa.float64() if pa.types.is_decimal(f.type) else f.type) for f in named.schema])
    frame = named.cast(plain).to_pandas(date_as_object=False) if plain.names else pd.DataFrame(index=range(len(rows)))
    return suites.judge(frame, expectations)


def check_results(key: dg.AssetKey, outcomes: Iterable[Outcome]) -> list[dg.AssetCheckResult]:
    """One check result per outcome, with what was found and examples of what broke it."""
    return [
        dg.AssetCheckResult(
            asset_key=key,
            check_name=outcome.expectation.name,
            passed=outcome.passed,
            severity=dg.AssetCheckSeverity.ERROR if outcome.expectation.is_critical else dg.AssetCheckSeverity.WARN,
            description=_finding(outcome) or None,
            metadata={
                "expectation": outcome.expectation.type,
                "arguments": dg.MetadataValue.json(outcome.expectation.kwargs),
                **({"unexpected rows": outcome.unexpected_count} if outcome.unexpected_count is not None else {}),
                **({"examples": dg.MetadataValue.json(list(outcome.examples))} if outcome.examples else {}),
            },
        )
        for outcome in outcomes
    ]


def _finding(outcome: Outcome) -> str:
    """What a check found in words, how many rows broke it if they did; "" where there is nothing to say."""
    if outcome.observed or outcome.passed or not outcome.unexpected_count:
        return outcome.observed
    examples = f", such as {', '.join(outcome.examples)}" if outcome.examples else ""
    return f"{outcome.unexpected_count:,} rows{examples}"


def gated(key: dg.AssetKey, rows: pa.Table, expectations: list[Expectation]) -> Iterator[dg.AssetCheckResult]:
    """The results of a table's suite. Raises `dagster.Failure` if a critical expectation fails: then it is not written."""
    outcomes = judge(rows, expectations)
    yield from check_results(key, outcomes)
    if broken := blocking_failures(outcomes):
        failed = "; ".join(f"{o.expectation.name}: {o.expectation.notes}" for o in broken)
        raise dg.Failure(
            f"{key.to_user_string()} is not written, what stood before stays. {failed}", allow_retries=False
        )


def not_evaluated(key: dg.AssetKey, expectations: Iterable[Expectation]) -> list[dg.AssetCheckResult]:
    """Passed results for a table that no drop has brought yet: there is nothing that could be wrong."""
    return [
        dg.AssetCheckResult(
            asset_key=key, check_name=e.name, passed=True, description="No data yet", metadata={"evaluated": False}
        )
        for e in expectations
    ]


def states(instance: dg.DagsterInstance, graph: dagster_internals.AssetGraph) -> tuple[Check, ...]:
    """What each check of the graph said when it was last evaluated, in whichever run, in order of asset and name."""
    keys = sorted(graph.asset_check_keys, key=lambda key: (key.asset_key.to_user_string(), key.name))
    latest = dagster_internals.latest_evaluations(instance, keys)
    return tuple(_state(key, latest[key], is_blocking=graph.get(key).blocking) for key in keys)


def _state(key: dg.AssetCheckKey, evaluation: dg.AssetCheckEvaluation | None, *, is_blocking: bool) -> Check:
    asset = key.asset_key.to_user_string()
    if evaluation is None:
        return Check(asset, key.name, None, is_blocking=is_blocking)
    is_warning = evaluation.severity == dg.AssetCheckSeverity.WARN
    return Check(asset, key.name, evaluation.passed, is_warning, is_blocking, evaluation.description)


def blocking_failures(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """The outcomes that must hold back what is downstream."""
    return [outcome for outcome in outcomes if not outcome.passed and outcome.expectation.is_critical]


def table_metadata(path: Path, rows: pa.Table) -> dict[str, int | float | str]:
    """What every materialized table says of itself: rows, place, and tonnes by transaction type where it has any.

    Tonnes of a history stand in it once for each period, so their sum means nothing.
    """
    metadata: dict = {"dagster/row_count": len(rows), "dagster/uri": str(path)}
    columns = set(rows.column_names)
    if {"quantity", "transaction_type"} <= columns and "valid_from" not in columns:
        sums = (
            rows.group_by("transaction_type").aggregate([("quantity", "sum")]).sort_by("transaction_type").to_pylist()
        )
        metadata |= {f"tonnes_{row['transaction_type']}": float(row["quantity_sum"] or 0) for row in sums}
    return metadata


def word_counts(rows: pa.Table, column: str) -> dict[str, int]:
    """The number of rows for each word of a column, and of those without one."""
    return {count["values"] or "none": count["counts"] for count in rows[column].value_counts().to_pylist()}


def column_schema(shape: pa.Schema) -> dg.TableSchema:
    """A schema as the Dagster UI shows it."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                f.name,
                column_types.sql_type(f.type),
                description=column_types.description(f),
                constraints=dg.TableColumnConstraints(nullable=f.nullable),
            )
            for f in shape
        ]
    )
