"""Fit the models of a report page again, from what the page says, and compare."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from hierbayes.cards import read_frame
from hierbayes.cards.records import DATASET
from hierbayes.errors import DataError, PageError
from hierbayes.estimates.checks.monte_carlo import (
    LABELS,
    compare_figures,
    figures,
    furthest,
    largest_by_chance,
)
from hierbayes.fitted import Fit, fingerprint
from hierbayes.fitted.identity import SHUFFLED, differing_parts, draws_digest
from hierbayes.formulas.parts import Formulas
from hierbayes.model import Model
from hierbayes.report.content.provenance import exact
from hierbayes.reproduction.page import Recorded, read_page
from hierbayes.reproduction.records import AGREES, DIFFERS, IDENTICAL, ModelAgain, Reproduction


def reproduce(
    page: str | Path, data: Any = None, *, cores: int | None = None, progress: bool = True
) -> Reproduction:
    """Fit the models of a report page again, from what the page says, and compare the draws.

    Parameters
    ----------
    page : str or Path
        A page of ``fit.report`` or ``report_card``. It is read as data: nothing of it is run.
    data : str, Path or data frame, optional
        The data: a .csv, .tsv or .parquet file, ``"dataset:exam"``, or a frame. Without, what the page names:
        a data set that comes along, or a file beside the page or in the working directory.
    cores : int, optional
        Chains run at once; the draws do not depend on it.
    progress : bool
        Whether to show one line per chain.

    Returns
    -------
    Reproduction
        ``ok``, and for each model its ``verdict``: ``"identical"`` (every draw, bit by bit), ``"agrees"``
        (means and standard deviations within Monte Carlo error) or ``"differs"``; which versions differ; the
        new fits.

    Raises
    ------
    PageError
        If the page is no report of hierbayes, is damaged, or names no data.
    DataError
        If the data cannot be read, or are not those of the page: the message says what is different.
    HierbayesError
        Of any kind, if the page states a model that cannot be built or sampled.

    Notes
    -----
    The same draws come with the same versions on the same kind of machine, on any number of cores. Other
    processors and other versions of libraries round differently, and then chains take other ways through the
    same posterior. Differences are then held to Monte Carlo standard errors: of all means and standard
    deviations together, the largest exceeds what chance allows with probability 0.001. What is compared is
    the record that the page carries, not the numbers that a reader sees.

    Examples
    --------
    >>> path = fit.report("exam.html", data="dataset:exam")
    >>> hb.reproduce(path, progress=False).ok  # doctest: +SKIP
    True
    """
    path = Path(page)
    recorded = read_page(path)
    frames = _Frames(path, data)
    models = [(entry, *_model(entry, frames.of(entry))) for entry in recorded]
    return Reproduction(
        path,
        tuple(_again(entry, model, notes, cores=cores, progress=progress) for entry, model, notes in models),
    )


class _Frames:
    """The data of the models, each read once."""

    def __init__(self, page: Path, given: Any) -> None:
        self.page, self.given = page, given
        self._read: dict[str, Any] = {}

    def of(self, entry: Recorded) -> Any:
        """The frame of a model."""
        if self.given is not None and not isinstance(self.given, str | Path):
            return self.given
        source = str(self.given) if self.given is not None else self._named(entry)
        if source not in self._read:
            self._read[source] = read_frame(source)
        return self._read[source]

    def _named(self, entry: Recorded) -> str:
        if entry.data is None:
            raise PageError(
                f"{self.page} does not say where its data are. Give them: hierbayes reproduce "
                f"{self.page} --data FILE, or hb.reproduce(page, data=frame)."
            )
        if entry.data.startswith(DATASET):
            return entry.data
        named = Path(entry.data)
        places = [folder / name for folder in (self.page.parent, Path()) for name in (named, named.name)]
        if named.is_absolute():
            places = [folder / named.name for folder in (self.page.parent, Path())]
        for place in places:
            if place.is_file():
                return str(place)
        raise DataError(
            f"The page names its data {entry.data!r}, and there is no such file beside it nor in the working "
            f"directory. Give them: hierbayes reproduce {self.page} --data FILE."
        )


def _model(entry: Recorded, frame: Any) -> tuple[Model, tuple[str, ...]]:
    """The model of the page, and what is not as it was."""
    formulas = Formulas(entry.formula, tuple(entry.parameters.items()))
    how: Mapping[str, Any] = {"family": entry.family, "link": entry.link}
    model, notes = Model(formulas, frame, priors=dict(entry.stated_priors), **how), []
    if fingerprint(model.design) != entry.fingerprint:
        notes.append(_other_data(entry, model))
    if {e.key: exact(e.prior) for e in model.spec.priors} != dict(entry.priors):
        model = Model(formulas, frame, priors=dict(entry.priors), **how)
        notes = notes or ["default priors are now others; those of the page were taken"]
    return model, tuple(notes)


def _other_data(entry: Recorded, model: Model) -> str:
    """A note where the data differ by rounding.

    Raises
    ------
    DataError
        If they differ by more.
    """
    words, rounding = differing_parts(entry.parts, model.design)
    if rounding:
        return "computed columns differ from those of the page by rounding"
    title = f"Model {entry.name}: these" if entry.name else "These"
    if entry.rows != model.design.n:
        words = [f"{model.design.n:,} rows are used, not {entry.rows:,}"]
    elif words and all(word.endswith(SHUFFLED) and "response" in words[0] for word in words):
        words = ["every column has the same mean and sd: the rows stand in another order"]
    shown = "; ".join(words[:5]) + (f"; and {len(words) - 5} more" if len(words) > 5 else "")
    raise DataError(
        f"{title} are not the data of the page (fingerprint {fingerprint(model.design)}, on the page "
        f"{entry.fingerprint}): {shown or 'something that the page does not tell'}. "
        "Give those that the page was made from: --data FILE."
    )


def _again(
    entry: Recorded, model: Model, notes: tuple[str, ...], *, cores: int | None, progress: bool
) -> ModelAgain:
    fit = model.fit(**entry.settings, cores=cores, progress=progress, title=entry.name)
    if fit.partial:
        raise KeyboardInterrupt
    if entry.kept < entry.settings["draws"]:
        notes = (*notes, f"the page has the first {entry.kept:,} draws of each chain: it was interrupted")
    fit, compared, verdict = _compared(entry, fit)
    here: Mapping[str, str] = fit.settings["versions"]
    names = [name for name in {**entry.versions, **here} if entry.versions.get(name) != here.get(name)]
    versions = {name: (entry.versions.get(name, "none"), here.get(name, "none")) for name in names}
    return ModelAgain(entry.name, entry.formula, verdict, compared, versions, notes, fit)


def _compared(entry: Recorded, fit: Fit) -> tuple[Fit, pd.DataFrame, str]:
    first = fit.posterior.isel(draw=slice(0, entry.kept))
    numbers = dict.fromkeys(("mean", "sd", "mcse_mean", "mcse_sd"), float)
    page = pd.DataFrame(list(entry.figures), columns=[*LABELS, *numbers]).astype(numbers)
    compared = compare_figures(page, figures(fit))
    if draws_digest(first) == entry.draws:
        return fit, compared, IDENTICAL
    means, sds, _ = furthest(compared)
    close = max(means, sds) <= largest_by_chance(2 * len(compared))
    return fit, compared, AGREES if close else DIFFERS
