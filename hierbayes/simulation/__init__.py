"""Data from a formula, sizes and parameter values: multilevel data whose truth is known."""

from hierbayes.simulation.frames import simulate

__all__ = ["simulate"]
