"""The text of a formula to its records."""

from __future__ import annotations

from hierbayes.errors import ArgumentTypeError, FormulaError
from hierbayes.formulas import functions as fn
from hierbayes.formulas import tokens as tk
from hierbayes.formulas.expansion import Expanded, expand
from hierbayes.formulas.expressions import read_call, read_variable
from hierbayes.formulas.parser import EXAMPLE, parse_syntax
from hierbayes.formulas.source import MAX_LENGTH, Source
from hierbayes.formulas.syntax import Apply, Infix, Leaf, Node, Prefix, Subscript, unwrap
from hierbayes.formulas.terms import Call, Expression, Formula, Response
from hierbayes.formulas.tokens import Token

_RESPONSE_HINT = (
    "The left of `~` is one column, `use`, perhaps with the level to model, `use[Y]`, or a function of "
    "columns, `log(y)`."
)


def parse_formula(text: str) -> Formula:
    """Read an lme4 formula.

    Parameters
    ----------
    text : str
        ``response ~ predictors + (terms | group)``, with ``+ - * : / ^ %in%`` and parentheses, ``0`` and
        ``1``, ``.`` for all other columns, the functions of `hierbayes.formulas.functions`, and backquotes
        around names with spaces. ``use[Y]`` on the left names the level to model. Group terms are correlated,
        ``(1 + x | g)``, or not, ``(1 + x || g)``; ``(1 | a/b)`` is ``(1 | a) + (1 | a:b)``;
        ``(1 | gr(g, by = s))`` has a standard deviation for the groups of each level of s. Nothing in the
        text is ever executed.

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
    expanded = expand(source, right)
    _check_response_apart(source, response, expanded)
    return Formula(response, expanded.population, expanded.groups, expanded.offsets, text, expanded.notes)


def _response(source: Source, node: Node) -> Response:
    inner = unwrap(node)
    additions: tuple[Call, ...] = ()
    if isinstance(inner, Infix) and inner.rest[0][0].text == "|":
        additions = _additions(source, inner)
        inner = unwrap(inner.first)
    level = None
    base = inner
    if isinstance(inner, Subscript):
        level, base = inner.label.value, unwrap(inner.base)
    match base:
        case Apply(function) if function.text == "factor" and len(base.arguments) == 1:
            raise source.error(
                "The response cannot be `factor()`.",
                base.span,
                f"{_RESPONSE_HINT} Labels need no `factor()`; of ordered categories state the order, "
                '`factor(y, levels = c("low", "high"))`.',
            )
        case Apply() if level is None:
            return Response(read_variable(source, base, fn.RESPONSE), None, additions, node.span)
        case Leaf(token) if token.kind != tk.NUMBER:
            return Response(read_variable(source, base), level, additions, node.span)
        case Infix() | Prefix() if level is None:
            hint = f"{_RESPONSE_HINT} Arithmetic stands in `I()`: `I({source.cut(base.span)})`."
            raise source.error("The response is not one column.", node.span, hint)
        case _:
            raise source.error("The response is not a column.", node.span, _RESPONSE_HINT)


def _additions(source: Source, bar: Infix) -> tuple[Call, ...]:
    """Read what stands behind the bar of a response: ``trials(n)``, ``weights(w) + cens(side)``."""
    if len(bar.rest) > 1:
        raise source.error("A response has one `|`.", bar.rest[1][0].span, _ADDITION_HINT)
    calls: dict[str, Call] = {}
    sum_node = unwrap(bar.rest[0][1])
    nodes: list[tuple[Token | None, Node]] = [(None, sum_node)]
    if isinstance(sum_node, Infix):
        nodes = [(None, sum_node.first), *sum_node.rest]
    for operator, node in nodes:
        if operator is not None and operator.text != "+":
            raise source.error(f"`{operator.text}` cannot stand here.", operator.span, _ADDITION_HINT)
        if not isinstance(node, Apply):
            raise source.error(f"`{source.cut(node.span)}` is not a function.", node.span, _ADDITION_HINT)
        call = read_call(source, node, fn.ADDITION)
        if call.function in calls:
            raise source.error(f"`{call.function}()` comes twice.", node.span, "Keep one of the two.")
        calls[call.function] = call
    return tuple(calls.values())


_ADDITION_HINT = f"Behind the bar stand {fn.usages(fn.ADDITION)}, joined by `+`."


def _check_response_apart(source: Source, response: Response, right: Expanded) -> None:
    """Refuse the response among the predictors: it explains itself perfectly."""
    grouped: list[tuple[Expression, ...]] = [group.factor for group in right.groups]
    terms = (*right.population, *(term for group in right.groups for term in group.terms))
    for factor in (f for factors in (*(term.factors for term in terms), *grouped) for f in factors):
        if factor == response.expression:
            raise source.error(
                f"The response `{response.expression}` is also on the right side.",
                factor.span,
                "Remove it there: a response explains itself perfectly.",
            )
