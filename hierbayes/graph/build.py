"""From a spec and its arrays to a readable PyMC model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from hierbayes import names
from hierbayes.design.records import Design, PredictorDesign
from hierbayes.errors import UnknownNameError
from hierbayes.geometry import Coordinates, coarse_to_fine, coordinates, coords, couplings
from hierbayes.graph.coefficients import from_centered, population_effects
from hierbayes.graph.cutpoints import ordered_cutpoints, with_location
from hierbayes.graph.groups import PARAMETERIZATIONS, group_effects, parts_of, pull_of
from hierbayes.graph.likelihoods import INVERSES, LIKELIHOODS
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
        forms = dict.fromkeys((group.name for group in spec.sampled_groups), forms)
    for form in forms.values():
        if form not in PARAMETERIZATIONS:
            raise UnknownNameError("parameterization", form, PARAMETERIZATIONS)
    frame = coordinates(spec, design)
    with pm.Model(coords=coords(design)) as model:
        theta = {
            name: population_effects(frame, name, where)
            for name, where in spec.slices().items()
            if where.stop > where.start
        }
        if deterministics:
            for name, values in theta.items():
                means = frame.means[spec.slices()[name]]
                b = values if spec.categories else from_centered(values, means)
                pm.Deterministic(names.of(names.B, name), b, dims=names.within(name, names.TERM))
        stacked, vectors = _stacked(list(theta.values())), dict[str, Any]()
        if spec.categories:
            stacked, vectors = _with_cutpoints(spec, frame, stacked, deterministics)
        effects = _effects(spec, design, (frame, forms), stacked, deterministics=deterministics)
        eta, *further = [
            _linear_predictor(predictor, frame.X[:, where], theta.get(predictor.name), effects)
            for predictor, where in zip(design.linear, spec.slices().values(), strict=True)
        ]
        parameters = {name: positive_scalar(name, spec.prior(name)) for name in spec.scalars}
        for predictor, value in zip(spec.predictors, further, strict=True):
            parameters[predictor.name] = INVERSES[predictor.link](value)
        parameters = {name: parameters[name] for name in spec.parameters} | vectors
        parameters |= {k: pm.Data(k, values, dims=names.OBS) for k, values in design.row_data.items()}
        y = pm.Data(names.OBSERVED, design.y, dims=names.OBS)
        if design.part:
            part_likelihood(spec, design, eta, parameters, y=y)
        else:
            LIKELIHOODS[spec.family](eta, spec.link, parameters, y)
    return model


def _stacked(theta: list[Any]) -> Any:
    """The coefficients of all linear predictors, None where there are none."""
    if not theta:
        return None
    return theta[0] if len(theta) == 1 else pt.concatenate(theta)


def _effects(
    spec: ModelSpec,
    design: Design,
    how: tuple[Coordinates, Mapping[str, str]],
    theta: Any,
    *,
    deterministics: bool,
) -> dict[str, Any]:
    """The effects of every group term, (n_groups, q) each; those with fewest groups first."""
    frame, forms = how
    effects: dict[str, Any] = {}
    coupled = couplings(design, frame, forms)
    for group in (spec.sampled_groups[k] for k in coarse_to_fine(design)):
        with_effects = [(link, effects[link.other]) for link in coupled[group.name]]
        effects[group.name] = group_effects(
            spec,
            group,
            frame,
            pull_of(group.name, forms[group.name], frame, (theta, with_effects)),
            parameterization=forms[group.name],
            deterministic=deterministics,
        )
    parts = [parts_of(group, effects[group.name]) for group in spec.sampled_groups]
    return {name: u for here in parts for name, u in here.items()}


def _linear_predictor(predictor: PredictorDesign, X: Any, theta: Any, effects: Mapping[str, Any]) -> Any:
    """Columns times coefficients, group effects and offset of each row, (n,)."""
    eta: Any = pt.zeros(len(X))
    if theta is not None:
        dims = (names.OBS, names.within(predictor.name, names.TERM))
        eta = pt.dot(pm.Data(names.of("X", predictor.name), np.ascontiguousarray(X), dims=dims), theta)
    for group in predictor.groups:
        dims = (names.OBS, names.group_term(group.name))
        Z = pm.Data(f"Z_{group.name}", np.ascontiguousarray(group.Z), dims=dims)
        codes = pm.Data(f"codes_{group.name}", group.codes, dims=names.OBS)
        eta = eta + (Z * effects[group.name][codes]).sum(axis=1)
    if predictor.offset is not None:
        eta = eta + pm.Data(names.of("offset", predictor.name), predictor.offset, dims=names.OBS)
    return eta


def _with_cutpoints(
    spec: ModelSpec, frame: Coordinates, theta: Any, deterministics: bool
) -> tuple[Any, dict[str, Any]]:
    """Coefficients of all columns of ``frame.X``, the last the cutpoints' location, and the cutpoints."""
    cutpoints = ordered_cutpoints(spec, frame)
    if deterministics:
        shift = 0.0 if theta is None else pt.dot(theta, frame.means)
        pm.Deterministic(names.CUTPOINTS, cutpoints + shift, dims=names.CUTPOINT)
    return with_location(theta, cutpoints, frame), {names.CUTPOINTS: cutpoints}
