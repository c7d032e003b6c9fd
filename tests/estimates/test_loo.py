"""Leave-one-out by importance sampling against refits, and against ArviZ."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from refits import refit_rows
from tolerances import monte_carlo

import hierbayes as hb
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.leave_out.elpd import lpd, lpd_mcse, words_on_k
from hierbayes.estimates.leave_out.loo import relative_efficiency, row_likelihood
from hierbayes.estimates.leave_out.marginal import MarginalLikelihood, inner_terms
from hierbayes.estimates.leave_out.units import units_of
from hierbayes.fitted import Fit

pytestmark = pytest.mark.sampling

QUIET = {"progress": False}


def frame() -> pd.DataFrame:
    """24 rows in 6 groups."""
    rng = np.random.default_rng(3)
    g = np.arange(24) % 6
    x = rng.normal(size=24)
    y = x + rng.normal(size=6)[g] + rng.normal(size=24)
    return pd.DataFrame({"y": y, "won": (y > 0).astype(int), "x": x, "g": g})


@pytest.fixture(scope="module", params=["gaussian", "bernoulli"])
def small(request: pytest.FixtureRequest) -> Fit:
    left = {"gaussian": "y", "bernoulli": "won"}[request.param]
    return hb.Model(f"{left} ~ x + (1 | g)", frame(), family=request.param).fit(seed=1, **QUIET)


def test_rows_left_out_are_those_of_refits(small):
    """Each of eight rows within four Monte Carlo errors of a fit without it."""
    table = small.loo(refits=0).pointwise[:8]
    exact, errors = np.empty(8), np.empty(8)
    for row in range(8):
        other = refit_rows(small, np.arange(24) != row, seed=row, **QUIET)
        values = row_likelihood(other, small, np.array([row]))
        exact[row], errors[row] = lpd(values)[0], lpd_mcse(values, relative_efficiency(other))[0]
    good = (table["pareto_k"] <= 0.7).to_numpy()
    assert good.sum() >= 7
    for k in np.flatnonzero(good):
        assert monte_carlo(table["elpd"][k], exact[k], table["mcse"][k], errors[k]), (
            k,
            table.loc[k],
            exact[k],
        )


def test_groups_left_out_are_those_of_refits(small):
    loo = small.loo(unit="g", refits=0)
    units = units_of(small, "g")
    exact, errors = np.empty(6), np.empty(6)
    for unit, rows in enumerate(units.rows):
        other = refit_rows(small, ~np.isin(np.arange(24), rows), seed=unit, **QUIET)
        values = MarginalLikelihood(other, small.design, units, inner_terms(small, units)).of(unit)
        exact[unit], errors[unit] = lpd(values), lpd_mcse(values, relative_efficiency(other))
    table = loo.pointwise
    for k in np.flatnonzero(table["pareto_k"] <= 0.7):
        assert monte_carlo(table["elpd"][k], exact[k], table["mcse"][k], errors[k]), (
            k,
            table.loc[k],
            exact[k],
        )
    assert table["n_rows"].tolist() == [4] * 6
    assert table["level"].tolist() == list("012345")


@pytest.mark.filterwarnings("ignore:Estimated shape parameter")  # that is in our notes
def test_arviz_gives_the_same(small):
    from arviz_stats import loo

    tree = small.idata.copy()
    tree["log_likelihood"] = small.log_likelihood().to_dataset(name="y")
    theirs = loo(tree, pointwise=True, reff=relative_efficiency(small))
    ours = small.loo(refits=0)
    np.testing.assert_allclose(ours.pointwise["elpd"], theirs.elpd_i, rtol=1e-10)
    np.testing.assert_allclose(ours.pointwise["pareto_k"], theirs.pareto_k, rtol=1e-8)
    np.testing.assert_allclose([ours.elpd, ours.p], [theirs.elpd, theirs.p], rtol=1e-8)
    np.testing.assert_allclose(ours.se, theirs.se, rtol=1e-8)


def test_refits_take_the_place_of_bad_importance_sampling():
    """An outlier that the model does not expect: k is bad, and a refit is exact."""
    data = frame()
    data.loc[5, "y"] = 8.0
    fit = hb.Model("y ~ x + (1 | g)", data).fit(seed=1, **QUIET)
    bad = fit.loo(refits=0)
    assert bad.n_bad >= 1
    assert bad.pointwise["pareto_k"].idxmax() == 5
    assert "too optimistic. loo(refits=" in bad.notes[1]
    good = fit.loo(seed=7)
    assert good.n_bad == 0
    assert good.pointwise["method"][5] == "refit"
    assert "fitted again without" in good.notes[1]
    other = refit_rows(fit, np.arange(24) != 5, seed=99, **QUIET)
    values = row_likelihood(other, fit, np.array([5]))[0]
    errors = good.pointwise["mcse"][5], float(lpd_mcse(values, relative_efficiency(other)))
    assert monte_carlo(good.pointwise["elpd"][5], float(lpd(values)), *errors)


def test_a_result_reads_as_a_table(small):
    loo = small.loo(unit="g")
    text = str(loo)
    assert text.startswith("Leave-one-out cross-validation: 6 levels of g, 4,000 draws\n\n")
    assert "effects integrated out: g." in text
    assert loo.table["quantity"].tolist() == ["elpd", "p"]
    html = loo._repr_html_()
    assert html.count("<table>") == 1
    for value in loo.table[["estimate", "se"]].to_numpy().ravel():
        assert f">{value:,.1f}</td>" in html
    assert "<figcaption>Leave-one-out cross-validation: 6 levels of g, 4,000 draws</figcaption>" in html
    assert "effects integrated out: g." in html
    assert max(map(len, text.splitlines())) <= 100


def test_words_count_what_is_bad():
    assert words_on_k(np.array([0.1, 0.5]), 0.7, "row").startswith("Pareto k is at most 0.50")
    assert words_on_k(np.array([0.1, 0.8, 1.2]), 0.7, "g") == (
        "Pareto k is above 0.70 for 2 levels of g of 3 (largest 1.20, 1 of them above 1)."
    )


def test_units_that_do_not_exist_are_refused(small):
    with pytest.raises(UnknownNameError, match=r"'h' is not a known unit\..*Known: g, .*grouping factor"):
        small.loo(unit="h")


def test_a_single_unit_is_refused(small):
    columns = {**small.design.columns, "country": np.full(24, "a")}
    fit = replace(small, design=replace(small.design, columns=columns))
    with pytest.raises(DataError, match=r"^All rows belong to one country, 'a': it cannot be left out\.$"):
        fit.loo(unit="country")
