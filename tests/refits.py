"""A model fitted again on some of its rows, as cross-validation does it."""

from __future__ import annotations

from hierbayes.fitted import Fit
from hierbayes.refitting import model_of_rows, settings_of


def refit_rows(fit: Fit, rows: object, **settings: object) -> Fit:
    """The model of a fit, on the rows of a mask or at positions; settings of the fit but for those given."""
    return model_of_rows(fit, rows).fit(**{**settings_of(fit), **settings})
