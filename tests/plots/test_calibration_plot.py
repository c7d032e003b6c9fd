"""The picture of ranks: what is in it, and that it is read as its caption says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierbayes as hb
from hierbayes.calibration import Calibration
from hierbayes.calibration.run import _table, _tree
from hierbayes.errors import ArgumentTypeError, UnknownNameError
from hierbayes.plots.calibration import sbc_data

N = 200
TOLD = {"formula": "y ~ x + (1 | g)", "family": "gaussian", "among": 99}


def ranked(shapes: Mapping[str, tuple[float, float]], n: int = N) -> Calibration:
    """A calibration whose ranks are beta distributed, in equal steps of probability and without chance."""
    from scipy import stats

    share = (np.arange(n) + 0.5) / n
    ranks = pd.DataFrame({name: stats.beta(*ab).ppf(share) for name, ab in shapes.items()})
    return Calibration(_tree(ranks), _table(ranks, 0.01), 0.01, n, 0, 0, TOLD)


@pytest.fixture(scope="module")
def shapes() -> Calibration:
    return ranked(
        {"right": (1, 1), "narrow": (0.5, 0.5), "wide": (2, 2), "too high": (1, 2), "too low": (2, 1)}
    )


def test_shapes_mean_what_the_caption_says(shapes: Calibration) -> None:
    data = sbc_data(shapes)
    left, right = (
        {
            name: float(data["difference"].sel(parameter=name)[half].mean())
            for name in data["parameter"].values
        }
        for half in (slice(0, N // 2), slice(N // 2, N))
    )
    assert left["narrow"] > 0.02 and right["narrow"] < -0.02
    assert left["wide"] < -0.02 and right["wide"] > 0.02
    assert left["too high"] > 0.02 and right["too high"] > 0.02
    assert left["too low"] < -0.02 and right["too low"] < -0.02
    assert abs(left["right"]) < 1e-12 and abs(right["right"]) < 1e-12
    assert "above zero first: too narrow; below zero first: too wide" in data.attrs["caption"]
    assert "One arch above zero: the posterior lies too high, below zero: too low" in data.attrs["caption"]


def test_uniform_ranks_stay_inside_of_the_envelope_as_often_as_it_says() -> None:
    n, times = 60, 3000
    data = sbc_data(ranked({"a": (1, 1)}, n))
    ranks = np.sort(np.random.default_rng(1).random((times, n)), axis=1)
    difference = (np.arange(n) + 0.5) / n - ranks
    low, high = (np.interp(ranks, data["at"], data[name]) for name in ("lower", "upper"))
    inside = ((low <= difference) & (difference <= high)).all(axis=1).mean()
    assert abs(inside - 0.95) < 4 * np.sqrt(0.95 * 0.05 / times)


def test_what_is_not_uniform_is_marked(shapes: Calibration, drawing: Any) -> None:
    pc = hb.plot.sbc(shapes, backend="none")
    found = drawing(pc)
    assert found.title() == "Calibration of y ~ x + (1 | g) (gaussian)"
    assert str(pc.viz["subtitle"].item()) == (
        "200 data sets drawn from the priors; not uniform: narrow, wide, too high, too low"
    )
    assert found.texts("title", parameter="right") == ["right  p = 0.50"]
    assert found.texts("title", parameter="narrow") == ["narrow  p < 0.001"]
    orange = found.visual("departing", "difference", parameter="narrow")
    assert np.isfinite(orange["y"]).all()
    assert found.visual("uniform", "difference", parameter="narrow") is None  # nothing to draw
    assert np.isfinite(found.visual("uniform", "difference", parameter="right")["y"]).all()
    np.testing.assert_allclose(orange["x"], np.sort(shapes.pit["prior_sbc"]["narrow"]))
    assert found.texts("xlabel", parameter="too low") == ["rank of the simulated value"]
    assert found.texts("ylabel", parameter="right") == ["ECDF - uniform"]


def test_of_many_parameters_the_least_uniform_are_drawn() -> None:
    found = ranked({**{f"u[{k}]": (1, 1) for k in range(14)}, "sd": (2, 1)})
    data = sbc_data(found)
    assert data.sizes["parameter"] == 12
    assert "sd" in data["parameter"]
    assert data.attrs["subtitle"].endswith("not uniform: sd; 12 of 15 parameters, the least uniform")
    chosen = sbc_data(found, ["u[3]", "sd"])
    assert list(chosen["parameter"].values) == ["u[3]", "sd"]
    assert chosen.attrs["subtitle"].endswith("; 2 of 15 parameters")
    assert found.plot(["sd"], backend="none").viz["plot"].sizes == {"parameter": 1}


def test_what_is_refused(shapes: Calibration) -> None:
    with pytest.raises(ArgumentTypeError) as refused:
        hb.plot.sbc({"a": 1}, backend="none")
    assert str(refused.value) == (
        "hb.plot.sbc takes what hb.sbc answers; dict was given. Call hb.plot.sbc(hb.sbc(model, 200))."
    )
    with pytest.raises(UnknownNameError, match="'wid' is not a known parameter of this calibration"):
        shapes.plot(["wid"], backend="none")


@pytest.mark.parametrize("backend", ["plotly", "bokeh"])
def test_other_backends_draw_it(shapes: Calibration, backend: str) -> None:
    assert shapes.plot(backend=backend).viz["plot"].sizes == {"parameter": 5}
