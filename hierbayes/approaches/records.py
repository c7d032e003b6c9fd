"""What a comparison of approaches answers with."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from hierbayes.approaches.designs import APPROACHES, PARTIAL
from hierbayes.fitted.registry import PARTS_HTML, resolve

SHOWN = 3
"""So many of the smallest and of the largest groups are printed."""


@dataclass(frozen=True)
class Pooling:
    """Complete pooling, dummies, one model per group and partial pooling of the same data.

    Attributes
    ----------
    group : str
        The grouping factor.
    formula : str
        The model's formula, which is that of partial pooling.
    profile : dict
        Values of the columns at which groups are compared; columns that vary between groups alone are at
        each group's own.
    estimates : DataFrame
        ``approach, level, n, quantity`` (``"linpred"`` and ``"epred"``, linear predictor and expected
        response at the profile; ``"slope[x]"`` per unit of x, link scale), ``mean, sd, lower, upper,
        ess_bulk, r_hat``. A group that an approach cannot tell has no row.
    heldout : DataFrame
        ``left_out`` (``"rows"`` or ``"groups"``), ``approach, n`` (rows scored, the same for all), ``rmse``
        (of the expected response), ``elpd`` (mean log predictive density of a row), ``elpd_diff, diff_se``
        (from partial pooling, per row), ``not_predicted`` (rows without a prediction, which are not scored
        for any approach, unless the approach predicts no row at all).
    fits : DataFrame
        ``approach, formula, fits, failed, dropped`` (columns that it cannot tell), ``new_groups`` (whether it
        predicts groups without data), ``max_r_hat`` (of the estimates).
    failures : DataFrame
        ``approach, level, n, left_out`` (``"nothing"``, or rows of one fold), ``reason``: what could not be
        fitted, and why.
    """

    group: str
    formula: str
    profile: dict[str, object]
    estimates: pd.DataFrame
    heldout: pd.DataFrame
    fits: pd.DataFrame
    failures: pd.DataFrame

    @property
    def verdict(self) -> tuple[str, ...]:
        """Sentences that say what the held-out error tells; none without it."""
        return tuple(
            sentence
            for left_out, rows in (self.heldout.groupby("left_out", sort=False) if len(self.heldout) else ())
            for sentence in _sentences(str(left_out), rows)
        )

    def __str__(self) -> str:
        tables = (f"{title}\n{frame.to_string(index=False)}" for title, frame in self._tables())
        return "\n\n".join([*tables, *(["\n".join(self.verdict)] if self.verdict else [])])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return str(resolve(PARTS_HTML)(self))

    def parts(self) -> list[tuple[str, pd.DataFrame | tuple[str, ...]]]:
        """What is shown, in text and in notebooks: tables of texts under their titles, then the verdict."""
        return [*self._tables(), *([("", self.verdict)] if self.verdict else [])]

    def _tables(self) -> list[tuple[str, pd.DataFrame]]:
        parts = [
            (f"Pooling over {self.group}: {self.formula}", _text(self.fits, 3)),
            (self._title(), self._shown_estimates()),
        ]
        if len(self.heldout):
            parts.append(("Predictions of what was left out, per row", _text(self.heldout, 4)))
        if len(self.failures):
            reasons = self.failures.groupby(["approach", "left_out", "reason"], sort=False)
            counted = reasons.agg(fits=("level", "count"), such_as=("level", "first")).reset_index()
            parts.append(("What could not be fitted", counted))
        return parts

    def _title(self) -> str:
        at = ", ".join(
            f"{k} = {v:.3g}" if isinstance(v, float) else f"{k} = {v}" for k, v in self.profile.items()
        )
        where = f" at {at}" if at else ""
        return (
            f"Expected response{where}: mean [{self.estimates.attrs['interval']} interval], the smallest and "
            "the largest groups"
        )

    def _shown_estimates(self) -> pd.DataFrame:
        rows = self.estimates[self.estimates["quantity"] == "epred"]
        cells = [f"{r.mean:.2f} [{r.lower:.2f}, {r.upper:.2f}]" for r in rows.itertuples()]
        wide = rows.assign(cell=cells).pivot(index=["level", "n"], columns="approach", values="cell")
        order = [name for name in APPROACHES if name in wide]
        wide = wide[order].fillna("-").reset_index().sort_values("n", kind="stable")
        wide.columns.name = None
        if len(wide) > 2 * SHOWN:
            wide = pd.concat([wide.head(SHOWN), wide.tail(SHOWN)])
        return wide


def _sentences(left_out: str, rows: pd.DataFrame) -> list[str]:
    """How the approaches compare with partial pooling, two standard errors being a difference."""
    what = {"rows": "Rows of known groups", "groups": "New groups"}[left_out]
    others = rows[(rows["approach"] != PARTIAL) & (rows["n"] > 0)]
    clear = others["elpd_diff"].abs() > 2 * others["diff_se"]
    parts = {
        "better": others[clear & (others["elpd_diff"] > 0)],
        "worse": others[clear & (others["elpd_diff"] < 0)],
        "not told apart from it": others[~clear],
    }
    said = [f"{word}: {', '.join(some['approach'])}" for word, some in parts.items() if len(some)]
    unable = list(rows.loc[rows["n"] == 0, "approach"])
    sentences = (
        [f"{what}, compared with partial pooling (2 standard errors): {'; '.join(said)}."] if said else []
    )
    if unable:
        sentences.append(f"{what} cannot be predicted by: {', '.join(unable)}.")
    return sentences


def _text(frame: pd.DataFrame, digits: int) -> pd.DataFrame:
    shown = frame.copy()
    for name in frame.select_dtypes("float"):
        shown[name] = ["-" if pd.isna(x) else f"{x:.{digits}f}" for x in frame[name]]
    return shown
