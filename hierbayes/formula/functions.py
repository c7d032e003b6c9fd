"""The functions that a formula can call: their parameters, and where each may stand. There are no others."""

from __future__ import annotations

from dataclasses import dataclass

from hierbayes.formula.terms import Call, Expression

TERM, VALUE, RESPONSE, ADDITION, GROUPING, OFFSET = (
    "in a term",
    "inside arithmetic",
    "as the response",
    "behind the bar of the response",
    "as a grouping factor",
    "as a population term",
)
"""Where a function stands."""

ARITHMETIC, ANY_VALUE, COLUMN, COUNT, LOGICAL, TEXT, CONTRAST = (
    "arithmetic",
    "value",
    "column",
    "count",
    "logical",
    "text",
    "contrast",
)
"""What a parameter takes; ``expressions`` has the reader of each."""

MAX_COUNT = 50  # the largest degree, and the largest number of columns of a spline


@dataclass(frozen=True)
class Parameter:
    """A parameter of a function: its name, what it takes, whether it must be given."""

    name: str
    kind: str
    required: bool = True


@dataclass(frozen=True)
class Function:
    """A function of formulas.

    Attributes
    ----------
    usage : str
        How it is written, for messages.
    parameters : tuple of Parameter
        In the order in which arguments without keyword are taken.
    places : tuple of str
        Where it may stand; the first is the usual one.
    """

    usage: str
    parameters: tuple[Parameter, ...]
    places: tuple[str, ...] = (TERM,)


_X = Parameter("x", ARITHMETIC)
_F = Parameter("f", COLUMN)
_REF = Parameter("ref", TEXT, required=False)
_EVERYWHERE = (TERM, VALUE, RESPONSE)
ELEMENTWISE = ("log", "exp", "sqrt", "abs", "log2", "log10", "log1p", "expm1", "sin", "cos", "tan")

FUNCTIONS: dict[str, Function] = {
    "I": Function("I(arithmetic)", (_X,), _EVERYWHERE),
    "factor": Function("factor(column)", (_F, _REF), (TERM, GROUPING)),
    "C": Function("C(column, contrast)", (_F, Parameter("contrast", CONTRAST, required=False), _REF)),
    **{name: Function(f"{name}(x)", (_X,), _EVERYWHERE) for name in ELEMENTWISE},
    **{
        name: Function(
            f"{name}(x)",
            (_X, Parameter("center", LOGICAL, required=False), Parameter("scale", LOGICAL, required=False)),
            _EVERYWHERE,
        )
        for name in ("scale", "standardize")
    },
    "center": Function("center(x)", (_X,), _EVERYWHERE),
    "poly": Function(
        "poly(x, 2)", (_X, Parameter("degree", COUNT), Parameter("raw", LOGICAL, required=False))
    ),
    "bs": Function("bs(x, df = 5)", (_X, Parameter("df", COUNT), Parameter("degree", COUNT, required=False))),
    "ns": Function("ns(x, df = 3)", (_X, Parameter("df", COUNT))),
    "cr": Function("cr(x, df = 3)", (_X, Parameter("df", COUNT))),
    "wb": Function("wb(x, g)", (_X, Parameter("g", COLUMN))),
    "offset": Function("offset(log(n))", (_X,), (OFFSET,)),
    "cbind": Function(
        "cbind(success, failure)",
        (Parameter("success", ARITHMETIC), Parameter("failure", ARITHMETIC)),
        (RESPONSE,),
    ),
    "trials": Function("trials(n)", (Parameter("n", ANY_VALUE),), (ADDITION,)),
    "weights": Function("weights(w)", (Parameter("w", ARITHMETIC),), (ADDITION,)),
    "cens": Function("cens(c)", (Parameter("c", ARITHMETIC),), (ADDITION,)),
    "trunc": Function(
        "trunc(lb = 0)",
        (Parameter("lb", ANY_VALUE, required=False), Parameter("ub", ANY_VALUE, required=False)),
        (ADDITION,),
    ),
}
"""Every function by its name."""

CONTRASTS: tuple[str, ...] = ("treatment", "sum", "helmert")


def bind(call: Call) -> dict[str, Expression]:
    """The arguments of a call by the names of the parameters that they are for."""
    parameters = FUNCTIONS[call.function].parameters
    given = {
        parameter.name: argument for parameter, argument in zip(parameters, call.arguments, strict=False)
    }
    return {**given, **dict(call.keywords)}


def usages(place: str | None = None) -> str:
    """How the functions that may stand at a place are written, for messages."""
    known = [f.usage for f in FUNCTIONS.values() if place is None or place in f.places]
    return ", ".join(f"`{usage}`" for usage in known)
