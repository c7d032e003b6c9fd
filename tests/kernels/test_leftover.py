"""Responses that columns and groups explain exactly are refused where no posterior exists, and only there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hierbayes as hb
from hierbayes.errors import DataError
from hierbayes.kernels.collapsed import collapsed_kernel

RNG = np.random.default_rng(4)
FRAME = pd.DataFrame({"x": RNG.normal(size=24), "g": list("abcd") * 6, "w": 1.0, "z": RNG.normal(size=24)})
OF_GROUPS = FRAME["g"].map({"a": 3.0, "b": -1.0, "c": 0.5, "d": 9.0})
NOISE = RNG.normal(size=24)


def kernel_of(formula, y, **options):
    model = hb.Model(formula, FRAME.assign(y=y), **options)
    return collapsed_kernel(model.spec, model.design)


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_a_response_that_was_computed_from_a_column(scale):
    with pytest.raises(DataError) as refused:
        kernel_of("y ~ x + (1 | g)", scale * (2 * FRAME["x"] + 3))
    assert str(refused.value) == (
        "The population columns explain the response 'y' exactly (but for rounding errors), so that no "
        "scatter is left: the posterior is improper, as it grows without bound where sigma goes to 0. Leave "
        "out the column that it was computed from, or give sigma a prior away from 0, such as "
        "'uniform(0.1, 10)'."
    )


@pytest.mark.parametrize(
    ("formula", "y"),
    [
        ("y ~ x + (1 | g)", 2 * FRAME["x"] + OF_GROUPS),
        ("y ~ 1 + (1 + x | g)", FRAME["x"] * OF_GROUPS + OF_GROUPS),
        ("y ~ x + offset(z) + (1 | g)", FRAME["x"] + OF_GROUPS + FRAME["z"]),
        ("y | weights(w) ~ x + (1 | g)", 2 * FRAME["x"] + OF_GROUPS),
    ],
)
def test_a_response_without_scatter_within_groups(formula, y):
    with pytest.raises(DataError, match="Columns and groups together explain the response 'y' exactly"):
        kernel_of(formula, y)


@pytest.mark.parametrize(
    ("formula", "y", "options"),
    [
        ("y ~ x + (1 | g)", 2 * FRAME["x"] + OF_GROUPS + 1e-6 * NOISE, {}),
        ("y ~ x + (1 | g)", 2 * FRAME["x"] + 3, {"priors": {"sigma": "uniform(0.1, 10)"}}),
        ("y ~ x + (1 | g)", 2 * FRAME["x"] + 3, {"priors": {"sigma": "gamma(40, 1)"}}),
        ("y ~ factor(z) + (1 | g)", NOISE, {}),
        ("y | se(w) ~ x + (1 | g)", 2 * FRAME["x"] + 3, {}),
    ],
)
def test_what_has_a_posterior_is_not_refused(formula, y, options):
    assert np.isfinite(kernel_of(formula, y, **options).start).all()


@pytest.mark.parametrize("weight", [1e-20, 1.0, 1e20])
def test_sigma_is_of_rows_of_weight_1(weight):
    """Its smallest value and its start go with the weights; offsets are no scatter."""
    frame = FRAME.assign(y=NOISE + 1e9 * FRAME["z"], w=weight, o=1e9 * FRAME["z"])
    for y, formula in (
        (NOISE, "y | weights(w) ~ x + (1 | g)"),
        (frame["y"], "y | weights(w) ~ x + offset(o) + (1 | g)"),
    ):
        model = hb.Model(formula, frame.assign(y=y))
        kernel = collapsed_kernel(model.spec, model.design)
        value, gradient = kernel.value_and_gradient(kernel.start)
        assert np.isfinite(value)
        assert np.isfinite(gradient).all()
        assert np.exp(kernel.start[1]) == pytest.approx(np.sqrt(weight) * NOISE.std(), rel=0.5)
