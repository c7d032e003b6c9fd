"""What a type checker knows of the public API; read by mypy (``files`` in pyproject.toml), never run.

An ignored error that does not occur is an error itself: where mypy stops refusing a wrong name, this fails.
"""

from __future__ import annotations

from typing import Any, assert_type

import pandas as pd
import xarray as xr

import hierbayes as hb


def fitting(data: pd.DataFrame) -> hb.Fit:
    model = hb.Model("y ~ x + (1 | g)", data, family="gaussian", priors={"sd": "half_normal(1)"})
    assert_type(model.prior_predictive(draws=10), xr.DataTree)
    assert_type(model.priors, pd.DataFrame)
    assert_type(hb.fit("y ~ x + (1 | g)", data), hb.Fit)
    model.prior_predictiv()  # type: ignore[attr-defined]
    hb.Model("y ~ x", data, famly="gaussian")  # type: ignore[call-arg]
    return model.fit(draws=500, chains=2, seed=1)


def estimates(fit: hb.Fit, flag: bool) -> pd.DataFrame:
    assert_type(fit.vpc(), pd.DataFrame)
    assert_type(fit.vpc(draws=True), xr.Dataset)
    assert_type(fit.ranef("school", prob=0.9), pd.DataFrame)
    assert_type(fit.predict(kind="response", new_groups="sample"), pd.DataFrame)
    assert_type(fit.predict(draws=True), xr.DataArray)
    assert_type(fit.epred(), xr.DataArray)
    assert_type(fit.check().ok, bool)
    fit.vpc(metod="latent")  # type: ignore[call-overload]
    fit.shrinkag()  # type: ignore[attr-defined]
    fit.report(3)  # type: ignore[arg-type]
    return fit.summary()


def pictures(fit: hb.Fit, data: Any) -> None:
    fit.plot.caterpillar(group="school", backend="none")
    fit.plot.caterpilar()  # type: ignore[attr-defined]
    hb.plot.proportions(data, "y", "x")
    hb.plot.proportion(data, "y", "x")  # type: ignore[attr-defined]


def several(fits: dict[str, hb.Fit], model: hb.Model) -> None:
    assert_type(hb.compare(fits), hb.Comparison)
    assert_type(hb.pooling(model), hb.Pooling)
    assert_type(hb.load("a.nc"), hb.Fit)
    hb.compar(fits)  # type: ignore[attr-defined]
