"""Formulas: text in, immutable terms with their places in the text out."""

from hierbayes.formulas.reading import parse_formula
from hierbayes.formulas.terms import (
    Call,
    Expression,
    Formula,
    GroupTerm,
    Name,
    Number,
    Operation,
    Response,
    Rest,
    Span,
    Term,
    Text,
    Word,
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
    "Rest",
    "Span",
    "Term",
    "Text",
    "Word",
    "parse_formula",
]
