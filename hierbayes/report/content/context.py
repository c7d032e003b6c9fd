"""What a section is written from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from hierbayes.errors import DataError, HierbayesError
from hierbayes.report.blocks import Figure, Paragraph
from hierbayes.report.png import size, with_palette
from hierbayes.report.protocols import ReferenceLike

if TYPE_CHECKING:
    from hierbayes.fitted import Fit

BRIEF = 400  # about how many draws averages over rows are made of
DPI = 160  # of the picture's pixels
SHOWN_DPI = 120  # of the page: the difference keeps pictures sharp on fine screens and in print


@dataclass(frozen=True)
class Shown:
    """One fit as a report shows it.

    Attributes
    ----------
    fit : Fit
        The fit.
    name : str
        What the report calls the model: ``"m_01"``.
    description : str
        What the card says of it.
    reference : ReferenceLike or None
        Published figures to show beside the posterior.
    file : str or None
        Where the data are, if that is known: a file, or ``"dataset:exam"``.
    """

    fit: Fit
    name: str = ""
    description: str = ""
    reference: ReferenceLike | None = None
    file: str | None = None

    @property
    def data_code(self) -> str:
        """Python code that reads the data."""
        kind, colon, name = self.source.partition(":")
        if colon and kind == "dataset":
            return f"data = hb.load_data({name!r})"
        return f"data = ...  # {self.source if self.file else 'your data frame'}"

    @property
    def source(self) -> str:
        """The data as the command line names them."""
        return " ".join((self.file or "data.csv").split())

    @cached_property
    def summary(self) -> pd.DataFrame:
        """``fit.summary()``, computed once for all sections."""
        frame: pd.DataFrame = self.fit.summary()
        return frame

    @cached_property
    def verdict(self) -> Any:
        """``fit.check()``, computed once for all sections."""
        return self.fit.check()

    @cached_property
    def brief(self) -> Fit:
        """The fit with every so many of its draws, for what costs as much as it has draws and rows."""
        posterior = self.fit.posterior
        draws = (
            BRIEF // 4 if self.fit.spec.label else BRIEF
        )  # of categories, several effects are integrated out
        wanted = -(-draws // posterior.sizes["chain"])
        step = max(1, posterior.sizes["draw"] // wanted)
        thinned = posterior.isel(draw=slice(None, None, step))
        return replace(self.fit, idata=type(self.fit.idata).from_dict({"posterior": thinned}))

    @cached_property
    def vpc(self) -> pd.DataFrame:
        """``fit.vpc()``, computed once for all sections; no rows, and why, where it is not defined."""
        try:
            frame: pd.DataFrame = self.fit.vpc()
        except DataError as refusal:
            frame = pd.DataFrame(columns=["group", "method", "mean", "lower", "upper"])
            frame.attrs["definition"] = str(refusal)
        return frame


def picture(fit: Fit, name: str, alt: str, caption: str, **choice: str | int) -> Figure | Paragraph:
    """A picture of ``fit.plot``, or a remark that says why there is none for this model.

    Parameters
    ----------
    fit : Fit
        The fit.
    name : str
        The picture's name in ``fit.plot``: ``"shrinkage"``.
    alt, caption : str
        What the picture shows, and how to read it.
    **choice : str or int
        Arguments of the picture: ``group="school"``.
    """
    from hierbayes.plots import to_pixels

    try:
        png = with_palette(to_pixels(getattr(fit.plot, name)(**choice), dpi=DPI))
    except HierbayesError as error:
        return Paragraph(f"A picture is left out here: {error}", "note")
    width, height = (round(pixels * SHOWN_DPI / DPI) for pixels in size(png))
    return Figure(png, alt, caption, width, height)
