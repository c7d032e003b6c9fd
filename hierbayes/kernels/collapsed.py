"""The kernel of Gaussian models that samples variance parameters only: everything else is integrated out."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from hierbayes.design.partial import STANDARD_ERROR
from hierbayes.design.records import Design
from hierbayes.geometry import Coordinates, coordinates
from hierbayes.kernels.assemble import positive_priors, vine_shapes
from hierbayes.kernels.conditional import Collapsed, conditional_pieces, draw_conditional
from hierbayes.kernels.factors import factors_of
from hierbayes.kernels.jit import compiled, compiled_log_density, floats
from hierbayes.kernels.leftover import check_not_exact, rough_sigma
from hierbayes.kernels.marginal import log_marginal
from hierbayes.kernels.priors import prior_table, unconstrained_start
from hierbayes.kernels.record import Kernel
from hierbayes.kernels.statistics import (
    CONSTANTS,
    Statistics,
    read_factors,
    spread_of,
    sufficient_statistics,
)
from hierbayes.kernels.variances import KNOWN, N_TABLE, Layout, chain_rule, new_scales, read_scales
from hierbayes.spec.records import ModelSpec

type Floats = NDArray[np.float64]


def collapsed_kernel(spec: ModelSpec, design: Design, frame: Coordinates | None = None) -> Kernel:
    """The log density of the standard deviations, correlations and residual sd alone.

    Parameters
    ----------
    spec, design : ModelSpec, Design
        The model; ``coverage.collapsed_refusal`` must be None.
    frame : Coordinates, optional
        The coordinates of the model, where they are at hand.

    Returns
    -------
    Kernel
        Its unconstrained vector is [positives, vines]; coefficients and effects are drawn by ``pieces``.

    Raises
    ------
    DataError
        If columns and groups explain the response exactly.
    """
    frame = coordinates(spec, design) if frame is None else frame
    if STANDARD_ERROR in design.part:
        design = replace(design, weights=design.part[STANDARD_ERROR] ** -2, part={})
    statistics = sufficient_statistics(design, frame)
    layout = variance_layout(spec, design)
    if not spec.scalars:  # known standard errors: sigma is 1
        statistics.constants[2] = 0.0
    arrays = tuple(np.ascontiguousarray(array) for array in (*statistics, *layout))
    check_not_exact(spec, design, statistics)
    start = _start(spec, frame, (statistics, layout), spread_of(design))
    density = Collapsed(log_density(several=len(statistics.factors) > 1), arrays)
    return Kernel("collapsed", density.function, arrays, start, partial(conditional_pieces, spec, density))


def variance_layout(spec: ModelSpec, design: Design) -> Layout:
    """Which entries of the unconstrained vector belong to which group term, and their priors."""
    terms = np.zeros((len(spec.groups), 5), dtype=np.int64)
    for g, factor in enumerate(factors_of(design)):
        first = 0
        for t in factor.terms:
            q = len(spec.groups[t].terms)
            pairs = q * (q - 1) // 2 if spec.groups[t].has_correlations else 0
            terms[t, :4] = g, first, q, pairs
            first += q
    sizes = [len(group.terms) * group.n_groups for group in spec.groups]
    terms[:, 4] = np.cumsum([0, *sizes])[: len(sizes)]
    kinds, parameters = prior_table(positive_priors(spec))
    if not spec.scalars:  # known standard errors: of rows of weight se^-2, sigma is 1
        kinds, parameters = np.append(kinds, KNOWN), np.vstack([parameters, [1.0, 0.0, 0.0]])
    return Layout(terms, kinds, parameters, vine_shapes(spec))


def _start(spec: ModelSpec, frame: Coordinates, arrays: tuple[Statistics, Layout], spread: float) -> Floats:
    """Rough estimates of the standard deviations, correlations of zero; ``spread`` is the response's sd."""
    statistics, layout = arrays
    guesses = [frame.groups[group.name].guess for group in spec.groups]
    sigma = [rough_sigma(statistics, spread)] if spec.scalars else []
    values = np.concatenate([*guesses, sigma])
    free = unconstrained_start(layout.kinds[: len(values)], layout.priors[: len(values)], values)
    return np.concatenate([free, np.zeros(len(layout.shapes))])


@compiled
def _evaluate(call: Any, table: Any, others: Any) -> int:
    """Log density and gradient; ``call`` is what ``jit.LOG_DENSITY`` receives, but the table."""
    n_dim, x, gradient, value = call
    place, slope = numba.carray(x, (n_dim,)), numba.carray(gradient, (n_dim,))
    scales = new_scales(table)
    total = read_scales(table, place, scales)
    sigma = scales.positive[0, scales.positive.shape[1] - 1]
    if sigma < floats(table, CONSTANTS)[2]:
        return 1
    L_bar, sigma_bar = np.empty(scales.L.shape[0]), np.empty(1)
    total += log_marginal(table, others, (scales.sd, scales.L, sigma), (L_bar, sigma_bar))
    chain_rule(table, scales, (L_bar, sigma_bar, slope))
    value[0] = total
    fine = math.isfinite(total)
    for k in range(n_dim):
        fine = fine and math.isfinite(slope[k])
    return 0 if fine else 1


def _one_factor(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> int:
    entries = numba.carray(table, (2 * N_TABLE,), np.uint64)
    if n_dim == 0:
        draw_conditional(entries, None)
        return 0
    return _evaluate((n_dim, x, gradient, value), entries, None)


def _several_factors(n_dim: int, x: Any, gradient: Any, value: Any, table: Any) -> int:
    entries = numba.carray(table, (2 * N_TABLE,), np.uint64)
    if n_dim == 0:
        draw_conditional(entries, read_factors(entries))
        return 0
    return _evaluate((n_dim, x, gradient, value), entries, read_factors(entries))


@cache
def log_density(*, several: bool) -> Any:
    """The C function for one grouping factor (or none), or for several, compiled now or read from the cache.

    Asked for no dimension it draws what was integrated out (``conditional``): compiled together, the two
    share the factorization.
    """
    return compiled_log_density(_several_factors if several else _one_factor)
