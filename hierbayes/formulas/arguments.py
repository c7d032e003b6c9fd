"""Arguments that are constants: counts, numbers, labels, logical words and contrasts."""

from __future__ import annotations

import math
from collections.abc import Callable

from hierbayes.errors import nearest_match
from hierbayes.formulas import functions as fn
from hierbayes.formulas import tokens as tk
from hierbayes.formulas.functions import CONTRASTS, MAX_COUNT
from hierbayes.formulas.source import Source
from hierbayes.formulas.syntax import Apply, Argument, Leaf, Node, Prefix, unwrap
from hierbayes.formulas.terms import Call, Expression, Number, Span, Text, Word

VECTOR = "c"  # R's name for several constants in a row
MAX_ELEMENTS = 200


def _count(source: Source, node: Node) -> tuple[Expression, int]:
    number = whole_number(node)
    if number is None or not 1 <= number <= MAX_COUNT:
        raise source.error(
            f"`{source.cut(node.span)}` is not a whole number from 1 to {MAX_COUNT}.",
            node.span,
            "Degrees and degrees of freedom are such numbers: `poly(x, 2)`, `bs(x, df = 5)`.",
        )
    return Number(float(number), node.span), 0


def whole_number(node: Node) -> int | None:
    """The value of a whole number; None for anything else."""
    inner = unwrap(node)
    if not isinstance(inner, Leaf) or inner.token.kind != tk.NUMBER:
        return None
    value = float(inner.token.value)
    return int(value) if value.is_integer() else None


_LOGICALS = {"TRUE": "TRUE", "True": "TRUE", "T": "TRUE", "FALSE": "FALSE", "False": "FALSE", "F": "FALSE"}


def _logical(source: Source, node: Node) -> tuple[Expression, int]:
    inner = unwrap(node)
    word = _LOGICALS.get(inner.token.text) if isinstance(inner, Leaf) else None
    if word is None:
        raise source.error(f"`{source.cut(node.span)}` is not `TRUE` or `FALSE`.", node.span, "Write `TRUE`.")
    return Word(word, node.span), 0


def _text(source: Source, node: Node) -> tuple[Expression, int]:
    inner = unwrap(node)
    if not isinstance(inner, Leaf) or inner.token.kind not in {tk.TEXT, tk.NUMBER}:
        raise source.error(
            f"`{source.cut(node.span)}` is not a label.",
            node.span,
            'A level stands in quotes: `factor(f, ref = "b")`.',
        )
    return Text(inner.token.value, inner.span), 0


def _contrast(source: Source, node: Node) -> tuple[Expression, int]:
    """Read ``sum``, ``contr.sum`` or ``treatment(ref = "b")``."""
    inner = unwrap(node)
    token = inner.token if isinstance(inner, Leaf) else inner.function if isinstance(inner, Apply) else None
    name = token.text.removeprefix("contr.") if token is not None else ""
    if name not in CONTRASTS or (isinstance(inner, Apply) and name != "treatment"):
        known = ", ".join(f"`{word}`" for word in CONTRASTS)
        nearest = nearest_match(name, CONTRASTS)
        suggestion = f"Did you mean `{nearest}`? " if nearest is not None and nearest != name else ""
        raise source.error(
            f"`{source.cut(node.span)}` is not a contrast.",
            node.span,
            f'{suggestion}The contrasts are {known}, and `treatment(ref = "b")`.',
        )
    if not isinstance(inner, Apply):
        return Word(name, node.span), 0
    if len(inner.arguments) != 1 or keyword(inner.arguments[0]) not in {"ref", ""}:
        raise source.error(
            "`treatment()` takes the reference level.", node.span, 'Write `treatment(ref = "b")`.'
        )
    reference, _ = _text(source, inner.arguments[0].value)
    return Call("treatment", (), (("ref", reference),), node.span), 1


def keyword(argument: Argument) -> str:
    """The keyword of an argument; empty where it has none."""
    return argument.keyword.text if argument.keyword is not None else ""


