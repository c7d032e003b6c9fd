"""Fits that are written down while they are drawn: nothing changes by it, and nothing is lost."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from structures import small_frame
from tolerances import monte_carlo

import hierbayes as hb
from hierbayes import resuming
from hierbayes.errors import StorageError
from hierbayes.estimates.summarize import summarize
from hierbayes.fitted.unfinished import Claim, counts
from hierbayes.sampling import journal as journals
from hierbayes.sampling import nutpie, stored
from hierbayes.sampling.sums import Sums

pytestmark = pytest.mark.sampling

SETTINGS = {"draws": 60, "tune": 80, "chains": 3, "seed": 4, "progress": False}


def build() -> hb.Model:
    return hb.Model("ticks ~ x + (1 + x | g)", small_frame(), family="negbinomial")


@pytest.fixture(scope="module")
def model():
    return build()


@pytest.fixture(scope="module")
def plain(model):
    return model.fit(**SETTINGS)


def cut_off(model, path, made, **settings):
    """A fit whose process died when its chains had made so many draws."""
    with pytest.MonkeyPatch.context() as patch, pytest.warns(UserWarning, match="All draws are in"):
        patch.setattr(hb.Fit, "save", unwritable)
        whole = model.fit(**{**SETTINGS, **settings}, store=path)
    np.array(made, dtype="<i8").tofile(folder_of(path) / "draws" / "made" / "c" / "0")
    return whole


def unwritable(fit, path):
    raise StorageError(f"The fit could not be saved to {path}: No space left on device.")


def folder_of(path):
    return path.with_name(f"{path.stem}.unfinished.zarr")


@pytest.mark.parametrize("many", [stored.MANY, 0])
@pytest.mark.parametrize("formula", ["ticks ~ x + (1 + x | g)", "y ~ x + (1 | g)"])
def test_the_fit_is_the_same_and_is_saved(formula, many, tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "MANY", many)
    family = "negbinomial" if formula.startswith("ticks") else "gaussian"
    model, path = hb.Model(formula, small_frame(), family=family), tmp_path / "fit.zarr"
    looks = []
    monkeypatch.setattr(journals, "SECONDS", 0.0)
    append = journals.Journal.append
    monkeypatch.setattr(journals.Journal, "append", lambda *a: (looks.append(a[1]), append(*a)))
    streamed = model.fit(**SETTINGS, store=path)
    plain = model.fit(**SETTINGS)
    assert streamed.posterior.equals(plain.posterior)
    assert streamed.idata["sample_stats"].equals(plain.idata["sample_stats"])
    loaded = hb.load(path)
    assert loaded.posterior.equals(plain.posterior)
    assert loaded.messages == plain.messages
    assert [p.name for p in tmp_path.iterdir()] == ["fit.zarr"]
    assert len(looks) >= SETTINGS["chains"]
    assert hb.resume(path).posterior.equals(plain.posterior)


def test_what_was_drawn_comes_back(model, plain, tmp_path):
    path = tmp_path / "fit.zarr"
    cut_off(model, path, [40, 25, 38])
    with pytest.raises(StorageError, match=r"no file .*fit.zarr. Sampling .* not finished .*hb.resume\("):
        hb.load(path)
    with pytest.raises(StorageError, match=r"^Sampling was not finished: hb.resume\('.*fit.zarr'\) brings"):
        hb.load(folder_of(path))
    fit = hb.resume(path)
    assert fit.partial
    assert fit.posterior.sizes["chain"] == 3
    first = plain.posterior.isel(draw=slice(25))
    for name in first:
        np.testing.assert_array_equal(fit.posterior[name], first[name], err_msg=str(name))
    for name, values in plain.idata["sample_stats"].to_dataset().isel(draw=slice(25)).items():
        np.testing.assert_array_equal(fit.idata["sample_stats"][name], values, err_msg=str(name))
        assert fit.idata["sample_stats"][name].dtype == values.dtype
    assert "there were 40, 25, 38 draws per chain of 60; kept are 25 of each of 3 chains" in fit.messages[-1]
    assert {**fit.settings, "seconds": 0} == {**plain.settings, "seconds": 0}
    assert hb.load(fit.save(tmp_path / "part.nc")).partial
    assert folder_of(path).exists()


def test_chains_that_had_hardly_begun_are_left_out():
    assert resuming._longest([60, 60, 5, 0]) == ([0, 1], 60)
    assert resuming._longest([31, 30, 29, 28]) == ([0, 1, 2, 3], 28)
    assert resuming._longest([0, 40, 20]) == ([1, 2], 20)
    assert resuming._longest([40, 25, 38]) == ([0, 1, 2], 25)


def test_going_on_draws_the_rest(model, plain, tmp_path):
    path = tmp_path / "fit.zarr"
    settings = {"draws": 1000, "tune": 400, "chains": 2}
    whole = cut_off(model, path, [400, 0], **settings)
    fit = hb.resume(path, go_on=True, progress=False)
    assert not fit.partial
    assert fit.posterior.sizes["chain"] == 2
    assert fit.posterior.sizes["draw"] == 1000
    assert "when there were 400, 0 draws per chain, and resumed" in fit.messages[-1]
    kept, again = fit.posterior["b"].isel(chain=0), whole.posterior["b"].isel(chain=0)
    np.testing.assert_array_equal(kept[:400], again[:400])
    assert (kept[400:] != again[400:]).any(axis=0).all()
    for name in ("b", "sd_g", "phi"):
        one, other = summarize(fit.posterior[name]), summarize(whole.posterior[name])
        for row, of_whole in zip(one.itertuples(), other.itertuples(), strict=True):
            assert monte_carlo(
                row.mean,
                of_whole.mean,
                row.sd / row.ess_bulk**0.5,
                of_whole.sd / of_whole.ess_bulk**0.5,
            )
    assert fit.check().ok == whole.check().ok
    assert hb.load(path).posterior.equals(fit.posterior)
    assert [p.name for p in tmp_path.iterdir()] == ["fit.zarr"]


def test_going_on_without_any_draw_is_the_first_run(model, plain, tmp_path):
    path = tmp_path / "fit.zarr"
    cut_off(model, path, [0, 0, 0])
    with pytest.raises(StorageError, match=r"nothing had been drawn yet .* go_on=True\) starts it anew"):
        hb.resume(path)
    assert hb.resume(path, go_on=True, progress=False).posterior.equals(plain.posterior)


def test_only_saving_was_missing(model, plain, tmp_path):
    path = tmp_path / "fit.zarr"
    whole = cut_off(model, path, [60, 60, 60])
    assert whole.posterior.equals(plain.posterior)
    assert "No space left on device. All draws are in" in whole.messages[-1]
    assert hb.resume(path).posterior.equals(plain.posterior)
    assert hb.load(path).messages == plain.messages
    assert not folder_of(path).exists()


def test_an_older_fit_stays_until_the_new_one_is_whole(model, plain, tmp_path):
    path = plain.save(tmp_path / "fit.zarr")
    cut_off(model, path, [20, 20, 20], seed=9)
    loaded = hb.load(path)
    assert loaded.posterior.equals(plain.posterior)
    assert "This is the older fit. Sampling into this place was begun and not finished" in loaded.messages[-1]
    with pytest.raises(StorageError, match=r"holds draws of a fit that was not finished \(20, 20, 20 draws"):
        model.fit(**SETTINGS, store=path)
    fit = hb.resume(path, go_on=True, progress=False)
    assert hb.load(path).posterior.equals(fit.posterior)
    assert not fit.posterior.equals(plain.posterior)


def test_two_processes_do_not_write_to_one_place(model, tmp_path):
    path = tmp_path / "fit.zarr"
    cut_off(model, path, [20, 20, 20])
    claim = Claim.of(folder_of(path))
    with pytest.raises(StorageError, match="Another process is sampling into"):
        hb.resume(path, go_on=True)
    with pytest.raises(StorageError, match="Another process is sampling into"):
        model.fit(**SETTINGS, store=path)
    claim.release()
    assert counts(folder_of(path)) == [20, 20, 20]


def test_wrong_places(model, tmp_path):
    with pytest.raises(StorageError, match=r"fit.nc: draws are streamed to Zarr, .* store='.*fit.zarr'"):
        model.fit(store=tmp_path / "fit.nc")
    with pytest.raises(StorageError, match="draws of pymc cannot be streamed to disk"):
        model.fit(sampler="pymc", store=tmp_path / "fit.zarr")
    with pytest.raises(StorageError, match=r"cannot be streamed to .*: No such file or directory"):
        model.fit(store=tmp_path / "nowhere" / "fit.zarr")
    with pytest.raises(StorageError, match=r"There is no fit .*, finished or not"):
        hb.resume(tmp_path / "fit.zarr")
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told_before_sampling(model, tmp_path, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(StorageError, match=r"no room for the draws .*: No space left on device. They take"):
        model.fit(**SETTINGS, store=tmp_path / "fit.zarr")
    assert not list(tmp_path.iterdir())


def test_a_disk_that_fails_meanwhile_costs_no_draw(model, plain, tmp_path, monkeypatch):
    write, path = journals.Journal._write, tmp_path / "fit.zarr"

    def failing(self, name, row, rows):
        if self.made[0]:
            raise OSError(5, "Input/output error")
        write(self, name, row, rows)

    monkeypatch.setattr(journals.Journal, "_write", failing)
    fit = model.fit(**SETTINGS, store=path)
    assert fit.posterior.equals(plain.posterior)
    assert "stopped after 60, 0, 0 draws per chain (Input/output error)" in fit.messages[-1]
    assert hb.load(path).posterior.equals(plain.posterior)


def test_damage_is_told(model, tmp_path):
    path = tmp_path / "fit.zarr"
    cut_off(model, path, [20, 20, 20])
    header = folder_of(path) / "zarr.json"
    text = header.read_text()
    header.write_text(text.replace('\\"plan\\": \\"partial\\"', '\\"plan\\": \\"centered\\"'))
    with pytest.raises(StorageError, match="is damaged: its content has changed since sampling began"):
        hb.resume(path)
    header.write_text(text[:200])
    with pytest.raises(
        StorageError, match=r"fit.unfinished.zarr is damaged: its entry 'zarr.json' is no JSON"
    ):
        hb.resume(path)


def test_other_coordinates_are_told(model, tmp_path, monkeypatch):
    path = tmp_path / "fit.zarr"
    cut_off(model, path, [20, 20, 20])
    monkeypatch.setattr(resuming, "landmarks", lambda frame: [9.0])
    with pytest.raises(StorageError, match="coordinates that this version does not have"):
        hb.resume(path)


def test_draws_that_have_changed_do_not_come_back(model, plain, tmp_path):
    path = tmp_path / "fit.zarr"
    cut_off(model, path, [40, 25, 38])
    draws = folder_of(path) / "draws"
    chunk = draws / "variable_unconstrained" / "c" / "0" / "0" / "0"
    content = bytearray(chunk.read_bytes())
    content[5] ^= 1  # in the first draw of the first chain
    chunk.write_bytes(content)
    fit = hb.resume(path)
    assert fit.posterior.sizes["chain"] == 2
    np.testing.assert_array_equal(fit.posterior["b"], plain.posterior["b"][[1, 2], :25])
    assert fit.messages[-1].endswith("Damaged, and not counted, are 40, 0, 0 draws per chain.")
    chunk.write_bytes(bytes(len(content)))
    with pytest.raises(
        StorageError, match=r"is damaged: its draws have changed since they were made\. Fit the"
    ):
        hb.resume(path)
    chunk.write_bytes(content[:-8])
    with pytest.raises(StorageError, match="is damaged: ValueError, mmap length is greater than file size"):
        hb.resume(path)
    np.array([61, 1, 1], dtype="<i8").tofile(draws / "made" / "c" / "0")
    with pytest.raises(StorageError, match="is damaged: ValueError, its number of draws is impossible"):
        hb.resume(path, go_on=True)
    np.array([1, 1, 1], dtype="<i8").tofile(draws / "made" / "c" / "0")
    (draws / "statistic_lp" / "zarr.json").unlink()
    with pytest.raises(StorageError, match="is damaged: FileNotFoundError"):
        hb.resume(path)


def test_sums_find_where_damage_begins():
    rng = np.random.default_rng(1)
    arrays = [rng.normal(size=(90, 2)), rng.integers(0, 9, 90)]
    sums = Sums.anew([rows[:0] for rows in arrays], 0)
    for made in range(10, 90, 10):
        sums.add(made, [rows[made - 10 : made] for rows in arrays])
    assert sums.sound(arrays) == 80
    arrays[1][37] += 1
    assert sums.sound(arrays) == 30
    assert Sums.anew(arrays, 50).sound(arrays) == 50
    arrays[0][0] = 0
    assert sums.sound(arrays) == 0


KILLED = """
import sys
sys.path[:0] = sys.argv[2:]
from test_resuming import build
build().fit(draws=200_000, tune=80, chains=2, cores=1, seed=4, progress=False, store=sys.argv[1])
"""


def test_a_killed_process_leaves_its_draws(model, tmp_path):
    path = tmp_path / "fit.zarr"
    command = [sys.executable, "-c", KILLED, str(path), *sys.path]
    with subprocess.Popen(command, cwd=Path(__file__).parent) as process:
        try:
            while not any(counts(folder_of(path))):
                assert process.poll() is None
                time.sleep(0.02)
        finally:
            process.send_signal(signal.SIGKILL)
    fit = hb.resume(path)
    made = counts(folder_of(path))[0]
    assert fit.posterior.sizes == {**fit.posterior.sizes, "chain": 1, "draw": made}
    same = model.fit(draws=made, tune=80, chains=2, cores=1, seed=4, progress=False)
    np.testing.assert_array_equal(fit.posterior["b"][0], same.posterior["b"][0])


def test_ctrl_c_keeps_the_folder(model, tmp_path, monkeypatch):
    path = tmp_path / "fit.zarr"
    monkeypatch.setattr(journals, "SECONDS", 0.0)
    append = journals.Journal.append

    def interrupting(self, *args):
        append(self, *args)
        if self.made.all():
            monkeypatch.setattr(journals.Journal, "append", append)
            raise KeyboardInterrupt

    monkeypatch.setattr(journals.Journal, "append", interrupting)
    fit = model.fit(**{**SETTINGS, "draws": 20_000, "chains": 2, "cores": 2}, store=path)
    assert fit.partial
    assert "Sampling was interrupted:" in fit.messages[-2]
    assert "go_on=True) draws the rest" in fit.messages[-1]
    assert hb.resume(path).posterior["b"].equals(fit.posterior["b"])


def test_an_error_of_ours_ends_the_chains(model, tmp_path, monkeypatch):
    """Threads of nutpie that live on end the interpreter by a segmentation fault."""
    begin, ended = nutpie.begin, []

    class Watched:
        def __init__(self, sampler):
            self.sampler = sampler

        def __getattr__(self, name):
            return getattr(self.sampler, name)

        def abort(self):
            ended.append(self.sampler.abort())

    def failing(*_):
        raise ValueError("planted")

    monkeypatch.setattr(nutpie, "begin", lambda *given: Watched(begin(*given)))
    monkeypatch.setattr(nutpie, "note", failing)
    with pytest.raises(ValueError, match="planted"):
        model.fit(**{**SETTINGS, "draws": 200_000, "cores": 1}, store=tmp_path / "fit.zarr")
    assert len(ended) == 1
    assert not list(tmp_path.iterdir())


def test_draws_of_a_graph_come_back(tmp_path):
    path = tmp_path / "fit.zarr"
    model = hb.Model("y ~ x + (1 | g)", small_frame())
    whole = cut_off(model, path, [50, 30], chains=2, route="graph")
    fit = hb.resume(path)
    for name in whole.posterior:
        np.testing.assert_array_equal(fit.posterior[name], whole.posterior[name][:, :30], err_msg=str(name))


ANOTHER_USER = """
import os, sys, warnings
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from test_resuming import SETTINGS, build, journals
model, path = build(), Path(sys.argv[1]) / "fit.zarr"
model.fit(**SETTINGS, store=path).save(path.with_suffix(".nc"))  # imports what root alone may read
os.chown(path.parent, 65534, 65534)
os.setuid(65534)
append = journals.Journal.append
def taken_away(journal, *args):
    append(journal, *args)
    for folder in (journal.folder, journal.folder.parent, path.parent):
        folder.chmod(0o500)
