"""``fit_many(store=)``: what was done is there after a kill, and the same call makes only the rest."""

from __future__ import annotations

import datetime
import functools
import json
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

import hierbayes as hb
from hierbayes.errors import ArgumentTypeError, StorageError
from hierbayes.fitted import store as storing
from hierbayes.fitted.unfinished import Claim
from hierbayes.many.kept import text_of

pytestmark = pytest.mark.sampling

SHORT = {"draws": 20, "tune": 20, "chains": 2, "progress": False}
FORMULA = "y ~ x + (1 | g)"


def frame(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {"y": rng.normal(size=40), "x": rng.normal(size=40), "g": np.arange(40) % 8}


FRAMES = {"north": frame(1), ("south", 2): frame(2), "no y": {"x": np.zeros(40)}, "ω/..": frame(3)}
GIVEN = {"formula": FORMULA, "seeds": 3, **SHORT}


@pytest.fixture(scope="module")
def undisturbed() -> hb.FitMany:
    return hb.fit_many(FRAMES, **GIVEN)


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> Path:
    """A folder; nothing in it is changed by the tests."""
    folder = tmp_path_factory.mktemp("many") / "runs"
    hb.fit_many(FRAMES, store=folder, **GIVEN)
    return folder


@pytest.fixture
def made(monkeypatch) -> list[int]:
    """Seeds of the fits that are sampled from now on."""
    seeds: list[int] = []
    fit = hb.Model.fit

    @functools.wraps(fit)
    def counting(self, **settings):
        seeds.append(settings["seed"])
        return fit(self, **settings)

    monkeypatch.setattr(hb.Model, "fit", counting)
    return seeds


def assert_same(many: hb.FitMany, other: hb.FitMany) -> None:
    assert list(many) == list(other)
    assert set(many.fits) == set(other.fits)
    for key, fit in many.fits.items():
        assert fit.posterior.equals(other[key].posterior)


def test_a_second_call_makes_nothing_again(undisturbed, filled, made, capsys):
    before = {path.name: path.stat().st_mtime_ns for path in filled.iterdir()}
    many = hb.fit_many(FRAMES, store=filled, **{**GIVEN, "progress": True})
    assert_same(many, undisturbed)
    assert not made
    assert "3 of 4 fits were made before: they are read, not made again" in capsys.readouterr().err
    assert [failure.key for failure in many.failures] == ["no y"]
    assert {path.name: path.stat().st_mtime_ns for path in filled.iterdir()} == before


def test_each_file_is_a_fit(undisturbed, filled):
    index = json.loads((filled / "fits.json").read_text())
    assert index["seed"] == 3
    assert index["settings"] == {"draws": 20, "tune": 20, "chains": 2}
    assert list(index["fits"]) == ["'north'", "('south', 2)", "'no y'", "'ω/..'"]
    for key, entry in zip(FRAMES, index["fits"].values(), strict=True):
        assert entry["file"].isascii()
        assert "/" not in entry["file"]
        assert (filled / entry["file"]).exists() == (key != "no y")
        if key != "no y":
            assert entry["formula"] == FORMULA
            assert hb.load(filled / entry["file"]).posterior.equals(undisturbed[key].posterior)


def test_only_what_is_missing_is_made(undisturbed, made, tmp_path):
    """One is there already, the others are new; without seeds those of the first time go on."""
    first = hb.fit_many({"north": FRAMES["north"]}, store=tmp_path, **{**GIVEN, "seeds": None})
    made.clear()
    (tmp_path / ".saving-abc").mkdir()
    many = hb.fit_many(FRAMES, store=tmp_path, **{**GIVEN, "seeds": None})
    assert many.seed == first.seed
    assert many["north"].posterior.equals(first["north"].posterior)
    assert made == [many[key].settings["seed"] for key in FRAMES if key in many.fits][1:]
    assert len(list(tmp_path.iterdir())) == 1 + 1 + 3, "the lock, the index and three fits"


def test_a_failure_is_tried_again_with_what_was_mended(undisturbed, made, tmp_path):
    some = {"north": FRAMES["north"], "no y": FRAMES["no y"]}
    first = hb.fit_many(some, store=tmp_path, **GIVEN)
    assert list(first.fits) == ["north"]
    made.clear()
    many = hb.fit_many({**some, "no y": frame(5)}, store=tmp_path, **GIVEN)
    assert list(many.fits) == ["north", "no y"]
    assert made == [many["no y"].settings["seed"]]
    with pytest.raises(StorageError, match="another fit of 'no y', with other data"):
        hb.fit_many({**some, "no y": frame(6)}, store=tmp_path, **GIVEN)


def test_what_is_kept_is_computed_from_what_is_there(undisturbed, filled, made):
    short = hb.fit_many(FRAMES, store=filled, keep="summary", **GIVEN)
    assert short.summary().equals(undisturbed.summary())
    assert not made


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"seeds": 4}, r"another fit of 'north', with another seed: \d+ there, \d+ here"),
        ({"draws": 21}, "other settings: chains=2, draws=20, tune=20. Asked for were: chains=2, draws=21"),
        ({"formula": "y ~ (1 | g)"}, "another formula: 'y ~ x .* there, 'y ~ "),
        ({"priors": {"b": "normal(0, 1)"}}, "with another family, link or prior"),
        ({"models": {"north": frame(9)}}, "another fit of 'north', with other data"),
    ],
)
def test_what_does_not_belong_there_is_refused(changed, told, filled, made):
    before = (filled / "fits.json").read_bytes()
    arguments = {"models": FRAMES, **GIVEN, **changed}
    with pytest.raises(StorageError, match=told) as caught:
        hb.fit_many(store=filled, **arguments)
    assert "Nothing was changed. Give what was given the first time" in str(caught.value)
    assert not made
    assert (filled / "fits.json").read_bytes() == before


