"""What many fits come to: each a fit, its summary, or why there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from hierbayes.fitted import Fit

MODEL = "model"
"""First column of ``FitMany.summary()``."""


@dataclass(frozen=True)
class FitFailure:
    """A fit that failed, as a value.

    Attributes
    ----------
    key : hashable
        Which fit: its position in a list, or its name in a dict.
    error : str
        The type of the error, ``"DataError"``.
    message : str
        What it said.
    traceback : str
        Where it was raised.
    seed : int
        Of the fit; ``model.fit(seed=...)`` fails again.
    """

    key: Hashable
    error: str
    message: str
    traceback: str
    seed: int

    def __str__(self) -> str:
        return f"{self.key}: {self.error}: {self.message}"


@dataclass(frozen=True, eq=False)
class FitSummary:
    """What is kept of a fit when its draws are not.

    Attributes
    ----------
    table : DataFrame
        ``Fit.summary()``.
    divergences : int
        Divergent transitions after warm-up.
    settings : mapping
        ``Fit.settings``: seed, sampler, seconds, versions, ...
    messages : tuple of str
        ``Fit.messages``.
    partial : bool
        Whether sampling was interrupted.
    """

    table: pd.DataFrame
    divergences: int
    settings: Mapping[str, object]
    messages: tuple[str, ...] = ()
    partial: bool = False

    def summary(self) -> pd.DataFrame:
        """The table; a copy."""
        return self.table.copy()


def summarized(fit: Fit) -> FitSummary:
    """A fit without its draws."""
    divergences = int(fit.idata["sample_stats"]["diverging"].sum())
    return FitSummary(fit.summary(), divergences, dict(fit.settings), fit.messages, fit.partial)


def whole(fit: Fit) -> Fit:
    """A fit as it is."""
    return fit


type Outcome = Fit | FitSummary | FitFailure

KEPT: dict[str, Callable[[Fit], Fit | FitSummary]] = {"fit": whole, "summary": summarized}
"""What is kept of each fit."""


class FitMany(Mapping[Hashable, Outcome]):
    """Many fits by their keys, in the order in which they were asked for. Immutable.

    ``many[key]`` is a ``Fit`` (or a ``FitSummary``, where draws were not kept), or a ``FitFailure``. The keys
    are those of the dict that was given, or the positions 0, 1, ... in the list.

    Attributes
    ----------
    seed : int or None
        What the seeds of all fits were spawned from; None where each was given.
    partial : bool
        Whether Ctrl-C came before all were done; those that were not are left out.
    """

    def __init__(self, outcomes: Mapping[Hashable, Outcome], seed: int | None, *, total: int) -> None:
        self._outcomes, self._seed, self._total = dict(outcomes), seed, total

    def __getitem__(self, key: Hashable) -> Outcome:
        return self._outcomes[key]

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self._outcomes)

    def __len__(self) -> int:
        return len(self._outcomes)

    @property
    def seed(self) -> int | None:
        """What the seeds of all fits were spawned from; None where each was given."""
        return self._seed

    @property
    def partial(self) -> bool:
        """Whether Ctrl-C came before all fits were done."""
        return len(self._outcomes) < self._total

    @property
    def fits(self) -> dict[Hashable, Fit | FitSummary]:
        """The fits that did not fail, by their keys."""
        return {k: v for k, v in self._outcomes.items() if not isinstance(v, FitFailure)}

    @property
    def failures(self) -> tuple[FitFailure, ...]:
        """Those that did."""
        return tuple(v for v in self._outcomes.values() if isinstance(v, FitFailure))

    def summary(self) -> pd.DataFrame:
        """The summaries of all fits, one below the other.

        Returns
        -------
        DataFrame
            First column ``model``, the key; then those of ``Fit.summary()``. ``attrs`` say which interval and
            which scale. Failed fits have no rows.
        """
        tables = []
        for key, fit in self.fits.items():
            table: pd.DataFrame = fit.summary()
            table.insert(0, MODEL, pd.Series([key] * len(table), index=table.index))
            tables.append(table)
        if not tables:
            return pd.DataFrame({MODEL: []})
        together = pd.concat(tables, ignore_index=True)
        together.attrs.update(tables[0].attrs)
        return together

    def __repr__(self) -> str:
        done = f"{len(self.fits):,} of {self._total:,} fits"
        failed = Counter(failure.error for failure in self.failures)
        parts = [f"{len(self.failures):,} failed ({', '.join(failed)})"] if failed else []
        parts += ["interrupted"] if self.partial else []
        return f"FitMany: {', '.join([done, *parts])}"
