"""The text of a formula to its records."""

from __future__ import annotations

from hierbayes.errors import ArgumentTypeError, FormulaError
from hierbayes.formula import tokens as tk
from hierbayes.formula.expansion import expand
from hierbayes.formula.expressions import FUNCTIONS, read_variable
from hierbayes.formula.parser import EXAMPLE, parse_syntax
from hierbayes.formula.source import MAX_LENGTH, Source
from hierbayes.formula.syntax import Apply, Infix, Leaf, Node, Subscript, unwrap
from hierbayes.formula.terms import Expression, Formula, GroupTerm, Response, Term

_RESPONSE_HINT = "The left of `~` is one column, `use`, perhaps with the level to model, `use[Y]`."


def parse_formula(text: str) -> Formula:
    """Read an lme4 formula.

    Parameters
    ----------
    text : str
        ``response ~ predictors + (terms | group)``, with ``+ - * :`` and parentheses, ``0`` and ``1``,
        ``I()`` around arithmetic (``^`` is the power), ``factor()``, and backquotes around names with spaces.
        ``use[Y]`` on the left names the level to model. Nothing in the text is ever executed.

    Returns
    -------
    Formula
        Terms as R's ``terms()`` gives them: without duplicates, main effects before interactions.

    Raises
    ------
    FormulaError
        Where the text cannot be read; the message shows the place and says what to write.
    ArgumentTypeError
        If ``text`` is not a string.

    Examples
    --------
    >>> formula = parse_formula("use ~ age*ch + I(age^2) + urban + (1 | urban:district)")
    >>> print(formula)
    use ~ 1 + age + ch + I(age^2) + urban + age:ch + (1 | urban:district)
    >>> [str(group) for group in formula.groups]
    ['(1 | urban:district)']
    """
    if not isinstance(text, str):
        raise ArgumentTypeError(f"A formula is a string; {type(text).__name__} is given. {EXAMPLE}")
    if len(text) > MAX_LENGTH:
        raise FormulaError(
            f"The formula has {len(text):,} characters; {MAX_LENGTH:,} are allowed.",
            hint="Compute sums of many columns in the data frame first.",
        )
    source = Source(text)
    left, right = parse_syntax(source)
    response = _response(source, left)
    population, groups = expand(source, right)
    _check_response_apart(source, response, population, groups)
    return Formula(response, population, groups, text)


def _response(source: Source, node: Node) -> Response:
    inner = unwrap(node)
    level = None
    base = inner
    if isinstance(inner, Subscript):
        level, base = inner.label.value, unwrap(inner.base)
    match base:
        case Apply(function) if function.text != "I":
            raise _transformed(source, base)
        case Apply() if level is None:
            return Response(read_variable(source, base), None, node.span)
        case Leaf(token) if token.kind != tk.NUMBER:
            return Response(read_variable(source, base), level, node.span)
        case Infix(_, rest) if rest[0][0].text == "|":
            problem = "Additional information on the response, `y | weights(w)`, is not supported yet."
            raise source.error(problem, rest[0][0].span, _RESPONSE_HINT)
        case Infix() if level is None:
            hint = f"{_RESPONSE_HINT} Arithmetic stands in `I()`: `I({source.cut(base.span)})`."
            raise source.error("The response is not one column.", node.span, hint)
        case _:
            raise source.error("The response is not a column.", node.span, _RESPONSE_HINT)


def _transformed(source: Source, node: Apply) -> FormulaError:
    """Why a function cannot stand on the left; an unknown one is reported as such."""
    if node.function.text not in FUNCTIONS:
        read_variable(source, node)
    return source.error(
        f"The response cannot be `{node.function.text}()`.",
        node.span,
        f"{_RESPONSE_HINT} Labels need no `factor()`.",
    )


def _check_response_apart(
    source: Source, response: Response, population: tuple[Term, ...], groups: tuple[GroupTerm, ...]
) -> None:
    """Refuse the response among the predictors: it explains itself perfectly."""
    grouped: list[tuple[Expression, ...]] = [group.factor for group in groups]
    terms = (*population, *(term for group in groups for term in group.terms))
    for factor in (f for factors in (*(term.factors for term in terms), *grouped) for f in factors):
        if factor == response.expression:
            raise source.error(
                f"The response `{response.expression}` is also on the right side.",
                factor.span,
                "Remove it there: a response explains itself perfectly.",
            )
