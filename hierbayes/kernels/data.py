"""What the log density over rows reads and fills in: flat arrays behind a table of addresses."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from hierbayes.kernels.effects import Effects
from hierbayes.kernels.jit import codes, compiled, floats, integers


class Layout(NamedTuple):
    """Sizes of a model and of its unconstrained vector.

    That has theta, log distances of cutpoints, positives, partial correlations, effects in this order.

    Attributes
    ----------
    n, p : int
        Rows and population coefficients.
    n_positives, n_vines : int
        Standard deviations and family parameters; partial correlations.
    n_effects, n_columns : int
        Effects of all groups, and columns of ``Z`` of all group terms.
    n_parameters : int
        Family parameters, the last of the positives.
    n_more, link : int
        Columns of ``more``, and the link's place in ``coverage.LINKS``.
    n_cutpoints : int
        Cutpoints of an ordered response; 0 for others.
    """

    n: int
    p: int
    n_positives: int
    n_vines: int
    n_effects: int
    n_columns: int
    n_parameters: int
    n_more: int
    link: int
    n_cutpoints: int


class Data(NamedTuple):
    """The arrays of a model as its log density reads them; built by ``prepare``.

    Attributes
    ----------
    layout : Layout
        Sizes.
    slots, kinds, priors : arrays, shapes (p,), (p,), (p, 3)
        Where each coefficient's value is in the vector, and its prior.
    center, unwhiten : float64 arrays, shapes (p,) and (p, p)
        ``theta = center + unwhiten v`` for coefficients that are unbounded.
    positive_kinds, positive_priors : arrays, shapes (k,), (k, 3)
        Priors of the positives.
    vine_shapes : float64 array, shape (n_vines,)
        Beta shapes of the partial correlations.
    groups : int64 array, shape (n_terms, 6)
        Of each group term ``q``, ``n_groups``, whether correlated, first effect, first partial correlation,
        whether it is sampled around what its rows say.
    weights, guess, shift : float64 arrays, flat
        ``Effects`` of the group terms, one after the other.
    y, size, offset : float64 arrays, shape (n,)
        Responses, trials or copies, and offsets (of length 0 for none).
    X, Z : float64 arrays, shapes (n, p) and (n, n_columns)
        Population columns, and the columns of all group terms side by side.
    places : int32 array, shape (n, n_columns)
        Which of all effects each column of ``Z`` multiplies.
    constant : float64 array, shape (1,)
        What the log density owes to the data and to the whitening alone.
    order : int64 array, shape (n_terms,)
        Group terms, those with fewest groups first.
    link_start, link_index, link_weight : int64, int64 and float64 arrays
        Couplings of all effects, as of ``Effects``.
    more : float64 array, shape (n, n_more)
        What else the family reads of each row.
    owners : int64 array, shape (p + n_columns,)
        The linear predictor of each column of ``X``, then of ``Z``: 0 is the main one.
    sources : int64 array, shape (parameters of the likelihood,)
        Where each of them comes from: ``k > 0``, linear predictor ``k``; ``-1 - k``, scalar parameter ``k``.
    inverses : int64 array, shape (linear predictors,)
        The link of each, a place in ``coverage.LINKS``.
    further_offsets : float64 array, flat
        Offsets (n, linear predictors - 1) of the further ones; of length 0 for none.
    information, score : float64 arrays, flat
        ``Effects`` of the group terms, one after the other.
    ease : float64 array, shape (n_positives,)
        As of ``easing``.
    cutpoint_kinds, cutpoint_priors, cutpoint_weights : arrays, shapes (K - 1,), (K - 1, 3), (K - 1,)
        Priors of the cutpoints, and the weights of their location; see ``geometry.cutpoints``.
    """

    layout: Layout
    slots: Any
    kinds: Any
    priors: Any
    center: Any
    unwhiten: Any
    positive_kinds: Any
    positive_priors: Any
    vine_shapes: Any
    groups: Any
    weights: Any
    guess: Any
    shift: Any
    y: Any
    size: Any
    offset: Any
    X: Any
    Z: Any
    places: Any
    constant: Any
    order: Any
    link_start: Any
    link_index: Any
    link_weight: Any
    more: Any
    owners: Any
    sources: Any
    inverses: Any
    further_offsets: Any
    information: Any
    score: Any
    ease: Any
    cutpoint_kinds: Any
    cutpoint_priors: Any
    cutpoint_weights: Any


N_ARRAYS = len(Data._fields)


@compiled
def read(table: Any) -> Data:
    """The arrays behind a table of addresses, in the order of ``Data``."""
    s = integers(table, 0)
    layout = Layout(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9])
    n, p = layout.n, layout.p
    groups = integers(table, 9)
    n_terms = groups.shape[0] // 6
    return Data(
        layout,
        integers(table, 1),
        integers(table, 2),
        floats(table, 3).reshape((p, 3)),
        floats(table, 4),
        floats(table, 5).reshape((p, p)),
        integers(table, 6),
        floats(table, 7).reshape((layout.n_positives, 3)),
        floats(table, 8),
        groups.reshape((n_terms, 6)),
        floats(table, 10),
        floats(table, 11),
        floats(table, 12),
        floats(table, 13),
        floats(table, 14),
        floats(table, 15),
        floats(table, 16).reshape((n, p)),
        floats(table, 17).reshape((n, layout.n_columns)),
        codes(table, 18).reshape((n, layout.n_columns)),
        floats(table, 19),
        integers(table, 20),
        integers(table, 21),
        integers(table, 22),
        floats(table, 23),
        floats(table, 24).reshape((n, layout.n_more)),
        integers(table, 25),
        integers(table, 26),
        integers(table, 27),
        floats(table, 28),
        floats(table, 29),
        floats(table, 30),
        floats(table, 31),
        integers(table, 32),
        floats(table, 33).reshape((layout.n_cutpoints, 3)),
        floats(table, 34),
    )


class State(NamedTuple):
    """A model's parameters at one unconstrained vector; arrays as flat as in ``Data``.

    Attributes
    ----------
    theta, theta_slope, theta_bar : float64 arrays, shape (p,)
        Coefficients, derivatives of the bounded ones in their values, and derivatives of the log density.
    positive, vine : float64 arrays, shapes (3, k) and (3, n_vines)
        As ``scales`` writes them.
    L, L_bar : float64 arrays, flat
        Cholesky factors (q, q) of the group terms, and derivatives in them.
    u, z, u_bar : float64 arrays, shape (n_effects,)
        Effects (n_groups, q) of the group terms, standardized, and derivatives in them.
    own, own_bar : float64 arrays, shape (n_parameters + n_cutpoints,)
        What the family's row function is given: its parameters, or cutpoints less their location; and
        derivatives in them.
    """

    theta: Any
    theta_slope: Any
    theta_bar: Any
    positive: Any
    vine: Any
    L: Any
    L_bar: Any
    u: Any
    z: Any
    u_bar: Any
    own: Any
    own_bar: Any


@compiled
def new_state(data: Data) -> State:
    """Arrays for one evaluation."""
    layout, squares = data.layout, 0
    for g in range(data.groups.shape[0]):
        squares += data.groups[g, 0] ** 2
    return State(
        np.empty(layout.p),
        np.zeros(layout.p),
        np.zeros(layout.p),
        np.empty((3, layout.n_positives)),
        np.empty((3, layout.n_vines)),
        np.zeros(squares),
        np.zeros(squares),
        np.empty(layout.n_effects),
        np.empty(layout.n_effects),
        np.zeros(layout.n_effects),
        np.empty(layout.n_parameters + layout.n_cutpoints),
        np.zeros(layout.n_parameters + layout.n_cutpoints),
    )


class Term(NamedTuple):
    """Where one group term's arrays start.

    Attributes
    ----------
    q, n_groups, correlated : int
        Columns, groups, and whether there are correlations.
    effect, vine : int
        First effect and first partial correlation.
    column, square, weight : int
        First column of ``Z`` (and first sd), first entry of ``L``, first entry of ``shift``.
    """

    q: int
    n_groups: int
    correlated: int
    effect: int
    vine: int
    column: int
    square: int
    shift: int
    information: int
    informed: int


@compiled
def term_at(data: Data, g: int) -> Term:
    """The ``g``-th group term."""
    column, square, shift, information = 0, 0, 0, 0
    for h in range(g):
        q, n_groups = data.groups[h, 0], data.groups[h, 1]
        column, square = column + q, square + q * q
        shift, information = shift + q * n_groups * data.layout.p, information + q * q * n_groups
    row = data.groups[g]
    return Term(row[0], row[1], row[2], row[3], row[4], column, square, shift, information, row[5])


@compiled
def effects_of(data: Data, term: Term, state: State) -> Effects:
    """A group term as ``forward`` and ``backward`` take it."""
    q, J, p = term.q, term.n_groups, data.layout.p
    informed = J * term.informed
    return Effects(
        data.weights[term.effect : term.effect + J * q].reshape((J, q)),
        data.guess[term.column : term.column + q],
        data.shift[term.shift : term.shift + J * q * p].reshape((J, q, p)),
        state.positive[0, term.column : term.column + q],
        state.L[term.square : term.square + q * q].reshape((q, q)),
        data.link_start[term.effect : term.effect + J * q + 1],
        data.link_index,
        data.link_weight,
        data.information[term.information : term.information + informed * q * q].reshape((informed, q, q)),
        data.score[term.effect : term.effect + informed * q].reshape((informed, q)),
    )
