"""One loader for the files of stewards: CSV and YAML under `configs/`.

Whatever is wrong with a file becomes a `ConfigError` that names file, line and entry. What a file may say is its model, which
belongs beside what uses it.

YAML is read with PyYAML's C parser and the checks below: all of `configs/` takes 25 ms of CPU, against 380 ms with ruamel.yaml,
which refuses keys given twice by itself but has no C parser for this Python.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from yaml import MappingNode, Node, ScalarNode, SequenceNode

from carbon_assets.base.errors import Faults, PlainError
from carbon_assets.base.known_words import nearest

MAX_SHOWN_CHARACTERS = 80
"""Of a value that a message shows."""

_PLAIN_WORDS = {
    "missing": "is required and missing",
    "extra_forbidden": "no such key is known here: correct its spelling or remove it",
    "model_type": "must be a mapping of keys to values, found {value}",
    "dict_type": "must be a mapping of keys to values, found {value}",
    "tuple_type": "must be a list, found {value}",
    "string_type": "must be text, found {value}: write it in quotes if text is meant",
}
"""Kind of pydantic's error -> what a steward is told; the others say `<pydantic's message>, found <value>`."""

_ONE_MEANING = {
    "tag:yaml.org,2002:bool": re.compile(r"true|false", re.IGNORECASE),
    "tag:yaml.org,2002:int": re.compile(r"[-+]?(0|[1-9][0-9]*)"),
    "tag:yaml.org,2002:float": re.compile(r"[^_:]+"),
}
"""Kind of value -> how YAML 1.1 and 1.2 read it alike. `no`, `010` and `1:30` are false, 8 and 90 in the one, but a
word, 10 and a word in the other."""

_MERGE = "tag:yaml.org,2002:merge"
"""The key `<<`, which brings another mapping in."""

_NAMES_OF_LISTS = {"yes", "no"}
"""Keys that can be but names where a list stands behind them: the words for yes."""


class ConfigError(PlainError):
    """A file under `configs/` contradicts its model or itself."""


MOVED = {
    "categories.csv": "protocols/categories.csv",
    "conversions.csv": "integrity/conversions.csv",
    "curated_projects.csv": "unified/curated_projects.csv",
    "drift.yml": "intake/drift.yml",
    "programs.csv": "protocols/programs.csv",
    "project_type_overrides.csv": "protocols/project_type_overrides.csv",
    "project_types.csv": "protocols/project_types.csv",
    "registry_types.csv": "protocols/registry_types/<registry>.csv",
    "release_gate.yml": "intake/release_gate.yml",
    "vocab/country.csv": "vocab/country/<any name>.csv",
    "vocab/country_name.csv": "vocab/country_name/<any name>.csv",
    "vocab/label.csv": "vocab/label/<any name>.csv",
    "vocab/no_protocol.csv": "protocols/no_protocol.csv",
    "vocab/status.csv": "vocab/status/<any name>.csv",
}
"""Where a file of stewards stood -> where it stands now, both below `configs/`."""


def refuse_moved(configs: Path) -> None:
    """Raise `ConfigError` for a file that stands where nothing reads it any more: it must not be ignored in silence."""
    for old, new in MOVED.items():
        if (configs / old).exists():
            raise ConfigError(f"{configs / old} is no longer read: move what it says to {configs / new}")


class Model(BaseModel):
    """What a file of stewards may say: keys that it does not know are refused, and what was read cannot change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


M = TypeVar("M", bound=BaseModel)
Entry = tuple[str | int, ...]
"""The way to an entry from the top of its file: keys, and positions in lists from 0 up."""


@dataclass(frozen=True)
class Document:
    """A YAML file that was read: its data, and where each entry stands."""

    path: Path
    data: object
    root: Node

    def place(self, entry: Entry) -> str:
        """`<file>, line <n>` of an entry, or of what should hold it."""
        node, line = self.root, 0 if self.root.start_mark is None else self.root.start_mark.line
        for part in entry:
            step = _step(node, part)
            if step is None:
                break
            line, node = step
        return f"{self.path}, line {line + 1}"

    def to_model(self, model: type[M]) -> M:
        """The data as `model`, at any depth without keys that it does not know. Raises `ConfigError`."""
        try:
            return model.model_validate(self.data, extra="forbid")
        except ValidationError as error:
            raise ConfigError(*self._faults(error, model)) from error

    def _faults(self, error: ValidationError, model: type[BaseModel]) -> Iterator[str]:
        for fault in error.errors():
            entry = fault["loc"] if fault["type"] == "missing" else self._standing(fault["loc"])
            value = repr(fault["input"])
            if len(value) > MAX_SHOWN_CHARACTERS:
                value = value[:MAX_SHOWN_CHARACTERS] + "…"
            if fault["type"] == "value_error":
                message = str(fault["ctx"]["error"])
            else:
                message = _PLAIN_WORDS.get(fault["type"], f"{fault['msg']}, found {{value}}").replace("{value}", value)
            if fault["type"] == "extra_forbidden" and (near := nearest(str(entry[-1]), _keys_at(model, entry[:-1]))):
                message += f"; the nearest known is {near!r}"
            yield ": ".join(filter(None, (self.place(entry), self._name(entry), message)))

    def _standing(self, entry: Entry) -> Entry:
        """`entry` as far as the file has it: pydantic adds the names of types and validators."""
        node: Node = self.root
        for depth, part in enumerate(entry):
            step = _step(node, part)
            if step is None:
                return entry[:depth]
            node = step[1]
        return entry

    def _name(self, entry: Entry) -> str:
        """`tables.projects.required`; items of a list by their `id` or `name`, else by their position from 1 up."""
        names: list[str] = []
        data: Any = self.data
        for part in entry:
            if isinstance(data, list) and isinstance(part, int):
                data = data[part]
                name = data.get("id") or data.get("name") if isinstance(data, dict) else None
                names.append(str(name or part + 1))
            else:
                data = data.get(part) if isinstance(data, dict) else None
                names.append(str(part))
        return ".".join(names)


def load_yaml(path: Path, model: type[M]) -> M:
    """A steward's YAML file as `model`. Raises `ConfigError` with file, line and entry."""
    return read_yaml(path).to_model(model)


def read_yaml(path: Path) -> Document:
    """A steward's YAML file, UTF-8, one document. Raises `ConfigError` also for a key given twice and for a value that the
    versions of YAML read differently."""
    loader = yaml.CSafeLoader(_text(path))
    try:
        root = loader.get_single_node()
        if root is None:
            raise ConfigError(f"{path}: holds nothing")
        _check(path, loader, root, set())
        return Document(path, loader.construct_document(root), root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ConfigError(
            f"{path}{f', line {mark.line + 1}' if mark else ''}: is not YAML: {error.problem or error.context}"
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError(f"{path}: is not YAML: {' '.join(str(error).split())}") from error
    finally:
        loader.dispose()


def load_csv(path: Path, columns: tuple[str, ...], optional: tuple[str, ...] = ()) -> list[dict[str, str]]:
    """A steward's CSV file with exactly `columns`, of which a file may leave out those that are `optional`: blank then. The dicts also
    hold `line`. Raises `ConfigError` with all that is wrong."""
    reader = csv.DictReader(io.StringIO(_text(path), newline=""))
    rows, faults = [], Faults()
    try:
        named = tuple(reader.fieldnames or ())
        if named != tuple(column for column in columns if column in named or column not in optional):
            raise ConfigError(f"{path}, line 1: expected the columns {','.join(columns)}; found {reader.fieldnames}")
        for row in reader:
            if None in row or None in row.values():
                faults.add(f"{path}, line {reader.line_num}: expected {len(named)} cells: {row}")
                continue
            cells = {name: cell.strip() for name, cell in row.items()}
            rows.append({**dict.fromkeys(columns, ""), **cells, "line": str(reader.line_num)})
    except csv.Error as error:
        raise ConfigError(f"{path}, line {reader.line_num + 1}: is not CSV: {error}") from error
    faults.refuse(ConfigError)
    return rows


def _keys_at(model: Any, entry: Entry) -> set[str]:
    """The keys that `model` knows under an entry; none where no model says which there are."""
    for part in entry:
        while get_origin(model) is Annotated:
            model = get_args(model)[0]
        if isinstance(model, type) and issubclass(model, BaseModel):
            fields: dict[Any, Any] = {
                key: field for name, field in model.model_fields.items() for key in (name, field.alias)
            }
            model = fields[part].annotation if part in fields else None
        elif isinstance(part, int) or get_origin(model) is dict:
            model = next((each for each in reversed(get_args(model)) if each is not Ellipsis), None)
    while get_origin(model) is Annotated:
        model = get_args(model)[0]
    is_model = isinstance(model, type) and issubclass(model, BaseModel)
    return {field.alias or name for name, field in model.model_fields.items()} if is_model else set()


def load_csv_cells(path: Path) -> None:
    """Read a CSV file whose columns are not known here. Raises `ConfigError` for what no reader of it could use."""
    lines = _text(path).splitlines()
    try:
        header = next(csv.reader(lines[:1]), [])
    except csv.Error as error:
        raise ConfigError(f"{path}, line 1: is not CSV: {error}") from error
    load_csv(path, tuple(header))


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}, line {line}: is not UTF-8: save the file as UTF-8") from error


def _step(node: Node, part: str | int) -> tuple[int, Node] | None:
    """Line (from 0 up) and node of what `node` holds under a key or at a position; None where it holds no such thing."""
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line, node.value[part]
    if isinstance(node, MappingNode):
        # What `<<` brought in stands first; the mapping's own key decides.
        for key, value in reversed(node.value):
            if key.value == str(part):
                return key.start_mark.line, value
    return None


def _check(path: Path, loader: yaml.CSafeLoader, node: Node, checked: set[int]) -> None:
    """Refuse keys given twice, which YAML overwrites silently, and values without one meaning. `checked`: nodes that an alias
    leads to again."""
    if id(node) in checked:
        return
    checked.add(id(node))
    place = f"{path}, line {node.start_mark.line + 1}"
    if isinstance(node, ScalarNode):
        meaning = _ONE_MEANING.get(node.tag)
        if meaning and not meaning.fullmatch(node.value):
            raise ConfigError(
                f"{place}: {node.value} has not one meaning in YAML: write it in quotes if text is meant, else as true, "
                "false or a plain number"
            )
        try:
            loader.construct_object(node)
        except (ValueError, LookupError, AttributeError) as error:
            raise ConfigError(f"{place}: {node.value} is no valid {node.tag.rpartition(':')[2]}") from error
    elif isinstance(node, SequenceNode):
        for item in node.value:
            _check(path, loader, item, checked)
    elif isinstance(node, MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if isinstance(key, ScalarNode) and key.value in lines:
                raise ConfigError(
                    f"{path}, line {line}: {key.value} is given twice, first in line {lines[key.value]}: keep one"
                )
            if isinstance(key, ScalarNode):
                lines[key.value] = line
                if key.value in _NAMES_OF_LISTS and isinstance(value, SequenceNode):
                    key.tag = "tag:yaml.org,2002:str"
            if key.tag != _MERGE:
                _check(path, loader, key, checked)
            _check(path, loader, value, checked)
