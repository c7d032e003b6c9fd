"""Tables of coefficients and effects: identities that hold for any draws."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from plugin import random_fit

import hierbayes as hb
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates import summaries
from hierbayes.estimates.checks import convergence
from hierbayes.estimates.summarize import summarize


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    n = 80
    return pd.DataFrame(
        {
            "y": rng.normal(size=n),
            "won": rng.integers(0, 2, n),
            "x": rng.normal(size=n),
            "w": rng.normal(size=n),
            "g": rng.choice(list("abcdef"), n),
            "h": rng.integers(1, 4, n),
        }
    )


@pytest.fixture(scope="module")
def fit(frame) -> hb.Fit:
    return random_fit(hb.Model("y ~ x + w + (1 + x | g) + (0 + w | h)", frame))


def test_coef_is_fixef_plus_ranef_in_every_draw(fit):
    coef, ranef, fixef = fit.coef(draws=True), fit.ranef(draws=True), fit.fixef(draws=True)
    for term in ("Intercept", "x"):
        total = fixef.sel(term=term) + ranef["u_g"].sel(g_term=term)
        np.testing.assert_allclose(
            coef["coef_g"].sel(g_term=term), total.transpose("chain", "draw", "g"), rtol=1e-12
        )
    total = fixef.sel(term="w") + ranef["u_h"].sel(h_term="w")
    np.testing.assert_allclose(
        coef["coef_h"].sel(h_term="w"), total.transpose("chain", "draw", "h"), rtol=1e-12
    )


def test_a_slope_without_population_counterpart_deviates_from_zero(frame):
    fit = random_fit(hb.Model("y ~ 1 + (1 + x | g)", frame))
    np.testing.assert_array_equal(
        fit.coef(draws=True)["coef_g"].sel(g_term="x"), fit.ranef(draws=True)["u_g"].sel(g_term="x")
    )


def test_columns_and_attributes(fit):
    numbers = ["mean", "sd", "lower", "upper", "ess_bulk", "r_hat"]
    assert list(fit.fixef().columns) == ["term", *numbers]
    assert list(fit.ranef().columns) == ["group", "level", "term", *numbers]
    assert list(fit.coef("g").columns) == ["group", "level", "term", *numbers]
    assert list(fit.varcorr().columns) == ["group", "parameter", "term", "term_bis", *numbers]
    assert fit.coef().attrs == {"interval": "95 % equal-tailed", "scale": "link"}
    assert fit.coef("g", prob=0.5).attrs["interval"] == "50 % equal-tailed"
    assert list(fit.coef("g")["level"].unique()) == list("abcdef")
    assert list(fit.ranef("h")["level"]) == ["1", "2", "3"]


def test_summary_rows_in_brms_order(fit):
    rows = fit.summary()
    assert list(rows["parameter"]) == [
        "sd(Intercept)",
        "sd(x)",
        "cor(Intercept, x)",
        "sd(w)",
        "Intercept",
        "x",
        "w",
        "sigma",
    ]
    assert list(rows["section"].unique()) == ["group", "population", "family"]
    cor = fit.posterior["cor_g"].sel(g_term="x", g_term_bis="Intercept")
    assert rows["mean"][2] == pytest.approx(float(cor.mean()))


def test_summaries_are_means_and_quantiles_of_the_draws(fit):
    row = fit.fixef().iloc[1]
    draws = fit.posterior["b"].sel(term="x").to_numpy().ravel()
    assert row["mean"] == pytest.approx(draws.mean())
    assert row["sd"] == pytest.approx(draws.std(ddof=1))
    assert [row["lower"], row["upper"]] == pytest.approx(np.quantile(draws, [0.025, 0.975]))


def test_effective_sample_size_of_independent_draws_is_their_number(fit):
    ess = fit.fixef()["ess_bulk"]
    assert (np.abs(ess / 1000 - 1) < 0.35).all()


def test_uncorrelated_terms_have_no_correlation_in_any_table(frame, tmp_path):
    fit = random_fit(hb.Model("y ~ x + (1 + x || g)", frame))
    assert list(fit.summary()["parameter"]) == ["sd(Intercept)", "sd(x)", "Intercept", "x", "sigma"]
    assert set(fit.varcorr()["parameter"]) == {"sd"}
    S, Z = fit.posterior["sd_g"], fit.design.groups[0].Z
    between = (S**2).to_numpy() @ (Z**2).mean(axis=0)
    expected = between / (between + fit.posterior["sigma"].to_numpy() ** 2)
    np.testing.assert_allclose(fit.vpc(draws=True)["g"], expected, rtol=1e-12)
    fit.save(tmp_path / "fit.nc")
    again = hb.load(tmp_path / "fit.nc")
    assert not again.design.groups[0].correlated
    assert again.spec == fit.spec
    pd.testing.assert_frame_equal(again.shrinkage(), fit.shrinkage())


def test_vpcs_and_the_residual_share_add_to_one(fit):
    shares = fit.vpc(draws=True)
    sigma2 = fit.posterior["sigma"] ** 2
    x, w = (fit.design.X[:, k] for k in (1, 2))
    S = fit.posterior["sd_g"]
    cross = 2 * S[..., 0] * S[..., 1] * fit.posterior["cor_g"][..., 0, 1] * x.mean()
    var_g = S[..., 0] ** 2 + S[..., 1] ** 2 * (x**2).mean() + cross
    var_h = fit.posterior["sd_h"][..., 0] ** 2 * (w**2).mean()
    np.testing.assert_allclose(shares["g"], var_g / (var_g + var_h + sigma2), rtol=1e-10)
    np.testing.assert_allclose(shares["h"], var_h / (var_g + var_h + sigma2), rtol=1e-10)


@pytest.mark.parametrize(
    ("link", "variance"), [("logit", np.pi**2 / 3), ("probit", 1.0), ("cloglog", np.pi**2 / 6)]
)
def test_latent_vpc_by_link(frame, link, variance):
    fit = random_fit(hb.Model("won ~ x + (1 | g)", frame, family="bernoulli", link=link))
    between = fit.posterior["sd_g"][..., 0] ** 2
    np.testing.assert_allclose(fit.vpc(draws=True)["g"], between / (between + variance), rtol=1e-12)
    assert list(fit.vpc()["method"]) == ["latent"]


def test_wrong_names_are_answered_with_the_nearest(fit):
    with pytest.raises(UnknownNameError, match=r"'gg' is not a known group term.*Known: g, h"):
        fit.coef("gg")
    with pytest.raises(
        UnknownNameError,
        match=r"'X' is not a known column of the model, or column with a random slope. Did you mean 'x'",
    ):
        fit.vpc(at={"X": [0]})
    with pytest.raises(DataError, match="prob is the mass of the interval"):
        fit.fixef(prob=95)
    with pytest.raises(AttributeError, match="no 'ranefs' here"):
        fit.ranefs()


def test_single_level_models_say_so(frame):
    fit = random_fit(hb.Model("y ~ x", frame))
    with pytest.raises(UnknownNameError, match="This model has no group effects"):
        fit.ranef()
    assert len(fit.vpc()) == 0


def test_one_chain_has_no_r_hat(fit):
    one = summarize(fit.posterior["b"].isel(chain=[0]))
    assert one["r_hat"].isna().all()
    assert one["mean"].notna().all()


def test_diagnostics_are_computed_once_and_handed_out_as_copies(frame, monkeypatch):
    fit = random_fit(hb.Model("y ~ x + (1 | g)", frame), seed=2)
    summary, verdict = fit.summary(), fit.check()
    calls = []
    monkeypatch.setattr(summaries, "summarize", lambda *_, **__: calls.append("summary"))
    monkeypatch.setattr(convergence, "summarize", lambda *_, **__: calls.append("check"))
    pd.testing.assert_frame_equal(fit.summary(), summary, check_exact=True)
    assert fit.summary().attrs == summary.attrs
    assert str(fit.check()) == str(verdict)
    assert not calls
    for given, column in ((fit.summary(), "mean"), (fit.check().table, "r_hat")):
        given[column] = 7.0
    pd.testing.assert_frame_equal(fit.summary(), summary, check_exact=True)
    pd.testing.assert_frame_equal(fit.check().table, verdict.table, check_exact=True)


def test_what_is_known_of_a_fit_is_not_taken_for_what_is_known_of_another(frame):
    fit = random_fit(hb.Model("y ~ x + (1 | g)", frame), seed=2)
    fit.check()
    half = dataclasses.replace(fit, idata=fit.idata.isel(draw=slice(100)))
    assert (half.summary()["ess_bulk"] < fit.summary()["ess_bulk"]).all()
    narrow = fit.summary(prob=0.5)
    assert ((narrow["upper"] - narrow["lower"]) < (fit.summary()["upper"] - fit.summary()["lower"])).all()
