"""How probable statements about parameters are, and what the data say of them against the prior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, overload

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from hierbayes.errors import ArgumentTypeError, DataError, FormulaError
from hierbayes.estimates.hypotheses.expressions import EQUAL, LESS, Hypothesis, evaluate, parse_hypothesis
from hierbayes.estimates.hypotheses.parameters import (
    Parameter,
    by_name,
    only,
    parameters_of,
    parameters_of_groups,
)
from hierbayes.estimates.hypotheses.rope import Rope, rope_of, share_within
from hierbayes.estimates.hypotheses.savage import METHODS, flat_priors, prior_values, savage_dickey
from hierbayes.estimates.summarize import PROB, describe_interval, summarize
from hierbayes.fitted.record import Fit

type Floats = NDArray[np.float64]

DIFFERENCE = "left side minus right side."
DEFINITIONS = {
    LESS: "Of < and >: probability that the hypothesis holds, evidence_ratio = posterior odds, probability / "
    "(1 - probability).",
    EQUAL: "Of =: probability that the difference has the sign of most draws (probability of direction, 0.5 "
    "to 1), evidence_ratio = density at 0 of the posterior over that of the prior (Savage-Dickey, kernel "
    "estimates), above 1 in favour of 0.",
}
ERROR = "evidence_error: Monte Carlo standard error of evidence_ratio"


@overload
def hypothesis(
    fit: Fit,
    hypotheses: str | Sequence[str],
    *,
    group: str | None = ...,
    ranef: bool = ...,
    rope: tuple[float, float] | str | None = ...,
    prob: float = ...,
    draws: Literal[False] = ...,
    seed: int = ...,
) -> pd.DataFrame: ...
@overload
def hypothesis(
    fit: Fit,
    hypotheses: str | Sequence[str],
    *,
    group: str | None = ...,
    ranef: bool = ...,
    rope: tuple[float, float] | str | None = ...,
    prob: float = ...,
    draws: Literal[True],
    seed: int = ...,
) -> xr.DataArray: ...
def hypothesis(
    fit: Fit,
    hypotheses: str | Sequence[str],
    *,
    group: str | None = None,
    ranef: bool = False,
    rope: tuple[float, float] | str | None = None,
    prob: float = PROB,
    draws: bool = False,
    seed: int = 0,
) -> pd.DataFrame | xr.DataArray:
    """Statements about parameters: ``"age:ch[Y] > 0"``, ``"exp(ch[Y]) = 2"``, ``"sigma < 0.8"``.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    hypotheses : str or sequence of str
        Expressions with ``+ - * / ^ ( )``, ``exp``, ``log``, ``sqrt``, ``abs`` and ``plogis`` (inverse
        logit), and one of ``<``, ``>`` and ``=``; ``> 0`` where there is none. Names are those of
        ``summary``, backquoted if need be: coefficients ``age:ch[Y]`` (or ``b[age:ch[Y]]``),
        ``sd_school[Intercept]`` or ``sd(school: Intercept)``,
        ``cor(school: Intercept, standLRT)``, ``sigma``, ``cutpoints[low|medium]``.
    group : str, optional
        A grouping factor or group term. Coefficients that vary over its groups are then each group's own (as
        of ``coef``), and there is a row for each group; ``b[age]`` remains the population's.
    ranef : bool
        With ``group``: whether they are the deviations from the population (as of ``ranef``).
    rope : (float, float) or "auto", optional
        Region of practical equivalence, in units of the difference: adds its share of the posterior as the
        column ``rope``. ``"auto"`` is 0.1 of a standard deviation of the response to both sides of 0.
    prob : float
        Mass of the equal-tailed intervals.
    draws : bool
        Whether to return the draws of left minus right.
    seed : int
        Of the draws from the prior, for ``=``.

    Returns
    -------
    DataFrame or DataArray
        ``hypothesis``, with ``group`` (``level``,) and of left minus right ``mean, sd, lower, upper``; then
        ``probability, evidence_ratio, evidence_error, (rope,) ess_bulk, r_hat``, on the scale of the
        parameters; ``attrs["definition"]`` has the words, ``attrs["notes"]`` how densities were found. The
        DataArray has dims (chain, draw, hypothesis) and (level).

    Raises
    ------
    FormulaError
        If an expression cannot be read or names something that is not known; with a caret.
    DataError
        If an expression is no finite number in some draws, such as the logarithm of a negative one.
    UnknownNameError
        If there is no such group term.

    Notes
    -----
    The evidence ratio of ``=`` leans on the prior however many data there are: a wider prior favours 0. Draws
    that all fulfil a one-sided hypothesis have an infinite ratio; how large it is they cannot tell.

    References
    ----------
    Wagenmakers, E.-J., Lodewyckx, T., Kuriyal, H. and Grasman, R. (2010). Bayesian hypothesis testing for
    psychologists: a tutorial on the Savage-Dickey method. Cognitive Psychology 60, 158-189.
    Kruschke, J. K. (2018). Rejecting or accepting parameter values in Bayesian estimation. Advances in
    Methods and Practices in Psychological Science 1, 270-280.

    Examples
    --------
    >>> fit.hypothesis(["age:ch[Y] > 0", "exp(ch[Y]) = 2"])
    """
    if ranef and group is None:
        raise DataError("ranef=True asks for deviations of groups. Name the grouping factor, group='school'.")
    region = rope_of(fit, rope)
    names = _Names.of(fit, group, deviations=ranef)
    read = [names.read(text) for text in _texts(hypotheses)]
    values = [names.values(one) for one in read]
    if draws:
        return _array(fit, names, [one.text for one in read], values)
    rows = [_rows(names, one, found, (prob, seed)) for one, found in zip(read, values, strict=True)]
    frame = pd.concat([row for row, _ in rows], ignore_index=True)
    if region is not None:
        shares = np.concatenate([share_within(found, region) for found in values])
        frame.insert(list(frame.columns).index("ess_bulk"), "rope", shares)
    notes = list(dict.fromkeys(note for _, some in rows for note in some))
    relations = {EQUAL if one.relation == EQUAL else LESS for one in read}
    definition = " ".join([DIFFERENCE, *(DEFINITIONS[r] for r in (LESS, EQUAL) if r in relations), ERROR])
    frame.attrs.update(definition=definition, notes=(*notes, *_region_note(region)))
    return describe_interval(frame, "the parameters' own (coefficients: link)", prob)


def _texts(hypotheses: Any) -> list[str]:
    several = [hypotheses] if isinstance(hypotheses, str) else hypotheses
    if not isinstance(several, Sequence) or not all(isinstance(text, str) for text in several):
        raise ArgumentTypeError(
            f"Hypotheses are text, 'age > 0', or a sequence of texts; {hypotheses!r} was given."
        )
    if not several:
        raise DataError("No hypothesis is given. Write at least one, such as 'age > 0'.")
    return list(several)


def _region_note(region: Rope | None) -> tuple[str, ...]:
    return () if region is None else (region.words,)


@dataclass(frozen=True)
class _Names:
    """What expressions may name: the parameters of a fit, and, of groups, each group's own."""

    fit: Fit
    known: dict[str, list[Parameter]]
    shown: tuple[str, ...]
    group: str | None
    deviations: bool

    @classmethod
    def of(cls, fit: Fit, group: str | None, *, deviations: bool) -> _Names:
        population = parameters_of(fit)
        own = [] if group is None else parameters_of_groups(fit, group, deviations=deviations)
        taken = by_name(own)
        known = by_name(population)
        if deviations:  # the deviation of a coefficient that does not vary has no name
            kept = {
                name: [p for p in some if p.name != name or p.name == p.full or not p.term]
                for name, some in known.items()
            }
            known = {name: some for name, some in kept.items() if some}
        shown = dict.fromkeys([p.name for p in own] + [p.name for p in population if p.name in known])
        return cls(fit, {**known, **taken}, tuple(shown), group, deviations)

    def read(self, text: str) -> Hypothesis:
        found = parse_hypothesis(text, self.known, self.shown)
        if self.group is not None and not any(p.varies for p in self.used(found)):
            varying = ", ".join(name for name in self.shown if any(p.varies for p in self.known[name]))
            raise FormulaError(
                f"The hypothesis names no coefficient that varies over {self.group!r}.",
                *(text, (0, len(text))),
                f"Name one of: {varying}; or leave out group=.",
            )
        return found

    def used(self, one: Hypothesis) -> list[Parameter]:
        return [only(self.known, name) for name in one.names]

    def values(self, one: Hypothesis) -> Floats:
        """Draws of left minus right, (chain, draw, groups), all finite."""
        found = self.raw(one)
        wrong = ~np.isfinite(found)
        if wrong.any():
            raise DataError(
                f"{one.text!r} is not a finite number in {int(wrong.any(axis=-1).sum()):,} of "
                f"{found.shape[0] * found.shape[1]:,} draws: a logarithm, root or power of a negative "
                "number, a division by zero, or too large a number. Change the expression."
            )
        return found

    def raw(self, one: Hypothesis) -> Floats:
        drawn = {name: only(self.known, name).values() for name in one.names}
        return evaluate(one.steps, drawn)

    def in_prior(self, one: Hypothesis, seed: int) -> Floats:
        """Draws of left minus right from the prior, (1, draws, 1)."""

        def drawn(prior: Fit) -> Floats:
            return _Names.of(prior, self.group, deviations=self.deviations).raw(one)

        return prior_values(self.fit, drawn, seed=seed)

    @property
    def levels(self) -> list[str]:
        first = next(p for some in self.known.values() for p in some if p.varies)
        return list(first.draws["level"].to_numpy())


