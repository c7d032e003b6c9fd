"""Tokens to a syntax tree, by precedence climbing with R's table of operators."""

from __future__ import annotations

from dataclasses import dataclass

from hierbayes.errors import FormulaError
from hierbayes.formulas import tokens as tk
from hierbayes.formulas.source import MAX_DEPTH, MAX_PARENTHESES, Source
from hierbayes.formulas.syntax import Apply, Argument, Infix, Leaf, Node, Parentheses, Prefix, Subscript
from hierbayes.formulas.terms import Span
from hierbayes.formulas.tokens import Token, tokenize

EXAMPLE = "A formula reads `response ~ predictors + (1 | group)`, for example `use ~ age + (1 | district)`."


@dataclass(frozen=True)
class Operator:
    """How tightly an infix operator binds, and whether a chain of it groups from the right."""

    binding: int
    from_right: bool = False


NOT, SUM, UNARY = 4, 6, 10
OPERATORS: dict[str, Operator] = {
    **dict.fromkeys(("|", "||"), Operator(2)),
    **dict.fromkeys(("&", "&&"), Operator(3)),
    **dict.fromkeys(("==", "!=", "<", ">", "<=", ">="), Operator(5)),
    **dict.fromkeys(("+", "-"), Operator(SUM)),
    **dict.fromkeys(("*", "/"), Operator(7)),
    "%%": Operator(8),
    ":": Operator(9),
    **dict.fromkeys(("^", "**"), Operator(11, from_right=True)),
}
"""R's precedence (``help("Syntax", package = "base")``); ``%%`` stands for every ``%name%``."""

SIGNS = frozenset("+-")


def parse_syntax(source: Source) -> tuple[Node, Node]:
    """Read both sides of a formula.

    Returns
    -------
    tuple of Node
        What stands left and right of ``~``.

    Raises
    ------
    FormulaError
        Where the text is not a formula; the caret is under the place.
    """
    tokens = tokenize(source)
    if len(tokens) == 2:
        raise FormulaError("The formula is empty.", hint=EXAMPLE)
    _check_parentheses(source, tokens)
    _check_tilde(source, tokens)
    parser = _Parser(source, tokens)
    response = parser.expression()
    parser.expect(tk.TILDE, response)
    right = parser.expression()
    parser.expect(tk.END, right)
    return response, right


