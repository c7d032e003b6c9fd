"""From spec and design to the readable PyMC model."""

from hierbayes.graph import where_compiled  # isort: skip (before anything imports PyTensor)
from hierbayes.graph.build import build_graph

__all__ = ["build_graph", "where_compiled"]