journals.Journal.append = taken_away
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    fit = model.fit(**{**SETTINGS, "seed": 5}, store=path)
print(fit.messages[-1])
print(fit.partial, len(caught), str(caught[0].message) == fit.messages[-1])
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be another user")
def test_permission_that_is_lost_meanwhile_costs_no_draw(model, plain):
    """Files that are open can be written still; the saved fit finds its folder closed, and the draws stay."""
    with tempfile.TemporaryDirectory() as place:  # others may not enter the folders of tmp_path
        path = Path(place) / "fit.zarr"
        command = [sys.executable, "-c", ANOTHER_USER, place, *sys.path]
        told = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        ).stdout.splitlines()
        assert re.match(
            r"The fit could not be saved to .*fit.zarr: Permission denied. All draws are in", told[0]
        )
        assert told[1] == "False 1 True"
        assert hb.load(path).posterior.equals(plain.posterior), "the older fit is whole"
        Path(place).chmod(0o700)
        folder_of(path).chmod(0o700)
        fit = hb.resume(path)
        assert fit.posterior.equals(model.fit(**{**SETTINGS, "seed": 5}).posterior)
        assert hb.load(path).posterior.equals(fit.posterior)


@pytest.mark.slow
def test_chains_of_a_graph_go_on(tmp_path):
    """Slow, since the PyMC model is compiled twice."""
    path = tmp_path / "fit.zarr"
    model = hb.Model("y ~ x + (1 | g)", small_frame())
    whole = cut_off(model, path, [50, 30], chains=2, route="graph")
    further = hb.resume(path, go_on=True, progress=False)
    np.testing.assert_array_equal(further.posterior["b"][0, :50], whole.posterior["b"][0, :50])
    assert hb.load(path).posterior.sizes["draw"] == SETTINGS["draws"]
    # A chain that went on is where it was: the first draw after it is near the last before it.
    sigma = further.posterior["sigma"]
    assert (abs(sigma - whole.posterior["sigma"].mean()) < 6 * whole.posterior["sigma"].std()).all()
