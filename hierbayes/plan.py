"""How a model will be sampled: in which parameterization, through which route, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from hierbayes.design import Design
from hierbayes.errors import DataError, UnknownNameError
from hierbayes.families import get_family
from hierbayes.geometry import Coordinates, coordinates
from hierbayes.kernels.compress import row_data
from hierbayes.kernels.coverage import collapsed_refusal, rows_refusal
from hierbayes.spec import ModelSpec

AUTO, COLLAPSED = "auto", "collapsed"
PARAMETERIZATIONS = (AUTO, COLLAPSED, "partial", "noncentered", "centered")
KERNEL, GRAPH = "kernel", "graph"
ROUTES = (AUTO, KERNEL, GRAPH)
KERNEL_SAMPLERS = ("nutpie",)

TUNE = {COLLAPSED: 300, "nutpie": 500, "pymc": 1000, "numpyro": 1000, "blackjax": 1000}
"""Warm-up draws of each chain: few where NUTS runs over variance parameters only, else by the sampler."""

TARGET_ACCEPT = {COLLAPSED: 0.9, "nutpie": 0.8, "pymc": 0.9, "numpyro": 0.8, "blackjax": 0.8}
"""Acceptance rates that step sizes are tuned to. In whitened coordinates 0.8 halves the steps of 0.9."""

STIFF, STIFF_ACCEPT = 2.0, 0.9
"""``Coordinates.stiffness`` from which smaller steps are taken, and the acceptance rate that gives them."""

LONG_TAIL_TUNE, LONG_TAIL_ACCEPT = 1000, 0.9
"""Where a share such as ``zi`` is sampled: near 0 its logit has a long tail, which takes more warm-up and
smaller steps. Of 60 seeds of a zero-inflated model with few extra zeros 2 had an R-hat above 1.01 without,
none with them."""


def coordinates_of(spec: ModelSpec, design: Design) -> Coordinates:
    """The coordinates to sample in.

    Raises
    ------
    DataError
        No rough fit can be computed in double precision, from which they start.
    """
    try:
        with np.errstate(all="ignore"):  # of rough values, which are kept within bounds
            return coordinates(spec, design)
    except np.linalg.LinAlgError:
        raise DataError(
            f"No starting point can be computed for {spec.formula}: {design.X.shape[1]:,} population columns "
            f"for {design.X.shape[0]:,} rows, or columns that differ by too many orders of magnitude. Leave "
            "columns out, merge levels of factors, or give the columns units in which they are of one size."
        ) from None


@dataclass(frozen=True)
class Plan:
    """How a model will be sampled, and why.

    Attributes
    ----------
    parameterization : mapping of str to str
        ``"collapsed"`` for all group terms, or ``"partial"``, ``"noncentered"``, ``"centered"`` for each.
    route : str
        ``"kernel"``: a log density that is compiled once for all models; ``"graph"``: the PyMC model,
        compiled for this one.
    reason : str
        Why, in words.
    collapsed : bool
        Whether coefficients and group effects are integrated out while NUTS runs.
    sampler : str
        ``"nutpie"``, ``"pymc"``, ``"numpyro"``, ``"blackjax"``.
    rows : int
        Rows that one evaluation of the log density goes through: fewer than the data's where identical ones
        are merged, 0 where sufficient statistics serve.
    stiffness : float
        ``Coordinates.stiffness``.
    long_tail : bool
        Whether a parameter of the family is a share, sampled on the logit scale.
    """

    parameterization: Mapping[str, str]
    route: str
    reason: str
    collapsed: bool = False
    sampler: str = "nutpie"
    rows: int = 0
    stiffness: float = 1.0
    long_tail: bool = False

    @property
    def tune(self) -> int:
        """Warm-up draws of each chain, unless others are asked for."""
        usual = TUNE[COLLAPSED if self.collapsed else self.sampler]
        return max(usual, LONG_TAIL_TUNE) if self.long_tail else usual

    @property
    def target_accept(self) -> float:
        """Acceptance rate that step sizes are tuned to, unless another is asked for."""
        usual = TARGET_ACCEPT[COLLAPSED if self.collapsed else self.sampler]
        stiff = STIFF_ACCEPT if self.stiffness > STIFF else usual
        return max(usual, stiff, LONG_TAIL_ACCEPT if self.long_tail else usual)

    def __str__(self) -> str:
        if self.collapsed:
            return COLLAPSED
        forms = set(self.parameterization.values())
        if len(forms) <= 1:
            return "".join(forms) or "noncentered"
        return ", ".join(f"{group}: {form}" for group, form in self.parameterization.items())


@dataclass(frozen=True)
class Wish:
    """What the user asked for.

    Attributes
    ----------
    parameterization : str
        One of ``PARAMETERIZATIONS``.
    sampler : str
        ``"nutpie"``, ``"pymc"``, ``"numpyro"``, ``"blackjax"``.
    route : str
        One of ``ROUTES``.

    Raises
    ------
    UnknownNameError
        If there is no such parameterization or route.
    """

    parameterization: str = AUTO
    sampler: str = "nutpie"
    route: str = AUTO

    def __post_init__(self) -> None:
        if self.parameterization not in PARAMETERIZATIONS:
            raise UnknownNameError("parameterization", self.parameterization, PARAMETERIZATIONS)
        if self.route not in ROUTES:
            raise UnknownNameError("route", self.route, ROUTES)


def make_plan(spec: ModelSpec, design: Design, frame: Coordinates, wish: Wish) -> Plan:
    """Choose the parameterization and the route.

    ``"auto"`` collapses where that is exact and cheap. Elsewhere every group's effects are sampled given what
    its rows say of them (``geometry.coordinates``). Kernels are used wherever they cover the model.

    Raises
    ------
    DataError
        If what was asked for is impossible for this model.

    References
    ----------
    Papaspiliopoulos, O., Roberts, G. O. and Sköld, M. (2007). A general framework for the parametrization
    of hierarchical models. Statistical Science 22, 59-73.
    """
    no_kernel = None
    if wish.route == GRAPH:
        no_kernel = "the PyMC graph was asked for"
    elif wish.sampler not in KERNEL_SAMPLERS:
        no_kernel = f"the sampler {wish.sampler} takes PyMC models only"
    groups = [group.name for group in spec.sampled_groups]
    refusal = no_kernel or collapsed_refusal(spec, design.part)
    if wish.parameterization == COLLAPSED and refusal:
        raise DataError(
            f"This model cannot be sampled collapsed: {refusal}. Allowed: parameterization='auto', which "
            "collapses where that is exact, 'partial', 'noncentered' or 'centered'."
        )
    if wish.parameterization in (AUTO, COLLAPSED) and not refusal:
        forms = dict.fromkeys(groups, COLLAPSED)
        return Plan(forms, KERNEL, _why_collapsed(spec), collapsed=True, sampler=wish.sampler)
    no_kernel = no_kernel or rows_refusal(spec, design.part)
    if wish.route == KERNEL and no_kernel:
        raise DataError(f"No kernel covers this model: {no_kernel}. Allowed: route='auto' or 'graph'.")
    if wish.parameterization != AUTO:
        form, reason = wish.parameterization, "as asked for"
    elif groups:
        form, reason = "partial", _why_partial(spec, frame)
    else:
        form, reason = "partial", "there are no group effects"
    forms, sampler = dict.fromkeys(groups, form), wish.sampler
    plan = Plan(
        forms, KERNEL, reason, sampler=sampler, stiffness=frame.stiffness, long_tail=_has_long_tail(spec)
    )
    if no_kernel:
        reason += f"; through the PyMC graph, since {no_kernel}"
        return replace(plan, route=GRAPH, reason=reason, rows=design.n)
    rows = len(row_data(design, frame.X, spec.family).y)
    if rows < design.n:
        reason += f"; identical rows are merged, {design.n:,} to {rows:,}"
    return replace(plan, reason=reason, rows=rows)


def _has_long_tail(spec: ModelSpec) -> bool:
    return any(name in get_family(spec.family).shares for name in spec.scalars)


def _why_collapsed(spec: ModelSpec) -> str:
    what = "coefficients and group effects" if spec.groups else "coefficients"
    return (
        f"NUTS runs over the variance parameters alone; {what} are drawn from their exact conditional "
        "afterwards (Gaussian response, identity link, normal or flat priors on b)"
    )


def _why_partial(spec: ModelSpec, frame: Coordinates) -> str:
    shares = []
    for group in spec.sampled_groups:
        typical = np.median(frame.groups[group.name].centering, axis=0)
        parts = [f"{term} {100 * share:.0f} %" for term, share in zip(group.terms, typical, strict=True)]
        shares.append(f"{group.name}: {', '.join(parts)}")
    reason = "each group effect is centered by how much its own rows say about it, in a typical group of "
    return reason + "; ".join(shares)
