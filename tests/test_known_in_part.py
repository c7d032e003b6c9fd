"""Tobit models, truncated responses and meta-analysis: against survival, metafor and quadrature."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats
from tolerances import ESS, OTHER_SOFTWARE, R_HAT, Posterior, monte_carlo, published_effect

import hierbayes as hb
from hierbayes.estimates.predictions.recorded import as_recorded, recorded
from hierbayes.families import get_family, get_link
from hierbayes.kernels.assemble import rows_kernel
from hierbayes.kernels.collapsed import collapsed_kernel

REFERENCE = json.loads((Path(__file__).parent / "reference" / "partial.json").read_text())
LINK = get_link("gaussian")


def exam():
    """Exam, censored on the right at 1, and as ``partial.R`` censors it on both sides and in intervals."""
    data = hb.load_data("exam")
    y = data["normexam"].to_numpy()
    data["cut"], data["late"] = np.minimum(y, 1.0), y >= 1
    data["low"] = np.select([y <= -1, y >= 1, y >= 0], [-1.0, 1.0, np.floor(2 * y) / 2], y)
    data["end"] = np.where((y >= 0) & (y < 1), np.floor(2 * y) / 2 + 0.5, np.nan)
    data["side"] = np.select([y <= -1, y >= 1, y >= 0], ["left", "right", "interval"], "none")
    return data


CENSORED = {"right": "cut | cens(late) ~ standLRT", "mixed": "low | cens(side, end) ~ standLRT"}


@pytest.mark.parametrize("name", CENSORED)
def test_likelihood_of_survreg_is_ours_and_has_its_maximum_there(name):
    model, reference = hb.Model(CENSORED[name], exam()), REFERENCE[name]
    family, design = get_family("gaussian"), model.design
    eta = design.X @ np.array([reference["b"][term] for term in design.terms])
    params = {**design.row_data, "sigma": np.array(reference["sigma"])}
    assert design.n == reference["n"]
    total = family.log_density(design.y, eta, params, LINK).sum()
    assert total == pytest.approx(reference["logLik"], rel=OTHER_SOFTWARE)
    score = design.X.T @ family.score(design.y, eta, params, LINK)
    # In standard errors of the coefficients: a step to the maximum would be shorter than this.
    assert np.abs(score * reference["se"]).max() < 1e-4


@pytest.mark.parametrize("name", CENSORED)
def test_standard_errors_of_survreg_follow_from_the_curvature(name):
    """Of ``(b, log sigma)``, by central differences of the score and of the log density."""
    model, reference = hb.Model(CENSORED[name], exam()), REFERENCE[name]
    family, design, step = get_family("gaussian"), model.design, 1e-4
    b = np.array([reference["b"][term] for term in design.terms])

    def gradient(x):
        params = {**design.row_data, "sigma": np.exp(x[2])}
        of_b = design.X.T @ family.score(design.y, design.X @ x[:2], params, LINK)
        either = [
            family.log_density(design.y, design.X @ x[:2], {**params, "sigma": np.exp(x[2] + h)}, LINK).sum()
            for h in (-step, step)
        ]
        return np.r_[of_b, (either[1] - either[0]) / (2 * step)]

    at = np.r_[b, np.log(reference["sigma"])]
    rows = [(gradient(at + h) - gradient(at - h)) / (2 * step) for h in step * np.eye(3)]
    errors = np.sqrt(np.diag(np.linalg.inv(-np.array(rows))))
    np.testing.assert_allclose(errors[:2], reference["se"], rtol=1e-5)


def eight_schools(**settings):
    priors = {"Intercept": "normal(0, 5)", "sd": "half_cauchy(5)"}
    return hb.Model("effect | se(se) ~ 1 + (1 | school)", hb.load_data("eight_schools"), priors=priors)


def quadrature():
    """Mean and sd of mu and tau: mu and the effects are integrated out, tau over its whole range."""
    data = hb.load_data("eight_schools")
    y, se = data["effect"].to_numpy(), data["se"].to_numpy()

    def moments(tau):
        variance = se**2 + tau**2
        precision = (1 / variance).sum() + 1 / 25
        mean = (y / variance).sum() / precision
        V = np.diag(variance) + 25.0
        weight = stats.multivariate_normal(np.zeros(8), V).pdf(y) * stats.halfcauchy(scale=5).pdf(tau) * 1e14
        return weight * np.array([1, tau, tau**2, mean, mean**2 + 1 / precision])

    total, *raw = [
        integrate.quad(lambda t, k=k: moments(t)[k], 0, np.inf, epsrel=1e-9, limit=200)[0] for k in range(5)
    ]
    tau, tau_squared, mu, mu_squared = np.array(raw) / total
    return {"tau": (tau, np.sqrt(tau_squared - tau**2)), "mu": (mu, np.sqrt(mu_squared - mu**2))}


def test_exact_posterior_of_eight_schools_is_the_one_that_is_known():
    exact = quadrature()
    assert exact["mu"] == pytest.approx((4.4, 3.3), abs=0.06)
    assert exact["tau"] == pytest.approx((3.6, 3.2), abs=0.06)


@pytest.mark.sampling
def test_eight_schools_are_sampled_collapsed_and_agree_with_quadrature():
    fit = eight_schools().fit(seed=1, progress=False)
    assert fit.settings["plan"] == "collapsed"
    assert "sigma" not in fit.posterior
    table = fit.summary().set_index("parameter")
    assert list(table.index) == ["sd(Intercept)", "Intercept"]
    assert (table["r_hat"] <= R_HAT).all()
    assert (table["ess_bulk"] >= ESS).all()
    for parameter, name in (("sd(Intercept)", "tau"), ("Intercept", "mu")):
        row, (mean, sd) = table.loc[parameter], quadrature()[name]
        assert monte_carlo(row["mean"], mean, row["sd"] / np.sqrt(row["ess_bulk"]))
        assert row["sd"] == pytest.approx(sd, rel=0.1)
    assert fit.check().ok


def test_known_errors_give_the_same_density_collapsed_and_over_rows(identity_rtol):
    """``log p(y, theta, u) - log p(theta, u | y)`` by the rows' kernel and a dense Gaussian conditional."""
    model = eight_schools()
    rows, collapsed = rows_kernel(model.spec, model.design, {"school": "noncentered"}), collapsed_kernel(
        model.spec, model.design
    )  # fmt: skip
    se, y = model.design.part["se"], model.design.y
    frame = model._frame
    for log_tau in (-1.0, 0.5, 2.5):
        tau = np.exp(log_tau)
        T = np.column_stack([tau * np.eye(8), np.ones(8)])
        H = (T.T / se**2) @ T + np.diag(np.r_[np.ones(8), 1 / 25])
        mean = np.linalg.solve(H, (T.T / se**2) @ y)
        z, theta = mean[:8], mean[8:]
        R, shift = frame.blocks[0].R, frame.groups["school"].shift
        v = z + (shift @ (theta - frame.center)).ravel() / frame.groups["school"].guess
        x = np.r_[R @ (theta - frame.center), log_tau, v]
        joint = rows.value_and_gradient(x)[0] + float(np.linalg.slogdet(R)[1])
        at_mean = 0.5 * np.linalg.slogdet(H)[1] - 4.5 * np.log(2 * np.pi)
        got = collapsed.value_and_gradient(np.array([log_tau]))[0]
        assert got == pytest.approx(joint - at_mean, rel=identity_rtol)


