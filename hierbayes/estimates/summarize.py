"""From draws to rows: the only place where ``chain`` and ``draw`` are reduced."""

from __future__ import annotations

import html
import itertools
import shutil
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from hierbayes import names
from hierbayes.errors import DataError
from hierbayes.estimates.effective import ess_bulk, ess_tail, r_hat
from hierbayes.progress import working

PROB = 0.95
WIDTH = 100
"""At most so many columns wide is what stands under a table."""

AT_A_TIME = 1_000_000
"""Draws whose effective sample sizes are computed before progress is told."""
DIGITS = 4
"""Decimals of estimates in print; the frame has them all."""


def _number(value: float) -> str:
    """An estimate with ``DIGITS`` decimals, or two digits where it would be no more than zeros."""
    small = 0 < abs(value) < 5 * 10.0 ** (1 - DIGITS)
    return f"{value:.1e}" if small else f"{value:.{DIGITS}f}"


FORMATS = {
    **dict.fromkeys(("mean", "sd", "lower", "upper"), _number),
    **dict.fromkeys(("ess_bulk", "ess_tail"), "{:.0f}".format),
    "r_hat": "{:.3f}".format,
    "bayes_factor": "{:.3g}".format,
    "elpd_lost": "{:.1f}".format,
    **dict.fromkeys(("evidence_ratio", "evidence_error"), "{:.3g}".format),
    **dict.fromkeys(("prior", "likelihood"), "{:.3f}".format),
}
"""How the columns of ``summarize`` are printed."""


BEYOND = (
    "inf and NaN stand where numbers are too large for double precision (beyond 1.8e308), or cannot be told "
    "from such numbers."
)

ESTIMATES = ("mean", "sd", "lower", "upper", "ess_bulk", "ess_tail", "r_hat")
"""Columns of estimates."""


def apart(labels: pd.DataFrame, *ours: str) -> pd.DataFrame:
    """Columns of the data, to stand beside estimates and others of ours: ``sd`` becomes ``sd_``."""
    return labels.rename(columns=lambda name: names.apart(name, (*ESTIMATES, *ours)))


def _legible(value: Any) -> Any:
    return names.legible(value) if isinstance(value, str) else value


class Table(pd.DataFrame):
    """Rows of estimates, printed with what they mean under them.

    An ordinary pandas frame in every other respect. Under its rows stand, as far as they are in ``attrs``:
    ``"definition"`` (str; of several ``"definitions"``, by name), ``"estimand"`` and ``"over"`` (whose
    responses, and what they are averaged over), ``"held"`` (columns at fixed values), ``"scale"`` and
    ``"interval"`` (str), and ``"notes"`` (tuple of str), remarks for the reader. Selections keep them.
    """

    @property
    def _constructor(self) -> Callable[..., pd.DataFrame]:
        return Table

    def legend(self) -> tuple[str, ...]:
        """What stands under the rows, one paragraph each."""
        attrs = self.attrs
        units = (attrs.get("scale"), attrs.get("interval") and f"{attrs['interval']} intervals")
        about = ", ".join(text for text in (attrs.get("estimand"), attrs.get("over")) if text)
        several = attrs.get("definitions") or {}
        defined = [(f"Definition, {name}", text) for name, text in several.items()]
        said = defined or [("Definition", attrs.get("definition"))]
        said += [("Estimand", about), ("Held", attrs.get("held"))]
        said.append(("Scale", "; ".join(unit for unit in units if unit)))
        notes = [("Note", note) for note in (*attrs.get("notes", ()), *self._beyond())]
        return tuple(f"{word}: {text}" for word, text in (*said, *notes) if text)

    def _beyond(self) -> tuple[str, ...]:
        """A remark where an estimate is no finite number."""
        shown = self[[name for name in ESTIMATES[:4] if name in self.columns]].select_dtypes("number")
        return () if np.isfinite(shown.to_numpy(dtype=float)).all() else (BEYOND,)

    def __repr__(self) -> str:
        width = min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)
        with pd.option_context("display.precision", DIGITS):
            rows: str = self._legible().to_string(
                **self._shown(), line_width=width, min_rows=pd.options.display.min_rows
            )
        under = [textwrap.fill(text, width, subsequent_indent="  ") for text in self.legend()]
        return "\n".join([rows, *([""] if under else []), *under])

    def _repr_html_(self) -> str:
        with pd.option_context("display.precision", DIGITS):
            rows: str = self._legible().to_html(**self._shown(), notebook=True)
        return rows + "".join(f"<p><small>{html.escape(text)}</small></p>" for text in self.legend())

    def _legible(self) -> pd.DataFrame:
        """The rows with names and labels that fit on a page."""
        shown = pd.DataFrame(self).copy(deep=False)
        for name in shown.select_dtypes(["object", "string"]).columns:
            shown[name] = shown[name].map(_legible)
        return shown.rename(columns=_legible)

    def _shown(self) -> dict[str, Any]:
        """How rows are shown: as many as pandas shows, diagnostics with the digits that they deserve."""
        most = pd.options.display.max_rows
        numbers = self.select_dtypes("number").columns
        formats = {name: form for name, form in FORMATS.items() if name in numbers}
        return {"max_rows": most, "show_dimensions": len(self) > (most or len(self)), "formatters": formats}


