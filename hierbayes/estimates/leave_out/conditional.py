"""The density of some rows as a function of their linear predictors, under each draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.records import Design, GroupDesign, PredictorDesign
from hierbayes.families import LINKS, Family, Link, get_family, get_link
from hierbayes.spec.records import GroupSpec, ModelSpec

type Floats = NDArray[np.float64]
type Predicted = Mapping[str, Floats]
"""Values of each linear predictor by its name; the main one is called ``""``."""

STEP = 1e-3  # of central differences; parameters are predicted on a log or logit scale


@dataclass(frozen=True, eq=False)
class Draws:
    """The draws of a posterior with all chains in one row: shape (S, ...)."""

    spec: ModelSpec
    posterior: xr.Dataset

    @property
    def n(self) -> int:
        """Their number S."""
        return int(self.posterior.sizes["chain"] * self.posterior.sizes["draw"])

    @cached_property
    def _held(self) -> dict[tuple[str, ...], Floats]:
        return {}

    def of(self, name: str, *dims: str) -> Floats:
        """A variable with its own dims in this order."""
        key = (name, *dims)
        if key not in self._held:
            values = self.posterior[name].transpose("chain", "draw", *dims).to_numpy()
            self._held[key] = values.reshape(self.n, *values.shape[2:])
        return self._held[key]

    def b(self, predictor: str) -> Floats:
        """Population coefficients of a linear predictor, shape (S, p)."""
        return self.of(names.of(names.B, predictor), names.within(predictor, names.TERM))

    def u(self, group: str) -> Floats:
        """Effects of a group term, shape (S, groups, q)."""
        return self.of(names.u(group), names.group_dim(group), names.group_term(group))

    def factor(self, group: GroupSpec) -> Floats:
        """``L`` with ``L L'`` the covariance of the effects of a group term, shape (S, q, q)."""
        parts = group.parts or (group,)
        sd = np.concatenate([self.of(names.sd(g.name), names.group_term(g.name)) for g in parts], axis=1)
        if not group.has_correlations:
            return sd[:, :, None] * np.eye(sd.shape[1])
        dims = names.group_term(group.name), names.group_term_bis(group.name)
        correlations = self.of(names.cor(group.name), *dims)
        # Draws at the boundary may miss a positive diagonal by rounding.
        jitter = 1e-12 * np.eye(sd.shape[1])
        return np.asarray(sd[:, :, None] * np.linalg.cholesky(correlations + jitter))


