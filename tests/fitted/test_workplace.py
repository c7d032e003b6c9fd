"""Ctrl-C while a file takes its place: the older one or the new one is there, and nothing else."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from hierbayes.fitted.workplace import heard_afterwards, put, workplace

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def struck(function):
    """The function, with Ctrl-C as soon as it has done what it does."""

    def acting(*args, **kwargs):
        done = function(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGINT)
        return done

    return acting


@pytest.mark.parametrize(("module", "name"), [(tempfile, "mkdtemp"), (shutil, "rmtree")])
def test_the_folder_is_gone(module, name, tmp_path, monkeypatch):
    monkeypatch.setattr(module, name, struck(getattr(module, name)))
    with pytest.raises(KeyboardInterrupt), workplace(tmp_path) as folder:
        (folder / "half").touch()
    assert not list(tmp_path.iterdir())


def test_ctrl_c_in_the_block_is_heard_there(tmp_path):
    with pytest.raises(KeyboardInterrupt), workplace(tmp_path):
        os.kill(os.getpid(), signal.SIGINT)
        pytest.fail("it was not heard")
    assert not list(tmp_path.iterdir())


def test_one_of_two_folders_is_in_place(tmp_path, monkeypatch):
    path, half = tmp_path / "fit.zarr", tmp_path / "half"
    path.mkdir()
    half.mkdir()
    (half / "new").touch()
    monkeypatch.setattr(Path, "replace", struck(Path.replace))
    with pytest.raises(KeyboardInterrupt):
        put(half, path, tmp_path / "aside")
    assert [file.name for file in path.iterdir()] == ["new"]


def test_handlers_come_back():
    before = signal.getsignal(signal.SIGINT)
    with heard_afterwards():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