def schools():
    data = pd.DataFrame(REFERENCE["schools"])
    return data.assign(se=np.sqrt(data["vi"]))


META = "yi | se(se) ~ 1 + (1 | district/school)"


def test_restricted_likelihood_of_a_multilevel_meta_analysis_is_metafors():
    """With flat priors the collapsed density is the restricted likelihood, less ``log |X'X| / 2``."""
    model = hb.Model(META, schools(), priors={"Intercept": "flat()", "sd": "flat()"})
    reference = REFERENCE["meta"]["reml"]
    kernel = collapsed_kernel(model.spec, model.design)
    assert [group.n_groups for group in model.spec.groups] == [11, 56]
    x = np.log(np.array(reference["sd"]))
    value, gradient = kernel.value_and_gradient(x)
    assert value - x.sum() + 0.5 * np.log(56) == pytest.approx(reference["logLik"], rel=OTHER_SOFTWARE)
    assert np.abs(gradient - 1).max() < 1e-3  # less the Jacobian: their estimates are its maximum


@pytest.mark.sampling
def test_meta_analysis_contains_the_estimate_of_metafor():
    fit = hb.fit(META, schools(), seed=3, progress=False)
    table = fit.summary().set_index("parameter")
    assert (table["r_hat"] <= R_HAT).all()
    assert (table["ess_bulk"] >= ESS).all()
    row = table.loc["Intercept"]
    posterior = Posterior(row["mean"], row["sd"], row["lower"], row["upper"])
    assert published_effect(REFERENCE["meta"]["ml"]["b"], posterior)
    vpc = fit.vpc()
    assert "I^2 of meta-analysis" in vpc.attrs["definition"]
    assert vpc["mean"].between(0.2, 0.8).all()


