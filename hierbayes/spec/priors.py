"""The table of priors and the reading of one: text, a ``Prior``, or another package's distribution object."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hierbayes.errors import PriorError, nearest_match
from hierbayes.spec.foreign import read_foreign
from hierbayes.spec.records import Prior

type Check = Callable[[Mapping[str, float]], str | None]


@dataclass(frozen=True)
class PriorKind:
    """One row of ``PRIORS``.

    Attributes
    ----------
    name : str
        ``"half_student_t"``.
    parameters : tuple of str
        Names of the parameters, in the order of ``Prior.parameters``: ``("nu", "sigma")``.
    support : str
        ``"real"``, ``"positive"``, ``"interval"``, ``"unit"`` (from 0 to 1), ``"correlation"``, or ``"any"``
        for the flat prior, which takes the support of the parameter it is given to.
    positive : tuple of str
        The parameters that must be greater than 0.
    check : callable or None
        Says what is wrong with the parameters taken together, or None.
    """

    name: str
    parameters: tuple[str, ...]
    support: str
    positive: tuple[str, ...] = ()
    check: Check | None = None

    @property
    def signature(self) -> str:
        """How it is written: ``half_student_t(nu, sigma)``."""
        return f"{self.name}({', '.join(self.parameters)})"

    def problem(self, values: Mapping[str, float]) -> str | None:
        """What is wrong with the values of the parameters, in words, or None."""
        for name, value in values.items():
            if not math.isfinite(value):
                return f"{name} must be finite, not {value:g}"
            if name in self.positive and value <= 0:
                return f"{name} must be greater than 0, not {value:g}"
        return self.check(values) if self.check is not None else None


def _ordered(values: Mapping[str, float]) -> str | None:
    lower, upper = values["lower"], values["upper"]
    return None if lower < upper else f"lower must be less than upper, not {lower:g} and {upper:g}"


PRIORS: dict[str, PriorKind] = {
    kind.name: kind
    for kind in (
        PriorKind("normal", ("mu", "sigma"), "real", ("sigma",)),
        PriorKind("student_t", ("nu", "mu", "sigma"), "real", ("nu", "sigma")),
        PriorKind("cauchy", ("mu", "sigma"), "real", ("sigma",)),
        PriorKind("half_normal", ("sigma",), "positive", ("sigma",)),
        PriorKind("half_student_t", ("nu", "sigma"), "positive", ("nu", "sigma")),
        PriorKind("half_cauchy", ("sigma",), "positive", ("sigma",)),
        PriorKind("exponential", ("rate",), "positive", ("rate",)),
        PriorKind("gamma", ("alpha", "beta"), "positive", ("alpha", "beta")),
        PriorKind("uniform", ("lower", "upper"), "interval", (), _ordered),
        PriorKind("beta", ("alpha", "beta"), "unit", ("alpha", "beta")),
        PriorKind("flat", (), "any"),
        PriorKind("lkj", ("eta",), "correlation", ("eta",)),
    )
}

_SPELLINGS = {name.replace("_", ""): name for name in PRIORS}
_CALL = re.compile(
    r"\s*(?P<name>[^\s(),=]*)\s*(?P<open>\(?)(?P<inside>[^()]*)(?P<close>\)?)(?P<rest>.*)", re.DOTALL
)
_ARGUMENT = re.compile(r"\s*(?:(?P<key>[^\s=]+)\s*=)?\s*(?P<value>.*?)\s*", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def parse_prior(value: object) -> Prior:
    """Read a prior.

    Parameters
    ----------
    value : str, Prior, bambi.Prior or PreliZ distribution
        ``"normal(0, 2.5)"``, ``"Normal(mu=0, sigma=2.5)"``, ``bambi.Prior("Normal", mu=0, sigma=2.5)``,
        ``preliz.Normal(0, 2.5)``. Names are read whatever their case.

    Returns
    -------
    Prior
        With the name and the order of parameters of ``PRIORS``.

    Raises
    ------
    PriorError
        If it cannot be read, is no distribution of ``PRIORS``, or has parameters that it cannot have.

    Examples
    --------
    >>> parse_prior("normal(0, sigma=2.5)")
    Prior(distribution='normal', parameters=(0.0, 2.5))
    """
    if isinstance(value, str):
        return _parse_text(value)
    if isinstance(value, Prior):
        return _checked(value, str(value))
    return _checked(read_foreign(value), repr(value))


def signatures(names: tuple[str, ...] = tuple(PRIORS)) -> str:
    """How priors are written, for messages: ``normal(mu, sigma), student_t(nu, mu, sigma)``."""
    return ", ".join(PRIORS[name].signature for name in names)


def _checked(prior: Prior, given: str) -> Prior:
    if prior.distribution not in PRIORS:
        nearest = nearest_match(prior.distribution, PRIORS)
        raise PriorError(
            f"{prior.distribution!r} is not a known prior, in {given}. {_suggestion(nearest)}"
            f"Allowed: {signatures()}."
        )
    kind = PRIORS[prior.distribution]
    if len(prior.parameters) != len(kind.parameters):
        raise PriorError(f"{given} has {len(prior.parameters)} parameters. Write {kind.signature}.")
    problem = kind.problem(dict(zip(kind.parameters, prior.parameters, strict=True)))
    if problem is not None:
        raise PriorError(f"{problem}, in {given}. Write {kind.signature} with other values.")
    return prior


def _suggestion(nearest: str | None) -> str:
    return "" if nearest is None else f"Did you mean {nearest!r}? "


def _fail(problem: str, text: str, span: tuple[int, int], advice: str) -> PriorError:
    start, end = span
    shown = re.sub(r"\s", " ", text)
    return PriorError(f"{problem}\n    {shown}\n    {' ' * start}{'^' * max(1, end - start)}\n{advice}")


def _parse_text(text: str) -> Prior:
    call = _CALL.fullmatch(text)
    if call is None or not call["name"]:
        raise _fail(
            "A prior starts with the name of a distribution.", text, (0, 1), f"Allowed: {signatures()}."
        )
    name = _SPELLINGS.get(call["name"].lower().replace("_", ""))
    if name is None:
        nearest = nearest_match(call["name"], PRIORS)
        raise _fail(
            f"{call['name']!r} is not a known prior.",
            text,
            call.span("name"),
            f"{_suggestion(nearest)}Allowed: {signatures()}.",
        )
    kind = PRIORS[name]
    for part, mark in (("open", "("), ("close", ")")):
        if not call[part]:
            raise _fail(f"{mark!r} is missing.", text, call.span(part), f"Write {kind.signature}.")
    if call["rest"].strip():
        raise _fail(
            "There is text after the prior.", text, call.span("rest"), f"Write {kind.signature}, no more."
        )
    given = _arguments(text, call, kind)
    values = {parameter: given[parameter][0] for parameter in kind.parameters}
    problem = kind.problem(values)
    if problem is not None:
        spans = [span for parameter, (_, span) in given.items() if problem.startswith(parameter)]
        raise _fail(f"In {name}, {problem}.", text, spans[0], f"Write {kind.signature} with other values.")
    return Prior(name, tuple(values.values()))


def _arguments(text: str, call: re.Match[str], kind: PriorKind) -> dict[str, tuple[float, tuple[int, int]]]:
    """Values of the parameters by name, each with its place in the text."""
    given: dict[str, tuple[float, tuple[int, int]]] = {}
    named = False
    start = call.start("inside")
    for piece in call["inside"].split(",") if call["inside"].strip() else []:
        argument = _ARGUMENT.fullmatch(piece)
        assert argument is not None, "the pattern matches any text"
        place = (start + argument.start("value"), start + argument.end("value"))
        key_place = (start + argument.start("key"), start + argument.end("key"))
        key = argument["key"]
        start += len(piece) + 1
        if key is None:
            if named:
                raise _fail(
                    "A value without a name follows a named one.", text, place, f"Write {kind.signature}."
                )
            if len(given) == len(kind.parameters):
                count = len(kind.parameters)
                problem = f"{kind.name} takes {count or 'no'} parameter{'s' if count != 1 else ''}."
                raise _fail(problem, text, place, f"Write {kind.signature}.")
            key = kind.parameters[len(given)]
        else:
            named = True
            _check_name(text, key, key_place, (kind, given))
        given[key] = (_number(text, argument["value"], place, kind), place)
    missing = [parameter for parameter in kind.parameters if parameter not in given]
    if missing:
        problem = f"{kind.name} needs {' and '.join(missing)}."
        raise _fail(problem, text, call.span("close"), f"Write {kind.signature}.")
    return given


def _check_name(
    text: str, key: str, place: tuple[int, int], so_far: tuple[PriorKind, Mapping[str, object]]
) -> None:
    kind, given = so_far
    if key not in kind.parameters:
        nearest = nearest_match(key, kind.parameters)
        problem = f"{kind.name} has no parameter {key!r}."
        raise _fail(problem, text, place, f"{_suggestion(nearest)}Write {kind.signature}.")
    if key in given:
        raise _fail(f"{key} is given twice.", text, place, f"Write {kind.signature}.")


def _number(text: str, value: str, place: tuple[int, int], kind: PriorKind) -> float:
    if not _NUMBER.fullmatch(value):
        shown = f"{value!r} is not a finite number." if value else "A number is missing."
        raise _fail(shown, text, place, f"Write {kind.signature} with plain numbers, such as 2.5 or 1e-3.")
    number = float(value)
    if not math.isfinite(number):
        raise _fail(f"{value!r} is too large.", text, place, f"Write {kind.signature} with finite numbers.")
    return number
