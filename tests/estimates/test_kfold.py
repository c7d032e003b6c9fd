"""K-fold cross-validation against its own refits, and against leave-one-group-out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from refits import refit_rows
from structures import small_frame
from tolerances import monte_carlo

import hierbayes as hb
from hierbayes.errors import DataError
from hierbayes.estimates.leave_out.elpd import lpd
from hierbayes.estimates.leave_out.kfold import _folds
from hierbayes.estimates.leave_out.loo import row_likelihood
from hierbayes.estimates.leave_out.units import units_of
from hierbayes.fitted import Fit

pytestmark = pytest.mark.sampling

QUIET = {"progress": False}


@pytest.fixture(scope="module")
def normal() -> Fit:
    return hb.Model("y ~ x + (1 | g)", small_frame()).fit(seed=1, **QUIET)


@pytest.fixture(scope="module")
def binary() -> Fit:
    model = hb.Model("won ~ x + (1 | g)", small_frame(), family="bernoulli")
    return model.fit(draws=200, seed=1, **QUIET)


def test_rows_are_predicted_by_the_fit_without_their_fold(normal):
    result = normal.kfold(3, seed=5)
    table = result.pointwise
    assert table["fold"].value_counts().tolist() == [20, 20, 20]
    seeds = [int(child.generate_state(1)[0]) for child in np.random.SeedSequence(5).spawn(3)]
    squares = 0.0
    for fold in range(3):
        rows = np.flatnonzero(table["fold"] == fold)
        other = refit_rows(normal, table["fold"] != fold, seed=seeds[fold], **QUIET)
        np.testing.assert_allclose(table["elpd"][rows], lpd(row_likelihood(other, normal, rows)), rtol=1e-12)
        b, u = (other.posterior[v].mean(("chain", "draw")).to_numpy() for v in ("b", "u_g"))
        design = normal.design
        expected = design.X[rows] @ b + u[design.groups[0].codes[rows], 0]
        squares += ((design.y[rows] - expected) ** 2).sum()
    np.testing.assert_allclose(result.rmse, np.sqrt(squares / 60), rtol=1e-10)
    np.testing.assert_allclose(result.elpd, table["elpd"].sum())
    np.testing.assert_allclose(result.se, np.sqrt(60) * table["elpd"].std(), rtol=1e-12)


def test_a_fold_for_each_group_is_leave_one_group_out(normal):
    """Importance sampling and refits: two routes to each group's density."""
    folds, loo = normal.kfold(100, group="g", seed=2), normal.loo(unit="g", refits=0)
    assert str(folds).startswith("7-fold cross-validation: 7 levels of g\n")
    for one, other in zip(folds.pointwise.itertuples(), loo.pointwise.itertuples(), strict=True):
        assert (one.level, one.n_rows) == (other.level, other.n_rows)
        if other.pareto_k < 0.7:
            assert monte_carlo(one.elpd, other.elpd, one.mcse, other.mcse), (one, other)


def test_folds_are_even(normal, binary):
    units = units_of(normal, "g")
    of_groups = _folds(normal, 3, units, None, seed=1)
    for rows in units.rows:
        assert len(set(of_groups[rows])) == 1
    sizes = np.bincount(of_groups)
    assert sizes.max() - sizes.min() <= units.sizes.max()
    folds = _folds(binary, 4, None, "won", seed=1)
    counts = pd.crosstab(folds, binary.design.y)
    assert (counts.max() - counts.min()).max() <= 1


REFUSED = {
    "one": ({"k": 1}, "k cannot be 1. Allowed: 2 to 60 folds, for 60 rows."),
    "many": ({"k": 61}, "k cannot be 61. Allowed: 2 to 60 folds, for 60 rows."),
    "both": (
        {"group": "g", "stratify": "h"},
        "Whole groups cannot be spread evenly over folds: group='g' and stratify='h' exclude each other. "
        "Give one of them.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_folds_that_make_no_sense_are_refused(case, normal):
    arguments, message = REFUSED[case]
    with pytest.raises(DataError) as caught:
        normal.kfold(**arguments)
    assert str(caught.value) == message


def test_a_fold_that_cannot_be_fitted_says_why(binary):
    """Two rows of 60 with the outcome, both in one fold."""
    y = np.zeros(60)
    folds = _folds(binary, 2, None, None, seed=0)
    y[np.flatnonzero(folds == 0)[:2]] = 1
    fit = replace(binary, design=replace(binary.design, y=y))
    with pytest.raises(DataError, match=r"^All 30 rows that are left have the same response"):
        fit.kfold(2)