@dataclass(frozen=True, eq=False)
class Rows:
    """Some rows of a model under draws of its posterior.

    Attributes
    ----------
    draws : Draws
        S draws.
    design : Design
        The rows, n of them.
    inner : frozenset of str
        Group terms whose effects are not in the linear predictors: they are integrated out.
    """

    draws: Draws
    design: Design
    inner: frozenset[str]

    @cached_property
    def distribution(self) -> tuple[Family, Link]:
        """Family and link."""
        spec = self.draws.spec
        return get_family(spec.family), get_link(spec.family, spec.link)

    def fixed(self, draws: slice) -> dict[str, Floats]:
        """The linear predictors without the effects of ``inner``, shape (draws, n)."""
        return {p.name: self._predictor(p, draws) for p in self.design.linear}

    def _predictor(self, predictor: PredictorDesign, draws: slice) -> Floats:
        eta = np.zeros((len(range(*draws.indices(self.draws.n))), self.design.n))
        if predictor.terms:
            eta += self.draws.b(predictor.name)[draws] @ predictor.X.T
        for group in predictor.groups:
            if group.name not in self.inner:
                eta += _effects(self.draws.u(group.name)[draws], group)
        return eta if predictor.offset is None else eta + predictor.offset

    def parameters(self, predicted: Predicted, draws: slice) -> dict[str, Any]:
        """What the family's methods need for linear predictors of shape (draws, nodes, n)."""
        spec, family = self.draws.spec, self.distribution[0]
        values: dict[str, Any] = {name: self.draws.of(name)[draws, None, None] for name in spec.scalars}
        for predictor in spec.predictors:
            values[predictor.name] = LINKS[predictor.link].inverse(predicted[predictor.name])
        found = {**family.arrange({name: values[name] for name in spec.parameters})}
        if spec.cutpoints:
            cutpoints = self.draws.of(names.CUTPOINTS, *self._cutpoint_dims)
            found[names.CUTPOINTS] = cutpoints[draws, None, None]
        return {**found, **self.design.row_data}

    @cached_property
    def _cutpoint_dims(self) -> tuple[str, ...]:
        dims = self.draws.posterior[names.CUTPOINTS].dims
        return tuple(str(dim) for dim in dims if dim not in ("chain", "draw"))

    def log_density(self, predicted: Predicted, draws: slice) -> Floats:
        """Of each row, shape (draws, nodes, n); ``-inf`` where there is no such distribution."""
        family, link = self.distribution
        parameters = self.parameters(predicted, draws)
        with np.errstate(all="ignore"):
            values = family.log_density(self.design.y, predicted[""], parameters, link)
        return np.where(np.isnan(values), -np.inf, values)

    def slopes(self, predicted: Predicted, draws: slice) -> dict[str, tuple[Floats, Floats]]:
        """Score and curvature (at least 0) of each row in each linear predictor, shape (draws, nodes, n).

        By central differences, but for the score in the main one, which the family has.
        """
        family, link = self.distribution
        parameters = self.parameters(predicted, draws)
        found = {}
        with np.errstate(all="ignore"):
            score, low, high = (
                family.score(self.design.y, predicted[""] + step, parameters, link)
                for step in (0.0, -STEP, STEP)
            )
            found[""] = score, (low - high) / (2 * STEP)
            middle = self.log_density(predicted, draws) if len(predicted) > 1 else None
            for name, eta in predicted.items():
                if name and middle is not None:
                    low = self.log_density({**predicted, name: eta - STEP}, draws)
                    high = self.log_density({**predicted, name: eta + STEP}, draws)
                    found[name] = (high - low) / (2 * STEP), (2 * middle - high - low) / STEP**2
        shapes = {name: eta.shape for name, eta in predicted.items()}
        return {
            name: (_finite(one, shapes[name]), np.maximum(_finite(two, shapes[name]), 0.0))
            for name, (one, two) in found.items()
        }

    def crossed(self, predicted: Predicted, pair: tuple[str, str], draws: slice) -> Floats:
        """Minus the mixed second derivative of each row's log density in two linear predictors.

        By central differences: of the score where one of them is the main one.
        """
        family, link = self.distribution
        first, second = pair
        with np.errstate(all="ignore"):
            if first == "":
                up, down = ({**predicted, second: predicted[second] + h} for h in (STEP, -STEP))
                high, low = (
                    family.score(self.design.y, at[""], self.parameters(at, draws), link) for at in (up, down)
                )
                values = (low - high) / (2 * STEP)
            else:
                corners = (
                    i
                    * j
                    * self.log_density(
                        {
                            **predicted,
                            first: predicted[first] + i * STEP,
                            second: predicted[second] + j * STEP,
                        },
                        draws,
                    )
                    for i in (-1, 1)
                    for j in (-1, 1)
                )
                values = -np.sum(list(corners), axis=0) / (4 * STEP**2)
        return _finite(values, predicted[first].shape)


def _finite(values: Floats, shape: tuple[int, ...]) -> Floats:
    return np.broadcast_to(np.where(np.isfinite(values), values, 0.0), shape)


def _effects(u: Floats, group: GroupDesign) -> Floats:
    """What a group term adds to the rows, shape (S, n); nothing in rows of none of its groups."""
    added = np.zeros((len(u), len(group.codes)))
    for k in range(group.Z.shape[1]):
        added += u[:, :, k][:, group.codes] * group.Z[:, k]
    return added
