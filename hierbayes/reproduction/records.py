"""What came of fitting the models of a page again."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from hierbayes.estimates.checks.monte_carlo import furthest, largest_by_chance
from hierbayes.fitted import Fit

IDENTICAL, AGREES, DIFFERS = "identical", "agrees", "differs"
"""The verdicts: the same draws; other draws of the same posterior; another posterior."""


@dataclass(frozen=True, repr=False)
class ModelAgain:
    """One model of a page, fitted again.

    Attributes
    ----------
    name, formula : str
        As on the page.
    verdict : str
        ``"identical"``: every draw is the same, bit by bit; ``"agrees"``: means and standard deviations of
        all parameters differ by no more than Monte Carlo error; ``"differs"``: by more.
    compared : DataFrame
        Mean and sd on the page and again, and by how many Monte Carlo standard errors they differ.
    versions : mapping of str to (str, str)
        Libraries whose version on the page is not the one here.
    notes : tuple of str
        What else is not as it was.
    fit : Fit
        The new fit.
    """

    name: str
    formula: str
    verdict: str
    compared: pd.DataFrame
    versions: Mapping[str, tuple[str, str]]
    notes: tuple[str, ...]
    fit: Fit = field(compare=False)

    @property
    def ok(self) -> bool:
        """Whether the page's posterior came again."""
        return self.verdict != DIFFERS

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.formula}" if self.name else self.formula]
        changed = ", ".join(f"{name} {here} (page: {page})" for name, (page, here) in self.versions.items())
        lines.append(
            f"  versions  {changed}: draws may differ" if changed else "  versions  those of the page"
        )
        lines += [f"  note      {note}" for note in self.notes]
        return "\n".join([*lines, f"  draws     {self._words()}"])

    __repr__ = __str__

    def _words(self) -> str:
        sizes = self.fit.posterior.sizes
        if self.verdict == IDENTICAL:
            return f"identical: all {sizes['chain'] * sizes['draw']:,}, bit by bit"
        means, sds, row = furthest(self.compared)
        limit = largest_by_chance(2 * len(self.compared))
        if self.verdict == AGREES:
            return (
                f"not the same, but of the same posterior: means differ by at most {means:.1f} Monte Carlo "
                f"standard errors, sds by at most {sds:.1f} (chance allows {limit:.1f})"
            )
        label = " ".join(str(row[key]) for key in ("group", "parameter") if row[key])
        return (
            f"different: {label} has mean {row['mean_again']:.4g} and sd {row['sd_again']:.4g}, on the page "
            f"{row['mean']:.4g} and {row['sd']:.4g}: {max(means, sds):.1f} Monte Carlo standard errors apart "
            f"(chance allows {limit:.1f})"
        )


@dataclass(frozen=True, repr=False)
class Reproduction:
    """The models of a page, fitted again; print it for the verdict.

    Attributes
    ----------
    page : Path
        The page.
    models : tuple of ModelAgain
        In the page's order.

    Examples
    --------
    >>> again = hb.reproduce(fit.report("exam.html"))  # doctest: +SKIP
    >>> again.ok  # doctest: +SKIP
    True
    """

    page: Path
    models: tuple[ModelAgain, ...]

    @property
    def ok(self) -> bool:
        """Whether the posterior of every model came again."""
        return all(model.ok for model in self.models)

    def __str__(self) -> str:
        same = sum(model.verdict == IDENTICAL for model in self.models)
        n = len(self.models)
        if not self.ok:
            bad = sum(not model.ok for model in self.models)
            verdict = f"{bad} of {n} posteriors did not come again." if n > 1 else "It did not come again."
        elif same == n:
            verdict = "Reproduced: the same draws."
        else:
            verdict = "Reproduced within Monte Carlo error."
        return "\n".join([f"{self.page.name}", "", *map(str, self.models), "", verdict])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"
