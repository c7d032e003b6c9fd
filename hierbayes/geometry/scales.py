"""The scale of a model's linear predictor and columns, in which default priors are stated."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from hierbayes.design.records import Design
from hierbayes.errors import DataError
from hierbayes.families import Link, get_family
from hierbayes.geometry.rough import base_rate
from hierbayes.spec.records import Scales

_UNITS: dict[str, Callable[[Any], float]] = {
    "identity": lambda y: float(y.std()),
    "log": lambda y: max(1.0, float(np.log(y + 0.5).std())),
    "sqrt": lambda y: max(0.5, float(np.sqrt(y).std())),
}
"""One unit of the linear predictor for numbers and counts; ``spec.defaults`` says why."""


def scales(design: Design, family: str, link: Link) -> Scales:
    """One unit of the linear predictor and the sd of every column, for the default priors.

    Raises
    ------
    DataError
        If the response does not vary.
    """
    columns = {term: float(design.X[:, k].std()) or 1.0 for k, term in enumerate(design.terms)}
    for group in design.groups:
        for k, term in enumerate(group.terms):
            columns.setdefault(term, float(group.Z[group.own, k].std()) or 1.0)
    kind = get_family(family).response_kind
    if kind in ("binary", "trials") and np.isfinite(link.latent_sd):
        offset = 0.0 if design.offset is None else float(design.offset.mean())
        return Scales(float(link.link(np.array(0.5))) - offset, float(link.latent_sd), columns, offset)
    center = base_rate(get_family(family), link, design)
    trials = design.n if design.trials is None else design.trials.sum()
    offset = 0.0 if design.offset is None else float(link.link(design.y.sum() / trials)) - center
    if kind in ("binary", "trials"):
        return Scales(center, 1.0 if link.name == "log" else math.hypot(1.65, center), columns, offset)
    unit = _UNITS[link.name](design.y)
    if not np.isfinite(unit) or unit == 0:
        raise DataError(f"The response {design.response.name!r} is constant: there is nothing to explain.")
    return Scales(center, unit, columns, offset)
