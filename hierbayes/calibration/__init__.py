"""Does the sampler recover what it was given? Simulation-based calibration of a model with its priors."""

from hierbayes.calibration.records import Calibration
from hierbayes.calibration.run import sbc

__all__ = ["Calibration", "sbc"]
