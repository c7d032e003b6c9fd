"""Whose groups a prediction is about: the rows' own, a typical one, all of them on average, or new ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.design.newrows import UNNAMED, check_levels, new_rows
from hierbayes.design.records import Design
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.families import get_link
from hierbayes.fitted.record import Fit
from hierbayes.spec.records import GroupSpec

type Floats = NDArray[np.float64]

OWN, TYPICAL, AVERAGE, NEW = "own", "typical", "average", "new"
ESTIMANDS = {
    OWN: "the groups that the rows name",
    TYPICAL: "a typical group: all group effects zero",
    AVERAGE: "population average: group effects integrated out",
    NEW: "a new group: group effects drawn from their population",
}
"""What a prediction is about, by the value of ``groups``."""

ROUNDING = 1e-12
SAMPLE, ERROR = "sample", "error"
UNKNOWN = {
    SAMPLE: "the effects of groups that the model has not seen are drawn from their population",
    TYPICAL: "the effects of groups that the model has not seen are zero",
    ERROR: "",
}
"""What to do about groups that the model has not seen, by the value of ``new_groups``."""


@dataclass(frozen=True)
class Rows:
    """Rows to predict, and how each group term takes part.

    Attributes
    ----------
    fit : Fit
        The fitted model with the design of the rows.
    treatments : mapping of str to str
        For each of ``ModelSpec.sampled_groups``: ``"own"``, ``"typical"``, ``"average"`` or ``"new"``.
    labels : mapping of str to array of str, shape (n,)
        The group of each row, by group term; only for rows of other data.
    new_groups : str
        What is done about groups that the model has not seen.
    estimand : str
        What is predicted, in words.
    notes : tuple of str
        What the reader should know: what was decided for them.
    """

    fit: Fit
    treatments: Mapping[str, str]
    labels: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)
    new_groups: str = SAMPLE
    estimand: str = ESTIMANDS[OWN]
    notes: tuple[str, ...] = ()

    @property
    def design(self) -> Design:
        """The arrays of the rows."""
        return self.fit.design

    @property
    def integrates(self) -> bool:
        """Whether some group effects are integrated out."""
        return AVERAGE in self.treatments.values()


def rows_of(fit: Fit, data: Any = None, groups: str | None = None, new_groups: str = SAMPLE) -> Rows:
    """The rows to predict.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    data : frame or mapping, optional
        New rows; those that were fitted by default.
    groups : str, optional
        ``"own"``, ``"typical"``, ``"average"`` or ``"new"``. By default ``"own"`` for the factors that the
        rows name, and ``"average"`` for those that they do not.
    new_groups : str
        ``"sample"``, ``"typical"`` or ``"error"``: what to do about named groups that the model has not seen.

    Raises
    ------
    UnknownNameError
        If there is no such value of ``groups`` or ``new_groups``.
    DataError
        If ``groups="own"`` and the rows do not name their groups, a group is unknown and ``new_groups`` is
        ``"error"``, or a group of ``gr(g, by = h)`` is at another level of ``h`` than it was, or at two.
    """
    if groups is not None and groups not in ESTIMANDS:
        raise UnknownNameError("value of groups", groups, ESTIMANDS)
    if new_groups not in UNKNOWN:
        raise UnknownNameError("value of new_groups", new_groups, UNKNOWN)
    terms = fit.spec.sampled_groups
    if data is None:
        chosen = groups or OWN
        return Rows(fit, {g.name: chosen for g in terms}, {}, new_groups, _estimand(fit, [chosen]))
    new = new_rows(fit.design, data)
    unnamed = {g.name for g in terms if new.unnamed_terms & {part.name for part in _parts(g)}}
    if groups == OWN and unnamed:
        raise DataError(
            f"groups='own' asks for the groups that the rows name, but the data have no column "
            f"{', '.join(map(repr, new.unnamed))}. Add it, or say groups='typical', 'average' or 'new'."
        )
    treatments = {g.name: groups or (AVERAGE if g.name in unnamed else OWN) for g in terms}
    rows = Rows(replace(fit, design=new.design), treatments, new.labels, new_groups)
    check_levels(new, {p.name for g in terms if treatments[g.name] == OWN for p in _parts(g)})
    unseen = _unseen(rows)
    if unseen and new_groups == ERROR:
        factor, label = next(iter(unseen.items()))
        raise DataError(
            f"The grouping factor {factor!r} has the group {label!r}, which the model has not seen. Correct "
            "the value, or say new_groups='sample' to draw its effects from the population, or 'typical' for "
            "effects of zero."
        )
    notes = list(new.design.messages)
    if groups is None and unnamed:
        notes.append(_decided(fit, new.unnamed))
    if unseen:
        notes.append(UNKNOWN[new_groups] + f" ({_some(unseen)})")
    estimand = _estimand(fit, list(dict.fromkeys(treatments.values())))
    return replace(rows, estimand=estimand, notes=tuple(notes))


def _parts(group: GroupSpec) -> tuple[GroupSpec, ...]:
    return group.parts or (group,)


def _estimand(fit: Fit, treatments: list[str]) -> str:
    if not fit.spec.sampled_groups:
        return "the population: the model has no group effects"
    return "; ".join(ESTIMANDS[treatment] for treatment in treatments)


def _decided(fit: Fit, unnamed: tuple[str, ...]) -> str:
    """What was chosen where the rows name no groups and the call does not say."""
    missing = f"the rows name no {' and no '.join(unnamed)}"
    if get_link(fit.spec.family, fit.spec.link).name == "identity" and not fit.spec.categories:
        return f"{missing}: group effects are integrated out"
    return (
        f"{missing}: group effects are integrated out, which gives the average over the population; "
        "groups='typical' gives a group whose effects are zero, which is another number on this scale"
    )


def _unseen(rows: Rows) -> dict[str, str]:
    """The first unknown group of each factor whose own groups are asked for."""
    found: dict[str, str] = {}
    for group in rows.fit.spec.sampled_groups:
        if rows.treatments[group.name] != OWN:
            continue
        for part in _parts(group):
            unknown = unknown_rows(rows, part.name)
            if unknown.any():
                found.setdefault(part.factor, str(rows.labels[part.name][unknown][0]))
    return found


def _some(unseen: Mapping[str, str]) -> str:
    return ", ".join(f"{factor} {label!r}" for factor, label in unseen.items())


def unknown_rows(rows: Rows, name: str) -> NDArray[np.bool_]:
    """The rows whose group of a term the model has not seen, shape (n,)."""
    if name not in rows.labels:
        return np.zeros(rows.design.n, dtype=bool)
    return np.asarray((rows.design.group(name).codes < 0) & (rows.labels[name] != ""))


@dataclass(frozen=True)
class Effects:
    """Draws of the effects that rows of a group term need.

    Attributes
    ----------
    codes : int64 array, shape (n,)
        The place of each row's group among those of ``u``; -1 for rows that belong to none, whose columns
        are zero.
    u : float64 array, shape (chain, draw, groups, q)
        Effects, link scale.
    """

    codes: NDArray[np.int64]
    u: Floats


def effects_of(rows: Rows, posterior: xr.Dataset, rng: np.random.Generator) -> dict[str, Effects | None]:
    """The effects of every group term of a linear predictor; None where they are zero or integrated out.

    Parameters
    ----------
    rows : Rows
        The rows.
    posterior : Dataset
        The draws to use.
    rng : Generator
        For the effects of new groups. Rows that name the same new group share its effects; rows that name
        none have groups of their own.
    """
    found: dict[str, Effects | None] = {}
    present = {group.name for group in rows.design.all_groups}
    for group in rows.fit.spec.sampled_groups:
        treatment = rows.treatments[group.name]
        if treatment in (TYPICAL, AVERAGE) or _parts(group)[0].name not in present:
            found |= {part.name: None for part in _parts(group)}
        else:
            found |= _drawn(rows, group, posterior, rng)
    return found


def _drawn(
    rows: Rows, group: GroupSpec, posterior: xr.Dataset, rng: np.random.Generator
) -> dict[str, Effects | None]:
    parts = _parts(group)
    first = rows.design.group(parts[0].name)
    known, codes = _known(posterior, parts), first.codes.astype(np.int64)
    every = rows.treatments[group.name] == NEW
    fresh = (first.Z != 0).any(axis=1) if every else unknown_rows(rows, first.name)
    u = known
    if fresh.any():
        which = _which(rows, first.name, fresh)
        size = (*known.shape[:2], int(which.max()) + 1, known.shape[-1])
        zero = rows.new_groups == TYPICAL and not every
        new = np.zeros(size) if zero else population_effects(posterior, group, size, rng)
        codes[fresh] = known.shape[2] + which
        u = np.concatenate([known, new], axis=2)
    found: dict[str, Effects | None] = {}
    at = 0
    for part in parts:
        found[part.name] = Effects(codes, u[..., at : at + len(part.terms)])
        at += len(part.terms)
    return found


def _known(posterior: xr.Dataset, parts: tuple[GroupSpec, ...]) -> Floats:
    draws = []
    for part in parts:
        dims = ("chain", "draw", names.group_dim(part.name), names.group_term(part.name))
        draws.append(posterior[names.u(part.name)].transpose(*dims).to_numpy())
    return draws[0] if len(draws) == 1 else np.concatenate(draws, axis=-1)


def _which(rows: Rows, name: str, fresh: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Numbers of the new groups of some rows, shape (rows,): one for each label, or for each row."""
    labels = rows.labels.get(name)
    if labels is None:  # the rows that were fitted
        return np.unique(rows.design.group(name).codes[fresh], return_inverse=True)[1].astype(np.int64)
    named = labels[fresh]
    found = np.unique(named, return_inverse=True)[1].astype(np.int64)
    nameless = _is_unnamed(named)
    found[nameless] = found.max() + 1 + np.arange(int(nameless.sum()))
    return np.unique(found, return_inverse=True)[1].astype(np.int64)


