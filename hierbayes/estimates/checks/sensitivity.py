"""How much the posterior leans on the priors, and how much on the data: power-scaling sensitivity."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.checks.log_prior import log_prior
from hierbayes.estimates.summaries import parameter_draws
from hierbayes.estimates.summarize import Table
from hierbayes.fitted.record import Fit, once

type Floats = NDArray[np.float64]

ALPHAS = (0.99, 1.01)
"""Just below and above 1: the measure is a slope there, and far from 1 the weights of the likelihood of many
rows rest on few draws. The values of priorsense and ArviZ, for which the threshold was found."""

THRESHOLD = 0.05
"""Kallioinen et al. (2024), section 2.4: sensitive from here on."""

LEAST_DRAWS = 100
"""Fewer do not show how a posterior changes."""

CONFLICT = "potential prior-data conflict"
STRONG = "potential strong prior / weak likelihood"
NEITHER = "-"


def sensitivity(
    fit: Fit,
    priors: str | Sequence[str] | None = None,
    *,
    draws: int | None = None,
    alphas: tuple[float, float] = ALPHAS,
) -> pd.DataFrame:
    """Would the posterior be another one if the priors, or the data, counted a little more or less?

    Priors and likelihood are raised to powers ``alpha`` near 1, by importance weights on the draws that there
    are; nothing is fitted again. Reported is by how much the posterior of each parameter moves.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    priors : str or sequence of str, optional
        Keys of the priors to scale, ``"b[age]"`` or ``["sd", "cor"]``; all by default. ``"sd"`` is short for
        all whose key begins so.
    draws : int, optional
        At about how many draws to evaluate the likelihood, evenly spaced; all by default. Priors are always
        evaluated at all.
    alphas : (float, float)
        Powers below and above 1.

    Returns
    -------
    DataFrame
        Columns ``group, parameter`` (as of ``summary``), ``prior`` and ``likelihood`` (sensitivities, 0 where
        nothing moves), and ``diagnosis``: ``"potential prior-data conflict"`` where both are at least 0.05,
        ``"potential strong prior / weak likelihood"`` where the prior's alone is, else ``"-"``.

    Raises
    ------
    UnknownNameError
        If a key names no prior of this model.
    DataError
        If there are fewer than 100 draws; if the likelihood of a draw is zero; if ``alphas`` are not below
        and above 1.

    Notes
    -----
    Sensitivity is the cumulative Jensen-Shannon distance between the posterior of a parameter and its scaled
    posterior, divided by ``|log2 alpha|`` and averaged over both powers. Scaled priors are those that
    ``print(model)`` lists; the distributions of group effects are part of the model and stay as they are. The
    likelihood is that of the rows given the effects of their groups. A parameter that the data reach
    only through few group effects, such as the intercept of a model with few groups, therefore shows less
    of the data's pull than its marginal likelihood has. The intercept has its prior at the mean of the
    columns.

    References
    ----------
    Kallioinen, N., Paananen, T., Bürkner, P.-C. and Vehtari, A. (2024). Detecting and diagnosing prior and
    likelihood sensitivity with power-scaling. Statistics and Computing 34, 57.

    Examples
    --------
    >>> import hierbayes as hb
    >>> fit = hb.fit("normexam ~ standLRT + (1 | school)", hb.load_data("exam"))  # doctest: +SKIP
    >>> print(fit.sensitivity())
    """
    if not 0 < alphas[0] < 1 < alphas[1]:
        raise DataError(
            f"Powers of priors and likelihood lie below and above 1, not at {alphas[0]:g} and {alphas[1]:g}. "
            f"Write alphas={ALPHAS}."
        )
    densities = log_prior(fit)
    chosen = _chosen(priors, densities)
    rows, _ = parameter_draws(fit)
    frame = rows[["group", "parameter"]].copy()
    frame["prior"] = prior_sensitivity(fit, chosen, alphas)
    frame["likelihood"] = likelihood_sensitivity(fit, draws, alphas)
    frame["diagnosis"] = diagnosis(frame["prior"].to_numpy(), frame["likelihood"].to_numpy())
    table = Table(frame)
    scaled = "all priors" if len(chosen) == len(densities) else f"the priors of {', '.join(chosen)}"
    table.attrs = {
        "definition": (
            "cumulative Jensen-Shannon distance by which the posterior moves when the logarithm (base 2) of "
            f"the power of {scaled}, or of the likelihood, grows by 1; from {THRESHOLD} on a prior is "
            "informative (Kallioinen et al. 2024)"
        ),
        "notes": _notes(fit, frame, chosen),
    }
    return table


def prior_sensitivity(
    fit: Fit, keys: Sequence[str] | None = None, alphas: tuple[float, float] = ALPHAS
) -> Floats:
    """Sensitivity of each parameter of ``parameter_draws`` to the priors with these keys (all), together."""
    densities = log_prior(fit)
    total = np.sum([densities[key] for key in (densities if keys is None else keys)], axis=0)
    return power_scaling(_draws(fit, None), total, alphas)


def likelihood_sensitivity(
    fit: Fit, draws: int | None = None, alphas: tuple[float, float] = ALPHAS
) -> Floats:
    """Sensitivity of each parameter of ``parameter_draws`` to the likelihood, given group effects."""
    from hierbayes.estimates.leave_out.pointwise import log_likelihood_blocks

    def compute() -> Floats:
        blocks = log_likelihood_blocks(fit, draws)
        total = sum(block.sum(axis=-1) for _, block in blocks)
        return power_scaling(_draws(fit, draws), np.asarray(total), alphas)

    return once(fit, ("likelihood sensitivity", draws, alphas), compute)


def power_scaling(draws: Floats, log_density: Floats, alphas: tuple[float, float] = ALPHAS) -> Floats:
    """Sensitivity of marginal posteriors to a component of their joint density.

    Parameters
    ----------
    draws : float64 array, shape (k, chain, draw)
        Of ``k`` parameters.
    log_density : float64 array, shape (chain, draw)
        Of the component, up to a constant.
    alphas : (float, float)
        Powers below and above 1.

    Returns
    -------
    float64 array, shape (k,)
        NaN of a parameter that does not vary.

    Raises
    ------
    DataError
        If there are fewer than 100 draws, or the density is zero at one.
    """
    from arviz_stats.base import array_stats

    if log_density.size < LEAST_DRAWS:
        raise DataError(
            f"{log_density.size} draws are too few to tell how the posterior would change; {LEAST_DRAWS} are "
            "the least. Raise draws."
        )
    if not np.isfinite(log_density).all():
        raise DataError(
            f"The log density of {int((~np.isfinite(log_density)).sum()):,} draws is not finite: they cannot "
            "be weighted. This is not a posterior of the model and its data."
        )
    found = np.full(len(draws), np.nan)
    varies = np.ptp(draws, axis=(1, 2)) > 0
    if np.ptp(log_density) == 0:
        found[varies] = 0.0
        return found
    with np.errstate(all="ignore"):  # weights that one draw has nearly alone
        weights = [_weights(log_density, alpha) for alpha in alphas]
        for k in np.flatnonzero(varies):
            found[k] = array_stats.power_scale_sense(draws[k], *weights, *alphas)
    return found


def _weights(log_density: Floats, alpha: float) -> Floats:
    """Weights of the draws under another power, Pareto smoothed where their tail is no single number."""
    from arviz_stats.base import array_stats

    try:
        return np.asarray(np.exp(array_stats.power_scale_lw(log_density, alpha=alpha, axis=(-2, -1))))
    except ValueError:  # a chain that has not moved, for one
        weights = np.exp((alpha - 1) * (log_density - log_density.mean()))
        return np.asarray(weights / weights.sum())


def diagnosis(prior: Floats, likelihood: Floats) -> list[str]:
    """What the two sensitivities of each parameter say, in the words of ``sensitivity``."""
    leans = prior >= THRESHOLD
    return list(np.select([leans & (likelihood >= THRESHOLD), leans], [CONFLICT, STRONG], NEITHER))


def responsible(fit: Fit, keys: Iterable[str]) -> list[str]:
    """The priors that move a parameter by themselves, those that do so most first; at least one."""
    draws, densities = _draws(fit, None), log_prior(fit)
    each = {key: float(np.nanmax(power_scaling(draws, densities[key]))) for key in keys}
    ranked = sorted(each, key=lambda key: -each[key])
    return [key for key in ranked if each[key] >= THRESHOLD] or ranked[:1]


def words_on(fit: Fit, keys: Iterable[str] | None = None) -> str:
    """The priors, of those with these keys, that move parameters: ``b[age], normal(0, 2.5)``."""
    priors = {entry.key: entry.prior for entry in fit.spec.priors}
    return listed([f"{key}, {priors[key]}" for key in responsible(fit, keys or priors)], "; ")


def listed(found: Sequence[str], between: str = ", ", most: int = 3) -> str:
    """The first few of a list, and how many more there are."""
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return between.join(found[:most]) + more


def _notes(fit: Fit, frame: pd.DataFrame, keys: Sequence[str]) -> tuple[str, ...]:
    if (frame["diagnosis"] == NEITHER).all():
        return ("No parameter leans on the priors.",)
    return (
        f"What moves parameters: {words_on(fit, keys)}. If that is what was known beforehand, say with the "
        "results that they lean on it; if not, state a wider prior.",
    )


def _chosen(given: str | Sequence[str] | None, known: Iterable[str]) -> list[str]:
    keys = list(known)
    if given is None:
        return keys
    found: list[str] = []
    for key in [given] if isinstance(given, str) else given:
        here = [k for k in keys if k == key or k.startswith(f"{key}[")]
        if not here:
            raise UnknownNameError("prior", key, keys, "model.priors lists them.")
        found += [k for k in here if k not in found]
    return found


def _draws(fit: Fit, draws: int | None) -> Floats:
    """Draws of all parameters, shape (k, chain, draw)."""
    _, elements = parameter_draws(fit)
    if draws is not None:
        from hierbayes.estimates.predictions.prediction import thin

        elements = thin(elements.to_dataset(name="x"), draws)["x"]
    return np.asarray(elements.transpose("element", "chain", "draw"), dtype=float)
