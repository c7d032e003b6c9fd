"""Likelihood of all rows of a unit together, its own effects integrated out, under each draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hierbayes.design.records import Design, GroupDesign
from hierbayes.design.selection import take_rows
from hierbayes.errors import DataError
from hierbayes.estimates.leave_out.conditional import Draws, Rows
from hierbayes.estimates.leave_out.integration import NODES, POINTS, gaussian_marginal, integrated
from hierbayes.estimates.leave_out.units import Units
from hierbayes.fitted.record import Fit
from hierbayes.spec.records import GroupSpec

type Floats = NDArray[np.float64]

MOST_EFFECTS = 8
"""Effects of one unit over which a likelihood that is not normal is integrated."""

CELLS = 4_000_000
"""Numbers, draws by nodes by rows, that are held at a time."""


@dataclass(frozen=True)
class InnerTerm:
    """A group term each of whose groups has rows in one unit alone, as it is sampled.

    Attributes
    ----------
    spec : GroupSpec
        With correlations and parts.
    parts : tuple of (str, str)
        The linear predictor and the name of each group term that it consists of.
    """

    spec: GroupSpec
    parts: tuple[tuple[str, str], ...]


def inner_terms(fit: Fit, units: Units) -> tuple[InnerTerm, ...]:
    """The group terms whose effects belong to single units, and so are integrated out with them."""
    owners = {g.name: p.name for p in fit.design.linear for g in p.groups}
    found = []
    for spec in fit.spec.sampled_groups:
        parts = tuple((owners[part.name], part.name) for part in spec.parts or (spec,))
        if all(_lies_within(fit.design.group(name), units) for _, name in parts):
            found.append(InnerTerm(spec, parts))
    return tuple(found)


def _lies_within(group: GroupDesign, units: Units) -> bool:
    codes, of = group.codes[group.own], units.codes[group.own]
    first = np.full(group.n_groups, -1)
    first[codes] = of
    return bool((first[codes] == of).all())


@dataclass(frozen=True, eq=False)
class MarginalLikelihood:
    """Log likelihood of the rows of each unit, given what is not its own.

    Given a draw of coefficients, parameters, sds, correlations and the effects of groups that reach over
    several units, the units are independent. The likelihood of one is ``integral p(y | v) N(v; 0, S) dv``
    over the effects ``v`` of the groups that lie within it.

    Attributes
    ----------
    fit : Fit
        The draws, S of them.
    design : Design
        The rows of all units, with the levels of the fit.
    units : Units
        The unit of each row.
    inner : tuple of InnerTerm
        What is integrated out.
    """

    fit: Fit
    design: Design
    units: Units
    inner: tuple[InnerTerm, ...]

    @cached_property
    def draws(self) -> Draws:
        """The draws, all chains in a row."""
        return Draws(self.fit.spec, self.fit.posterior)

    @cached_property
    def _inner_names(self) -> frozenset[str]:
        return frozenset(name for term in self.inner for _, name in term.parts)

    @property
    def is_exact(self) -> bool:
        """Whether the integral has a closed form: normal responses, effects on their mean alone."""
        normal = self.fit.spec.family == "gaussian" and self.fit.spec.link == "identity"
        known = not {"low", "lb"} & self.design.part.keys()
        return normal and known and not any(owner for term in self.inner for owner, _ in term.parts)

    @cached_property
    def _clusters(self) -> list[list[NDArray[np.intp]]]:
        """Rows of each unit, taken apart into those that share no effects."""
        clusters = clusters_of([self.design.group(name) for name in self._inner_names], self.design.n)
        found = []
        for rows in self.units.rows:
            order = rows[np.argsort(clusters[rows], kind="stable")]
            found.append(np.split(order, np.flatnonzero(np.diff(clusters[order])) + 1))
        return found

    def of(self, unit: int) -> Floats:
        """Log likelihood of the rows of one unit under each draw, shape (S,)."""
        return np.sum([self._of_cluster(rows, unit) for rows in self._clusters[unit]], axis=0)

    def _of_cluster(self, chosen: NDArray[np.intp], unit: int) -> Floats:
        """The same of rows that share effects with each other alone."""
        design = take_rows(self.design, chosen)
        rows = Rows(self.draws, design, self._inner_names)
        groups = [(term, level) for term in self.inner for level in _levels(term, design)]
        n_effects = sum(len(term.spec.terms) for term, _ in groups)
        if not self.is_exact and n_effects > MOST_EFFECTS:
            raise DataError(self._too_many(unit, n_effects))
        if self.is_exact:
            nodes = n_effects + 1
        else:
            nodes = NODES[n_effects] ** n_effects if n_effects in NODES else POINTS
        size = max(1, CELLS // (design.n * nodes))
        found = np.empty(self.draws.n)
        for start in range(0, self.draws.n, size):
            some = slice(start, min(start + size, self.draws.n))
            if not groups:
                fixed = {name: eta[:, None] for name, eta in rows.fixed(some).items()}
                found[some] = rows.log_density(fixed, some).sum(axis=(1, 2))
                continue
            loadings = self._loadings(design, groups, some)
            if self.is_exact:
                found[some] = gaussian_marginal(rows, loadings[""], some)
            else:
                found[some] = integrated(rows, loadings, some)
        return found

    def _loadings(
        self, design: Design, groups: list[tuple[InnerTerm, int]], draws: slice
    ) -> dict[str, Floats]:
        """What standard normal effects add to each linear predictor, shape (draws, n, Q)."""
        widths = [len(term.spec.terms) for term, _ in groups]
        ends = np.cumsum(widths)
        found: dict[str, Floats] = {}
        for (term, level), end, width in zip(groups, ends, widths, strict=True):
            factor = self.draws.factor(term.spec)[draws]
            at = 0
            for predictor, name in term.parts:
                group = design.group(name)
                Z = np.where(group.codes[:, None] == level, group.Z, 0.0)
                own = factor[:, at : at + Z.shape[1]]
                at += Z.shape[1]
                if predictor not in found:
                    found[predictor] = np.zeros((len(factor), design.n, ends[-1]))
                found[predictor][:, :, end - width : end] += Z @ own
        return found

    def _too_many(self, unit: int, n_effects: int) -> str:
        name, label = self.units.name, self.units.labels[unit]
        return (
            f"{n_effects} group effects of {name} {label!r} hang together, and the likelihood of a "
            f"{self.fit.spec.family} response is integrated over {MOST_EFFECTS} at most. Leave out "
            "smaller units, such as the groups within."
        )


def clusters_of(groups: Sequence[GroupDesign], n: int) -> NDArray[np.intp]:
    """Which rows share groups, directly or through others; those of no group are one cluster, -1.

    Parameters
    ----------
    groups : sequence of GroupDesign
        Group terms.
    n : int
        Rows.

    Returns
    -------
    int array, shape (n,)
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = np.cumsum([n, *(group.n_groups for group in groups)])
    one = [np.flatnonzero(group.own) for group in groups]
    other = [group.codes[group.own] + start for group, start in zip(groups, ends[:-1], strict=True)]
    if not groups:
        return np.full(n, -1)
    edges = np.concatenate(one), np.concatenate(other)
    graph = coo_array((np.ones(len(edges[0])), edges), shape=(ends[-1], ends[-1]))
    found = connected_components(graph, directed=False)[1][:n]
    return np.where(np.any([group.own for group in groups], axis=0), found, -1)


def _levels(term: InnerTerm, design: Design) -> list[int]:
    """The groups of a term that have one of the rows."""
    found = [design.group(name) for _, name in term.parts]
    return sorted({int(code) for group in found for code in group.codes[group.own]})
