"""What simulation-based calibration comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import xarray as xr

from hierbayes.fitted.registry import PARTS_HTML, resolve


@dataclass(frozen=True, eq=False)
class Calibration:
    """Ranks of what was simulated among what was sampled, and whether they are uniform.

    Attributes
    ----------
    pit : DataTree
        Group ``prior_sbc``, one variable for each parameter, dim ``sample``: the share of posterior draws
        below the simulated value, ties broken at random; uniform on (0, 1) where all is right. What
        ``arviz_plots.plot_ecdf_pit`` takes, with ``sample_dims="sample"``.
    table : DataFrame
        ``parameter, p_value, adjusted, mean, ok``: the p value of uniformity, adjusted for the number of
        parameters by Holm's method; the mean of the ranks, 0.5 where there is no bias.
    alpha : float
        What ``adjusted`` is compared with.
    done, failed : int
        Data sets that were fitted; those that could not be, such as an outcome that is the same in all rows.
        Which data sets fail is told by the data alone, so that leaving them out does no harm.
    divergences : int
        Divergent transitions in all fits together.
    settings : mapping
        ``formula, family, n, seed``, ``among`` (how many draws truths are ranked among), and those of
        ``Model.fit`` that were stated.
    failures : tuple of str
        Why fits failed, each reason once.
    """

    pit: xr.DataTree
    table: pd.DataFrame
    alpha: float
    done: int
    failed: int
    divergences: int
    settings: Mapping[str, Any]
    failures: tuple[str, ...] = field(default=(), repr=False)

    @property
    def ok(self) -> bool:
        """Whether no parameter departs from uniformity."""
        return bool(self.table["ok"].all())

    @property
    def verdict(self) -> str:
        """The result in a sentence or two."""
        n = f"{self.done:,} data sets drawn from the priors"
        if self.ok:
            worst = self.table["adjusted"].min()
            return f"Calibrated: in {n} all ranks are uniform (smallest adjusted p value {worst:.2g})."
        bad = self.table[~self.table["ok"]].sort_values("adjusted")
        named = ", ".join(f"{row.parameter} (p {row.adjusted:.1g})" for row in bad.head(5).itertuples())
        more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
        return (
            f"NOT calibrated: in {n} the ranks of {named}{more} are not uniform. A mean rank away "
            "from 0.5 is a bias; ranks that pile up at both ends come from posteriors that are too narrow, "
            "ranks in the middle from posteriors that are too wide."
        )

    def __str__(self) -> str:
        table = self.table.to_string(index=False, float_format=lambda value: f"{value:.3f}")
        return "\n".join([self._title(), self.verdict, "", table, "", self._counts()])

    def parts(self) -> list[tuple[str, pd.DataFrame | tuple[str, ...]]]:
        """What is shown in notebooks: the verdict, the table, and what it rests on."""
        shown = self.table.copy()
        for name in shown.select_dtypes("float"):
            shown[name] = [f"{value:.3f}" for value in shown[name]]
        return [(self._title(), ()), ("", (self.verdict,)), ("", shown), ("", (self._counts(),))]

    def _title(self) -> str:
        return f"Simulation-based calibration of {self.settings['formula']} ({self.settings['family']})"

    def _counts(self) -> str:
        return (
            f"{self.done:,} fits, {self.failed:,} failed, {self.divergences:,} divergences; ranks among "
            f"{self.settings['among']} posterior draws; adjusted: Holm; not ok below {self.alpha:g}."
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return str(resolve(PARTS_HTML)(self))
