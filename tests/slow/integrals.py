"""Posteriors of Gaussian models with one grouping factor by numerical integration: no sampler, no error.

``y = X b + Z u + e``, ``b`` normal around 0, effects ``u`` of each group independent with standard
deviations ``s``, residual sd ``sigma``. Given ``s`` and ``sigma``, ``b`` and ``u`` are normal. With
``S = diag(s)``, ``A_j = Z_j' Z_j`` and ``M_j = I + S A_j S / sigma^2``, ``V^-1`` is
``(I - Z S M^-1 S Z' / sigma^2) / sigma^2`` and ``log |V|`` is ``n log sigma^2 + sum_j log |M_j|`` (Bates et
al. 2015, Journal of Statistical Software 67(1), section 3). Two or three integrals are left, over a product
rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

type Prior = Callable[[np.ndarray], np.ndarray]
"""Log density up to a constant."""


def flat(x: np.ndarray) -> np.ndarray:
    """Of a uniform prior, within its range."""
    return np.zeros_like(x)


def half_normal(x: np.ndarray) -> np.ndarray:
    """Of a standard normal prior, folded."""
    return -0.5 * x**2


@dataclass(frozen=True)
class Gaussian:
    """A model and its priors, written out.

    Attributes
    ----------
    response, group : str
        Columns.
    columns, slopes : tuple of str
        Population and group-level columns; ``"Intercept"`` is 1.
    b_sd : float
        Of the normal priors of ``b`` at zero of the columns.
    sd, sigma : callable
        Log priors.
    ranges : tuple of tuple of float
        For each standard deviation, ``sigma`` last: within which it is integrated.
    nodes : int
        Of Gauss and Legendre's rule in each dimension.
    """

    response: str
    group: str
    columns: tuple[str, ...]
    slopes: tuple[str, ...]
    b_sd: float
    sd: Prior
    sigma: Prior
    ranges: tuple[tuple[float, float], ...]
    nodes: int = 40


@dataclass(frozen=True)
class Sums:
    """Cross products within groups: ``A`` (J, q, q), ``B`` (J, q, p), ``c`` (J, q), and those of all rows."""

    A: np.ndarray
    B: np.ndarray
    c: np.ndarray
    XX: np.ndarray
    Xy: np.ndarray
    yy: float
    n: int
    levels: tuple[str, ...]

    @classmethod
    def of(cls, model: Gaussian, data: pd.DataFrame) -> Sums:
        with_one = data.assign(Intercept=1.0)
        X, Z = (with_one[list(names)].to_numpy(float) for names in (model.columns, model.slopes))
        y = data[model.response].to_numpy(float)
        codes, levels = pd.factorize(data[model.group], sort=True)
        rows = [codes == j for j in range(len(levels))]
        A, B, c = (np.array([Z[r].T @ right[r] for r in rows]) for right in (Z, X, y))
        return cls(A, B, c, X.T @ X, X.T @ y, float(y @ y), len(y), tuple(map(str, levels)))


@dataclass(frozen=True)
class Conditional:
    """At one point: log density with ``b`` and ``u`` integrated out; their means and variances."""

    log: float
    b: np.ndarray
    b_var: np.ndarray
    u: np.ndarray
    u_var: np.ndarray


def conditional(model: Gaussian, sums: Sums, s: np.ndarray, sigma: float) -> Conditional:
    """``log p(y, s, sigma)`` up to a constant, and the normal distributions given ``s`` and ``sigma``."""
    variance = sigma**2
    scaled = s[:, None] * sums.A * s / variance
    M = np.eye(len(s)) + scaled
    K = s[:, None] * np.linalg.inv(M) * s / variance  # S M^-1 S / sigma^2, of each group
    KB, Kc = K @ sums.B, np.einsum("jkl,jl->jk", K, sums.c)
    XVX = (sums.XX - np.einsum("jkp,jkr->pr", sums.B, KB)) / variance
    XVy = (sums.Xy - np.einsum("jkp,jk->p", sums.B, Kc)) / variance
    yVy = (sums.yy - np.einsum("jk,jk->", sums.c, Kc)) / variance
    H = XVX + np.eye(len(XVy)) / model.b_sd**2
    cov = np.linalg.inv(H)
    b = cov @ XVy
    log = -0.5 * (sums.n * np.log(variance) + np.linalg.slogdet(M)[1].sum() + np.linalg.slogdet(H)[1])
    log += -0.5 * (yVy - XVy @ b) + model.sd(s).sum() + model.sigma(np.array(sigma))
    u = Kc - KB @ b
    u_var = np.einsum("jkk->jk", K) * variance + np.einsum("jkp,pr,jkr->jk", KB, cov, KB)
    return Conditional(float(log), b, np.diag(cov), u, u_var)


def integrate(model: Gaussian, data: pd.DataFrame) -> Mapping[str, dict[str, float]]:
    """Mean and standard deviation of every parameter and group effect, by the keys of ``reference``."""
    sums = Sums.of(model, data)
    t, w = np.polynomial.legendre.leggauss(model.nodes)
    axes = [(low + (high - low) * (t + 1) / 2, w * (high - low) / 2) for low, high in model.ranges]
    grid = np.stack(np.meshgrid(*(x for x, _ in axes), indexing="ij"), -1).reshape(-1, len(axes))
    weights = np.prod(np.meshgrid(*(v for _, v in axes), indexing="ij"), axis=0).ravel()
    points = [conditional(model, sums, point[:-1], point[-1]) for point in grid]
    logs = np.array([point.log for point in points])
    mass = weights * np.exp(logs - logs.max())
    mass /= mass.sum()

    def moments(first: np.ndarray, variance: np.ndarray | float = 0.0) -> np.ndarray:
        mean = np.tensordot(mass, first, 1)
        return np.stack([mean, np.sqrt(np.tensordot(mass, first**2 + variance, 1) - mean**2)], -1)

    b = moments(np.array([p.b for p in points]), np.array([p.b_var for p in points]))
    u = moments(np.array([p.u for p in points]), np.array([p.u_var for p in points]))
    own = moments(grid)
    g = model.group
    found = {f"b[{name}]": value for name, value in zip(model.columns, b, strict=True)}
    found |= {f"sd[{g}][{name}]": value for name, value in zip(model.slopes, own[:-1], strict=True)}
    found["sigma"] = own[-1]
    for j, level in enumerate(sums.levels):
        found |= {f"u[{g}][{level}][{name}]": u[j, k] for k, name in enumerate(model.slopes)}
    return {
        key: {"mean": float(mean), "sd": float(sd), "mcse_mean": 0.0} for key, (mean, sd) in found.items()
    }