def _elements(source: Source, node: Node) -> tuple[Node, ...] | None:
    """The parts of ``c(1, 2, 3)``; None for anything else."""
    inner = unwrap(node)
    if not isinstance(inner, Apply) or inner.function.text != VECTOR:
        return None
    if any(argument.keyword is not None for argument in inner.arguments) or not inner.arguments:
        raise source.error(
            "`c()` takes constants, without keywords.", node.span, 'Write `c(1, 2)` or `c("a", "b")`.'
        )
    if len(inner.arguments) > MAX_ELEMENTS:
        raise source.error(
            f"`c()` has {len(inner.arguments):,} constants; at most {MAX_ELEMENTS} are allowed.",
            node.span,
            "Compute the column first, and name it in the formula.",
        )
    return tuple(argument.value for argument in inner.arguments)


def _vector(elements: tuple[Expression, ...], span: Span) -> tuple[Expression, int]:
    return Call(VECTOR, elements, (), span), 1


def _one_number(source: Source, node: Node) -> Number:
    """A number with its sign; ``Inf`` is one."""
    inner, sign = unwrap(node), 1.0
    while isinstance(inner, Prefix) and inner.operator.text in {"+", "-"}:
        sign *= -1.0 if inner.operator.text == "-" else 1.0
        inner = unwrap(inner.operand)
    if isinstance(inner, Leaf) and inner.token.kind == tk.NUMBER:
        return Number(sign * float(inner.token.value) + 0.0, node.span)
    if isinstance(inner, Leaf) and inner.token.text == "Inf":
        return Number(sign * math.inf, node.span)
    raise source.error(
        f"`{source.cut(node.span)}` is not a number.", node.span, "Numbers are written out: `c(0, 2.5, 10)`."
    )


def _distinct_numbers(source: Source, node: Node) -> tuple[Number, ...]:
    numbers = tuple(_one_number(source, part) for part in _elements(source, node) or (node,))
    values = [number.value for number in numbers]
    twice = next((number for k, number in enumerate(numbers) if number.value in values[:k]), None)
    if twice is not None:
        raise source.error(f"The number {twice} comes twice.", twice.span, "Keep one of the two.")
    return numbers


def _numbers(source: Source, node: Node) -> tuple[Expression, int]:
    """Read finite numbers: ``c(1, 2.5)``, or a single one."""
    numbers = _distinct_numbers(source, node)
    infinite = next((number for number in numbers if math.isinf(number.value)), None)
    if infinite is not None:
        raise source.error("This number must be finite.", infinite.span, "Write one within the data's range.")
    return _vector(numbers, node.span) if _elements(source, node) else (numbers[0], 0)


def _breaks(source: Source, node: Node) -> tuple[Expression, int]:
    """Read the bounds of intervals, ``c(0, 10, Inf)``, or how many there are to be."""
    if _elements(source, node) is None:
        number = whole_number(node)
        if number is None or not 2 <= number <= MAX_COUNT:
            raise source.error(
                f"`{source.cut(node.span)}` is neither `c(...)` nor a whole number from 2 to {MAX_COUNT}.",
                node.span,
                "Write the bounds, `cut(x, c(-Inf, 0, 10, Inf))`, or how many intervals, `cut(x, 3)`.",
            )
        return Number(float(number), node.span), 0
    numbers = _distinct_numbers(source, node)
    if len(numbers) < 2:
        raise source.error(
            "One bound makes no interval.",
            node.span,
            "An interval has two bounds, and `Inf` is one: `c(-Inf, 0, Inf)`.",
        )
    return _vector(numbers, node.span)


def _labels(source: Source, node: Node) -> tuple[Expression, int]:
    """Read labels in quotes: ``c("low", "high")``, or a single one."""
    parts = _elements(source, node)
    labels = tuple(_text(source, part)[0] for part in parts or (node,))
    twice = next((label for k, label in enumerate(labels) if label in labels[:k]), None)
    if twice is not None:
        raise source.error(f"The label {twice} comes twice.", twice.span, "Keep one of the two.")
    return _vector(labels, node.span) if parts else (labels[0], 0)


READERS: dict[str, Callable[[Source, Node], tuple[Expression, int]]] = {
    fn.COUNT: _count,
    fn.LOGICAL: _logical,
    fn.TEXT: _text,
    fn.CONTRAST: _contrast,
    fn.NUMBERS: _numbers,
    fn.BREAKS: _breaks,
    fn.LABELS: _labels,
}
"""How each kind of constant is read; a reader gives the expression and how many operations deep it is."""


def constants(expression: Expression) -> tuple[Expression, ...]:
    """The constants of an argument: those within ``c()``, or the one that stands alone."""
    return expression.arguments if isinstance(expression, Call) else (expression,)
