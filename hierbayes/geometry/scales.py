"""The scale of a model's linear predictor and columns, in which default priors are stated."""

from __future__ import annotations

import numpy as np

from hierbayes.design.records import Design
from hierbayes.errors import DataError
from hierbayes.families import Link, get_family
from hierbayes.geometry.rough import base_rate
from hierbayes.spec.records import Scales


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
    response, offset = get_family(family), 0.0
    middle = response.middle(link)
    if middle is None:
        center = base_rate(response, link, design)
        if design.offset is not None:
            typical = response.typical_mean(design.y, design.row_data)
            offset = float(link.link(np.array(typical))) - center
    else:
        offset = 0.0 if design.offset is None else float(design.offset.mean())
        center = float(link.link(np.array(middle))) - offset
    unit = response.unit(design.y, link, center)
    if not np.isfinite(unit) or unit == 0:
        raise DataError(f"The response {design.response.name!r} is constant: there is nothing to explain.")
    return Scales(center, unit, columns, offset)
