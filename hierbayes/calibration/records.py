"""What simulation-based calibration comes to."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import xarray as xr

from hierbayes.estimates.checks.p_values import p_words
from hierbayes.fitted.registry import PARTS_HTML, SBC_PLOT, resolve

WIDTH = 100  # of printed lines


@dataclass(frozen=True, eq=False)
class Calibration:
    """Ranks of what was simulated among what was sampled, and whether they are uniform.

    Attributes
    ----------
    pit : DataTree
        Group ``prior_sbc``, one variable for each parameter, dim ``sample``: the share of posterior draws
        below the simulated value, ties broken at random; uniform on (0, 1) where all is right. What
        ``plot`` draws, and ``arviz_plots.plot_ecdf_pit`` takes, with ``sample_dims="sample"``.
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
            worst = p_words(self.table["adjusted"].to_numpy(dtype=float).min())
            return f"Calibrated: in {n} all ranks are uniform (the smallest adjusted {worst})."
        bad = self.table[~self.table["ok"]].sort_values("adjusted")
        p = bad["adjusted"].to_numpy(dtype=float)
        named = ", ".join(f"{name} ({p_words(p[i])})" for i, name in enumerate(bad["parameter"].head(5)))
        more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
        return (
            f"NOT calibrated: in {n} the ranks of {named}{more} are not uniform. A mean rank above 0.5 comes "
            "from posteriors that lie too low, one below from posteriors that lie too high; ranks at "
            "both ends come from posteriors that are too narrow, ranks in the middle from too wide ones."
        )

    def plot(self, parameters: Sequence[str] | None = None, *, backend: str | None = None) -> Any:
        """Draw the ranks of each parameter: ``hb.plot.sbc`` of this result, whose arguments these are.

        Parameters
        ----------
        parameters : sequence of str, optional
            Of ``table``; all by default, the least uniform of more than 12.
        backend : str, optional
            ``"matplotlib"``, ``"plotly"``, ``"bokeh"`` or ``"none"``.

        Returns
        -------
        arviz_plots.PlotCollection
        """
        return resolve(SBC_PLOT)(self, parameters, backend=backend)

    def __str__(self) -> str:
        table = self._shown().to_string(index=False)
        verdict, counts = (textwrap.fill(text, WIDTH) for text in (self.verdict, self._counts()))
        return "\n".join([self._title(), verdict, "", table, "", counts])

    def parts(self) -> list[tuple[str, pd.DataFrame | tuple[str, ...]]]:
        """What is shown in notebooks: the verdict, the table, and what it rests on."""
        return [(self._title(), ()), ("", (self.verdict,)), ("", self._shown()), ("", (self._counts(),))]

    def _shown(self) -> pd.DataFrame:
        shown = self.table.copy()
        for name in shown.select_dtypes("float"):
            shown[name] = [f"{value:.3f}" for value in shown[name]]
        shown["ok"] = ["uniform" if ok else "not uniform" for ok in shown["ok"]]
        return shown.rename(columns={"p_value": "p value", "mean": "mean rank", "ok": "ranks"})

    def _title(self) -> str:
        return f"Simulation-based calibration of {self.settings['formula']} ({self.settings['family']})"

    def _counts(self) -> str:
        return (
            f"{self.done:,} fits, {self.failed:,} failed, {self.divergences:,} divergences; ranks among "
            f"{self.settings['among']} posterior draws, as shares; adjusted: Holm; not uniform: below "
            f"{self.alpha:g}."
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return str(resolve(PARTS_HTML)(self))
