"""The wheel and the sdist hold what a user needs and nothing else; a report is made from the wheel alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("uv") is None, reason="builds with uv")]
ROOT = Path(__file__).parents[2]
CARDS = {path.name for path in (ROOT / "models").glob("*.toml")}


def run(*command: str | Path, at: Path, **environment: str) -> None:
    subprocess.run(command, cwd=at, check=True, env={**os.environ, **environment})


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist, unpacked where git knows of nothing, and the wheel that it makes."""
    folder = tmp_path_factory.mktemp("built")
    run("uv", "build", "--sdist", "-o", folder, at=ROOT)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    source = next((folder / "unpacked").iterdir())
    run("uv", "build", "--wheel", "-o", folder, at=source)
    return folder


def test_what_is_in_the_wheel(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        files = set(wheel.namelist())
    assert {name.split("/")[0] for name in files} == {"hierbayes", "hierbayes-0.1.0.dist-info"}
    assert {f"hierbayes/cards/models/{card}" for card in CARDS} <= files
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "hierbayes").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert package <= files
    assert "hierbayes/py.typed" in files


def test_what_is_in_the_sdist(built: Path) -> None:
    source = next((built / "unpacked").iterdir())
    top = {path.name for path in source.iterdir()}
    assert {"hierbayes", "tests", "models", "notebooks", "README.md", "LICENSE", "pyproject.toml"} <= top
    assert not top & {"uv.lock", ".venv", ".git"}


def test_a_report_from_the_wheel_in_an_empty_folder(built: Path, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        wheel.extractall(installed)
    empty = tmp_path / "empty"
    empty.mkdir()
    command = (
        "import hierbayes, sys; from hierbayes.cli import main\n"
        f"assert hierbayes.__file__.startswith({str(installed)!r})\n"
        "main(['report', 'synthetic_pass', '--no-progress'])"
    )
    run(sys.executable, "-c", command, at=empty, PYTHONPATH=str(installed))
    assert [path.name for path in empty.iterdir()] == ["synthetic_pass.html"]
    assert "<html" in (empty / "synthetic_pass.html").read_text(encoding="utf-8")


def test_a_type_checker_knows_the_installed_wheel(built: Path, tmp_path: Path) -> None:
    """What ``py.typed`` promises, in an environment where no checkout and none of our settings help."""
    python = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    wheel = next(built.glob("*.whl"))
    run("uv", "venv", "--python", sys.executable, tmp_path / "env", at=tmp_path)
    with_types = ("-c", ROOT / "constraints.txt", wheel, "mypy", "pandas-stubs")
    run("uv", "pip", "install", "--python", python, *with_types, at=tmp_path)
    shutil.copy(ROOT / "tests" / "typed_use.py", tmp_path)
    run(python, "-m", "mypy", "--strict", "typed_use.py", at=tmp_path)