def _array(fit: Fit, names: _Names, texts: list[str], values: list[Floats]) -> xr.DataArray:
    stacked = np.stack(values, axis=2)
    coords = {"chain": fit.posterior["chain"], "draw": fit.posterior["draw"], "hypothesis": texts}
    if names.group is None:
        return xr.DataArray(stacked[..., 0], coords, ("chain", "draw", "hypothesis"))
    return xr.DataArray(stacked, {**coords, "level": names.levels}, ("chain", "draw", "hypothesis", "level"))


def _rows(
    names: _Names, one: Hypothesis, values: Floats, how: tuple[float, int]
) -> tuple[pd.DataFrame, list[str]]:
    """The rows of a hypothesis, one for each group, and remarks."""
    prob, seed = how
    rows = summarize(xr.DataArray(values, dims=("chain", "draw", "level")), prob)
    above, below = (values > 0).mean(axis=(0, 1)), (values < 0).mean(axis=(0, 1))
    if one.relation == EQUAL:
        probability = np.maximum(above, below)
        ratio, error, notes = _evidence_of_zero(names, one, values, seed)
    else:
        probability = below if one.relation == LESS else above
        ratio, error, notes = _odds(one, values, probability)
    found = {"probability": probability, "evidence_ratio": ratio, "evidence_error": error}
    for k, (name, column) in enumerate(found.items()):
        rows.insert(4 + k, name, column)
    if names.group is not None:
        rows.insert(0, "level", names.levels)
    rows.insert(0, "hypothesis", one.text)
    return rows, notes


