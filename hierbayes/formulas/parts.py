"""Several formulas of one model: that of the response, and those of the family's parameters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hierbayes.errors import ArgumentTypeError, FormulaError
from hierbayes.formulas.reading import parse_formula
from hierbayes.formulas.terms import Formula, Rest, Span, Term

_EXAMPLE = 'A parameter\'s formula has no left side: `sigma = "~ x + (1 | group)"`.'


@dataclass(frozen=True)
class Formulas:
    """The formula of a response, and formulas of parameters of its distribution.

    Attributes
    ----------
    main : str
        The response's formula.
    parameters : tuple of (str, str)
        Parameters and their formulas, ``("sigma", "~ z + (1 | g)")``, in the order given.
    """

    main: str
    parameters: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return ", ".join([self.main, *(f"{name} {text.strip()}" for name, text in self.parameters)])


def formula(main: str, **parameters: str) -> Formulas:
    """A model formula with further formulas for parameters of the family.

    Parameters
    ----------
    main : str
        The response's formula.
    **parameters : str
        For each parameter that is to have a linear predictor of its own, a formula without a left side:
        ``sigma="~ z + (1 | g)"``. It predicts the logarithm of a positive parameter and the logit of a share.

    Returns
    -------
    Formulas
        To be given in place of a formula's text.

    Raises
    ------
    ArgumentTypeError
        If a formula is not a string.

    Examples
    --------
    >>> print(hb.formula("y ~ x + (1 | g)", sigma="~ x"))
    y ~ x + (1 | g), sigma ~ x
    """
    for name, text in {"": main, **parameters}.items():
        if not isinstance(text, str):
            of, advice = (f" of {name}", f" {_EXAMPLE}") if name else ("", "")
            raise ArgumentTypeError(f"The formula{of} is a string; {type(text).__name__} is given.{advice}")
    return Formulas(main, tuple(parameters.items()))


def parse_parameter(name: str, text: str) -> Formula:
    """Read the formula of a parameter; carets are under the text ``sigma ~ z + (1 | g)``.

    Raises
    ------
    FormulaError
        If it has a left side, no ``~``, or ``.``, or cannot be read.
    """
    left, tilde, right = text.partition("~")
    if not tilde:
        raise FormulaError(
            f"The formula of {name} has no `~`.", text, (0, len(text)), f"Write `~ {text.strip() or '1'}`."
        )
    if left.strip():
        start = len(left) - len(left.lstrip())
        raise FormulaError(
            f"The formula of {name} has a left side, `{left.strip()}`.",
            text,
            (start, len(left.rstrip())),
            f"Write `~{right}`. {_EXAMPLE}",
        )
    read = parse_formula(f"{name} ~{right}")
    for rest in _rests(read):
        raise FormulaError(
            f"`.` stands in the formula of {name}.",
            read.text,
            rest.span,
            "It is for the response's formula: name the columns that the parameter depends on.",
        )
    return read


def place_in_parameter(name: str, text: str, error: FormulaError) -> Span:
    """Where an error about a parameter's formula points into the text as it was given, ``~ z``."""
    if error.formula == text:
        return error.span
    moved = text.index("~") - len(f"{name} ")
    return max(error.span[0] + moved, 0), max(error.span[1] + moved, 1)


def _rests(read: Formula) -> Iterator[Rest]:
    terms: tuple[Term, ...] = (*read.population, *(term for group in read.groups for term in group.terms))
    return (factor for term in terms for factor in term.factors if isinstance(factor, Rest))
