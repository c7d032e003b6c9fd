"""hierbayes: Bayesian multilevel models from lme4 formulas.

>>> import hierbayes as hb
>>> fit = hb.fit("normexam ~ standLRT + (1 | school)", hb.load_data("exam"))  # doctest: +SKIP
>>> print(fit)  # doctest: +SKIP

Names are imported on first use (PEP 562), so that ``import hierbayes`` is cheap.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_PUBLIC = {
    "Model": "hierbayes.model",
    "Fit": "hierbayes.fitted",
    "fit": "hierbayes.model",
    "formula": "hierbayes.formulas.parts",
    "fit_many": "hierbayes.many",
    "FitMany": "hierbayes.many",
    "FitSummary": "hierbayes.many",
    "FitFailure": "hierbayes.many",
    "compare": "hierbayes.estimates.leave_out.compare",
    "Comparison": "hierbayes.estimates.leave_out.compare",
    "warmup": "hierbayes.warming",
    "Warmed": "hierbayes.warming",
    "pooling": "hierbayes.approaches",
    "Pooling": "hierbayes.approaches",
    "sbc": "hierbayes.calibration",
    "Calibration": "hierbayes.calibration",
    "load": "hierbayes.fitted",
    "resume": "hierbayes.resuming",
    "plot": "hierbayes.plots.public",
    "quiet": "hierbayes.progress",
    "describe_structure": "hierbayes.design.structure",
    "simulate": "hierbayes.simulation",
    "load_data": "hierbayes.datasets",
    "list_data": "hierbayes.datasets",
    "Card": "hierbayes.cards",
    "list_cards": "hierbayes.cards",
    "load_card": "hierbayes.cards",
    "fit_card": "hierbayes.cards",
    "report_card": "hierbayes.report",
    "table": "hierbayes.report.publication",
    "variance_explained": "hierbayes.estimates.variance.explained",
    "reproduce": "hierbayes.reproduction",
    "Reproduction": "hierbayes.reproduction",
    "HierbayesError": "hierbayes.errors",
}

if TYPE_CHECKING:
    from hierbayes.approaches import Pooling as Pooling
    from hierbayes.approaches import pooling as pooling
    from hierbayes.calibration import Calibration as Calibration
    from hierbayes.calibration import sbc as sbc
    from hierbayes.cards import Card as Card
    from hierbayes.cards import fit_card as fit_card
    from hierbayes.cards import list_cards as list_cards
    from hierbayes.cards import load_card as load_card
    from hierbayes.datasets import list_data as list_data
    from hierbayes.datasets import load_data as load_data
    from hierbayes.design.structure import describe_structure as describe_structure
    from hierbayes.errors import HierbayesError as HierbayesError
    from hierbayes.estimates.leave_out.compare import Comparison as Comparison
    from hierbayes.estimates.leave_out.compare import compare as compare
    from hierbayes.estimates.variance.explained import variance_explained as variance_explained
    from hierbayes.fitted import Fit as Fit
    from hierbayes.fitted import load as load
    from hierbayes.formulas.parts import formula as formula
    from hierbayes.many import FitFailure as FitFailure
    from hierbayes.many import FitMany as FitMany
    from hierbayes.many import FitSummary as FitSummary
    from hierbayes.many import fit_many as fit_many
    from hierbayes.model import Model as Model
    from hierbayes.model import fit as fit
    from hierbayes.plots.public import plot as plot
    from hierbayes.progress import quiet as quiet
    from hierbayes.report import report_card as report_card
    from hierbayes.report.publication import table as table
    from hierbayes.reproduction import Reproduction as Reproduction
    from hierbayes.reproduction import reproduce as reproduce
    from hierbayes.resuming import resume as resume
    from hierbayes.simulation import simulate as simulate
    from hierbayes.warming import Warmed as Warmed
    from hierbayes.warming import warmup as warmup

else:  # a type checker would believe that every name exists

    def __getattr__(name: str) -> Any:
        if name not in _PUBLIC:
            raise AttributeError(
                f"module 'hierbayes' has no attribute {name!r}; there are: {', '.join(_PUBLIC)}"
            )
        return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return [*_PUBLIC, "__version__"]
