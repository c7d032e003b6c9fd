from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr
from arviz_stats import bfmi
from tolerances import IDENTITY

from hierbayes.errors import DataError, UnknownNameError
from hierbayes.plots import sampler


def with_energy(fit: Any) -> Any:
    rng = np.random.default_rng(4)
    shape = fit.posterior.sizes["chain"], fit.posterior.sizes["draw"]
    tree = fit.idata.copy()
    stats = tree["sample_stats"].to_dataset()
    walk = np.stack([rng.normal(size=shape[1]), np.cumsum(0.3 * rng.normal(size=shape[1]))])
    tree["sample_stats"] = xr.DataTree(stats.assign(energy=(("chain", "draw"), walk)))
    return replace(fit, idata=tree)


def test_energy_has_the_bfmi_of_arviz(slopes: Any, drawing: Any) -> None:
    fit = with_energy(slopes)
    data = sampler.energy_data(fit)
    n = fit.posterior.sizes["draw"]  # ArviZ divides the variance by n - 1, fit.check() and this by n
    np.testing.assert_allclose(data["bfmi"] * (n - 1) / n, bfmi(fit.idata)["energy"], rtol=IDENTITY)
    assert float(data["bfmi"][1]) < 0.3 and "Low in chain 1" in data.attrs["caption"]
    area = np.trapezoid(data["density"], data["x"], axis=-1)
    np.testing.assert_allclose(area, 1.0, rtol=0.02)
    pc = sampler.draw_energy(data, backend="none")
    drawn = drawing(pc).visual("change", "density", chain=0)
    np.testing.assert_array_equal(drawn["x"], data["x"].sel(chain=0, quantity="change"))
    assert drawing(pc).texts("title", chain=1)[0].startswith("chain 1: BFMI 0.")


def test_no_energy_is_said_so(slopes: Any) -> None:
    with pytest.raises(DataError, match="has recorded no energy"):
        sampler.energy(slopes, backend="none")


def test_the_group_that_goes_most_with_the_sd(slopes: Any, drawing: Any) -> None:
    data = sampler.pairs_data(slopes)
    assert data["pair"].values.tolist() == ["school: Intercept", "school: x"]
    u = np.abs(slopes.posterior["u_school"].sel(school_term="x").to_numpy().reshape(-1, 8))
    log_sd = np.log(slopes.posterior["sd_school"].sel(school_term="x").to_numpy().ravel())
    each = [np.corrcoef(u[:, j], log_sd)[0, 1] for j in range(8)]
    one = data.sel(pair="school: x")
    assert str(one["level"].item()) == slopes.design.group("school").levels[int(np.argmax(each))]
    assert float(one["correlation"]) == pytest.approx(max(each))
    assert data.sizes["sample"] == log_sd.size and int(data["diverging"].sum()) == 1
    np.testing.assert_allclose(np.sort(one["log_sd"]), np.sort(log_sd))
    pc = sampler.draw_pairs(data, backend="none")
    assert drawing(pc).visual("divergent", "effect", pair="school: x")["x"].size == 1
    assert drawing(pc).visual("draws", "effect", pair="school: x")["x"].size == log_sd.size - 1
    assert "1 draws diverged" not in drawing(pc).caption() and "1 draw diverged" in drawing(pc).caption()


def test_pairs_need_groups(slopes: Any, without_groups: Any) -> None:
    with pytest.raises(DataError, match="no group terms"):
        sampler.pairs(without_groups, backend="none")
    with pytest.raises(UnknownNameError, match="Did you mean 'school'"):
        sampler.pairs(slopes, "schol", backend="none")
    assert sampler.pairs_data(slopes, "school").sizes["pair"] == 2