def test_places_that_cannot_be_used(filled, tmp_path):
    (tmp_path / "file").touch()
    full = tmp_path / "full"
    full.mkdir()
    (full / "thesis.tex").touch()
    for place, told in (
        (tmp_path / "file", "Fits cannot be kept in .*file: File exists"),
        (tmp_path / "no" / "where", "No such file or directory"),
        (full, "has files, and is no folder of many fits: fits.json is missing"),
    ):
        with pytest.raises(StorageError, match=told):
            hb.fit_many(FRAMES, store=place, **GIVEN)
    claim = Claim.of(filled)
    with pytest.raises(StorageError, match="Another process is sampling into"):
        hb.fit_many(FRAMES, store=filled, **GIVEN)
    claim.release()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1, "fits": {"1": 2}}', '{"format": "x"}'])
def test_a_damaged_index_is_told(text, tmp_path):
    (tmp_path / "fits.json").write_text(text)
    with pytest.raises(StorageError, match=r"fits.json is damaged .* can be read with hb.load"):
        hb.fit_many(FRAMES, store=tmp_path, **GIVEN)
    (tmp_path / "fits.json").write_text('{"format": 99, "hierbayes": "9.9"}')
    with pytest.raises(StorageError, match=r"written by a later hierbayes \(9.9\)"):
        hb.fit_many(FRAMES, store=tmp_path, **GIVEN)


def test_a_full_disk_costs_no_fit(undisturbed, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storing, "_write_netcdf", full)
    with pytest.warns(
        UserWarning, match="3 of 4 fits could not be saved, the first 'north': is the disk full"
    ):
        many = hb.fit_many(FRAMES, store=tmp_path / "runs", **GIVEN)
    assert_same(many, undisturbed)
    assert "No space left on device" in many["north"].messages[-1]


def test_keys_that_are_the_same_in_another_process():
    day = datetime.date(2026, 1, 2)
    assert text_of((np.int64(3), "3", day, None)) == "(3, '3', datetime.date(2026, 1, 2), None)"
    with pytest.raises(ArgumentTypeError, match="of type object, which cannot be found again in a folder"):
        text_of((1, object()))


SCRIPT = """
    import sys
    sys.path.insert(0, sys.argv[1])
    import hierbayes as hb
    from test_kept import FORMULA, SHORT, frame

    if __name__ == "__main__":
        frames = [frame(k) for k in range(200)]
        hb.fit_many(frames, formula=FORMULA, seeds=1, n_jobs=2, store=sys.argv[2], **SHORT)
"""


def living(group: int) -> list[str]:
    """Processes of a group; one that has ended may wait for ever to be asked how."""
    listed = subprocess.run(["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True)
    found = [line.split(maxsplit=2) for line in listed.stdout.splitlines()]
    return [command for number, state, command in found if int(number) == group and state[0] != "Z"]


@pytest.mark.skipif(not shutil.which("ps"), reason="signals of POSIX, and ps")
def test_a_killed_run_goes_on(tmp_path, made):
    """The process is killed, and its workers leave; the same call, of fewer fits, makes what is missing."""
    script, folder = tmp_path / "script.py", tmp_path / "runs"
    script.write_text(textwrap.dedent(SCRIPT))
    command = [sys.executable, str(script), str(Path(__file__).parent), str(folder)]
    with subprocess.Popen(command, start_new_session=True) as process:
        while len(list(folder.glob("*.nc"))) < 3:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 30
    while living(process.pid):
        assert time.monotonic() < deadline, "its workers are orphans"
        time.sleep(0.2)
    there = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.nc")}
    count = len(there) + 2
    given = {"formula": FORMULA, "seeds": 1, **SHORT}
    many = hb.fit_many([frame(k) for k in range(count)], store=folder, **given)
    assert 2 <= len(made) <= 4, "two that were not begun, and at most two that were under way"
    made_before = [path for path in folder.glob("*.nc") if path.name in there]
    assert {path.name: path.stat().st_mtime_ns for path in made_before} == there
    assert_same(many, hb.fit_many([frame(k) for k in range(count)], **given))
    assert not list(folder.glob(".saving-*"))
