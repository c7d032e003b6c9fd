"""The posterior of a Rasch model by importance sampling, with the persons integrated out: no Markov chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize, stats


@dataclass(frozen=True)
class Answers:
    """Right and wrong answers of persons to items: logit ``b_item + u_person``, ``u`` normal with one sd.

    Attributes
    ----------
    b_sd, sd_sd : float
        Of the normal priors of ``b``, and of the sd, folded.
    draws : int
        Of the proposal.
    nodes : int
        Of Gauss and Hermite's rule over the persons.
    """

    b_sd: float
    sd_sd: float
    draws: int = 60_000
    nodes: int = 41


def log_answers(model: Answers, patterns: np.ndarray, counts: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Log posterior of rows ``x`` (b of the items, log sd), with the persons integrated out: (n,)."""
    z, w = np.polynomial.hermite_e.hermegauss(model.nodes)
    b, sd = x[:, :-1], np.exp(x[:, -1])
    eta = b[:, None, :] + (sd[:, None] * z)[:, :, None]
    right, wrong = -np.logaddexp(0, -eta), -np.logaddexp(0, eta)
    rows = np.einsum("mi,nki->nkm", patterns, right) + np.einsum("mi,nki->nkm", 1 - patterns, wrong)
    likelihood = np.log(np.einsum("k,nkm->nm", w / w.sum(), np.exp(rows))) @ counts
    prior = -0.5 * ((b / model.b_sd) ** 2).sum(1) - 0.5 * (sd / model.sd_sd) ** 2 + x[:, -1]
    return np.asarray(likelihood + prior)


def weigh(model: Answers, data: pd.DataFrame) -> Mapping[str, dict[str, float]]:
    """Moments by importance sampling: draws of a t distribution at the mode, weighed by the posterior.

    Errors are those of the weighed means (Owen 2013, Monte Carlo theory, methods and examples, section 9.2).
    """
    wide = data.pivot(index="person", columns="item", values="right")
    patterns, counts = np.unique(wide.to_numpy(float), axis=0, return_counts=True)

    def loss(x: np.ndarray) -> float:
        return -float(log_answers(model, patterns, counts, x[None])[0])

    mode = optimize.minimize(loss, np.r_[np.zeros(wide.shape[1]), 0.0], method="BFGS", options={"gtol": 1e-4})
    proposal = stats.multivariate_t(mode.x, 1.2 * mode.hess_inv, df=6, seed=1)
    x = proposal.rvs(model.draws)
    log = np.concatenate([log_answers(model, patterns, counts, part) for part in np.array_split(x, 60)])
    log -= proposal.logpdf(x)
    w = np.exp(log - log.max())
    w /= w.sum()
    x[:, -1] = np.exp(x[:, -1])
    keys = [*(f"b[item[{item}]]" for item in wide.columns), "sd[person][Intercept]"]
    found = {}
    for key, draws in zip(keys, x.T, strict=True):
        away = draws - w @ draws
        sd = np.sqrt(w @ away**2)
        errors = [np.sqrt((w**2) @ part**2) for part in (away, (away**2 - sd**2) / (2 * sd))]
        found[key] = dict(zip(("mean", "sd", "mcse_mean", "mcse_sd"), (w @ draws, sd, *errors), strict=True))
    return {key: {what: float(value) for what, value in own.items()} for key, own in found.items()}
