"""The compiled log density of single rows against the families' in NumPy, out in the tails."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from hierbayes.families import get_family, get_link
from hierbayes.kernels.coverage import LINKS
from hierbayes.kernels.likelihoods import beta_binomial, inflated
from hierbayes.kernels.likelihoods.row import Row

ROWS = {
    "beta_binomial": beta_binomial.beta_binomial,
    "zero_inflated_poisson": inflated.zero_inflated_poisson,
    "zero_inflated_negbinomial": inflated.zero_inflated_negbinomial,
    "hurdle_poisson": inflated.hurdle_poisson,
}
ETA = (-700.0, -90.0, -20.0, -1.0, 0.4, 9.0, 90.0, 700.0)
STEP = 1e-6


def caller(row):
    @numba.njit
    def call(at, eta, p, p_bar):
        return row(at, eta, p, p_bar)

    return call


@pytest.mark.parametrize("name", ROWS)
def test_rows_are_the_families_in_the_tails_too(name):
    family, call = get_family(name), caller(ROWS[name])
    for p in (np.array([0.3, 0.02]), np.array([0.97, 0.6])):
        p = p[: len(family.parameters)] * np.where(np.array(family.parameters) == "phi", 40.0, 1.0)
        given = {**dict(zip(family.parameters, p, strict=True)), "trials": 7.0}
        for link in (get_link(name, link) for link in family.links):
            lower, upper = family.domain(link)
            for eta in (eta for eta in ETA if lower < eta < upper):
                for y in (0.0, 1.0, 7.0):
                    check_row(family, link, (call, y, eta, given))


def check_row(family, link, case):
    call, y, eta, given = case
    p = np.array([given[parameter] for parameter in family.parameters])
    at, p_bar = Row(y, 1.0, np.array([7.0]), LINKS.index(link.name)), np.zeros(len(p))
    value, slope = call(at, eta, p, p_bar)

    def density(**other):
        params = {**given, **other}
        return float(family.log_density(y, eta, params, link) - family.log_constant(y, params))

    assert value == pytest.approx(density(), rel=1e-10, abs=1e-12), (link.name, eta, y)
    expected = float(family.score(y, eta, given, link))
    assert slope == pytest.approx(expected, rel=1e-9, abs=1e-12), (link.name, eta, y)
    for k, parameter in enumerate(family.parameters):
        at_p = given[parameter]
        above, below = density(**{parameter: at_p * (1 + STEP)}), density(**{parameter: at_p * (1 - STEP)})
        numeric = (above - below) / (2 * STEP * at_p)
        noise = 1e-15 * abs(value) / (STEP * at_p)
        assert p_bar[k] == pytest.approx(numeric, rel=1e-6, abs=1e-7 + 10 * noise), (link.name, eta, y)
