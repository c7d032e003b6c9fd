"""Fits whose every draw is the same point: what the functions give at stated parameter values, exactly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import hierbayes as hb
from hierbayes import names
from hierbayes.families import get_family
from hierbayes.fitted import Fit, data_tree, fingerprint, versions
from hierbayes.geometry import coords

LME4 = json.loads((Path(__file__).parent / "reference" / "lme4.json").read_text())["models"]


def posterior_at(model: hb.Model, values: Mapping[str, Any], chains: int = 2, draws: int = 5) -> xr.Dataset:
    """A posterior with every draw at ``values`` (``b``, ``sd_<g>``, ``cor_<g>``, ``u_<g>``, ``sigma``)."""
    parameters = get_family(model.spec.family).parameters
    dims: dict[str, tuple[str, ...]] = dict.fromkeys(parameters, ())
    dims[names.CUTPOINTS] = (names.CUTPOINT,)
    for predictor in model.design.linear:
        dims[names.of("b", predictor.name)] = (names.within(predictor.name, names.TERM),)
    for group in (*model.design.all_groups, *model.design.sampled_groups):
        dim, term, bis = (
            names.group_dim(group.name),
            names.group_term(group.name),
            names.group_term_bis(group.name),
        )
        dims |= {
            names.sd(group.name): (term,),
            names.cor(group.name): (term, bis),
            names.u(group.name): (dim, term),
        }
    variables = {
        name: (
            ("chain", "draw", *dims[name]),
            np.broadcast_to(value, (chains, draws, *np.shape(value))).copy(),
        )
        for name, value in values.items()
    }
    used = {dim for variable_dims, _ in variables.values() for dim in variable_dims}
    labels = {dim: values for dim, values in coords(model.design).items() if dim in used}
    return xr.Dataset(variables, coords={"chain": np.arange(chains), "draw": np.arange(draws), **labels})


def fit_from(model: hb.Model, posterior: xr.Dataset, **stats: Any) -> Fit:
    """A ``Fit`` around a made-up posterior; sampler statistics are those of a healthy run unless given."""
    shape = (posterior.sizes["chain"], posterior.sizes["draw"])
    rng = np.random.default_rng(0)
    healthy = {
        "diverging": np.zeros(shape, dtype=bool),
        "energy": rng.normal(size=shape),
        "tree_depth": np.full(shape, 3),
        "reached_max_treedepth": np.zeros(shape, dtype=bool),
        "n_steps": np.full(shape, 7),
    }
    dims = ("chain", "draw")
    sample_stats = xr.Dataset({name: (dims, value) for name, value in {**healthy, **stats}.items()})
    settings = {
        "sampler": "nutpie",
        "parameterization": "auto",
        "plan": "noncentered",
        "draws": shape[1],
        "tune": 100,
        "chains": shape[0],
        "seed": 1,
        "target_accept": 0.9,
        "seconds": 1.0,
        "versions": versions(),
        "fingerprint": fingerprint(model.design),
    }
    tree = data_tree(posterior, sample_stats, model.design)
    return Fit(model.spec, model.design, tree, settings, model.design.messages)


def random_fit(model: hb.Model, seed: int = 0, chains: int = 4, draws: int = 250) -> Fit:
    """A ``Fit`` with independent random draws of the right shapes: for identities that hold at any draws."""
    rng = np.random.default_rng(seed)
    values: dict[str, Any] = {
        names.of("b", predictor.name): rng.normal(size=len(predictor.terms))
        for predictor in model.spec.linear
    }
    values = {name: value for name, value in values.items() if len(value)}
    values |= dict.fromkeys(model.spec.scalars, 1.0)
    if model.spec.cutpoints:
        values[names.CUTPOINTS] = 1.5 * np.arange(len(model.spec.cutpoints))
    for group in model.design.all_groups:
        values[names.sd(group.name)] = np.ones(len(group.terms))
        values[names.u(group.name)] = np.zeros((group.n_groups, len(group.terms)))
    for group in model.spec.sampled_groups:
        if group.has_correlations:
            values[names.cor(group.name)] = np.eye(len(group.terms))
    shares = get_family(model.spec.family).shares
    posterior = posterior_at(model, values, chains, draws)
    for name in posterior.data_vars:
        shape = posterior[name].shape
        if name.startswith("cor_"):
            r = rng.uniform(-0.9, 0.9, size=shape[:2])
            posterior[name].values[:] = np.eye(shape[-1])
            posterior[name].values[..., 0, 1] = posterior[name].values[..., 1, 0] = r
        elif name in shares:
            posterior[name].values[:] = rng.beta(2, 3, size=shape)
        elif name.startswith("sd_") or name in model.spec.scalars:
            posterior[name].values[:] = rng.gamma(5, 0.2, size=shape)
        elif name == names.CUTPOINTS:
            posterior[name].values[:] += rng.normal(scale=0.1, size=shape)
        else:
            posterior[name].values[:] += rng.normal(scale=0.3, size=shape)
    return fit_from(model, posterior)


def fit_at_lme4(model: hb.Model, card: str, name: str) -> Fit:
    """Every draw at lme4's estimates, group effects at its conditional modes."""
    reference = LME4[card][name]
    by_name = {":".join(sorted(term.split(":"))): value for term, value in reference["b"].items()}
    values = {"b": np.array([by_name[":".join(sorted(term.split(":")))] for term in model.spec.terms])}
    if "sigma" in reference:
        values["sigma"] = reference["sigma"]
    for group in model.design.groups:
        figures = reference["groups"][group.name]
        values[f"sd_{group.name}"] = np.array([figures["sd"][term] for term in group.terms])
        if figures["cor"]:
            values[f"cor_{group.name}"] = np.array(figures["cor"])
        order = [figures["levels"].index(level) for level in group.levels]
        values[f"u_{group.name}"] = np.array([np.array(figures["ranef"][t])[order] for t in group.terms]).T
    return fit_from(model, posterior_at(model, values))