class _Parser:
    """A position in the tokens; each method reads one construct and moves behind it."""

    def __init__(self, source: Source, tokens: tuple[Token, ...]) -> None:
        self.source = source
        self.tokens = tokens
        self.index = 1
        self.depth = 0
        self.calls = 0

    @property
    def here(self) -> Token:
        return self.tokens[self.index]

    @property
    def before(self) -> Token:
        return self.tokens[self.index - 1]

    def advance(self) -> Token:
        self.index += 1
        return self.tokens[self.index - 1]

    def expect(self, kind: str, left: Node) -> Token:
        """Move behind a token of this kind; anything else is an operand without an operator."""
        if self.here.kind != kind:
            raise _no_operator(self.source, left, self.here)
        return self.advance()

    def operator(self) -> Operator | None:
        """How the token here joins two operands; None if it does not."""
        if self.here.kind != tk.OPERATOR:
            return None
        return OPERATORS.get("%%" if self.here.text.startswith("%") else self.here.text)

    def expression(self, binding: int = 0) -> Node:
        """Read operands joined by operators that bind at least as tightly as ``binding``."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.source.error(
                f"Operations are nested more than {MAX_DEPTH} deep here.",
                self.here.span,
                "Simplify the formula.",
            )
        left = self.operand()
        while (operator := self.operator()) is not None and operator.binding >= binding:
            left = self.chain(left, operator)
        self.depth -= 1
        return left

    def chain(self, first: Node, operator: Operator) -> Infix:
        """Read the operators of one precedence that follow ``first``."""
        rest: list[tuple[Token, Node]] = []
        tightness = operator.binding + (not operator.from_right)
        while (following := self.operator()) is not None and following.binding == operator.binding:
            symbol = self.advance()
            rest.append((symbol, self.expression(tightness)))
        return Infix(first, tuple(rest), (first.span[0], rest[-1][1].span[1]))

    def operand(self) -> Node:
        """Read a leaf, a call, a part in parentheses or a signed operand, and the label that may follow."""
        kind = self.here.kind
        node: Node
        if kind == tk.OPERATOR and self.here.text in SIGNS:
            return self.signed()
        if self.here.text == "!" and self.calls:
            sign = self.advance()
            negated = self.expression(NOT)
            return Prefix(sign, negated, (sign.span[0], negated.span[1]))
        if kind == tk.OPEN:
            node = self.parentheses()
        elif kind == tk.NAME and self.tokens[self.index + 1].kind == tk.OPEN:
            node = self.call()
        elif kind in {tk.NAME, tk.QUOTED_NAME, tk.NUMBER, tk.TEXT, tk.REST}:
            node = Leaf(self.advance())
        else:
            raise _no_operand(self.source, self.before, self.here)
        if self.here.kind == tk.LABEL:
            label = self.advance()
            node = Subscript(node, label, (node.span[0], label.span[1]))
        return node

    def signed(self) -> Prefix:
        """Read a sign and its operand.

        Inside a function a sign binds as in R, tighter than ``*``. In a formula it opens a sum, where it
        stands for the whole product behind it, and cannot follow another operator: ``x + + z`` is a slip.
        """
        if not self.calls and self.before.kind == tk.OPERATOR and self.before.text not in {"|", "||"}:
            raise _no_operand(self.source, self.before, self.here)
        sign = self.advance()
        operand = self.expression(UNARY if self.calls else SUM + 1)
        return Prefix(sign, operand, (sign.span[0], operand.span[1]))

    def parentheses(self) -> Parentheses:
        opening = self.advance()
        inner = self.expression()
        closing = self.expect(tk.CLOSE, inner)
        return Parentheses(inner, (opening.span[0], closing.span[1]))

    def call(self) -> Apply:
        function = self.advance()
        self.advance()
        self.calls += 1
        arguments: list[Argument] = []
        while self.here.kind != tk.CLOSE:
            arguments.append(self.argument())
            if self.here.kind == tk.COMMA:
                comma = self.advance()
                if self.here.kind == tk.CLOSE:
                    raise _no_operand(self.source, comma, self.here)
            elif self.here.kind != tk.CLOSE:
                raise _no_operator(self.source, arguments[-1].value, self.here)
        self.calls -= 1
        closing = self.advance()
        return Apply(function, tuple(arguments), (function.span[0], closing.span[1]))

    def argument(self) -> Argument:
        keyword = None
        if self.here.kind == tk.NAME and self.tokens[self.index + 1].kind == tk.ASSIGN:
            keyword = self.advance()
            self.advance()
        value = self.expression()
        return Argument(keyword, value, ((keyword or value).span[0], value.span[1]))


def _check_parentheses(source: Source, tokens: tuple[Token, ...]) -> None:
    open_tokens: list[Token] = []
    for token in tokens:
        if token.kind == tk.OPEN:
            open_tokens.append(token)
            if len(open_tokens) > MAX_PARENTHESES:
                raise source.error(
                    f"Parentheses are nested more than {MAX_PARENTHESES} deep here.",
                    token.span,
                    "Simplify the formula.",
                )
        elif token.kind == tk.CLOSE:
            if not open_tokens:
                raise source.error(
                    "This parenthesis closes nothing.",
                    token.span,
                    "Remove it, or add the `(` that it closes.",
                )
            open_tokens.pop()
        elif token.kind == tk.TILDE and open_tokens:
            raise source.error(
                "`~` stands inside parentheses.", token.span, f"Close or remove the `(` before it. {EXAMPLE}"
            )
    if open_tokens:
        raise source.error(
            "This parenthesis is never closed.", open_tokens[-1].span, "Add the `)` that closes it."
        )


def _check_tilde(source: Source, tokens: tuple[Token, ...]) -> None:
    tildes = [token for token in tokens if token.kind == tk.TILDE]
    if len(tildes) > 1:
        raise source.error(
            "The formula has a second `~`.",
            tildes[1].span,
            "Keep one, between the response and the predictors; join predictors with `+`.",
        )
    if tildes:
        return
    equals = next((token for token in tokens if token.text in {"=", "=="}), None)
    if equals is not None:
        raise source.error(
            f"The formula has `{equals.text}` instead of `~`.",
            equals.span,
            f"Write `~` between the response and the predictors. {EXAMPLE}",
        )
    raise source.error("The formula has no `~`.", (tokens[1].span[0], tokens[-2].span[1]), EXAMPLE)


_GROUP_HINT = (
    "Write `(1 | g)` for intercepts that vary over the groups of g, `(1 + x | g)` for slopes of x too."
)
_BEGINNINGS = (tk.START, tk.OPEN, tk.TILDE, tk.COMMA, tk.ASSIGN)
_ENDINGS = (tk.END, tk.CLOSE, tk.TILDE, tk.COMMA)
_NOTHING_RIGHT = ("`{before}` has nothing on its right.", "Name what follows it, or remove it.", "before")
_NOTHING_LEFT = ("`{here}` has nothing on its left.", "Name what comes before it, or remove it.", "here")

_GAPS: dict[tuple[str, str], tuple[str, str, str]] = {
    **{(tk.OPERATOR, ending): _NOTHING_RIGHT for ending in _ENDINGS},
    **{(beginning, tk.OPERATOR): _NOTHING_LEFT for beginning in _BEGINNINGS},
    (tk.OPERATOR, tk.OPERATOR): (
        "Nothing stands between `{before}` and `{here}`.",
        "Remove one of the two, or name the term that is missing between them.",
        "both",
    ),
    **{
        ("|", ending): ("The group term has no grouping factor.", _GROUP_HINT, "before")
        for ending in _ENDINGS
    },
    (tk.OPEN, "|"): ("The group term has nothing on the left of `{here}`.", _GROUP_HINT, "here"),
    (tk.OPEN, tk.CLOSE): ("The parentheses are empty.", "Put terms between them, or remove them.", "both"),
    (tk.TILDE, tk.END): (
        "The right side of the formula is empty.",
        "Name the predictors; `1` alone is the intercept.",
        "before",
    ),
    (tk.START, tk.TILDE): ("The formula has no response: nothing stands left of `~`.", EXAMPLE, "here"),
    (tk.COMMA, tk.CLOSE): ("Nothing follows this comma.", "Remove it.", "before"),
}
"""What is missing between two neighbouring tokens: problem, hint, and which of the two to point at."""


_OPERAND_HINT = "A column, a function or a parenthesis is expected; a label in brackets follows the response."
_NOT_HINT = "It stands inside `I()`, before a comparison: `I(!(x > 2))`."


def _gap_kind(token: Token) -> str:
    return "|" if token.text in {"|", "||"} else token.kind


def _no_operand(source: Source, before: Token, here: Token) -> FormulaError:
    """Why no operand can begin ``here``."""
    if here.text == "!":
        return source.error("`!` is not an operator of formulas.", here.span, _NOT_HINT)
    keys = ((_gap_kind(before), _gap_kind(here)), (before.kind, here.kind))
    problem, hint, place = next(
        (_GAPS[key] for key in keys if key in _GAPS),
        ("`{here}` cannot stand here.", _OPERAND_HINT, "here"),
    )
    spans: dict[str, Span] = {
        "before": before.span,
        "here": here.span,
        "both": (before.span[0], here.span[1]),
    }
    return source.error(
        problem.replace("{before}", before.text).replace("{here}", source.cut(here.span)), spans[place], hint
    )


def _no_operator(source: Source, left: Node, here: Token) -> FormulaError:
    """Why the expression that ends with ``left`` cannot be followed by ``here``."""
    symbol_hints = {
        tk.COMMA: "Commas separate the arguments of a function; join terms with `+`.",
        tk.ASSIGN: "Formulas name columns; they assign nothing.",
        tk.LABEL: "A response has one label, as in `use[Y]`.",
        tk.OPERATOR: "The operators are `+`, `-`, `*`, `:`, `/`, `^` and `%in%`.",
    }
    if here.kind in symbol_hints:
        return source.error(
            f"`{source.cut(here.span)}` cannot stand here.", here.span, symbol_hints[here.kind]
        )
    last = left
    while isinstance(last, Infix | Prefix):
        last = last.rest[-1][1] if isinstance(last, Infix) else last.operand
    previous, following = source.cut(last.span, 20), source.cut(here.span, 20)
    hint = "Write `+` between them."
    if isinstance(last, Leaf) and here.kind == tk.NAME:
        hint += f" A name with spaces stands in backquotes: `{previous} {following}`."
        if last.token.kind == tk.NUMBER:
            hint = "A multiple of a column is `I(2*x)`; a name that begins with a digit stands in backquotes."
    return source.error(f"An operator is missing between `{previous}` and `{following}`.", here.span, hint)
