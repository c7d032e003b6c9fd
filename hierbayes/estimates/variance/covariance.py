"""Draws of the covariance of a group term's effects."""

from __future__ import annotations

import numpy as np
import xarray as xr

from hierbayes import names
from hierbayes.fitted.record import Fit
from hierbayes.spec.records import GroupSpec


def correlation_pairs(fit: Fit, group: GroupSpec) -> list[tuple[str, str, xr.DataArray]]:
    """Each pair of a group term's coefficients and the draws of their correlation, dims (chain, draw)."""
    if not group.has_correlations:
        return []
    cor = fit.posterior[names.cor(group.name)]
    dim, bis = names.group_term(group.name), names.group_term_bis(group.name)
    return [
        (group.terms[j], group.terms[i], cor.isel({dim: i, bis: j}))
        for i in range(1, len(group.terms))
        for j in range(i)
    ]


def covariance(fit: Fit, group: GroupSpec) -> xr.DataArray:
    """Covariance of a group term's effects, dims (chain, draw, <group>_term, <group>_term_bis)."""
    dim, bis = names.group_term(group.name), names.group_term_bis(group.name)
    sd = fit.posterior[names.sd(group.name)]
    product = sd * sd.rename({dim: bis})
    if group.shared:
        product = product * _within_joint(fit, group)
    elif group.has_correlations:
        product = product * fit.posterior[names.cor(group.name)]
    else:
        product = product * xr.DataArray(np.eye(len(group.terms)), dims=(dim, bis))
    return product.transpose("chain", "draw", dim, bis)


def _within_joint(fit: Fit, group: GroupSpec) -> xr.DataArray:
    """Correlations of a group term among those that it shares with other linear predictors."""
    (joint,) = (other for other in fit.spec.joint_groups if group in other.parts)
    at = sum(len(part.terms) for part in joint.parts[: joint.parts.index(group)])
    own = slice(at, at + len(group.terms))
    dims = {
        names.group_term(joint.name): names.group_term(group.name),
        names.group_term_bis(joint.name): names.group_term_bis(group.name),
    }
    cor = fit.posterior[names.cor(joint.name)].isel(dict.fromkeys(dims, own)).rename(dims)
    return cor.assign_coords({dim: list(group.terms) for dim in dims.values()})
