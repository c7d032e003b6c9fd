"""What sampling leaves behind: the model as data, its arrays, the draws and how they were made."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xarray as xr

from hierbayes.design.records import Design
from hierbayes.fitted import registry
from hierbayes.fitted.answers import FitAnswers, PlotAccessor
from hierbayes.spec.records import ModelSpec


@dataclass(frozen=True, repr=False)
class Fit(FitAnswers):
    """A fitted multilevel model. Immutable: methods return, never modify.

    Attributes
    ----------
    spec : ModelSpec
        Formula, family, link, structure and priors.
    design : Design
        The arrays that were fitted, and the recipe that rebuilds them for new data.
    idata : xarray.DataTree
        Draws in the ArviZ schema. Group ``posterior`` (dims ``chain``, ``draw``): ``b`` (``term``),
        ``sd_<group>`` (``<group>_term``), ``cor_<group>`` (``<group>_term``, ``<group>_term_bis``),
        ``u_<group>`` (``<group>``, ``<group>_term``) and the family's parameters; coefficients and
        effects are on the link scale, for the user's columns. Further groups: ``sample_stats``,
        ``observed_data``, ``constant_data``.
    settings : mapping
        ``sampler``, ``parameterization`` (as asked for), ``plan`` (what that meant), ``draws``, ``tune``,
        ``chains``, ``seed``, ``target_accept``, ``seconds``, ``versions``, ``fingerprint``.
    messages : tuple of str
        What the user should know: dropped rows, the modelled level, an interruption.
    partial : bool
        Whether sampling was interrupted; such a fit has fewer draws than were asked for.

    Examples
    --------
    >>> fit.posterior["u_school"].dims
    ('chain', 'draw', 'school', 'school_term')
    >>> fit.posterior["b"].sel(term="standLRT").mean().round(1).item()
    0.6
    """

    spec: ModelSpec
    design: Design
    idata: xr.DataTree
    settings: Mapping[str, Any]
    messages: tuple[str, ...] = ()
    partial: bool = False
    _known: dict[Hashable, Any] = field(default_factory=dict, init=False, compare=False)

    @property
    def posterior(self) -> xr.Dataset:
        """The draws: dims ``chain``, ``draw`` and those of each variable."""
        return self.idata["posterior"].to_dataset()

    @property
    def plot(self) -> PlotAccessor:
        """Pictures of this fit: ``fit.plot.caterpillar()``, ``fit.plot.shrinkage()``, ..."""
        return PlotAccessor(self)

    def save(self, path: str | Path) -> Path:
        """Write the fit as netCDF (``.nc``) or Zarr (``.zarr``); ``hierbayes.load`` reads it back.

        Raises
        ------
        StorageError
            If the suffix is neither, or the place cannot be written.

        Examples
        --------
        >>> fit.save("exam.nc").name
        'exam.nc'
        """
        written: Path = registry.resolve(registry.SAVE)(self, Path(path))
        return written

    def __str__(self) -> str:
        return str(registry.up_to_infinity(registry.resolve(registry.TEXT))(self))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return str(registry.up_to_infinity(registry.resolve(registry.HTML))(self))


def once[T](fit: Fit, what: Hashable, compute: Callable[[], T]) -> T:
    """What is worth computing from a fit only once.

    Parameters
    ----------
    fit : Fit
        Its draws never change, so what follows from them does not either.
    what : hashable
        Names it.
    compute : callable
        Called the first time. Everyone is handed the same object: whoever passes it on to a user copies it.
    """
    if what not in fit._known:
        fit._known[what] = compute()
    known: T = fit._known[what]
    return known
