"""Where the user's folders cannot be written, others are taken, and one clear line says which."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

from hierbayes import caches
from hierbayes.caches import folder_for, may_write
from hierbayes.errors import HierbayesWarning


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(caches, "_user", os.getuid)
    folder_for.cache_clear()
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder within a file: nobody can make it, and root neither."""
    (tmp_path / "file").touch()
    return tmp_path / "file" / "home"


def test_a_folder_that_can_be_made_is_taken_without_a_word(temporary: Path, tmp_path: Path):
    assert folder_for(tmp_path / "a" / "b", "Kernels", "PLACE") == tmp_path / "a" / "b"
    assert not list(temporary.iterdir())


def test_another_folder_is_taken_and_said_once(temporary: Path, home: Path):
    said = (
        f"Kernels cannot be written to {home}, and are kept in {temporary}/hierbayes-{os.getuid()}/home. To "
        "keep them elsewhere, set the environment variable PLACE=FOLDER."
    )
    with pytest.warns(HierbayesWarning) as warned:
        place = folder_for(home, "Kernels", "PLACE")
    assert [str(w.message) for w in warned] == [said]
    assert warned[0].filename == __file__
    assert place is not None
    assert place.parent.stat().st_mode & 0o777 == 0o700
    assert folder_for(home, "Kernels", "PLACE") == place  # without a second warning, which would be an error


def test_what_was_compiled_before_comes_along(
    temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    full = tmp_path / "full"
    full.mkdir()
    (full / "kernel").write_text("machine code")
    monkeypatch.setattr(caches, "may_write", lambda folder: folder != full and may_write(folder))
    with pytest.warns(HierbayesWarning, match="cannot be written to"):
        place = folder_for(full, "Kernels", "PLACE", copied=True)
    assert place is not None
    assert (place / "kernel").read_text() == "machine code"
    assert [path.name for path in place.parent.iterdir()] == ["full"]


def test_a_folder_that_others_may_write_is_not_used(temporary: Path, home: Path):
    open_to_all = temporary / f"hierbayes-{os.getuid()}"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    with pytest.warns(HierbayesWarning):
        place = folder_for(home, "Kernels", "PLACE")
    assert place is not None
    assert open_to_all not in place.parents
    assert place.parent.stat().st_mode & 0o777 == 0o700


def test_without_any_folder_nothing_is_kept(temporary: Path, home: Path):
    temporary.rmdir()
    with pytest.warns(HierbayesWarning, match=f"{home}, and are made anew in each session. To keep"):
        assert folder_for(home, "Kernels", "PLACE") is None


def test_a_home_that_cannot_be_written(tmp_path: Path, home: Path):
    """Kernels, PyTensor and Matplotlib; each would fail, or say things of its own."""
    code = """
        import hierbayes.kernels.collapsed, hierbayes.kernels.places as places
        print(places.cache_folder().parent)
        import hierbayes.graph, pytensor
        print(pytensor.config.compiledir.parent.parent)
        import hierbayes.plots, matplotlib, pathlib
        print(pathlib.Path(matplotlib.get_cachedir()).parent)
    """
    ours = ("NUMBA_CACHE_DIR", "MPLCONFIGDIR", "PYTENSOR_FLAGS", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
    env = {k: v for k, v in os.environ.items() if k not in ours}
    done = subprocess.run(
        [sys.executable, "-W", "always::UserWarning", "-c", textwrap.dedent(code)],
        env={**env, "HOME": str(home), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [str(tmp_path / f"hierbayes-{os.getuid()}")] * 3
    said = [line for line in done.stderr.splitlines() if "Warning" in line or "matplotlib" in line.lower()]
    whose = [line.partition("HierbayesWarning: ") for line in said if "import" not in line]
    assert [(place, text.partition(" cannot be written to ")[0]) for place, _, text in whose] == [
        ("<string>:2: ", "Compiled kernels"),
        ("<string>:4: ", "Compiled PyMC models"),
        ("<string>:6: ", "Matplotlib's fonts and settings"),
    ]