def _is_unnamed(labels: NDArray[np.str_]) -> NDArray[np.bool_]:
    return np.array([UNNAMED in label for label in labels], dtype=bool)


def population_effects(
    posterior: xr.Dataset, group: GroupSpec, size: tuple[int, ...], rng: np.random.Generator
) -> Floats:
    """Effects of new groups, drawn from the population of each posterior draw, shape ``size``."""
    z = rng.standard_normal(size)
    return np.asarray(np.einsum("cdij,cdgj->cdgi", population_factor(posterior, group), z))


def population_factor(posterior: xr.Dataset, group: GroupSpec) -> Floats:
    """Cholesky factors of the covariance of a group term's effects, shape (chain, draw, q, q)."""
    sds = [
        posterior[names.sd(part.name)].transpose("chain", "draw", names.group_term(part.name)).to_numpy()
        for part in _parts(group)
    ]
    sd = np.concatenate(sds, axis=-1)
    q = sd.shape[-1]
    if not group.has_correlations:
        return sd[..., None] * np.eye(q)
    dims = ("chain", "draw", names.group_term(group.name), names.group_term_bis(group.name))
    cor = posterior[names.cor(group.name)].transpose(*dims).to_numpy()
    # Correlations that rounded to 1 would have no factor.
    return np.asarray(sd[..., None] * np.linalg.cholesky(cor + ROUNDING * np.eye(q)))
