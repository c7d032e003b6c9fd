"""Simulation-based calibration: right models pass, planted mistakes are found, ranks are what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hierbayes as hb
from hierbayes import routes
from hierbayes.calibration import Calibration
from hierbayes.calibration.run import _first_levels, _holm, _quantities, _rank, _table, _tree
from hierbayes.design import Design
from hierbayes.errors import StorageError

PRIORS = {"Intercept": "normal(0, 1)", "sd": "half_normal(1)", "sigma": "half_normal(1)"}
QUICK = {"draws": 200, "tune": 300, "chains": 2, "progress": False}


@pytest.fixture(scope="module")
def model() -> hb.Model:
    frame = hb.simulate(
        "y ~ 1 + (1 | g)",
        sizes={"g": 10, "i": 5},
        params={"b[Intercept]": 0, "sd[g]": 1, "sigma": 1},
        seed=1,
    )
    return hb.Model("y ~ 1 + (1 | g)", frame, priors=PRIORS)


@pytest.mark.sampling
def test_a_right_model_is_calibrated(model):
    found = hb.sbc(model, 60, seed=1, **QUICK)
    assert found.ok
    assert found.done == 60
    assert found.failed == 0
    assert found.verdict.startswith("Calibrated: in 60 data sets drawn from the priors all ranks are uniform")
    assert list(found.table["parameter"]) == [
        "b[Intercept]", "sd_g[Intercept]", "sigma", "u_g[1, Intercept]", "log_likelihood",
    ]  # fmt: skip
    assert found.pit["prior_sbc"].sizes == {"sample": 60}
    again = hb.sbc(model, 60, seed=1, **QUICK)
    assert again.table.equals(found.table)


@pytest.mark.sampling
def test_a_kernel_in_which_the_standard_deviation_is_halved_is_caught(model, monkeypatch):
    """Group columns that are twice too large are a kernel whose sd is half of what it should be."""

    def doubled(design: Design) -> Design:
        return replace(design, groups=tuple(replace(g, Z=2.0 * g.Z) for g in design.groups))

    right = routes.sample
    monkeypatch.setattr(
        "hierbayes.running.sample",
        lambda source, *rest: right(replace(source, design=doubled(source.design)), *rest),
    )
    found = hb.sbc(model, 60, seed=1, **QUICK)
    assert not found.ok
    table = found.table.set_index("parameter")
    assert not table.loc["sd_g[Intercept]", "ok"]
    assert table.loc["sd_g[Intercept]", "mean"] > 0.6  # the truth lies above most draws
    assert found.verdict.startswith("NOT calibrated: in 60 data sets drawn from the priors the ranks of")


@pytest.mark.sampling
def test_an_intercept_that_is_shifted_is_caught(model, monkeypatch):
    right = routes.sample

    def shifted(*arguments):
        raw, posterior = right(*arguments)
        return raw, posterior.assign(b=posterior["b"] + 0.3)

    monkeypatch.setattr("hierbayes.running.sample", shifted)
    table = hb.sbc(model, 60, seed=1, **QUICK).table.set_index("parameter")
    assert not table.loc["b[Intercept]", "ok"]
    assert table.loc["b[Intercept]", "mean"] < 0.5
    assert table.loc["sd_g[Intercept]", "ok"]


@pytest.mark.sampling
def test_calibration_goes_on_from_what_is_kept(model, tmp_path):
    first = hb.sbc(model, 20, seed=1, store=tmp_path / "kept", **QUICK)
    files = sorted((tmp_path / "kept").glob("*.nc"))
    assert len(files) == 20
    before = {file: file.stat().st_mtime_ns for file in files}
    for file in files[:2]:  # as if it had been cut off before these
        file.unlink()
    again = hb.sbc(model, 20, seed=1, store=tmp_path / "kept", **QUICK)
    assert again.table.equals(first.table)
    assert [file for file in files if file.stat().st_mtime_ns != before[file]] == files[:2]
    with pytest.raises(StorageError, match="another seed"):
        hb.sbc(model, 20, seed=2, store=tmp_path / "kept", **QUICK)


def test_few_data_sets_are_refused(model):
    with pytest.raises(hb.HierbayesError) as caught:
        hb.sbc(model, 10)
    assert str(caught.value) == (
        "n is 10: so few ranks say nothing about uniformity. Allowed: 20 or more; 200 is usual."
    )


def test_a_flat_prior_is_refused():
    frame = {"y": [1.0, 2.0, 0.0, 3.0], "g": ["a", "a", "b", "b"]}
    model = hb.Model("y ~ 1 + (1 | g)", frame, priors={"Intercept": "flat()"})
    with pytest.raises(hb.HierbayesError, match="There is no draw from the prior of 'Intercept': it is flat"):
        hb.sbc(model)


def test_censored_rows_are_refused():
    frame = {"y": [1.0, 2.0, 0.0, 2.0], "side": ["none", "right", "none", "right"], "g": ["a", "a", "b", "b"]}
    with pytest.raises(
        hb.HierbayesError, match=r"A model with cens\(\) cannot be calibrated: which rows are"
    ):
        hb.sbc(hb.Model("y | cens(side) ~ 1 + (1 | g)", frame))


def test_of_each_group_one_level_is_ranked():
    frame = {"y": [1.0, 2.0, 0.0, 3.0] * 5, "x": np.arange(20.0), "g": list("abcd") * 5}
    formula = hb.formula("y ~ x + (1 |c| g)", sigma="~ x + (1 |c| g)")
    model = hb.Model(formula, frame, priors={"b_sigma": "normal(0, 0.1)"})
    truths = model.prior_predictive(20)["prior"].to_dataset()
    names = [name for name, _ in _quantities(truths, _first_levels(model)) if name.startswith("u_")]
    assert names == ["u_g[a, Intercept]", "u_sigma_g[a, Intercept]"]


def test_ranks_of_draws_from_one_distribution_are_uniform():
    rng = np.random.default_rng(0)
    ranks = [_rank(rng.normal(size=9), rng.normal(), rng) for _ in range(4000)]
    assert stats.kstest(ranks, "uniform").pvalue > 1e-3
    whole = [_rank(rng.poisson(2.0, size=9).astype(float), float(rng.poisson(2.0)), rng) for _ in range(4000)]
    assert stats.kstest(whole, "uniform").pvalue > 1e-3  # ties are broken at random


def test_holm():
    """Worked by hand: 0.01 x 4, 0.02 x 3, then at least what came before."""
    assert _holm(np.array([0.02, 0.5, 0.01, 0.025])).tolist() == pytest.approx([0.06, 0.5, 0.04, 0.06])


PRINTED = """Simulation-based calibration of y ~ x + (1 | <g>) (gaussian)
NOT calibrated: in 1,100 data sets drawn from the priors the ranks of sd_g[Intercept] (p < 0.001)
are not uniform. A mean rank above 0.5 comes from posteriors that lie too low, one below from
posteriors that lie too high; ranks at both ends come from posteriors that are too narrow, ranks in
the middle from too wide ones.

      parameter p value adjusted mean rank       ranks
          sigma   0.500    0.500     0.500     uniform
sd_g[Intercept]   0.000    0.000     0.930 not uniform

1,100 fits, 1 failed, 2 divergences; ranks among 99 posterior draws, as shares; adjusted: Holm; not
uniform: below 0.01."""


@pytest.fixture(scope="module")
def found() -> Calibration:
    told = {"formula": "y ~ x + (1 | <g>)", "family": "gaussian", "among": 99}
    ranks = pd.DataFrame({"sigma": (np.arange(1, 101) - 0.5) / 100, "sd_g[Intercept]": np.full(100, 0.93)})
    return Calibration(
        _tree(ranks),
        _table(ranks, 0.01),
        0.01,
        1_100,
        1,
        2,
        told,
        ("The response has the value 0 in all rows.",),
    )


def test_what_is_printed(found):
    assert str(found) == repr(found) == PRINTED
