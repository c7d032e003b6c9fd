"""Scores of probabilities against plain loops, published counts and left-out rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from plugin import fit_at_lme4, random_fit
from scipy import stats
from tolerances import IDENTITY

import hierbayes as hb
from hierbayes.errors import DataError
from hierbayes.estimates.checks.classification import classification, left_out
from hierbayes.estimates.checks.scores import Outcomes, auc, brier, counts, decomposed, recall, specificity

RNG = np.random.default_rng(15)
P = RNG.choice(np.linspace(0.1, 0.9, 7), 40)
Y = (RNG.uniform(size=40) < P).astype(float)
SINGLE = Outcomes(Y, 1 - Y)


def test_auc_is_the_share_of_pairs_in_order():
    pairs = [(p > q) + 0.5 * (p == q) for p in P[Y == 1] for q in P[Y == 0]]
    assert float(auc(P, SINGLE)) == pytest.approx(np.mean(pairs), rel=IDENTITY)
    u = stats.mannwhitneyu(P[Y == 1], P[Y == 0]).statistic
    assert float(auc(P, SINGLE)) == pytest.approx(u / (Y.sum() * (1 - Y).sum()), rel=IDENTITY)


def test_brier_score_and_its_parts():
    assert float(brier(P, SINGLE)) == pytest.approx(((P - Y) ** 2).mean(), rel=IDENTITY)
    bins = np.unique(P, return_inverse=True)[1]
    parts = decomposed(P, SINGLE, bins)
    assert parts.rest == pytest.approx(0, abs=1e-15)  # one probability a bin: Murphy's identity is exact
    assert parts.uncertainty == pytest.approx(Y.mean() * (1 - Y.mean()), rel=IDENTITY)


def test_trials_are_counted_one_by_one():
    n = RNG.integers(1, 6, 40)
    s = RNG.binomial(n, P)
    each = np.repeat(P, n)
    y = np.concatenate([np.r_[np.ones(a), np.zeros(b - a)] for a, b in zip(s, n, strict=True)])
    together, apart = Outcomes(s.astype(float), (n - s).astype(float)), Outcomes(y, 1 - y)
    for score in (auc, brier):
        assert float(score(P, together)) == pytest.approx(float(score(each, apart)), rel=IDENTITY)
    for share in (recall, specificity):
        one, other = share(counts(P, together, 0.5)), share(counts(each, apart, 0.5))
        assert float(one) == pytest.approx(float(other), rel=IDENTITY)


def test_published_counts_of_contraception_m_05(model_of, fit_of):
    """975 of 1,374 predicted N, and 360 of 560 predicted Y, were right: predictive values, no accuracies."""
    found = fit_at_lme4(model_of("contraception", "m_05"), "contraception", "m_05").classification(loo=False)
    matrix = found.confusion["in-sample"]
    assert matrix.loc["predicted N"].tolist() == [975, 1374 - 975]
    assert matrix.loc["predicted Y"].tolist() == [560 - 360, 360]
    scores = found.scores.set_index("score")["in_sample"]
    assert scores["negative predictive value"] == pytest.approx(975 / 1374, rel=IDENTITY)
    assert scores["positive predictive value"] == pytest.approx(360 / 560, rel=IDENTITY)
    assert scores["recall"] == pytest.approx(360 / (360 + 1374 - 975), rel=IDENTITY)
    posterior = fit_of("contraception", "m_05").classification().scores.set_index("score")
    for score, figure in {
        "negative predictive value": 975 / 1374,
        "positive predictive value": 360 / 560,
    }.items():
        assert posterior.loc[score, "lower"] < figure < posterior.loc[score, "upper"]
    assert posterior.loc["AUC", "leave_one_out"] < posterior.loc["AUC", "in_sample"]
    assert posterior.loc["Brier score", "leave_one_out"] > posterior.loc["Brier score", "in_sample"]


def test_left_out_means_are_those_of_a_conjugate_model():
    """Rows of one group each: without its own outcome a row's probability has its prior mean."""
    from scipy.special import expit

    frame = pd.DataFrame({"y": [0, 1] * 5, "g": [str(k) for k in range(10)]})
    fit = random_fit(hb.Model("y ~ 1 + (1 | g)", frame, family="bernoulli"), draws=2000)
    posterior = fit.posterior.copy(deep=True)
    rng = np.random.default_rng(2)
    prior = rng.normal(size=(200_000,))
    y = fit.design.y
    for j in range(10):  # draws of the posterior of one effect under N(0, 1) and a single outcome
        weights = expit(prior) if y[j] else 1 - expit(prior)
        chosen = rng.choice(prior, size=posterior["u_g"].shape[:2], p=weights / weights.sum())
        posterior["u_g"].values[:, :, j, 0] = chosen
    posterior["b"].values[:] = 0.0
    from plugin import fit_from

    given = fit_from(hb.Model("y ~ 1 + (1 | g)", frame, family="bernoulli"), posterior)
    p = given.epred().to_numpy()
    mean, k = left_out(given, p)
    error = 4 * p.std() / np.sqrt(p.shape[0] * p.shape[1] / 2)
    np.testing.assert_allclose(mean, 0.5, atol=error)
    assert (k < 0.7).all()
    assert (np.abs(p.mean(axis=(0, 1)) - 0.5) > 2 * error).all()


def test_what_is_printed():
    frame = pd.DataFrame({"x": RNG.normal(size=50), "g": RNG.integers(0, 4, 50), "y": RNG.integers(0, 2, 50)})
    fit = random_fit(hb.Model("y ~ x + (1 | g)", frame, family="bernoulli"), draws=30)
    text = str(classification(fit))
    assert text.startswith("Predicted y = 1 where the probability is 0.5 or more")
    assert "in-sample" in text
    assert "leave-one-out" in text
    assert "which flatters" in text.replace("\n  ", " ")
    page = classification(fit)._repr_html_()
    assert page.startswith("<p>Predicted y = 1 where the probability is 0.5 or more</p><table")
    assert "chance that one that was y = 1 has a higher probability than one that was y = 0</td>" in page
    assert page.index("</table>") < page.index("<p><small>Definition: in_sample and leave_one_out")
    roc = fit.classification().roc
    for _, curve in roc.groupby("predictions"):
        assert curve.iloc[0, 2:].tolist() == [0, 0]
        assert curve.iloc[-1, 2:].tolist() == [1, 1]
        area = np.trapezoid(curve["true_positive_rate"], curve["false_positive_rate"])
        assert 0 <= area <= 1
    in_sample = roc[roc["predictions"] == "in-sample"]
    area = np.trapezoid(in_sample["true_positive_rate"], in_sample["false_positive_rate"])
    assert area == pytest.approx(fit.classification().scores.set_index("score").loc["AUC", "in_sample"])
    bars = fit.classification(bins=5).calibration
    assert bars.groupby("predictions")["n"].sum().tolist() == [50, 50]


def test_refusals(fit_of):
    with pytest.raises(DataError, match="Classification is for binary outcomes, and this is"):
        fit_of("exam", "m1").classification()
    with pytest.raises(DataError, match="threshold is a probability"):
        fit_of("contraception", "m_05").classification(1.5)
