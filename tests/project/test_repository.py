"""What is committed, or would be next: nothing of one machine, no published data, no printing, and in the house's style."""

import ast
import hashlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.kit.places import REAL_DATA
from tests.kit.project_tables import HOME

LIMIT = 1_000_000

# Written so that this file does not match itself.
REGISTRY_HOSTS = re.compile(
    r"(pypi|pythonhosted|npmjs|crates|anaconda)\.(org|com|io)|registry\.yarnpkg|--(extra-)?index-url|--find-(links)"
)
MACHINE_PATHS = re.compile(r"(?<![\w./~*}>-])(/(work|home|root|Users|mnt|opt)/\w|[A-Z]:\\Users)")


def git_files(home: Path) -> list[Path]:
    """Files that are tracked, or new and not ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=home, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [path for name in done.stdout.decode().split("\0") if name and (path := home / name).is_file()]


@pytest.fixture(scope="module")
def files() -> list[Path]:
    found = git_files(HOME)
    assert HOME / "pyproject.toml" in found
    return found


def lines_with(pattern: re.Pattern, files: list[Path]) -> list[str]:
    """Where a pattern occurs, as file:line."""
    return [
        f"{path}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(path.read_bytes().decode(errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]


def copies(files: list[Path], originals: list[Path]) -> list[Path]:
    """Files with the bytes of another; empty files are nobody's."""
    known = {digest(path) for path in originals if path.stat().st_size}
    return [path for path in files if digest(path) in known]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def unhashed(lock: str) -> list[str]:
    """Requirements of a lock file that are not pinned, or have no hash."""
    entries = re.sub(r"\s*\\\n\s*", " ", lock).splitlines()
    wanted = [line for line in entries if line.strip() and not line.lstrip().startswith("#")]
    form = re.compile(r"[A-Za-z0-9._-]+(\[[\w,-]+\])?==\S+( ;[^\\]*?)?( --hash=sha256:[0-9a-f]{64})+\s*")
    return [line[:60] for line in wanted if not form.fullmatch(line)]


def printing(source: str) -> list[int]:
    """Lines that call print."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]


def test_no_file_names_a_package_registry(files):
    assert lines_with(REGISTRY_HOSTS, files) == []


def test_no_file_names_a_path_of_one_machine(files):
    assert lines_with(MACHINE_PATHS, files) == []


def test_no_file_is_large(files):
    assert [path for path in files if path.stat().st_size > LIMIT] == []


def test_no_file_is_a_copy_of_a_registrys_data(files):
    if not REAL_DATA.is_dir():
        pytest.skip("no real registry data beside this checkout")
    originals = [path for path in REAL_DATA.rglob("*") if path.is_file()]
    assert originals
    assert copies(files, originals) == []


def test_every_requirement_is_pinned_and_hashed():
    assert unhashed((HOME / "requirements.lock").read_text()) == []


def test_the_lock_names_no_place():
    assert "://" not in (HOME / "requirements.lock").read_text()


def test_the_lock_holds_what_is_asked_for():
    project = tomllib.loads((HOME / "pyproject.toml").read_text())["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    wanted = [re.match(r"[A-Za-z0-9-]+", requirement)[0] for requirement in declared]
    locked = set(re.findall(r"^([A-Za-z0-9._-]+)==", (HOME / "requirements.lock").read_text(), re.MULTILINE))
    assert len(wanted) > 5
    assert set(wanted) <= locked


def test_the_package_prints_nothing():
    """What is worth saying goes to the log or to Dagster's metadata."""
    sources = list((HOME / "carbon_assets").rglob("*.py"))
    assert sources
    assert {path.name: lines for path in sources if (lines := printing(path.read_text()))} == {}


@pytest.mark.parametrize(
    "arguments", [["check", "--output-format=concise"], ["format", "--check"]], ids=["check", "format"]
)
def test_ruff_finds_nothing(arguments):
    ruff = Path(sys.executable).with_name("ruff")
    done = subprocess.run([ruff, *arguments, "."], cwd=HOME, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflow_does_what_ci_does_on_the_python_of_the_project():
    job = yaml.safe_load((HOME / ".github" / "workflows" / "ci.yml").read_text())["jobs"]["ci"]
    version = re.search(
        r"[\d.]+\d", tomllib.loads((HOME / "pyproject.toml").read_text())["project"]["requires-python"]
    )[0]
    assert [step["run"] for step in job["steps"] if "run" in step][-1] == "bash .ci/run"
    assert job["container"].startswith(f"python:{version}-")


def test_hooks_before_a_commit_are_local_and_call_what_the_lock_installs():
    repositories = yaml.safe_load((HOME / ".pre-commit-config.yaml").read_text())["repos"]
    hooks = [hook for repository in repositories for hook in repository["hooks"]]
    programs = [Path(hook["entry"].split()[0]) for hook in hooks]
    assert {repository["repo"] for repository in repositories} == {"local"}
    assert {hook["language"] for hook in hooks} == {"system"}
    assert programs
    assert [program for program in programs if not Path(sys.executable).with_name(program.name).exists()] == []


# --- the functions above find what they look for --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "line", "is_found"),
    [
        (REGISTRY_HOSTS, "https://files.python" + "hosted.org/packages/a.whl", True),
        (REGISTRY_HOSTS, "--extra-" + "index-url https://mirror.example/simple", True),
        (REGISTRY_HOSTS, "https://registry.verra.org/app/projectDetail", False),
        (MACHINE_PATHS, "see /" + "work/main/data", True),
        (MACHINE_PATHS, "open('/" + "home/ada/data.csv')", True),
        (MACHINE_PATHS, "https://example.test/" + "home/page", False),
        (MACHINE_PATHS, "tests/" + "work/sample.csv", False),
    ],
)
def test_patterns_find_hosts_and_paths(pattern, line, is_found, tmp_path):
    file = tmp_path / "file.txt"
    file.write_text(f"first\n{line}\n")
    assert lines_with(pattern, [file]) == ([f"{file}:2: {line}"] if is_found else [])


def test_git_files_are_found_whether_tracked_or_new_unless_ignored(tmp_path):
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    (tmp_path / ".gitignore").write_text("*.log\n")
    (tmp_path / "new.txt").write_text("new")
    (tmp_path / "new.log").write_text("ignored")
    assert sorted(path.name for path in git_files(tmp_path)) == [".gitignore", "new.txt"]


def test_copies_are_found(tmp_path):
    for name, text in {"one": "same", "two": "same", "three": "other", "four": "", "five": ""}.items():
        (tmp_path / name).write_text(text)
    paths = {name: tmp_path / name for name in ("one", "two", "three", "four", "five")}
    assert copies([paths["one"], paths["three"], paths["four"]], [paths["two"], paths["five"]]) == [paths["one"]]


def test_requirements_without_hash_or_version_are_found():
    hashed = "sound==1.0 \\\n    --hash=sha256:" + "0" * 64 + " \\\n    --hash=sha256:" + "1" * 64 + "\n"
    marked = "marked==2.0 ; sys_platform == 'linux' \\\n    --hash=sha256:" + "2" * 64 + "\n"
    assert unhashed(f"# a note\n{hashed}{marked}") == []
    assert unhashed(hashed + "bare==1.0\n") == ["bare==1.0"]
    assert unhashed(hashed.replace("==1.0", ">=1.0")) != []


def test_printing_is_found():
    assert printing("x = 1\nif x:\n    print(x)\n") == [3]
    assert printing("log.info('print(x)')\n") == []
