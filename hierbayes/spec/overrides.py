"""The user's priors in the place of defaults: which key speaks for which parameter, and what may be said."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hierbayes import names
from hierbayes.errors import PriorError, nearest_match
from hierbayes.spec.priors import PRIORS, parse_prior, signatures
from hierbayes.spec.records import ModelSpec, PredictorSpec, Prior, PriorEntry


@dataclass(frozen=True)
class Role:
    """What the prior of a kind of parameter may be.

    Attributes
    ----------
    what : str
        The parameter in words.
    supports : tuple of str
        Supports that fit.
    lower, upper : float
        What an interval must not reach beyond.
    """

    what: str
    supports: tuple[str, ...]
    lower: float = -math.inf
    upper: float = math.inf

    @property
    def priors(self) -> tuple[str, ...]:
        """Names of the priors that fit."""
        return tuple(name for name, kind in PRIORS.items() if kind.support in self.supports)


LOCATION = Role("a coefficient", ("real", "positive", "interval", "any"))


def _positive(what: str) -> Role:
    return Role(f"{what}, which is positive", ("positive", "interval", "any"), lower=0.0)


def _share(what: str) -> Role:
    return Role(f"{what}, which lies between 0 and 1", ("unit", "interval"), 0.0, 1.0)


SCALE = _positive("a standard deviation")
CORRELATION = Role("a correlation matrix", ("correlation",))
CUTPOINT = Role("a cutpoint, which may be any number", ("real", "any"))

ROLES: dict[str, Role] = {
    names.INTERCEPT: LOCATION,
    names.B: LOCATION,
    "sd": SCALE,
    "cor": CORRELATION,
    names.CUTPOINTS: CUTPOINT,
    "sigma": SCALE,
    "phi": _positive("an overdispersion or a precision"),
    "shape": _positive("a shape"),
    "nu": _positive("degrees of freedom"),
    "zi": _share("a probability of a zero"),
    "hu": _share("a probability of a zero"),
}
"""What the prior of each kind of parameter may be."""

HALVES = {"normal": "half_normal", "student_t": "half_student_t", "cauchy": "half_cauchy"}


def apply_overrides(
    defaults: Sequence[PriorEntry], spec: ModelSpec, user: Mapping[str, object]
) -> tuple[PriorEntry, ...]:
    """Put the user's priors in the place of defaults.

    Parameters
    ----------
    defaults : sequence of PriorEntry
        One for every parameter of the model.
    spec : ModelSpec
        The model.
    user : mapping of str to prior
        See ``fill_priors``.

    Raises
    ------
    PriorError
        If a key names nothing, two keys contradict each other, or a prior does not fit its parameter.
    """
    keys = {entry: keys_of(entry, spec) for entry in defaults}
    known = list(dict.fromkeys(key for per_entry in keys.values() for key in per_entry))
    for key in user:
        if key not in known:
            raise _unknown_key(key, known, spec)
    for predictor in spec.linear:
        at_means, at_zero = _intercept_keys(predictor.name)
        if at_means in user and at_zero in user:
            raise PriorError(
                f"Two priors are stated for one intercept, {at_means!r} and {at_zero!r}. {at_means!r} is at "
                f"the mean of the population columns, {at_zero!r} at zero of all of them. Keep one."
            )
    parsed = {key: _read(key, value) for key, value in user.items()}
    return tuple(_override(entry, (per_entry, spec), parsed) for entry, per_entry in keys.items())


def _intercept_keys(predictor: str) -> tuple[str, str]:
    """Keys of a linear predictor's intercept, at the mean of its columns and at zero of all of them."""
    return (
        names.of(names.INTERCEPT, predictor),
        names.prior_key(names.of(names.B, predictor), names.INTERCEPT),
    )


def _owner(entry: PriorEntry, spec: ModelSpec) -> PredictorSpec:
    """The linear predictor that a parameter belongs to; the main one where it is one of the family's own."""
    for predictor in spec.predictors:
        own = [names.of(names.INTERCEPT, predictor.name), names.of(names.B, predictor.name)]
        if entry.parameter in own or entry.coordinates[:1] in [(g.name,) for g in predictor.groups]:
            return predictor
    return spec.linear[0]


def keys_of(entry: PriorEntry, spec: ModelSpec) -> list[str]:
    """Every key that speaks for an entry, the most specific last.

    Those of the main linear predictor speak for predictors of categories too, which are on the same scale;
    ``sd`` and ``b`` do not speak for those of the family's parameters, which are on another.
    """
    predictor = _owner(entry, spec)
    alike = [""] if predictor.name and predictor.link == "identity" else []
    keys = [key for name in (*alike, predictor.name) for key in _own_keys(entry, predictor, name)]
    return list(dict.fromkeys(keys))


