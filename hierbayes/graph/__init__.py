"""From spec and design to the readable PyMC model."""

from hierbayes.graph.build import build_graph

__all__ = ["build_graph"]
