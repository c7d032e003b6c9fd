"""What to write instead of the parts of lme4's, brms's and patsy's grammar that are not supported yet."""

from __future__ import annotations

import re

from hierbayes.formulas import tokens as tk
from hierbayes.formulas.source import Source
from hierbayes.formulas.syntax import Apply, Leaf, Node
from hierbayes.formulas.tokens import Token

_COLUMN_FIRST = (
    'Compute the column first, data["new"] = ..., and name it in the formula; arithmetic can stand in I().'
)

OPERATOR_ADVICE: dict[str, tuple[str, str, str]] = {
    sign: (
        "A group term needs parentheses.",
        f"Write `({{left}} {sign} {{right}})`.",
        f"Write `(1 + x {sign} g)`, and join it to the other terms with `+`.",
    )
    for sign in ("|", "||")
}
"""Problem, hint for two plain operands, hint for any others."""

_OTHER_OPERATOR = (
    "`{operator}` is not an operator of formulas.",
    *[f"The operators are `+`, `-`, `*`, `:`, `/`, `^` and `%in%`. {_COLUMN_FIRST}"] * 2,
)

_COMPUTED = {
    "as.numeric": 'data["{of}"].astype(float)',
    "relevel": 'pd.Categorical(data["{of}"], categories=[...])',
    "ifelse": 'np.where(data["{of}"] > 0, 1, 0)',
    "round": 'data["{of}"].round()',
}

FUNCTION_ADVICE: dict[str, str] = {
    **{
        name: f'Compute the column first, data["{name}_{{of}}"] = {code}, and name it.'
        for name, code in _COMPUTED.items()
    },
    **dict.fromkeys(("as.factor", "as_factor"), "Write `factor({of})`."),
    "as.ordered": "Write `ordered({of})`.",
    **dict.fromkeys(
        ("s", "te", "ti", "t2", "gp", "hsgp"), "Write a spline with fixed knots, such as `ns({of}, df = 4)`."
    ),
    **dict.fromkeys(("mm", "mo", "cs", "me", "mi"), "Group terms read `(1 + x | g)`."),
}
"""What to do instead of a function that other packages have; ``{of}`` is its argument."""


def operator_advice(source: Source, operator: Token, left: Node, right: Node) -> tuple[str, str]:
    """Problem and hint for an operator without a meaning where it stands."""
    problem, plain_hint, general_hint = OPERATOR_ADVICE.get(operator.text, _OTHER_OPERATOR)
    plain = isinstance(left, Leaf) and isinstance(right, Leaf)
    operands = {"left": source.cut(left.span), "right": source.cut(right.span), "operator": operator.text}
    return _fill(problem, operands), _fill(plain_hint if plain else general_hint, operands)


def function_advice(source: Source, node: Apply) -> tuple[str, str]:
    """Problem and hint for a function of other packages that formulas do not have yet."""
    first = node.arguments[0].value if node.arguments else None
    name = first.token.value if isinstance(first, Leaf) and first.token.kind == tk.NAME else "x"
    hint = _fill(FUNCTION_ADVICE[node.function.text], {"of": name, "name": node.function.text})
    return f"Formulas have no function `{node.function.text}()`.", hint


def _fill(template: str, parts: dict[str, str]) -> str:
    """Put parts of the user's text into a template, in one pass: braces within them mean nothing."""
    return re.sub(r"\{(\w+)\}", lambda mark: parts[mark[1]], template)