def _odds(one: Hypothesis, values: Floats, p: Floats) -> tuple[Floats, Floats, list[str]]:
    """Posterior odds, their Monte Carlo standard errors, and remarks."""
    from arviz_stats.base import array_stats

    holds = (values < 0 if one.relation == LESS else values > 0).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = p / (1 - p)
        # The derivative of odds by the probability is 1 / (1 - p)^2.
        error = array_stats.mcse(holds, method="mean", chain_axis=0, draw_axis=1) / (1 - p) ** 2
    error = np.where(np.isfinite(odds) & (p > 0), error, np.nan)
    n = values.shape[0] * values.shape[1]
    if not np.isinf(odds).any():
        return odds, error, []
    which = _some(np.isinf(odds))
    note = (
        f"{one.text!r} holds in all {n:,} draws{which}: the odds are beyond what these can tell, shown as inf"
    )
    return odds, error, [note]


def _some(which: NDArray[np.bool_]) -> str:
    return "" if which.all() else f" in {int(which.sum())} of {len(which)} groups"


def _evidence_of_zero(
    names: _Names, one: Hypothesis, values: Floats, seed: int
) -> tuple[Floats, Floats, list[str]]:
    """Savage-Dickey ratios, their Monte Carlo standard errors, and remarks."""
    nothing = np.full(values.shape[-1], np.nan)
    flat = flat_priors(names.fit.spec, names.used(one))
    if flat:
        return nothing, nothing, [f"{one.text!r} has no evidence ratio: the prior of {flat[0]} is flat"]
    if (values.std(axis=(0, 1)) == 0).any():
        return nothing, nothing, [f"{one.text!r} has no evidence ratio: it is the same in all draws"]
    prior = names.in_prior(one, seed)
    lost = ~np.isfinite(prior)
    if lost.any():
        share = lost.mean()
        words = f"{one.text!r} has no evidence ratio: it is no finite number in {share:.2%} of the prior"
        return nothing, nothing, [words]
    found = savage_dickey(values, prior)
    notes = [
        f"density of the posterior at 0, {one.text!r}{_some(found.method == method)}: {words}"
        for method, words in METHODS.items()
        if words and (found.method == method).any()
    ]
    if found.rough:
        notes.append(
            f"the prior has hardly any draw near 0 of {one.text!r}: its density is that of a normal one"
        )
    return found.value, found.error, notes
