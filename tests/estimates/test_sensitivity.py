"""Power-scaling: a conjugate example with a known answer, planted conflicts, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import tolerances
from plugin import fit_from, posterior_at, random_fit
from scipy.stats import norm
from structures import CASES, small_frame

import hierbayes as hb
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.checks import influence
from hierbayes.estimates.checks.sensitivity import ALPHAS, CONFLICT, NEITHER, STRONG, diagnosis, power_scaling

Y, SE = np.array([1.2, 0.4, 2.1, 1.0, 0.7]), 0.6
PRIOR = (3.0, 0.5)


def conjugate(prior_power: float = 1.0, data_power: float = 1.0) -> tuple[float, float]:
    """Mean and sd of the posterior of a normal mean with known variance, prior and likelihood to powers."""
    precision = prior_power / PRIOR[1] ** 2 + data_power * len(Y) / SE**2
    weighted = prior_power * PRIOR[0] / PRIOR[1] ** 2 + data_power * Y.sum() / SE**2
    return weighted / precision, precision**-0.5


def distance(base: tuple[float, float], other: tuple[float, float], ends: tuple[float, float]) -> float:
    """Cumulative Jensen-Shannon distance of two normals, by quadrature; the larger of both directions.

    Its norm is an integral of distribution functions over a range: that of the draws, as in the estimate.
    """
    x, found = np.linspace(*ends, 20_001), []
    for turn in (norm.cdf, norm.sf):
        p, q = turn(x, *base), turn(x, *other)
        middle = (p + q) / 2
        divergence = p * np.log2(p / middle) + q * np.log2(q / middle)
        found.append(np.sqrt(divergence.sum() / (p + q).sum()))
    return float(max(found))


def by_quadrature(power: str, ends: tuple[float, float]) -> float:
    down, up = (distance(conjugate(), conjugate(**{power: alpha}), ends) for alpha in ALPHAS)
    return float((down / -np.log2(ALPHAS[0]) + up / np.log2(ALPHAS[1])) / 2)


def exact_fit(rng: np.random.Generator, draws: int = 1000) -> hb.Fit:
    """A meta-analysis of five studies with a normal prior, whose posterior is normal: draws of it."""
    frame = pd.DataFrame({"y": Y, "s": SE})
    priors = {"Intercept": f"normal{PRIOR}"}
    model = hb.Model("y | se(s) ~ 1", frame, priors=priors)
    posterior = posterior_at(model, {"b": np.zeros(1)}, chains=4, draws=draws // 4)
    posterior["b"].values[:] = rng.normal(*conjugate(), size=posterior["b"].shape)
    return fit_from(model, posterior)


def test_a_conjugate_posterior_moves_as_quadrature_says():
    rng = np.random.default_rng(3)
    differences = []
    for _ in range(8):
        fit = exact_fit(rng)
        ends = float(fit.posterior["b"].min()), float(fit.posterior["b"].max())
        (row,) = fit.sensitivity().itertuples()
        assert (row.parameter, row.diagnosis) == ("Intercept", CONFLICT)
        expected = by_quadrature("prior_power", ends), by_quadrature("data_power", ends)
        differences.append(np.subtract((row.prior, row.likelihood), expected))
    errors = np.std(differences, axis=0, ddof=1) / np.sqrt(len(differences))
    for difference, error in zip(np.mean(differences, axis=0), errors, strict=True):
        assert tolerances.monte_carlo(difference, 0.0, error)


def test_a_flat_component_moves_nothing_and_a_constant_parameter_is_not_judged():
    draws = np.random.default_rng(1).normal(size=(2, 2, 100))
    draws[1] = 3.0
    np.testing.assert_array_equal(power_scaling(draws, np.zeros((2, 100))), [0.0, np.nan])


@pytest.mark.parametrize("stuck", [5.0, -5.0])
def test_a_chain_that_has_not_moved_is_weighted_as_it_is(stuck):
    """Its equal draws fill a tail, which has no Pareto distribution."""
    rng = np.random.default_rng(4)
    density = rng.normal(size=(4, 250))
    draws = np.stack([density + rng.normal(size=(4, 250))])
    plain = power_scaling(draws, density)
    density[0], draws[0, 0] = stuck, stuck
    moved = power_scaling(draws, density)
    assert np.isfinite(moved).all()
    assert moved > plain  # and it is far from the others


def test_diagnoses_by_both_sensitivities():
    prior, data = np.array([0.05, 0.2, 0.04, np.nan]), np.array([0.05, 0.01, 0.3, 0.2])
    assert diagnosis(prior, data) == [CONFLICT, STRONG, NEITHER, NEITHER]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    x, g = rng.normal(size=160), rng.integers(0, 8, 160)
    return pd.DataFrame(
        {"y": 0.5 * x + rng.normal(size=8)[g] + rng.normal(size=160), "x": x, "g": g.astype(str)}
    )


@pytest.fixture(scope="module")
def silly(frame) -> hb.Fit:
    model = hb.Model("y ~ x + (1 | g)", frame, priors={"b[x]": "normal(10, 1)"})
    return model.fit(draws=500, tune=500, seed=2, progress=False)


def test_a_prior_far_from_the_data_is_found_and_named(silly):
    table = silly.sensitivity().set_index("parameter")
    assert table.loc["x", "diagnosis"] == CONFLICT
    assert table["prior"].idxmax() == "x"
    assert "b[x], normal(10, 1)" in table.attrs["notes"][0]
    verdict = silly.check()
    assert verdict.ok
    said = [f.what for f in verdict.findings if f.level == "warning"]
    assert any(what.startswith("Prior-data conflict: the posterior median of b[x]") for what in said)
    assert any(what.startswith("Priors matter for x") and "What moves them: b[x]" in what for what in said)


def test_priors_of_the_analyses_do_not_matter(fit_of):
    for card, name in (("exam", "m4"), ("contraception", "m_05")):
        fit = fit_of(card, name)
        assert not [f for f in fit.check().findings if f.matters]
        assert (fit.sensitivity(draws=400)["diagnosis"] == NEITHER).all()


def test_some_priors_alone(silly):
    one = silly.sensitivity("b[x]").set_index("parameter")
    other = silly.sensitivity(["sd", "sigma"]).set_index("parameter")
    assert one.loc["x", "prior"] > 0.05 > other.loc["x", "prior"]
    assert one["likelihood"].equals(other["likelihood"])
    assert "the priors of sd[g][Intercept], sigma," in other.attrs["definition"]


def test_a_key_of_no_prior_is_refused(silly):
    with pytest.raises(UnknownNameError, match="b\\[z\\]"):
        silly.sensitivity("b[z]")


def test_few_draws_powers_on_one_side_and_impossible_draws_are_refused(frame):
    fit = random_fit(hb.Model("y ~ x + (1 | g)", frame), chains=2, draws=20)
    message = "40 draws are too few to tell how the posterior would change; 100 are the least. Raise draws."
    with pytest.raises(DataError) as caught:
        fit.sensitivity()
    assert str(caught.value) == message
    with pytest.raises(DataError, match=r"lie below and above 1, not at 1\.1 and 1\.2"):
        fit.sensitivity(alphas=(1.1, 1.2))
    with pytest.raises(DataError, match="log density of 1 draws is not finite"):
        power_scaling(np.ones((1, 2, 60)), np.where(np.arange(120).reshape(2, 60) == 7, -np.inf, 0.0))


def test_rows_that_decide_are_named_where_there_are_few(frame):
    wild = frame.assign(y=frame["y"].where(frame.index != 5, 60.0))
    model = hb.Model("y ~ x + (1 | g)", wild, priors={"sigma": "half_normal(0.3)"})
    fit = random_fit(model)
    assert any(f.what.startswith("Single rows may decide: Pareto k") for f in fit.check().findings)


def test_what_was_not_looked_at_is_not_called_ok(frame, monkeypatch):
    monkeypatch.setattr(influence, "ROWS", len(frame) - 1)
    fit = random_fit(hb.Model("y ~ x + (1 | g)", frame))
    (finding,) = (f for f in fit.check().findings if "ingle row" in f.what)
    assert finding.level == "skipped" and not finding.matters


def test_a_likelihood_of_many_rows_is_left_to_the_user(silly, monkeypatch):
    monkeypatch.setattr(influence, "LIKELIHOOD", 1000)
    said = " ".join(f.what for f in influence.influence_findings(silly))
    assert "Whether the data pull at them too was not checked on so many rows." in said


BY_FAMILY = {family: case for case, (_, family, _, _) in reversed(CASES.items())}


@pytest.mark.parametrize("family", BY_FAMILY)
def test_every_family_is_checked(family):
    formula, _, link, priors = CASES[BY_FAMILY[family]]
    fit = random_fit(hb.Model(formula, small_frame(), family=family, link=link, priors=priors))
    said = [f.what for f in fit.check().findings]
    assert any(what.startswith(("Priors m", "Sensitivity to priors is not known")) for what in said)
    assert any("ingle row" in what for what in said)
    if family != "hurdle_poisson":  # whose prior, from 0.01 to 0.9, leaves out some of the made-up draws
        table = fit.sensitivity()
        assert list(table.columns) == ["group", "parameter", "prior", "likelihood", "diagnosis"]
        assert list(table["parameter"]) == list(fit.summary()["parameter"])
