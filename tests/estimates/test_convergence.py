"""The verdict must find what was planted, and nothing else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from plugin import fit_from, random_fit

import hierbayes as hb
from hierbayes.errors import DataError


@pytest.fixture(scope="module")
def healthy() -> hb.Fit:
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"y": rng.normal(size=40), "x": rng.normal(size=40), "g": rng.integers(0, 5, 40)})
    return random_fit(hb.Model("y ~ x + (1 | g)", frame), seed=4)


def altered(fit: hb.Fit, name: str, change, **stats) -> hb.Fit:
    posterior = fit.posterior.copy(deep=True)
    change(posterior[name].values)
    model = type("Model", (), {"spec": fit.spec, "design": fit.design})
    return fit_from(model, posterior, **stats)


def nothing(values: np.ndarray) -> None:
    assert values.size


def findings(fit: hb.Fit) -> list[str]:
    return [f.what for f in fit.check().findings if f.level == "problem"]


def test_a_healthy_run_passes(healthy):
    verdict = healthy.check()
    assert verdict.ok
    assert verdict.headline == "The chains agree and the draws can be used."
    assert not findings(healthy)
    assert str(verdict).startswith(verdict.headline)


def test_a_shifted_chain_is_found_and_named(healthy):
    def shift(values):
        values[0, :, 1] += 2

    (first, *_) = findings(altered(healthy, "b", shift))
    assert first.startswith("Chains disagree on x: R-hat is")


def test_a_group_effect_that_does_not_mix_is_found(healthy):
    def drift(values):
        values[:, :, 2, 0] = np.linspace(-3, 3, values.shape[1]) + np.arange(4)[:, None]

    problems = " ".join(findings(altered(healthy, "u_g", drift)))
    assert "g 2: Intercept" in problems


def test_divergences_are_counted(healthy):
    diverging = np.zeros((4, 250), dtype=bool)
    diverging[1, 3:5] = True
    (problem,) = findings(altered(healthy, "b", nothing, diverging=diverging))
    assert problem.startswith("2 of 1,000 draws diverged")


def test_slow_energy_is_found(healthy):
    energy = np.cumsum(np.random.default_rng(1).normal(size=(4, 250)), axis=1)
    (problem,) = findings(altered(healthy, "b", nothing, energy=energy))
    assert "E-BFMI" in problem


def test_cut_trajectories_are_a_note_not_a_problem(healthy):
    reached = np.zeros((4, 250), dtype=bool)
    reached[0, :10] = True
    verdict = altered(healthy, "b", nothing, reached_max_treedepth=reached).check()
    assert verdict.ok
    assert next(f.what for f in verdict.findings if f.level == "warning").startswith("1.0 % of trajectories")


def test_a_handful_of_draws_is_asked_everything():
    """Effective sizes and R-hat are not known: what needs them says so, and nothing warns."""
    model = hb.Model(
        "y ~ x + (1 | g)", {"y": np.arange(30) % 7, "x": np.arange(30) % 4, "g": list("abc") * 10}
    )
    few = random_fit(model, chains=1, draws=1)
    assert any("Too few draws to tell how many effective ones" in line for line in findings(few))
    assert np.isfinite(few.predict(kind="mean")["sd"]).all()
    assert str(few.loo(refits=0)), str(few.predictive_check("mean"))
    with pytest.raises(DataError, match="at least 4 draws of each chain, and the fit has 1"):
        few.plot.rank(backend="none")