@cache
def tobit():
    return hb.fit("cut | cens(late) ~ standLRT + (1 | school)", exam(), seed=5, chains=2, progress=False)


@pytest.mark.sampling
def test_tobit_finds_what_the_uncensored_scores_say():
    whole = hb.fit("normexam ~ standLRT + (1 | school)", exam(), seed=5, chains=2, progress=False)
    ignored = hb.fit("cut ~ standLRT + (1 | school)", exam(), seed=5, chains=2, progress=False)
    fits = [fit.summary().set_index("parameter") for fit in (tobit(), whole, ignored)]
    censored, truth, wrong = fits
    assert (censored["r_hat"] <= R_HAT).all()
    assert (censored["ess_bulk"] >= ESS).all()
    assert tobit().posterior.attrs == whole.posterior.attrs
    for name, row in censored.iterrows():
        assert row["lower"] < truth.loc[name, "mean"] < row["upper"]
    for name in ("Intercept", "standLRT"):
        row = censored.loc[name]
        posterior = Posterior(row["mean"], row["sd"], row["lower"], row["upper"])
        assert published_effect(truth.loc[name, "mean"], posterior)
    # Taking the limits for scores would not do.
    assert wrong.loc["standLRT", "mean"] < censored.loc["standLRT", "lower"]
    assert wrong.loc["sigma", "mean"] < censored.loc["sigma", "lower"]


@pytest.mark.sampling
def test_what_a_tobit_fit_says_of_its_rows(tmp_path):
    fit = tobit()
    late = np.isinf(fit.design.part["high"])
    assert late.sum() == (hb.load_data("exam")["normexam"] >= 1).sum()
    replicated = fit.posterior_predictive(draws=50)
    assert float(replicated.max()) > 1
    shown = as_recorded(fit.design, replicated.to_numpy())
    assert shown.max() == recorded(fit.design).max() == 1.0
    assert 0.13 < (shown == 1).mean() < 0.19  # 638 of 4,059 are
    likelihood = fit.log_likelihood(draws=40).mean(("chain", "draw")).to_numpy()
    eta, sigma = fit.linpred(draws=40).to_numpy(), fit.posterior["sigma"].mean()
    by_hand = stats.norm.logsf(1.0, eta[..., late], float(sigma)).mean((0, 1))
    np.testing.assert_allclose(likelihood[late], by_hand, rtol=0.05)
    table = fit.shrinkage()
    assert np.isfinite(table["no_pooling"]).all()
    assert table["pooling_factor"].between(0, 1).all()
    fit.save(tmp_path / "tobit.nc")
    loaded = hb.load(tmp_path / "tobit.nc")
    for name, values in fit.design.part.items():
        np.testing.assert_array_equal(loaded.design.part[name], values)


def test_complete_pooling_of_a_censored_model_is_survregs():
    from hierbayes.estimates.by_group.shrinkage import _complete_pooling

    reference = REFERENCE["right"]
    pooled = _complete_pooling(tobit())
    for term, error in zip(("Intercept", "standLRT"), reference["se"], strict=True):
        assert pooled[term][0] == pytest.approx(reference["b"][term], abs=1e-2 * error)
        assert pooled[term][1] == pytest.approx(error, rel=0.02)


def small(seed=1):
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(12), 10)
    y = 1 + rng.normal(0, 0.7, 12)[g] + rng.normal(size=120)
    y[g == 3] += 5
    return pd.DataFrame({"y": np.minimum(y, 2.5), "late": y >= 2.5, "g": g.astype(str)})


@pytest.mark.sampling
def test_groups_that_are_all_censored_have_no_estimate_of_their_own():
    fit = hb.fit("y | cens(late) ~ 1 + (1 | g)", small(), seed=1, chains=2, progress=False)
    table = fit.shrinkage().set_index("level")
    assert table.loc["3", "no_pooling"] == np.inf
    assert np.isfinite(table.drop("3")["no_pooling"]).all()
    assert table.loc["3", "mean"] > 2.5
    text = str(fit)
    assert "Censored: " in text
    assert f"{int(small()['late'].sum())} right, of 120 rows" in text


