"""Regression of ordered categories without groups, by maximum likelihood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.records import Design
from hierbayes.families import Link
from hierbayes.families.base import CATEGORIES, CUTPOINTS
from hierbayes.families.cumulative import Cumulative

type Floats = NDArray[np.float64]

STEPS, HALVINGS = 50, 30
TOLERANCE = 1e-10


@dataclass(frozen=True)
class OrderedRegression:
    """Maximum likelihood estimates and their standard errors, link scale.

    Attributes
    ----------
    cutpoints, b : float64 arrays, shapes (K - 1,) and (p,)
        Estimates, for the user's columns.
    cutpoints_se, b_se : float64 arrays, shapes (K - 1,) and (p,)
        Standard errors from the expected information.
    log_likelihood : float
        At the estimates.
    """

    cutpoints: Floats
    b: Floats
    cutpoints_se: Floats
    b_se: Floats
    log_likelihood: float


def ordered_regression(design: Design, family: Cumulative, link: Link) -> OrderedRegression:
    """Fit cutpoints and coefficients together by Fisher scoring; steps that lower the likelihood are halved.

    Parameters
    ----------
    design : Design
        Response, population columns, offset and weights; groups are left out.
    family : Cumulative
        The family.
    link : Link
        The link in force.

    References
    ----------
    McCullagh, P. (1980). Regression models for ordinal data. Journal of the Royal Statistical Society B 42,
    109-142 (appendix).
    """
    offset = np.zeros(design.n) if design.offset is None else design.offset
    rows: dict[str, Any] = {**design.row_data, CATEGORIES: len(design.response.categories)}
    cutpoints = np.asarray(family.rough_parameters(design.y, offset, link, rows)[CUTPOINTS])
    n_cutpoints = len(cutpoints)
    estimate = np.concatenate([cutpoints, np.zeros(len(design.terms))])

    def predictor(at: Floats) -> Floats:
        return offset + design.X @ at[n_cutpoints:]

    def likelihood(at: Floats) -> float:
        if (np.diff(at[:n_cutpoints]) <= 0).any():
            return -np.inf
        parameters = {CUTPOINTS: at[:n_cutpoints], **design.row_data}
        return float(family.log_density(design.y, predictor(at), parameters, link).sum())

    value, information = likelihood(estimate), np.eye(len(estimate))
    for _ in range(STEPS):
        parameters = {CUTPOINTS: estimate[:n_cutpoints], **design.row_data}
        score, information = family.joint_score(
            design.y, predictor(estimate), parameters, link, columns=design.X
        )
        step = np.linalg.lstsq(information, score, rcond=None)[0]
        for _ in range(HALVINGS):
            ahead = likelihood(estimate + step)
            if ahead >= value:
                break
            step = step / 2
        estimate, value = estimate + step, ahead
        if float(step @ score) < TOLERANCE:
            break
    errors = np.sqrt(np.maximum(np.diag(np.linalg.pinv(information)), 0.0))
    return OrderedRegression(
        estimate[:n_cutpoints],
        estimate[n_cutpoints:],
        errors[:n_cutpoints],
        errors[n_cutpoints:],
        value,
    )
