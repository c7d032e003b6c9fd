"""Columns that are called like variables or dimensions of ours."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hierbayes as hb


@pytest.mark.parametrize("name", ["b", "sigma", "nu", "cutpoints", "term", "obs", "draw", "y"])
def test_a_grouping_factor_may_have_any_name(name, tmp_path):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"score": rng.normal(size=40), name: rng.integers(0, 5, 40).astype(str)})
    fit = hb.Model(f"score ~ 1 + (1 | {name})", frame).fit(
        draws=20, tune=50, chains=2, seed=1, progress=False
    )
    effects = fit.ranef()
    assert effects["level"].tolist() == ["0", "1", "2", "3", "4"]
    assert set(effects["group"]) == {name}
    pd.testing.assert_frame_equal(hb.load(fit.save(tmp_path / "fit.nc")).ranef(), effects)
