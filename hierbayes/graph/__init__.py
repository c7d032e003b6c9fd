"""From spec and design to the readable PyMC model, and from its draws to the reported posterior."""

from hierbayes.graph.build import build_graph, coords
from hierbayes.graph.recover import recover

__all__ = ["build_graph", "coords", "recover"]
