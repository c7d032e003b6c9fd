"""Every parameter of a fit by the names that users write: in expressions, and as a summary has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.errors import DataError
from hierbayes.estimates.by_group.groups import coef, ranef, select_groups
from hierbayes.estimates.predictors import owner, predictor_term
from hierbayes.estimates.summaries import populations
from hierbayes.estimates.variance.covariance import correlation_pairs
from hierbayes.fitted.record import Fit

type Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Parameter:
    """One number of a model, or one for each group.

    Attributes
    ----------
    name : str
        What a table calls it: ``"age"``, ``"sd_school[Intercept]"``.
    full : str
        A name that no other parameter has: ``"b[age]"``.
    others : tuple of str
        Further names: ``"sd(school: Intercept)"``.
    variable : str
        The variable of the posterior.
    term : str
        The coefficient, if it is one.
    draws : DataArray
        Dims (chain, draw), and that of the groups if there is one for each.
    """

    name: str
    full: str
    others: tuple[str, ...]
    variable: str
    term: str
    draws: xr.DataArray

    @property
    def varies(self) -> bool:
        """Whether each group has its own."""
        return self.draws.ndim > 2

    def values(self) -> Floats:
        """Draws, shape (chain, draw, groups), or (chain, draw, 1)."""
        found = self.draws.transpose("chain", "draw", ...).to_numpy()
        return found if self.varies else found[..., None]


def parameters_of(fit: Fit) -> list[Parameter]:
    """The parameters of a fit in the order of its summary; group effects are not among them."""
    return [*_coefficients(fit), *_standard_deviations(fit), *_correlations(fit), *_scalars(fit)]


def parameters_of_groups(fit: Fit, group: str, *, deviations: bool) -> list[Parameter]:
    """Each group's coefficients, or their deviations from the population.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    group : str
        A grouping factor or group term.
    deviations : bool
        Whether they are those of ``ranef``, not of ``coef``.

    Raises
    ------
    UnknownNameError
        If there is no such group term.
    DataError
        If several group terms of the factor have a coefficient of one name.
    """
    specs = select_groups(fit, group, factors=True, further=True)
    drawn = ranef(fit, group, draws=True) if deviations else coef(fit, group, draws=True)
    named = names.u if deviations else names.coef
    found = []
    for spec in specs:
        dim, own = names.group_dim(spec.name), owner(fit, spec.name).name
        for term in spec.terms:
            draws = drawn[named(spec.name)].sel({names.group_term(spec.name): term}, drop=True)
            full = names.level(named(spec.name), term)
            draws = draws.rename({dim: "level"})
            found.append(Parameter(predictor_term(fit, own, term), full, (), names.u(spec.name), term, draws))
    short = [p.name for p in found]
    levels = [tuple(spec.levels) for spec in map(fit.design.group, [s.name for s in specs])]
    if len(set(short)) < len(short) or len(set(levels)) > 1:
        terms = ", ".join(repr(spec.name) for spec in specs)
        raise DataError(
            f"{group!r} has several group terms whose groups or coefficients are not alike: {terms}. Name "
            "one of them as `group`."
        )
    return found


def by_name(parameters: list[Parameter]) -> dict[str, list[Parameter]]:
    """Parameters by every name that they have; a name that several share has them all."""
    found: dict[str, list[Parameter]] = {}
    for parameter in parameters:
        for name in dict.fromkeys((parameter.name, parameter.full, *parameter.others)):
            found.setdefault(name, []).append(parameter)
    return found


def only(known: Mapping[str, list[Parameter]], name: str) -> Parameter:
    """The parameter of a name.

    Raises
    ------
    DataError
        If several have it; the message has their full names.
    """
    if len(known[name]) > 1:
        full = " or ".join(p.full for p in known[name])
        raise DataError(f"{name!r} is the name of {len(known[name])} parameters. Write {full}.")
    return known[name][0]


def _coefficients(fit: Fit) -> list[Parameter]:
    found = []
    cutpoints = [names.level(names.CUTPOINTS, label) for label in fit.spec.cutpoints]
    for predictor, b in populations(fit).items():
        variable = names.of(names.B, predictor)
        for k, term in enumerate(map(str, b[names.TERM].to_numpy())):
            draws = b.isel({names.TERM: k}, drop=True)
            if term in cutpoints and not predictor:
                found.append(Parameter(term, term, (), names.CUTPOINTS, term, draws))
            else:
                name, full = predictor_term(fit, predictor, term), names.level(variable, term)
                found.append(Parameter(name, full, (), variable, term, draws))
    return found


def _standard_deviations(fit: Fit) -> list[Parameter]:
    found = []
    for group in fit.spec.all_groups:
        variable, dim = names.sd(group.name), names.group_term(group.name)
        for term in group.terms:
            full = names.level(variable, term)
            others = (f"sd({group.name}: {term})", f"sd[{group.name}][{term}]", f"sd({term})")
            draws = fit.posterior[variable].sel({dim: term}, drop=True)
            found.append(Parameter(full, full, others, variable, term, draws))
    return found


def _correlations(fit: Fit) -> list[Parameter]:
    found = []
    for group in (*fit.spec.all_groups, *fit.spec.joint_groups):
        variable = names.cor(group.name)
        for first, second, draws in correlation_pairs(fit, group):
            pairs = (f"{first}, {second}", f"{second}, {first}")
            others = [f"cor({group.name}: {pair})" for pair in pairs] + [f"cor({pair})" for pair in pairs]
            bare = draws.drop_vars([c for c in draws.coords if c not in ("chain", "draw")])
            full = names.level(variable, pairs[0])
            others.append(names.level(variable, pairs[1]))
            found.append(Parameter(full, full, tuple(others), variable, pairs[0], bare))
    return found


def _scalars(fit: Fit) -> list[Parameter]:
    return [
        Parameter(name, names.level("family", name), (), name, "", fit.posterior[name])
        for name in fit.spec.scalars
        if name in fit.posterior
    ]