@pytest.mark.parametrize("formula", ["y | cens(late) ~ 1 + (1 | g)", "y | trunc(ub = 2.6) ~ 1 + (1 | g)"])
def test_kernel_keeps_its_digits_far_from_the_data(formula, identity_rtol):
    """Differences of the density between two places, by the kernel and by the family."""
    model = hb.Model(formula, small(), priors={"Intercept": "flat()", "sd": "flat()", "sigma": "flat()"})
    kernel, frame = rows_kernel(model.spec, model.design, {"g": "noncentered"}), model._frame
    values = []
    for theta in (-600.0, -30.0, 1.0, 30.0, 600.0):
        x = kernel.start.copy()
        x[0] = (frame.blocks[0].R @ (np.array([theta]) - frame.center))[0]
        x[3:] = (frame.groups["g"].shift @ (np.array([theta]) - frame.center)).ravel()
        x[3:] /= frame.groups["g"].guess
        sigma = np.exp(x[2])
        params = {**model.design.row_data, "sigma": sigma}
        family = get_family("gaussian").log_density(model.design.y, np.full(120, theta), params, LINK).sum()
        values.append((kernel.value_and_gradient(x)[0], family))
    got, expected = np.array(values).T
    np.testing.assert_allclose(got[1:] - got[0], expected[1:] - expected[0], rtol=identity_rtol)


def test_models_say_what_is_censored_and_how_they_are_sampled():
    data = exam()
    both = hb.Model("cut | cens(late) + trunc(lb = -9) ~ standLRT + (1 | school)", data)
    assert "Censored: 638 right, of 4,059 rows" in str(both)
    assert "Truncated: only responses from -9 can be observed" in str(both)
    assert str(both.plan()) == "partial"
    assert "Errors: the known standard errors of the rows" in str(eight_schools())
    assert not eight_schools().messages
    with pytest.raises(
        hb.errors.DataError, match="probability of a censored response, which is not Gaussian"
    ):
        both.plan("collapsed")
    data = hb.load_data("eight_schools")
    wider = hb.Model("effect | se(se, sigma = TRUE) ~ 1 + (1 | school)", data)
    assert wider.spec.scalars == ("sigma",)
    with pytest.raises(hb.errors.DataError, match="a residual sd beside known standard errors"):
        wider.plan("collapsed")
    with pytest.raises(hb.errors.DataError, match="no variance is left to sample"):
        hb.Model("effect | se(se) ~ 1", data).plan("collapsed")
    with pytest.raises(hb.errors.PriorError):
        hb.Model("effect | se(se) ~ 1 + (1 | school)", data, priors={"sigma": "half_normal(1)"})


def test_default_priors_are_about_the_response_and_not_about_its_limits():
    """Half of the scores are censored, and their sd is then less than half of the response's."""
    data = exam()
    y = data["normexam"]
    data["half"], data["over"] = np.minimum(y, -0.5), y >= -0.5
    assert data["half"].std() < 0.5
    prior = hb.Model("half | cens(over) ~ standLRT + (1 | school)", data).spec.prior("Intercept")
    assert prior.parameters[0] == pytest.approx(y.mean(), abs=0.1)
    assert prior.parameters[1] == pytest.approx(2.5 * y.std(), rel=0.1)
    kept = data[y < 0.5]
    prior = hb.Model("normexam | trunc(ub = 0.5) ~ standLRT + (1 | school)", kept).spec.prior("Intercept")
    assert prior.parameters[1] == pytest.approx(2.5 * y.std(), rel=0.2)


def test_censored_student_responses_go_through_the_graph_with_the_familys_density(identity_rtol):
    data = small().assign(side="none", end=np.nan)
    data.loc[data["late"], "side"] = "right"
    data.loc[:9, ["side", "end"]] = ["interval", 9.0]
    data.loc[10:14, "side"] = "left"
    formula = "y | cens(side, end) + trunc(lb = -8) ~ 1 + (1 | g)"
    model = hb.Model(formula, data, family="student")
    assert "no kernel for student responses that are known in part" in model.plan().reason
    graph = model.pymc
    names_of = {rv.name: value for rv, value in zip(graph.free_RVs, graph.value_vars, strict=True)}
    point = graph.initial_point()
    point[names_of["sigma"].name] = np.array(0.3)
    got = float(graph.compile_logp(vars=[graph["y"]])(point))
    free = graph.compile_fn(
        graph.replace_rvs_by_values([graph["b"], graph["u_g"], graph["sigma"], graph["nu"]]),
        inputs=graph.value_vars, point_fn=True,
    )(point)  # fmt: skip
    b, u, sigma, nu = (np.asarray(value) for value in free)
    design = model.design
    eta = design.X @ b + u[design.groups[0].codes, 0]
    params = {**design.row_data, "sigma": sigma, "nu": nu}
    expected = get_family("student").log_density(design.y, eta, params, get_link("student")).sum()
    assert got == pytest.approx(expected, rel=identity_rtol)
