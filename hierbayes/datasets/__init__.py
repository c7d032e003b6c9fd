"""The data sets that come along: real ones with R's level order, and simulated twins whose truth is known."""

from hierbayes.datasets.loading import DATA_SETS, list_data, load_data
from hierbayes.datasets.records import DataSet

__all__ = ["DATA_SETS", "DataSet", "list_data", "load_data"]
