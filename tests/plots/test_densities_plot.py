from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hierbayes.errors import DataError
from hierbayes.estimates.checks import priors
from hierbayes.plots import densities as module


def test_panels_hold_posterior_and_prior(slopes: Any, drawing: Any) -> None:
    data = module.varcorr_data(slopes)
    labels = ["sd(school: Intercept)", "sd(school: x)", "cor(school: Intercept, x)"]
    assert data["parameter"].values.tolist() == labels
    frame = slopes.varcorr().head(3)
    for name in ("mean", "lower", "upper"):
        np.testing.assert_allclose(data[name], frame[name], rtol=1e-12)
    pc = module.draw_varcorr(data, backend="none")
    density = priors.prior_density(slopes.spec.prior("sd", "school", "x"))
    assert density is not None
    drawn = drawing(pc).visual("prior", "prior", parameter="sd(school: x)")
    np.testing.assert_array_equal(drawn["y"], density(drawn["x"]))
    assert drawn["x"].min() > 0
    posterior = drawing(pc).visual("density", "density", parameter="sd(school: x)")
    assert drawn["linestyle"] != posterior.get("linestyle")  # not by colour alone
    assert drawing(pc).texts("xlabel", parameter=labels[2])[0] == "prior: lkj(2)"
    assert drawing(pc).texts("title", parameter=labels[1]) == [labels[1]]


def test_population_parameters_are_all_there(slopes: Any, binary: Any) -> None:
    data = module.prior_posterior_data(slopes)
    assert data["parameter"].values.tolist() == [
        "Intercept at the mean of the columns",
        "x",
        "w",
        "kind[public]",
        "sigma",
    ]
    area = np.trapezoid(data["density"].values, data["x"].values, axis=1)
    assert area == pytest.approx(1.0, abs=0.03)
    assert "log-odds of passed = yes" in module.prior_posterior_data(binary).attrs["subtitle"]


def test_models_without_groups_have_no_varcorr(without_groups: Any) -> None:
    with pytest.raises(DataError, match="no group terms"):
        module.varcorr(without_groups, backend="none")
