"""The functions that a formula can call: their parameters, and where each may stand. There are no others."""

from __future__ import annotations

from dataclasses import dataclass

from hierbayes.formulas.terms import Call, Expression

TERM, VALUE, RESPONSE, ADDITION, GROUPING, OFFSET = (
    "in a term",
    "inside arithmetic",
    "as the response",
    "behind the bar of the response",
    "as a grouping factor",
    "as a population term",
)
"""Where a function stands."""

ARITHMETIC, ANY_VALUE, COLUMN, COUNT, LOGICAL, TEXT, CONTRAST, NUMBERS, BREAKS, LABELS = (
    "arithmetic",
    "value",
    "column",
    "count",
    "logical",
    "text",
    "contrast",
    "numbers",
    "breaks",
    "labels",
)
"""What a parameter takes; ``expressions`` and ``arguments`` have the reader of each."""

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
    alternatives : tuple of str
        Parameters of which exactly one must be given.
    """

    usage: str
    parameters: tuple[Parameter, ...]
    places: tuple[str, ...] = (TERM,)
    alternatives: tuple[str, ...] = ()


_X = Parameter("x", ARITHMETIC)
_F = Parameter("f", COLUMN)
_G = Parameter("g", COLUMN)
_REF = Parameter("ref", TEXT, required=False)
_LEVELS = Parameter("levels", LABELS, required=False)
_DF = Parameter("df", COUNT, required=False)
_KNOTS = Parameter("knots", NUMBERS, required=False)
_BOUNDS = Parameter("Boundary.knots", NUMBERS, required=False)
_EVERYWHERE = (TERM, VALUE, RESPONSE)
ELEMENTWISE = ("log", "exp", "sqrt", "abs", "log2", "log10", "log1p", "expm1", "sin", "cos", "tan")

FUNCTIONS: dict[str, Function] = {
    "I": Function("I(arithmetic)", (_X,), _EVERYWHERE),
    "factor": Function("factor(column)", (_F, _REF, _LEVELS), (TERM, GROUPING, RESPONSE)),
    "ordered": Function("ordered(column)", (_F, _LEVELS), (TERM, GROUPING, RESPONSE)),
    "cut": Function(
        "cut(x, c(0, 10, 20))",
        (
            _X,
            Parameter("breaks", BREAKS),
            Parameter("labels", LABELS, required=False),
            Parameter("include.lowest", LOGICAL, required=False),
            Parameter("right", LOGICAL, required=False),
        ),
        (TERM, GROUPING),
    ),
    "gr": Function("gr(g, by = sector)", (_G, Parameter("by", COLUMN, required=False)), (GROUPING,)),
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
    "bs": Function(
        "bs(x, df = 5)",
        (_X, _DF, _KNOTS, Parameter("degree", COUNT, required=False), _BOUNDS),
        alternatives=("df", "knots"),
    ),
    "ns": Function("ns(x, df = 3)", (_X, _DF, _KNOTS, _BOUNDS), alternatives=("df", "knots")),
    "cr": Function("cr(x, df = 3)", (_X, Parameter("df", COUNT))),
    "wb": Function("wb(x, g)", (_X, _G)),
    "offset": Function("offset(log(n))", (_X,), (OFFSET,)),
    "cbind": Function(
        "cbind(success, failure)",
        (Parameter("success", ARITHMETIC), Parameter("failure", ARITHMETIC)),
        (RESPONSE,),
    ),
    "trials": Function("trials(n)", (Parameter("n", ANY_VALUE),), (ADDITION,)),
    "weights": Function("weights(w)", (Parameter("w", ARITHMETIC),), (ADDITION,)),
    "cens": Function(
        "cens(side)",
        (Parameter("side", ARITHMETIC), Parameter("y2", ARITHMETIC, required=False)),
        (ADDITION,),
    ),
    "trunc": Function(
        "trunc(lb = 0)",
        (Parameter("lb", ANY_VALUE, required=False), Parameter("ub", ANY_VALUE, required=False)),
        (ADDITION,),
    ),
    "se": Function(
        "se(s)", (Parameter("s", ARITHMETIC), Parameter("sigma", LOGICAL, required=False)), (ADDITION,)
    ),
}
"""Every function by its name."""

CONTRASTS: tuple[str, ...] = ("treatment", "sum", "helmert", "poly")


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
