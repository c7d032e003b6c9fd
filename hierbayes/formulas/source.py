"""The text of a formula, the limits on it, and errors that point into it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cached_property

from hierbayes.errors import FormulaError
from hierbayes.formulas.terms import Span

MAX_LENGTH = 10_000  # characters
MAX_PARENTHESES = 50  # parentheses inside parentheses
MAX_DEPTH = 100  # operations inside operations: bounds the recursion of every walk over a tree
MAX_TERMS = 1_000  # terms of the whole formula after expansion
MAX_PRODUCTS = 100_000  # pairs of terms multiplied on the way there


@dataclass(frozen=True)
class Source:
    """The text that the user wrote."""

    text: str

    @cached_property
    def shown(self) -> str:
        """The text with control and formatting characters replaced, one for one, so that spans keep."""
        return "".join(
            "\N{REPLACEMENT CHARACTER}"
            if c not in "\n\t" and unicodedata.category(c) in {"Cc", "Cf", "Cs"}
            else c
            for c in self.text
        )

    def error(self, problem: str, span: Span, hint: str = "") -> FormulaError:
        """An error that shows the formula with a caret under ``span``."""
        return FormulaError(problem, formula=self.shown, span=span, hint=hint)

    def cut(self, span: Span, limit: int = 40) -> str:
        """A piece of the text on one line, shortened to ``limit`` characters."""
        piece = " ".join(self.shown[span[0] : span[1]].split())
        return piece if len(piece) <= limit else piece[: limit - 3] + "..."
