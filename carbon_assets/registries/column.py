"""Where a canonical column, or labels, come from in a file: the parts of a table's description (`table.py`)."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from carbon_assets.base.configs import Model

CellType = Literal["id", "text", "code", "tonnes", "count", "year", "date", "flag"]
TransactionType = Literal["issuance", "retirement", "cancellation"]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _to_expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}") from error
    return text


Expression = Annotated[str, AfterValidator(_to_expression)]
Names = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]


class Column(Model):
    """Where a canonical column comes from. In YAML a bare string is short for `{from: ...}`.

    `names`: the header's name; several where registries renamed it, the first one present counts.
    `extract`: a regular expression; its first group is the cell. `extract_all`: so are all its matches, joined by ', '.
    `replace`: regular expression -> what stands for its first match, before the prefix is put: '^ACR0*': ACR.
    `prefix`: put before the cell, unless the cell begins with it or with one of `prefixed`.
    `values`: the only cells accepted, and what each means.
    `resolve`: the cell is the registry's own project key (`registry_key` of its projects table).
    `type`: needed only for columns that `schema.py` does not have, which a hook reads.
    `at_least`: the canonical column whose tonnes are part of those here, as a row's are of its vintage's total.
    `transaction_type`: the tonnes of the column are transactions of their own, beside the row's `quantity`.
    """

    names: Names = Field(alias="from")
    extract: Expression | None = None
    extract_all: Expression | None = None
    replace: dict[Expression, str] = Field(default_factory=dict)
    prefix: str | None = None
    prefixed: tuple[str, ...] = ()
    values: dict[str, str] | None = None
    resolve: bool = False
    at_least: str | None = None
    type: CellType | None = None
    transaction_type: TransactionType | None = None


class Label(Model):
    """Labels from one column: the cell split at `split`, or all matches of `extract_all`, or `label` where the cell says
    yes: true, yes, y, 1 or one of `yes`. `without` lists what is no label, `without_pattern` is an expression that no label fits;
    `prefix` is put before each."""

    names: Names = Field(alias="from")
    split: str | None = None
    extract_all: Expression | None = None
    label: str | None = None
    yes: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    without_pattern: Expression | None = None
    prefix: str = ""


def _short_column(value: object) -> object:
    return {"from": value} if isinstance(value, str | list) else value


Columns = dict[str, Annotated[Column, BeforeValidator(_short_column)]]
