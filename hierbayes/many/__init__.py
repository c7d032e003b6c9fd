"""Many fits: of models, of frames, or of responses of one model."""

from hierbayes.many.records import FitFailure, FitMany, FitSummary
from hierbayes.many.run import fit_many

__all__ = ["FitFailure", "FitMany", "FitSummary", "fit_many"]
