"""The store refuses tables of another shape, and a table is whole or not there."""

import subprocess
import sys
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from carbon_assets.base import store
from carbon_assets.base.settings import HOME
from carbon_assets.base.store import SchemaViolation

SCHEMA = pa.schema([pa.field("id", pa.string(), nullable=False), pa.field("tonnes", pa.decimal128(18, 6))])


def made(ids: list, tonnes: list) -> pa.Table:
    return pa.table({"id": pa.array(ids, pa.string()), "tonnes": pa.array(tonnes, pa.decimal128(18, 6))})


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "deep" / "table.parquet"


def test_a_table_reads_back_with_its_declared_schema(path):
    store.write(path, made(["a", "b"], [1, None]), SCHEMA)
    assert store.read(path).to_pydict() == {"id": ["a", "b"], "tonnes": [1, None]}
    assert pq.read_schema(path).equals(SCHEMA)
    assert store.row_count(path) == 2


def test_an_empty_table_is_a_table(path):
    store.write(path, SCHEMA.empty_table(), SCHEMA)
    assert store.row_count(path) == 0
    assert store.read(path).schema.names == ["id", "tonnes"]


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(made(["a"], [1]).drop(["tonnes"]), id="a column lacks"),
        pytest.param(made(["a"], [1]).append_column("more", pa.array([1])), id="a column too many"),
        pytest.param(made(["a"], [1]).select(["tonnes", "id"]), id="another order"),
        pytest.param(made(["a"], [1]).rename_columns(["id", "tons"]), id="another name"),
        pytest.param(pa.table({"id": ["a"], "tonnes": [1.5]}), id="another type"),
        pytest.param(
            pa.table({"id": ["a"], "tonnes": pa.array([1], pa.decimal128(18, 3))}), id="another number of decimals"
        ),
    ],
)
def test_another_shape_is_refused_and_what_stood_before_stays(path, table):
    store.write(path, made(["before"], [7]), SCHEMA)
    with pytest.raises(SchemaViolation, match=r"table\.parquet: expected"):
        store.write(path, table, SCHEMA)
    assert store.read(path).to_pydict() == {"id": ["before"], "tonnes": [7]}


def test_a_required_field_without_a_value_is_refused_by_name(path):
    with pytest.raises(SchemaViolation, match=r"table\.parquet: id must have a value in every row"):
        store.write(path, made(["a", None], [1, 2]), SCHEMA)
    assert not path.exists()


def test_a_table_is_replaced_whole_and_leaves_nothing_beside_it(path):
    store.write(path, made(["a"], [1]), SCHEMA)
    with path.open("rb") as reader:
        store.write(path, made(["b", "c"], [2, 3]), SCHEMA)
        assert pq.read_table(reader).to_pydict()["id"] == ["a"], "who reads the old table keeps reading it"
    assert store.read(path).to_pydict()["id"] == ["b", "c"]
    assert [file.name for file in path.parent.iterdir()] == ["table.parquet"]


def test_a_crash_while_writing_leaves_the_old_table(path, monkeypatch):
    store.write(path, made(["a"], [1]), SCHEMA)

    def crash(_table: pa.Table, where: Path, **_: object) -> None:
        Path(where).write_bytes(b"PAR1 half a file")
        raise OSError("disk full")

    monkeypatch.setattr(pq, "write_table", crash)
    with pytest.raises(OSError, match="disk full"):
        store.write(path, made(["b"], [2]), SCHEMA)
    assert store.read(path).to_pydict()["id"] == ["a"]


# --- alone_in ---------------------------------------------------------------------------------------------------

HOLD = {
    "this version": "from carbon_assets.base.store import alone_in\nwith alone_in(Path(sys.argv[1])):",
    "an earlier version": "import fcntl\nwith (Path(sys.argv[1]) / '.lock').open('w') as file:\n    fcntl.flock(file, fcntl.LOCK_EX)",
}


@pytest.mark.parametrize("version", HOLD)
def test_a_folder_is_waited_for_until_its_holder_dies(tmp_path, version):
    script = f"import sys, time\nfrom pathlib import Path\n{HOLD[version]}\n    print('held', flush=True)\n    time.sleep(60)\n"
    done: list[int | None] = []

    def enter() -> None:
        with store.alone_in(tmp_path):
            done.append(holder.poll())

    with subprocess.Popen([sys.executable, "-c", script, tmp_path], cwd=HOME, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        waiting = threading.Thread(target=enter)
        waiting.start()
        waiting.join(0.3)
        assert done == [], "the folder is held"
        holder.kill()
        waiting.join(10)
    assert len(done) == 1


def test_a_folder_is_made_and_can_be_entered_again(tmp_path):
    for _ in range(2):
        with store.alone_in(tmp_path / "new"):
            pass


def test_an_error_within_lets_go(tmp_path):
    with pytest.raises(ValueError, match="broken"), store.alone_in(tmp_path):
        raise ValueError("broken")
    with store.alone_in(tmp_path):
        pass
