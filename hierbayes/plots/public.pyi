# Copied from the sources by docs/stubs.py; not edited by hand.

from collections.abc import Sequence
from typing import Any

from arviz_plots import PlotCollection

class Pictures:
    """``hb.plot``."""
    def forest(
        self,
        models: Any,
        terms: Sequence[str] | None = None,
        *,
        prob: float = 0.95,
        backend: str | None = None,
    ) -> PlotCollection:
        """Draw the parameters of several models beside each other, a panel for each and a row for each model."""
    def comparison(self, result: Any, *, backend: str | None = None) -> PlotCollection:
        """Draw the difference of each model from the one that predicts best, with its standard error."""
    def sbc(
        self, result: Any, parameters: Sequence[str] | None = None, *, backend: str | None = None
    ) -> PlotCollection:
        """Draw the ranks of simulated values among posterior draws, a panel for each parameter."""
    def pooling(self, result: Any, quantity: str = "epred", *, backend: str | None = None) -> PlotCollection:
        """Draw the estimates of every group under complete, no and partial pooling, and with dummies."""
    def proportions(
        self,
        data: Any,
        response: str,
        x: str,
        panels: str | None = None,
        *,
        lines: str | None = None,
        event: Any = None,
        span: float = ...,
        backend: str | None = None,
    ) -> PlotCollection:
        """Draw smoothed proportions of a binary response along a covariate, before any model."""
    def group_means(
        self, data: Any, response: str, group: str, *, backend: str | None = None
    ) -> PlotCollection:
        """Draw the mean of each group's own rows, or its share of an event, in order with 95 % intervals."""
    def group_sizes(self, data: Any, group: str, *, backend: str | None = None) -> PlotCollection:
        """Draw the number of rows of each group, the largest first."""
    def structure(self, data: Any, groups: Sequence[str], *, backend: str | None = None) -> PlotCollection:
        """Draw which levels of grouping factors occur together: stairs are nested, a full field is crossed."""

plot: Pictures
FUNCTIONS: dict[str, str]
