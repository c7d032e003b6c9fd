"""Models as equations: one tree of small records, and a renderer each for MathML, LaTeX and text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hierbayes.report.equations.compose import model_equations, prior_equations
from hierbayes.report.equations.latex import latex
from hierbayes.report.equations.mathml import mathml
from hierbayes.report.equations.nodes import Equation
from hierbayes.report.equations.plain import plain

if TYPE_CHECKING:
    from hierbayes.report.protocols import SpecifiedLike

__all__ = ["ModelEquations", "equation", "model_equations", "prior_equations"]


@dataclass(frozen=True, repr=False)
class ModelEquations:
    """A model as equations; ``print`` shows them as text, a notebook as formulas.

    Attributes
    ----------
    equations : tuple of Equation
        The distribution of the response, the linear predictors, and the distribution of the group effects.
    priors : tuple of Equation
        The priors, in the same letters.
    """

    equations: tuple[Equation, ...]
    priors: tuple[Equation, ...]

    @property
    def latex(self) -> str:
        """LaTeX of the model without its priors, an ``aligned`` environment to be put between ``$$``."""
        return latex(self.equations)

    @property
    def mathml(self) -> str:
        """MathML Core of the model without its priors, one ``div`` for each equation."""
        lines = (f"<div>{' '.join(mathml(equation))}</div>" for equation in self.equations)
        return "\n".join(lines)

    def __str__(self) -> str:
        return f"{plain(self.equations)}\n\nPriors\n{plain(self.priors)}"

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex}\n$$"


def equation(fit: SpecifiedLike) -> ModelEquations:
    """A model as equations: response, linear predictors, group effects and priors.

    Parameters
    ----------
    fit : Fit or Model
        Whose ``spec`` and ``design`` are written.

    Returns
    -------
    ModelEquations
        ``print`` it for text; ``.latex`` and ``.mathml`` are markup. Columns have the user's names, β are
        population coefficients in the order of ``fit.fixef()``, u group effects, and the second argument of
        ``Normal`` is a variance.

    Examples
    --------
    >>> import hierbayes as hb
    >>> model = hb.Model("normexam ~ standLRT + (1 | school)", hb.load_data("exam"))
    >>> str(model.equation()).splitlines()[1]
    'μ_i = β₀ + β₁ standLRT_i + u_{0,school[i]}'
    """
    spec, design = fit.spec, fit.design
    return ModelEquations(model_equations(spec, design), prior_equations(spec, design))
