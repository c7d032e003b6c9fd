"""The record of a fitted model, and how it goes to disk."""

from hierbayes.fitted.assemble import data_tree, fingerprint, versions
from hierbayes.fitted.record import Fit
from hierbayes.fitted.store import load, save

__all__ = ["Fit", "data_tree", "fingerprint", "load", "save", "versions"]
