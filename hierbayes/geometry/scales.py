"""The scale of a model's linear predictor and columns, in which default priors are stated."""

from __future__ import annotations

import numpy as np

from hierbayes.design.records import Design
from hierbayes.errors import DataError
from hierbayes.families import Family, Link, fit_alone, get_family
from hierbayes.geometry.rough import base_rate
from hierbayes.spec.records import Scales


def scales(design: Design, family: str, link: Link) -> Scales:
    """One unit of the linear predictor and the sd of every column, for the default priors.

    Raises
    ------
    DataError
        If the response does not vary, or its mean is no mean with this link.
    """
    columns: dict[str, float] = {}
    for predictor in design.linear:
        for k, term in enumerate(predictor.terms):
            columns.setdefault(term, float(predictor.X[:, k].std()) or 1.0)
        for group in predictor.groups:
            for k, term in enumerate(group.terms):
                columns.setdefault(term, float(group.Z[group.own, k].std()) or 1.0)
    response, offset = get_family(family), 0.0
    middle = response.middle(link)
    _check_mean(response, link, design)
    if middle is None:
        center = base_rate(response, link, design)
        if design.offset is not None:
            typical = response.typical_mean(design.y, design.row_data)
            offset = float(link.link(np.array(typical))) - center
    else:
        offset = 0.0 if design.offset is None else float(design.offset.mean())
        center = float(link.link(np.array(middle))) - offset
    unit = response.unit(design.y, link, center)
    if not design.part.keys().isdisjoint(("low", "lb")):  # mean and sd of y are those of a selection
        whole, unit = fit_alone(response, link, design.y, design.row_data)
        center = whole - (0.0 if design.offset is None else float(design.offset.mean()))
    if not np.isfinite(unit) or unit == 0:
        raise DataError(f"The response {design.response.name!r} is constant: there is nothing to explain.")
    spread = float(design.y.std()) if response.scale and not response.is_flat(link) else 0.0
    return Scales(center, unit, columns, offset, spread)


def _check_mean(family: Family, link: Link, design: Design) -> None:
    """Refuse a mean that is not positive where the link wants one: possible for Gaussian responses alone."""
    mean = family.typical_mean(design.y, design.row_data)
    if link.name not in ("log", "inverse") or mean > 0:
        return
    raise DataError(
        f"The {link.name} link gives means above 0, but the mean of the response {design.response.name!r} is "
        f"{mean:g}. Allowed: responses whose mean is positive. Use the identity link, or change the sign of "
        "the response."
    )
