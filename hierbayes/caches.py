"""Folders for what is compiled or looked up once, also where the user's own cannot be written."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import stat
import sys
import tempfile
import warnings
from functools import cache
from pathlib import Path

from hierbayes.errors import HierbayesWarning


@cache
def folder_for(wished: Path, what: str, variable: str, *, copied: bool = False) -> Path | None:
    """The folder that is wished for, or one among temporary files and a warning; None if none can be written.

    Parameters
    ----------
    wished : Path
        Made if need be.
    what : str
        What goes there: ``"Compiled kernels"``.
    variable : str
        The environment variable that names another folder.
    copied : bool
        Whether what is in the wished one is put into the other.
    """
    if may_write(wished):
        return wished
    place = _temporary(wished, copied=copied)
    if multiprocessing.parent_process() is None:
        kept = "and are made anew in each session" if place is None else f"and are kept in {place}"
        warnings.warn(
            f"{what} cannot be written to {wished}, {kept}. To keep them elsewhere, set the environment "
            f"variable {variable}=FOLDER.",
            HierbayesWarning,
            # CPython leaves out the last character of a file when it looks for a prefix.
            skip_file_prefixes=(str(Path(__file__).parent), contextlib.__file__.removesuffix(".py")),
        )
    return place


def may_write(folder: Path) -> bool:
    """Whether files can be made in a folder, which is made if need be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def use_for_pytensor() -> None:
    """Let PyTensor compile where it may write; it asks the environment, once, when it is first imported."""
    flags = os.environ.get("PYTENSOR_FLAGS", "")
    if "pytensor" in sys.modules or "compiledir" in flags:
        return
    local = os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else None
    wished = Path(local) / "PyTensor" if local else Path("~/.pytensor").expanduser()
    place = folder_for(wished, "Compiled PyMC models", "PYTENSOR_FLAGS=base_compiledir", copied=True)
    if place not in (wished, None):
        os.environ["PYTENSOR_FLAGS"] = ",".join(filter(None, [flags, f"base_compiledir={place}"]))


def use_for_matplotlib() -> None:
    """Let Matplotlib keep its list of fonts where it may write; it asks the environment, once."""
    if "matplotlib" in sys.modules or "MPLCONFIGDIR" in os.environ:
        return
    for wished in _of_matplotlib():
        place = folder_for(wished, "Matplotlib's fonts and settings", "MPLCONFIGDIR", copied=True)
        if place not in (wished, None):
            os.environ["MPLCONFIGDIR"] = str(place)
            return


def _of_matplotlib() -> list[Path]:
    """Where Matplotlib looks for settings, and where it keeps fonts."""
    if not sys.platform.startswith(("linux", "freebsd")):
        return [Path("~/.matplotlib").expanduser()]
    homes = [("XDG_CONFIG_HOME", "~/.config"), ("XDG_CACHE_HOME", "~/.cache")]
    return [Path(os.environ.get(name) or home).expanduser() / "matplotlib" for name, home in homes]


def _temporary(wished: Path, *, copied: bool) -> Path | None:
    """A folder that nobody else can write, since code is read from it; with what is in the other one."""
    try:
        home = Path(tempfile.gettempdir()) / f"hierbayes-{_user()}"
        home.mkdir(mode=0o700, exist_ok=True)
        if not _is_private(home):
            home = Path(tempfile.mkdtemp(prefix="hierbayes-"))
        place = home / wished.name.removeprefix(".")
        if copied and wished.is_dir() and not place.exists():
            _copy(wished, place)
    except OSError:
        return None
    return place if may_write(place) else None


def _copy(there: Path, place: Path) -> None:
    """All of a folder or nothing; another process may be faster."""
    with tempfile.TemporaryDirectory(dir=place.parent) as half:
        whole = Path(half) / place.name
        shutil.copytree(there, whole)
        if not place.exists():
            whole.replace(place)


def _user() -> int:
    """The user's number; where users have none, they have temporary folders of their own."""
    return os.getuid() if hasattr(os, "getuid") else 0


def _is_private(folder: Path) -> bool:
    found = folder.lstat()
    if not hasattr(os, "getuid"):
        return stat.S_ISDIR(found.st_mode)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == _user() and not found.st_mode & 0o077
