"""Formulas: text in, immutable terms with their places in the text out."""

from hierbayes.formula.reading import parse_formula
from hierbayes.formula.terms import (
    Call,
    Expression,
    Formula,
    GroupTerm,
    Name,
    Number,
    Operation,
    Response,
    Span,
    Term,
)

__all__ = [
    "Call",
    "Expression",
    "Formula",
    "GroupTerm",
    "Name",
    "Number",
    "Operation",
    "Response",
    "Span",
    "Term",
    "parse_formula",
]
