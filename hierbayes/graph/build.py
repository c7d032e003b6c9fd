"""From a spec and its arrays to a readable PyMC model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from hierbayes import names
from hierbayes.design.records import Design
from hierbayes.errors import UnknownNameError
from hierbayes.geometry import Coordinates, coarse_to_fine, coordinates, coords, couplings
from hierbayes.graph.coefficients import from_centered, population_effects
from hierbayes.graph.cutpoints import ordered_cutpoints, with_location
from hierbayes.graph.groups import PARAMETERIZATIONS, group_effects, pull_of
from hierbayes.graph.likelihoods import LIKELIHOODS
from hierbayes.graph.partial import part_likelihood
from hierbayes.graph.priors import positive_scalar
from hierbayes.spec.records import ModelSpec


def build_graph(
    spec: ModelSpec,
    design: Design,
    parameterization: str | Mapping[str, str] = "noncentered",
    *,
    deterministics: bool = True,
) -> pm.Model:
    """Write the model in PyMC.

    Parameters
    ----------
    spec : ModelSpec
        Formula, family, structure and a prior for every parameter.
    design : Design
        The arrays.
    parameterization : str or mapping
        ``"noncentered"`` (``u = z L' diag(sd)``), ``"centered"`` or ``"partial"``, for all group terms or for
        each by its name; the posterior is the same.
    deterministics : bool
        Whether ``b``, ``u_<group>`` and ``cor_<group>`` are part of the model. Without them it compiles
        faster, and ``recover`` computes them from the draws.

    Returns
    -------
    pymc.Model
        Dims and coords carry the user's labels; ``b`` is on the scale of the user's columns.

    Raises
    ------
    UnknownNameError
        If there is no such parameterization.
    """
    forms = parameterization
    if isinstance(forms, str):
        forms = dict.fromkeys((group.name for group in spec.groups), forms)
    for form in forms.values():
        if form not in PARAMETERIZATIONS:
            raise UnknownNameError("parameterization", form, PARAMETERIZATIONS)
    frame = coordinates(spec, design)
    with pm.Model(coords=coords(design)) as model:
        eta, theta, vectors = _population(spec, design, frame, deterministics)
        effects: dict[str, Any] = {}
        coupled = couplings(design, frame, forms)
        for group_spec in (spec.groups[k] for k in coarse_to_fine(design)):
            with_effects = [(link, effects[link.other]) for link in coupled[group_spec.name]]
            effects[group_spec.name] = group_effects(
                spec,
                group_spec,
                frame,
                pull_of(group_spec.name, forms[group_spec.name], frame, (theta, with_effects)),
                parameterization=forms[group_spec.name],
                deterministic=deterministics,
            )
        for group in design.groups:
            u = effects[group.name]
            dims = (names.OBS, names.group_term(group.name))
            Z = pm.Data(f"Z_{group.name}", np.ascontiguousarray(group.Z), dims=dims)
            codes = pm.Data(f"codes_{group.name}", group.codes, dims=names.OBS)
            eta = eta + (Z * u[codes]).sum(axis=1)
        if design.offset is not None:
            eta = eta + pm.Data("offset", design.offset, dims=names.OBS)
        parameters = {name: positive_scalar(name, spec.prior(name)) for name in spec.family_parameters}
        parameters |= vectors | {
            k: pm.Data(k, values, dims=names.OBS) for k, values in design.row_data.items()
        }
        y = pm.Data(names.OBSERVED, design.y, dims=names.OBS)
        if design.part:
            part_likelihood(spec, design, eta, parameters, y=y)
        else:
            LIKELIHOODS[spec.family](eta, spec.link, parameters, y)
    return model


def _population(
    spec: ModelSpec, design: Design, frame: Coordinates, deterministics: bool
) -> tuple[Any, Any, dict[str, Any]]:
    """Population part of the predictor, coefficients of all columns of ``frame.X``, and the cutpoints."""
    eta, theta, vectors = pt.zeros(design.n), None, dict[str, Any]()
    if design.terms:
        theta = population_effects(frame)
        if deterministics:
            b = theta if spec.categories else from_centered(theta, frame.means)
            pm.Deterministic(names.B, b, dims=names.TERM)
        X = np.ascontiguousarray(frame.X[:, : len(design.terms)])
        eta = pt.dot(pm.Data("X", X, dims=(names.OBS, names.TERM)), theta)
    if spec.categories:
        cutpoints = vectors[names.CUTPOINTS] = ordered_cutpoints(spec, frame)
        if deterministics:
            shift = 0.0 if theta is None else pt.dot(theta, frame.means)
            pm.Deterministic(names.CUTPOINTS, cutpoints + shift, dims=names.CUTPOINT)
        theta = with_location(theta, cutpoints, frame)
    return eta, theta, vectors
