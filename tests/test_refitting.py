"""The model of a fit on some of its rows: what is kept, what groups without rows get, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from plugin import random_fit
from refits import refit_rows
from structures import small_frame
from tolerances import monte_carlo

import hierbayes as hb
from hierbayes.errors import ArgumentTypeError, DataError
from hierbayes.estimates.summarize import summarize
from hierbayes.fitted import Fit
from hierbayes.refitting import model_of_rows, settings_of

SHORT = {"draws": 60, "tune": 60, "chains": 2, "progress": False}


def unfitted(formula: str, **arguments: object) -> Fit:
    """What of a fit a refit needs: its spec and its design."""
    return random_fit(hb.Model(formula, small_frame(), **arguments), chains=1, draws=2)


@pytest.mark.sampling
@pytest.mark.parametrize(
    ("formula", "family", "parameterization"),
    [
        ("y ~ x + (1 + x | g) + (1 | h)", "gaussian", "collapsed"),
        ("y ~ x + (1 + x | g) + (1 | h)", "gaussian", "partial"),
        ("won ~ x + (1 + x | g)", "bernoulli", "partial"),
        ("won ~ x + (1 + x | g)", "bernoulli", "noncentered"),
    ],
)
def test_groups_without_rows_are_drawn_from_their_population(formula, family, parameterization):
    """Standardized and decorrelated by each draw's own sds and correlation, their effects are N(0, I)."""
    fit = unfitted(formula, family=family)
    rows = ~np.isin(fit.design.group("g").codes, [0, 4])
    settings = {"draws": 1000, "tune": 400, "chains": 2, "progress": False}
    again = refit_rows(fit, rows, seed=5, parameterization=parameterization, **settings)
    u = again.posterior["u_g"].transpose("chain", "draw", "g", ...).to_numpy()[:, :, [0, 4]]
    sd = again.posterior["sd_g"].to_numpy()[:, :, None]
    r = again.posterior["cor_g"].to_numpy()[:, :, None, 0, 1]
    first, second = (u / sd)[..., 0], (u / sd)[..., 1]
    second = (second - r * first) / np.sqrt(1 - r**2)
    for values, expected in ((first, 0), (second, 0), (first**2, 1), (second**2, 1), (first * second, 0)):
        draws = again.posterior["u_g"][:, :, :2, 0].copy(data=values)
        for row in summarize(draws).itertuples():
            assert monte_carlo(row.mean, expected, row.sd / np.sqrt(row.ess_bulk)), (row, expected)


@pytest.mark.sampling
def test_spec_levels_and_the_other_rows_stay():
    fit = unfitted("y | weights(k) ~ x + h + offset(w) + (1 | gr(g, by = s))")
    rows = fit.design.columns["h"] != "3"
    again = refit_rows(fit, np.flatnonzero(rows), seed=1, **SHORT)
    assert again.spec == fit.spec
    assert [g.levels for g in again.design.groups] == [g.levels for g in fit.design.groups]
    np.testing.assert_array_equal(again.design.rows, fit.design.rows[rows])
    np.testing.assert_array_equal(again.design.weights, fit.design.weights[rows])
    np.testing.assert_array_equal(again.idata["observed_data"]["y"], fit.design.y[rows])
    assert set(again.posterior.data_vars) == set(fit.posterior.data_vars)


@pytest.mark.sampling
def test_all_rows_give_the_draws_of_the_model_itself():
    model = hb.Model("won ~ x + (1 | g)", small_frame(), family="bernoulli")
    fit = model.fit(seed=4, **SHORT)
    again = refit_rows(fit, np.ones(60, dtype=bool), seed=4, progress=False)
    for name in fit.posterior.data_vars:
        np.testing.assert_array_equal(again.posterior[name], fit.posterior[name])
    assert {k: again.settings[k] for k in ("draws", "tune", "chains")} == {
        k: SHORT[k] for k in ("draws", "tune", "chains")
    }


@pytest.mark.sampling
def test_workers_give_the_same_draws_as_one_process():
    fit = unfitted("y ~ x + (1 | g)")
    models = [model_of_rows(fit, fit.design.group("g").codes != k) for k in range(3)]
    one = hb.fit_many(models, seeds=2, **SHORT)
    two = hb.fit_many(models, seeds=2, n_jobs=2, **SHORT)
    assert not one.failures
    for k in range(3):
        np.testing.assert_array_equal(one[k].posterior["b"], two[k].posterior["b"])


@pytest.mark.sampling
def test_an_ordered_category_may_be_in_none_of_the_rows():
    fit = unfitted_spec(hb.Model("stars ~ x + (1 | g)", small_frame(), family="cumulative"))
    again = refit_rows(fit, fit.design.y != 3, seed=1, **SHORT)
    assert again.posterior["cutpoint"].size == 3
    assert np.isfinite(again.posterior["cutpoints"]).all()


UNFITTABLE = {
    "binary": ("won ~ x + (1 | g)", "bernoulli", 0, r"All \d+ rows that are left have the same .* 'won', 1:"),
    "trials": (
        "won_of_n | trials(n) ~ x + (1 | g)",
        "binomial",
        np.arange(1, 6),
        r"All \d+ rows that are left have the same response 'won_of_n', a share of 0:",
    ),
    "categories": ("mode ~ x + (1 | g)", "categorical", 2, r"No row that is left has the category 'car' of"),
}


@pytest.mark.parametrize("case", UNFITTABLE)
def test_rows_without_one_of_the_outcomes_are_refused(case):
    formula, family, left_out, message = UNFITTABLE[case]
    fit = unfitted_spec(hb.Model(formula, small_frame(), family=family))
    with pytest.raises(DataError, match=message):
        model_of_rows(fit, ~np.isin(fit.design.y, left_out))


def unfitted_spec(model: hb.Model) -> Fit:
    """A fit without draws."""
    return Fit(model.spec, model.design, xr.DataTree(), {})


def test_centered_effects_are_sampled_in_other_coordinates():
    fit = unfitted("won ~ x + (1 | g)", family="bernoulli")
    centered = Fit(
        fit.spec, fit.design, fit.idata, {"parameterization": "centered", "route": "kernel", "seed": 3}
    )
    assert settings_of(centered) == {"parameterization": "auto", "route": "kernel"}


REFUSED = {
    "mask": (np.ones(59, dtype=bool), DataError, r"The mask has 59 values, and the model uses 60 rows"),
    "position": ([0, 60], DataError, r"There is no row 60. Allowed: positions 0 to 59"),
    "negative": ([-1, 3], DataError, r"There is no row -1. Allowed: positions 0 to 59"),
    "none": (np.zeros(60, dtype=bool), DataError, r"No row is left"),
    "numbers": (np.ones(60), ArgumentTypeError, r"rows cannot be an array of float64 with shape \(60,\)"),
    "table": (np.ones((2, 60), dtype=int), ArgumentTypeError, r"shape \(2, 60\)"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_rows_that_make_no_sense_are_refused(case):
    rows, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        model_of_rows(unfitted("y ~ x + (1 | g)"), rows)


def test_such_a_model_has_no_other_data():
    model = model_of_rows(unfitted("y ~ x + (1 | g)"), np.arange(20))
    with pytest.raises(DataError, match=r"that of a fit on some of its rows and has no other data"):
        model.with_data(small_frame())