def _own_keys(entry: PriorEntry, predictor: PredictorSpec, name: str) -> list[str]:
    """The keys of an entry of ``predictor``, written as if it were one of the linear predictor ``name``."""
    if entry.parameter == names.of(names.INTERCEPT, predictor.name):
        return [*_intercept_keys(name)]
    if entry.parameter == names.of(names.B, predictor.name):
        b = names.of(names.B, name)
        return [b, names.prior_key(b, *entry.coordinates)]
    if entry.parameter == names.CUTPOINTS:
        return [names.CUTPOINTS, entry.key]
    if not entry.coordinates:
        return [entry.parameter]
    group = {g.name: g for g in predictor.groups}.get(entry.coordinates[0])
    if group is None:  # the correlations of group terms of several linear predictors
        return [entry.parameter, entry.key]
    rest = entry.coordinates[1:]
    factor = names.within(name, group.factor)
    own = [group.name] if name == predictor.name else []
    keys = [names.prior_key(entry.parameter, where) for where in (factor, *own)]
    if not name or entry.parameter == "cor":
        keys = [entry.parameter, *keys]
    if rest:
        keys += [names.prior_key(entry.parameter, where, *rest) for where in (factor, *own)]
    return keys


def _override(
    entry: PriorEntry, where: tuple[Sequence[str], ModelSpec], parsed: Mapping[str, Prior]
) -> PriorEntry:
    keys, spec = where
    stated = [key for key in keys if key in parsed]
    if not stated:
        return entry
    predictor = _owner(entry, spec).name
    b = names.of(names.B, predictor)
    intercept = entry.parameter == names.of(names.INTERCEPT, predictor)
    role = LOCATION if intercept or entry.parameter == b else ROLES[entry.parameter]
    for key in stated:
        _check_role(key, role, parsed[key])
    key = stated[-1]
    at_zero = intercept and key in {_intercept_keys(name)[1] for name in ("", predictor)}
    parameter, coordinates = (b, (names.INTERCEPT,)) if at_zero else (entry.parameter, entry.coordinates)
    return PriorEntry(parameter, coordinates, parsed[key], source=key)


def _read(key: str, value: object) -> Prior:
    try:
        return parse_prior(value)
    except PriorError as error:
        raise PriorError(f"The prior of {key!r} cannot be used. {error}") from None


def _check_role(key: str, role: Role, prior: Prior) -> None:
    kind = PRIORS[prior.distribution]
    if kind.support not in role.supports:
        half = HALVES.get(prior.distribution)
        advice = f" Use {PRIORS[half].signature} instead." if half in role.priors else ""
        raise PriorError(
            f"The prior of {key!r} cannot be {prior}: it belongs to {role.what}. "
            f"Allowed: {signatures(role.priors)}.{advice}"
        )
    if kind.support != "interval":
        return
    lower, upper = prior.parameters
    if lower < role.lower or upper > role.upper:
        allowed = "an interval that starts at 0 or above"
        if math.isfinite(role.upper):
            allowed = f"an interval within {role.lower:g} and {role.upper:g}"
        inside = max(lower, role.lower), min(upper, role.upper)
        advice = f" Use uniform({inside[0]:g}, {inside[1]:g})." if inside[0] < inside[1] else ""
        raise PriorError(
            f"The prior of {key!r} cannot be {prior}: it belongs to {role.what}. Allowed: {allowed}.{advice}"
        )


def _keys_of_uncorrelated(spec: ModelSpec) -> set[str]:
    single = [group for group in spec.all_groups if not group.has_correlations]
    return {
        key
        for g in single
        for key in ("cor", names.prior_key("cor", g.factor), names.prior_key("cor", g.name))
    }


def _unknown_key(key: object, known: Sequence[str], spec: ModelSpec) -> PriorError:
    nearest = nearest_match(str(key), known)
    suggestion = "" if nearest is None else f" Did you mean {nearest!r}?"
    why = ""
    if str(key) in (names.INTERCEPT, names.prior_key(names.B, names.INTERCEPT)):
        why, suggestion = " It has no intercept.", ""
        if spec.categories:
            why = f" Cutpoints take the place of its intercept: use {names.CUTPOINTS!r}."
    elif key in _keys_of_uncorrelated(spec):
        why, suggestion = " A group term with one coefficient, or with `||`, has no correlation.", ""
    return PriorError(
        f"{key!r} is not a prior key of this model.{why}{suggestion} Keys: {', '.join(known) or 'none'}. "
        "Correct the key or leave it out."
    )
