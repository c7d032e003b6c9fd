"""Posteriors under default settings contain the published figures (ANALYSES.md, parts B and C)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tolerances import ESS, R_HAT, Posterior, published_effect, published_variance

REFERENCE = json.loads((Path(__file__).parent / "reference" / "lme4.json").read_text())["models"]
CASES = [(card, name) for card, models in REFERENCE.items() for name in models]

pytestmark = pytest.mark.sampling


@pytest.fixture(params=CASES, ids=lambda case: "-".join(case))
def case(request, fit_of):
    card, name = request.param
    return fit_of(card, name), REFERENCE[card][name]


def posterior(row) -> Posterior:
    return Posterior(row["mean"], row["sd"], row["lower"], row["upper"])


def test_population_effects(case):
    fit, reference = case
    rows = fit.fixef().set_index("term")
    figures = {canonical(term): value for term, value in reference["b"].items()}
    assert {canonical(term) for term in rows.index} == set(figures)
    off = [t for t in rows.index if not published_effect(figures[canonical(t)], posterior(rows.loc[t]))]
    assert not off, rows.loc[off]


def test_group_variances(case):
    fit, reference = case
    rows = fit.varcorr()
    assert {g.name for g in fit.spec.groups} == set(reference.get("groups", {}))
    for group, figures in reference.get("groups", {}).items():
        assert {g.name: g.n_groups for g in fit.spec.groups}[group] == figures["n_groups"]
        of_group = rows[rows["group"] == group]
        for term, figure in figures["sd"].items():
            ((_, row),) = of_group[(of_group["parameter"] == "sd") & (of_group["term"] == term)].iterrows()
            assert published_variance(figure, posterior(row)), row
        if figures["cor"]:
            ((_, row),) = of_group[of_group["parameter"] == "cor"].iterrows()
            assert row["lower"] <= figures["cor"][0][1] <= row["upper"]
    if "sigma" in reference:
        ((_, row),) = rows[rows["group"] == "Residual"].iterrows()
        assert published_variance(reference["sigma"], posterior(row)), row


def test_group_effects(case):
    """lme4's conditional modes are where the posterior means are: within half a posterior sd, every group."""
    fit, reference = case
    for group, figures in reference.get("groups", {}).items():
        rows = fit.ranef(group).set_index(["term", "level"])
        for term, modes in figures["ranef"].items():
            of_term = rows.loc[term].loc[figures["levels"]]
            assert (np.abs(of_term["mean"] - np.array(modes)) <= 0.5 * of_term["sd"]).all()


def test_converged_by_default(case):
    fit, _ = case
    verdict = fit.check()
    assert verdict.ok, str(verdict)
    worst = verdict.table
    assert worst["r_hat"].max() <= R_HAT
    assert worst[["ess_bulk", "ess_tail"]].min().min() >= ESS
    assert int(fit.idata["sample_stats"]["diverging"].sum()) == 0


def canonical(term: str) -> str:
    """Interaction names without their order: lme4's ``age:ch[Y]`` may be ours in another order."""
    return ":".join(sorted(term.split(":")))
