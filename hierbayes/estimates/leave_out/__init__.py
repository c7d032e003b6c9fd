"""Predictive densities of what was left out, and comparison of models by them."""
