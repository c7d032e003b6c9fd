"""bambi's and PreliZ's distribution objects as priors of ours; neither package is imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hierbayes.errors import PriorError, nearest_match
from hierbayes.spec.records import Prior

type Values = Mapping[str, float]
type Reading = Callable[[Values], tuple[float, ...]]
type Readings = dict[tuple[str, ...], Reading]


def _take(*parameters: str) -> Readings:
    return {tuple(sorted(parameters)): lambda given: tuple(given[name] for name in parameters)}


FOREIGN: dict[str, tuple[str, Readings]] = {
    "Normal": (
        "normal",
        {**_take("mu", "sigma"), ("mu", "tau"): lambda given: (given["mu"], given["tau"] ** -0.5)},
    ),
    "StudentT": (
        "student_t",
        {
            **_take("nu", "mu", "sigma"),
            ("lam", "mu", "nu"): lambda given: (given["nu"], given["mu"], given["lam"] ** -0.5),
        },
    ),
    "Cauchy": ("cauchy", _take("alpha", "beta")),
    "HalfNormal": ("half_normal", {**_take("sigma"), ("tau",): lambda given: (given["tau"] ** -0.5,)}),
    "HalfStudentT": (
        "half_student_t",
        {**_take("nu", "sigma"), ("lam", "nu"): lambda given: (given["nu"], given["lam"] ** -0.5)},
    ),
    "HalfCauchy": ("half_cauchy", _take("beta")),
    "Exponential": ("exponential", {**_take("lam"), ("scale",): lambda given: (1 / given["scale"],)}),
    "Gamma": (
        "gamma",
        {
            **_take("alpha", "beta"),
            ("mu", "sigma"): lambda given: (
                (given["mu"] / given["sigma"]) ** 2,
                given["mu"] / given["sigma"] ** 2,
            ),
        },
    ),
    "Beta": ("beta", _take("alpha", "beta")),
    "Uniform": ("uniform", _take("lower", "upper")),
    "Flat": ("flat", _take()),
    "HalfFlat": ("flat", _take()),
    "LKJCorr": ("lkj", _take("eta")),
}
"""PyMC's name of a distribution -> our name, and how each of its sets of parameters becomes ours."""


def read_foreign(value: object) -> Prior:
    """Translate a distribution object of bambi or PreliZ.

    Parameters
    ----------
    value : object
        With ``name`` and ``args`` (bambi), or ``param_names`` and ``params_dict`` (PreliZ).

    Raises
    ------
    PriorError
        If it is neither, has parameters that are not plain numbers, or is no distribution of ``FOREIGN``.
    """
    name, arguments = _parts(value)
    if name not in FOREIGN:
        nearest = nearest_match(name, FOREIGN)
        suggestion = "" if nearest is None else f"Did you mean {nearest!r}? "
        raise PriorError(
            f"The distribution {name!r} cannot be used as a prior. {suggestion}Allowed: {', '.join(FOREIGN)}."
        )
    ours, readings = FOREIGN[name]
    given = {key: _scalar(name, key, argument) for key, argument in arguments.items()}
    reading = readings.get(tuple(sorted(given)))
    if reading is None:
        allowed = " or ".join(f"({', '.join(keys)})" for keys in readings)
        raise PriorError(
            f"The prior {name!r} was given the parameters ({', '.join(given)}). Allowed: {allowed}. "
            "State each of them as a number."
        )
    try:
        return Prior(ours, tuple(float(x) for x in reading(given)))
    except (ZeroDivisionError, OverflowError, TypeError):
        shown = ", ".join(f"{key}={number:g}" for key, number in given.items())
        raise PriorError(
            f"The prior {name}({shown}) has a scale that is not positive. Use a scale greater than 0."
        ) from None


def _parts(value: object) -> tuple[str, Mapping[str, object]]:
    name, arguments = getattr(value, "name", None), getattr(value, "args", None)
    if isinstance(name, str) and isinstance(arguments, Mapping):
        if getattr(value, "dist", None) is not None:
            raise PriorError(
                f"The bambi prior {name!r} carries its own 'dist', which hierbayes cannot translate. "
                "Use one of the named distributions without 'dist'."
            )
        return name, arguments
    parameters = getattr(value, "param_names", None)
    if parameters is not None:
        name = type(value).__name__
        arguments = getattr(value, "params_dict", None)
        if not getattr(value, "is_frozen", False) or not isinstance(arguments, Mapping):
            raise PriorError(
                f"The PreliZ distribution {name!r} has no values for ({', '.join(parameters)}). "
                "State them, or elicit them first, for example with preliz.maxent."
            )
        return name, arguments
    raise PriorError(
        f"A prior cannot be read from {value!r} of type {type(value).__name__!r}. Allowed: a string such as "
        "'normal(0, 2.5)', a hierbayes Prior, a bambi.Prior or a PreliZ distribution. Write it as a string."
    )


def _scalar(name: str, key: str, value: object) -> float:
    item = getattr(value, "item", None)
    try:
        return float(item() if callable(item) else value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise PriorError(
            f"The parameter {key!r} of the prior {name!r} is not a single number but {value!r}. Allowed: one "
            "number each, no hyperprior and no array. For different priors use keys such as 'b[age]'."
        ) from None