def summarize(draws: xr.DataArray, prob: float = PROB, *, tail: bool = False) -> pd.DataFrame:
    """Posterior mean, sd, equal-tailed interval and diagnostics of every element of ``draws``.

    Parameters
    ----------
    draws : DataArray, dims (chain, draw, ...)
        The other dims, in their order, give the rows; the last one runs fastest.
    prob : float
        Mass of the interval.
    tail : bool
        Whether to add ``ess_tail``.

    Returns
    -------
    DataFrame
        Columns ``mean, sd, lower, upper, ess_bulk`` (and ``ess_tail``), ``r_hat``; in the units of ``draws``.
        R-hat and effective sample sizes are the rank-normalized ones.

    Raises
    ------
    DataError
        If ``prob`` is not between 0 and 1.

    References
    ----------
    Vehtari, A., Gelman, A., Simpson, D., Carpenter, B. and Bürkner, P.-C. (2021). Rank-normalization,
    folding, and localization: an improved R-hat. Bayesian Analysis 16, 667-718.
    """
    if not 0 < prob < 1:
        raise DataError(f"prob is the mass of the interval, between 0 and 1; {prob!r} was given.")
    values = draws.transpose("chain", "draw", ...)
    flat = values.to_numpy().reshape(values.sizes["chain"], values.sizes["draw"], -1)
    lower, upper = np.quantile(flat, [(1 - prob) / 2, (1 + prob) / 2], axis=(0, 1))
    columns = {
        "mean": flat.mean(axis=(0, 1)),
        "sd": flat.std(axis=(0, 1), ddof=1) if flat.shape[0] * flat.shape[1] > 1 else np.zeros(flat.shape[2]),
        "lower": lower,
        "upper": upper,
    }
    return pd.DataFrame(columns | _diagnostics(flat, tail=tail))


def _diagnostics(flat: NDArray[np.float64], *, tail: bool) -> dict[str, NDArray[np.float64]]:
    """Effective sample sizes and R-hat of the last dim, some of it at a time: they take longest."""
    from arviz_base import rcParams

    count = flat.shape[2]
    step = max(1, AT_A_TIME // max(1, flat.shape[0] * flat.shape[1]))
    parts: list[dict[str, NDArray[np.float64]]] = []
    with working("effective sample sizes", count, unit="quantities") as work:
        for start in range(0, max(count, 1), step):
            some = flat[..., start : start + step]
            part = {"ess_bulk": ess_bulk(some)}
            if tail:
                part["ess_tail"] = ess_tail(some, rcParams["stats.ci_prob"])
            part["r_hat"] = r_hat(some)
            parts.append(part)
            work.done = start + some.shape[2]
    return {name: np.concatenate([np.atleast_1d(part[name]) for part in parts]) for name in parts[0]}


def label_rows(draws: xr.DataArray) -> pd.DataFrame:
    """The labels of every element of ``draws``, one column per dim, in the row order of ``summarize``."""
    dims = [str(dim) for dim in draws.dims if dim not in ("chain", "draw")]
    labels = [list(draws[dim].to_numpy()) for dim in dims]
    return pd.DataFrame(list(itertools.product(*labels)), columns=dims)


def describe_interval(frame: pd.DataFrame, scale: str, prob: float = PROB) -> Table:
    """The frame as a ``Table``, whose ``attrs`` say which interval and which scale the columns are in."""
    table = Table(frame)
    table.attrs = {**frame.attrs, "interval": f"{100 * prob:g} % equal-tailed", "scale": scale}
    return table
