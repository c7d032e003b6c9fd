"""The memory of draws is forecast, and what cannot fit is refused before sampling."""

from __future__ import annotations

from pathlib import Path

import pytest
from structures import small_frame

import hierbayes as hb
from hierbayes import memory
from hierbayes.errors import HierbayesError, ResourceError
from hierbayes.memory import available, forecast, unknowns
from hierbayes.sampling.settings import SamplerSettings


@pytest.fixture(scope="module")
def rows() -> hb.Model:
    return hb.Model("won ~ x + (1 + x | g) + (1 | h)", small_frame(), family="bernoulli")


@pytest.mark.sampling
@pytest.mark.parametrize("family", ["bernoulli", "gaussian"])
def test_numbers_of_a_draw(family: str) -> None:
    """Counted in the posterior: correlations once instead of a matrix of them."""
    y = "won" if family == "bernoulli" else "y"
    model = hb.Model(f"{y} ~ x + (1 + x | g) + (1 | h)", small_frame(), family=family)
    fit = model.fit(draws=5, tune=5, chains=1, seed=1, progress=False)
    sizes = {str(name): draws[0, 0].size for name, draws in fit.posterior.data_vars.items()}
    assert unknowns(model.spec)[0] == sum(sizes.values()) - sizes["cor_g"] + 1


# Peak resident memory in megabytes besides what was in use, measured on Linux with two cores: numbers of
# a draw, draws, warm-up, and the peak; four chains each.
MEASURED = {
    "rows, 2,000 groups with slopes": (4_005, 1000, 100, 272.9),
    "rows, more warm-up than draws": (4_005, 300, 500, 144.3),
    "rows, 10,000 groups": (10_003, 400, 100, 293.3),
    "rows, 100,000 groups, stored": (100_003, 100, 10, 746.7),
    "collapsed, 5,000 groups with slopes": (10_006, 1000, 100, 389.4),
    "collapsed, 20,000 groups": (20_004, 250, 100, 232.2),
    "collapsed, 100,000 groups": (100_004, 100, 50, 401.4),
    "graph, 2,000 groups": (2_003, 500, 100, 205.4),
}


@pytest.mark.parametrize("what", MEASURED)
def test_forecasts_are_near_measured_peaks(
    what: str, monkeypatch: pytest.MonkeyPatch, rows: hb.Model
) -> None:
    every, draws, tune, measured = MEASURED[what]
    monkeypatch.setattr(memory, "unknowns", lambda spec: (every, 5))
    route = "graph" if what.startswith("graph") else "auto"
    model = hb.Model("y ~ x + (1 | g)", small_frame()) if what.startswith("collapsed") else rows
    settings = SamplerSettings(draws, tune, chains=4)
    said = forecast(model.spec, model.plan(route=route), settings) / 1e6
    assert measured / 1.5 < said < measured * 1.5


def test_what_cannot_fit_is_refused_before_sampling(rows: hb.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 50_000_000)
    with pytest.raises(
        ResourceError, match=r"4 chains of 10,000,000 draws of .* take about .* GB, and 50\.0 MB"
    ) as told:
        rows.fit(draws=10_000_000, seed=1)
    assert isinstance(told.value, HierbayesError) and isinstance(told.value, MemoryError)
    fewer = int(str(told.value).split("draws=")[1].split(", or")[0].replace(",", ""))
    assert forecast(rows.spec, rows.plan(), SamplerSettings(fewer, 500)) <= 50_000_000


@pytest.mark.sampling
def test_large_forecasts_are_told(
    rows: hb.Model, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(memory, "TOLD", 1000)
    rows.fit(draws=10, tune=10, chains=2, seed=1)
    assert "2 chains of 10 draws of 24 numbers will take about" in capsys.readouterr().err
    rows.fit(draws=10, tune=10, chains=2, seed=1, progress=False)
    assert capsys.readouterr().err == ""
    needed = forecast(rows.spec, rows.plan(), SamplerSettings(10, 10, 2))
    monkeypatch.setattr(memory, "available", lambda: round(needed / 1.2))
    rows.fit(draws=10, tune=10, chains=2, seed=1)
    assert "that are free: it may not fit" in capsys.readouterr().err


def test_what_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a container what its limit leaves; without any of these files nothing is known."""
    (tmp_path / "meminfo").write_text("MemTotal: 8000 kB\nMemAvailable:    5000 kB\n")
    (tmp_path / "limit").write_text("3000000\n")
    (tmp_path / "used").write_text("2500000\n")
    # copies of files fill a container in time, and are given back
    (tmp_path / "stat").write_text("anon 900000\ninactive_file 1100000\nactive_file 400000\n")
    nothing = tmp_path / "none"
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(
        memory, "CONTAINER", ((nothing,) * 3, tuple(tmp_path / name for name in ("limit", "used", "stat")))
    )
    assert available() == 2_000_000
    (tmp_path / "limit").write_text("max\n")
    assert available() == 5_120_000
    monkeypatch.setattr(memory, "MEMINFO", nothing)
    assert available() is None
