"""Arithmetic on named parameters as text, ``exp(age) - 2 * age:ch[Y] > 0``: read, never run as code."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hierbayes.errors import FormulaError, nearest_match

type Floats = NDArray[np.float64]
type Span = tuple[int, int]

DEPTH = 50
"""Parentheses, signs and powers within one another, at most."""

LESS, GREATER, EQUAL = "<", ">", "="
RELATIONS = (LESS, GREATER, EQUAL)

FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "plogis": lambda x: np.asarray(1 / (1 + np.exp(-x))),
}
"""What may be written before a parenthesis; ``plogis`` is R's name of the inverse logit."""

OPERATIONS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
}
NEGATIVE = "negative"
NUMBER, NAME = "number", "name"
SHOWN = 30
"""Known names that an error message lists, at most."""

_NUMBER = re.compile(r"(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
SPACE, SPACES = r"\s*", r"\s+"
_PIECE = re.compile(r"\w+|[^\w\s]")
_CALL = re.compile(r"([A-Za-z_]\w*)\s*\(")
_SIGN = re.compile(r"[<>=!]+")
_WRITE = "Write names as the summary has them, numbers, + - * / ^ ( ), " + ", ".join(FUNCTIONS) + "."


@dataclass(frozen=True)
class Step:
    """One step of a calculation on a stack: push a number or a name, or replace operands by the result.

    Attributes
    ----------
    kind : str
        ``"number"``, ``"name"``, ``"negative"``, or a key of ``OPERATIONS`` or ``FUNCTIONS``.
    number : float
        The number.
    name : str
        The parameter.
    """

    kind: str
    number: float = 0.0
    name: str = ""


@dataclass(frozen=True)
class Hypothesis:
    """A statement about an expression: it is above zero, below zero, or zero.

    Attributes
    ----------
    text : str
        As the user wrote it, the relation ``> 0`` added where there was none.
    relation : str
        ``"<"``, ``">"`` or ``"="``, between the expression and 0.
    steps : tuple of Step
        Left side minus right side, operands before operations.
    """

    text: str
    relation: str
    steps: tuple[Step, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that it names, each once."""
        return tuple(dict.fromkeys(step.name for step in self.steps if step.kind == NAME))


def parse_hypothesis(text: str, known: Collection[str], shown: Collection[str] = ()) -> Hypothesis:
    """Read a hypothesis; names are the longest that are known, white space does not matter.

    Parameters
    ----------
    text : str
        ``"age:ch[Y] > 0"``, ``"exp(b1) = 2 * b2"``. Without ``<``, ``>`` or ``=`` it is ``> 0``. Powers bind
        before signs and from right to left, as in R: ``-2^2`` is -4. A name may stand in backquotes.
    known : collection of str
        Names of parameters.
    shown : collection of str
        Those that a message lists; all of them by default.

    Raises
    ------
    FormulaError
        If the text cannot be read or names something that is not known.
    """
    return _Reader(text, known, shown or known).hypothesis()


def evaluate(steps: tuple[Step, ...], values: Mapping[str, Floats]) -> Floats:
    """The value of an expression, draw by draw.

    Parameters
    ----------
    steps : tuple of Step
        As of ``Hypothesis``.
    values : mapping of str to array
        Draws of each name; shapes that broadcast.

    Returns
    -------
    float64 array
        Of the common shape; not finite where a function is not defined.
    """
    stack: list[Floats] = []
    with np.errstate(all="ignore"):
        for step in steps:
            if step.kind == NUMBER:
                stack.append(np.asarray(step.number))
            elif step.kind == NAME:
                stack.append(values[step.name])
            elif step.kind == NEGATIVE:
                stack.append(-stack.pop())
            elif step.kind in FUNCTIONS:
                stack.append(FUNCTIONS[step.kind](stack.pop()))
            else:
                right = stack.pop()
                stack.append(OPERATIONS[step.kind](stack.pop(), right))
    (found,) = stack
    return np.asarray(found, dtype=float)


def _joined(name: str, between: str, words: str) -> str:
    """The pieces of a name, escaped, with something between them, and something else between two words."""
    pieces = _PIECE.findall(name)
    text = ""
    for before, piece in pairwise(["(", *pieces]):
        both = all(re.match(r"\w", p) for p in (before, piece))
        text += (words if both else between) + re.escape(piece)
    return text


def _key(name: str) -> str:
    """What names have in common that differ in white space alone."""
    return _joined(name, "", " ")


class _Reader:
    """Recursive descent over one text; ``at`` is the place of the next character."""

    def __init__(self, text: str, known: Collection[str], shown: Collection[str]) -> None:
        self.text, self.shown = text, shown
        self.at, self.depth = 0, 0
        self.steps: list[Step] = []
        self.by_key = {_key(name): name for name in known if _PIECE.search(name)}
        bare = sorted((n for n in known if _PIECE.search(n) and not _NUMBER.match(n)), key=len, reverse=True)
        # A name that goes on is another name: age:x is not age.
        ends = r"(?![\w.])(?!\s*[\[:])"
        self.name = (
            re.compile(f"(?:{'|'.join(_joined(n, SPACE, SPACES) for n in bare)}){ends}") if bare else None
        )

    def hypothesis(self) -> Hypothesis:
        text = " ".join(self.text.split())
        self.sum()
        relation = self.relation()
        if relation:
            self.sum()
            self.steps.append(Step("-"))
            start = self.at
            if self.relation():
                raise self.error("A hypothesis has one relation.", (start, self.at), "Write two hypotheses.")
        self.skip()
        if self.at < len(self.text):
            raise self.unexpected()
        found = Hypothesis(text if relation else f"{text} > 0", relation or GREATER, tuple(self.steps))
        if not found.names:
            advice = f"Name at least one: {self.listed()}."
            raise self.error("The hypothesis names no parameter.", (0, len(self.text)), advice)
        return found

    def relation(self) -> str:
        self.skip()
        sign = _SIGN.match(self.text, self.at)
        if sign is None:
            return ""
        start, self.at = self.at, sign.end()
        if sign[0] not in RELATIONS:
            raise self.error(
                f"{sign[0]!r} is not a relation of a hypothesis.", (start, self.at), "Write <, > or =."
            )
        return sign[0]

    def sum(self) -> None:
        self.chain("+-", self.product)

    def product(self) -> None:
        self.chain("*/", self.signed)

    def chain(self, signs: str, part: Callable[[], None]) -> None:
        part()
        while (sign := self.peek()) and sign in signs:
            self.at += 1
            part()
            self.steps.append(Step(sign))

    def signed(self) -> None:
        sign = self.peek()
        if not sign or sign not in "+-":
            return self.power()
        self.deeper()
        self.at += 1
        self.signed()
        self.depth -= 1
        if sign == "-":
            self.steps.append(Step(NEGATIVE))
        return None

    def power(self) -> None:
        self.atom()
        if self.peek() == "^":
            self.deeper()
            self.at += 1
            self.signed()
            self.depth -= 1
            self.steps.append(Step("^"))

    def atom(self) -> None:
        sign = self.peek()
        if sign == "`":
            return self.quoted()
        if self.name is not None and (found := self.name.match(self.text, self.at)):
            self.at = found.end()
            self.steps.append(Step(NAME, name=self.by_key[_key(found[0])]))
            return None
        if sign == "(":
            return self.parenthesis(self.at)
        if number := _NUMBER.match(self.text, self.at):
            return self.number(number)
        if (call := _CALL.match(self.text, self.at)) and call[1] in FUNCTIONS:
            start, self.at = self.at, call.end() - 1
            self.parenthesis(start)
            self.steps.append(Step(call[1]))
            return None
        raise self.unknown() if sign.isalpha() or sign in ("_", ".") else self.unexpected()

    def number(self, found: re.Match[str]) -> None:
        span = found.span()
        value = float(found[0])
        if not np.isfinite(value):
            raise self.error(f"{found[0]} is too large a number.", span, "Write numbers below 1e308.")
        if re.match(r"[\w.`\[]", self.text[found.end() : found.end() + 1]):
            advice = "Write 2 * age for a product, and names that begin with a digit in backquotes."
            raise self.error("A number goes on in letters.", (span[0], span[1] + 1), advice)
        self.at = found.end()
        self.steps.append(Step(NUMBER, value))

    def parenthesis(self, start: int) -> None:
        self.deeper()
        opened, self.at = self.at, self.at + 1
        self.sum()
        if self.peek() != ")":
            if self.at < len(self.text):
                raise self.unexpected()
            raise self.error("A parenthesis is not closed.", (start, opened + 1), "Write ')' after it.")
        self.at += 1
        self.depth -= 1

    def quoted(self) -> None:
        end = self.text.find("`", self.at + 1)
        if end < 0:
            raise self.error("A backquote is not closed.", (self.at, self.at + 1), "Write ` after the name.")
        name, span = self.text[self.at + 1 : end], (self.at, end + 1)
        if _key(name) not in self.by_key or not name.strip():
            raise self.not_known(name, span)
        self.at = end + 1
        self.steps.append(Step(NAME, name=self.by_key[_key(name)]))

    def peek(self) -> str:
        self.skip()
        return self.text[self.at : self.at + 1]

    def skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEPTH:
            raise self.error(
                f"More than {DEPTH} parentheses, signs or powers are within one another.",
                (self.at, self.at + 1),
                "Write a simpler expression.",
            )

    def unknown(self) -> FormulaError:
        start = end = self.at
        while end < len(self.text) and (self.text[end].isalnum() or self.text[end] in "_.:[("):
            if self.text[end] in "[(":
                end = _closed(self.text, end)
            end += 1
        call = _CALL.match(self.text, start)
        name = self.text[start:end]
        if call and call[1] not in ("sd", "cor") and not any(n.startswith(call[0]) for n in self.shown):
            advice = f"There are {', '.join(FUNCTIONS)}."
            return self.error(f"{call[1]!r} is no function of hypotheses.", (start, call.end() - 1), advice)
        return self.not_known(name, (start, end))

    def not_known(self, name: str, span: Span) -> FormulaError:
        nearest = nearest_match(name, self.shown) if len(self.shown) <= 1000 else None
        advice = f"Did you mean {nearest!r}? " if nearest else ""
        problem = f"{name!r} is not a parameter that can be named here."
        return self.error(problem, span, f"{advice}Known: {self.listed()}.")

    def listed(self) -> str:
        some = list(self.shown)
        more = len(some) - SHOWN
        return ", ".join(some[:SHOWN]) + (f" and {more} more" if more > 0 else "")

    def unexpected(self) -> FormulaError:
        self.skip()
        if self.at >= len(self.text):
            return self.error(
                "The expression ends where a value is expected.", (self.at, self.at + 1), _WRITE
            )
        return self.error(f"{self.text[self.at]!r} is not expected here.", (self.at, self.at + 1), _WRITE)

    def error(self, problem: str, span: Span, hint: str) -> FormulaError:
        return FormulaError(problem, self.text, span, hint)


def _closed(text: str, at: int) -> int:
    """The place of the bracket that closes the one at ``at``; the last place where none does."""
    depth = 0
    for k in range(at, len(text)):
        depth += (text[k] in "[(") - (text[k] in "])")
        if depth == 0:
            return k
    return len(text) - 1
