"""What nutpie hands over, Arrow batches of draws and of statistics, as NumPy arrays and in a journal."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes.sampling.journal import Journal
from hierbayes.sampling.settings import (
    UNCONSTRAINED,
    RawDraws,
    SamplerSettings,
    stat_columns,
    tidy_stats,
)

type Floats = NDArray[np.float64]

NOT_STATISTICS = ("divergence_", "mass_matrix_", "transformed_", "transformation_", "unconstrained_")


def note(
    journal: Journal,
    batches: tuple[Sequence[Any], Sequence[Any]],
    chains: Sequence[int],
    rows: Floats | None = None,
) -> None:
    """Write down what is new.

    Parameters
    ----------
    journal : Journal
        Has what was noted before.
    batches : tuple of sequence
        Draws and statistics of each of ``chains``, from the first draw of this process on.
    chains : sequence of int
        Their numbers in the journal.
    rows : float64 array, shape (draw, n_dim), optional
        Where the draws of the one chain are, if the batches have only their numbers.
    """
    for k, draws, stats in zip(chains, *batches, strict=True):
        known = int(journal.made[k] - journal.before[k])
        first = int(_values(stats.column("tuning")).sum()) + known
        n = stats.num_rows - first
        if n <= 0:
            continue
        new_draws, new_stats = draws.slice(first, n), stats.slice(first, n)
        if rows is not None:
            variables = {UNCONSTRAINED: rows[known : known + n]}
        else:
            variables = {name: _stacked([new_draws], name)[0] for name in new_draws.column_names}
        columns = stat_columns(new_stats.column_names)
        last = variables[UNCONSTRAINED][-1] if UNCONSTRAINED in variables else _last(new_stats)
        journal.append(
            k, variables, {new: _values(new_stats.column(old)) for new, old in columns.items()}, last
        )


def _last(stats: Any) -> Floats:
    """The unconstrained vector of the last draw."""
    values = _values(stats.column("unconstrained_draw"))
    return np.asarray(values[-len(values) // stats.num_rows :])


def raw_draws(
    batches: tuple[Sequence[Any], Sequence[Any]], settings: SamplerSettings, interrupted: bool
) -> RawDraws:
    """Draws and statistics of all chains from Arrow, warm-up left out.

    Raises
    ------
    KeyboardInterrupt
        If a chain has made no draw to keep.
    """
    draw_batches, stat_batches = batches
    warm_ups = [int(_values(stats.column("tuning")).sum()) for stats in stat_batches]
    made = min(
        [stats.num_rows - warm_up for stats, warm_up in zip(stat_batches, warm_ups, strict=True)], default=0
    )
    if made == 0:
        raise KeyboardInterrupt("interrupted during warm-up: there are no draws to keep")
    kept_stats = [stats.slice(k, made) for stats, k in zip(stat_batches, warm_ups, strict=True)]
    kept_draws = [draws.slice(k, made) for draws, k in zip(draw_batches, warm_ups, strict=True)]
    variables = {name: _stacked(kept_draws, name) for name in kept_draws[0].column_names}
    scalars = [
        name
        for name in kept_stats[0].column_names
        if not name.startswith(NOT_STATISTICS) and not _shape(kept_stats[0], name)
    ]
    stats = xr.Dataset(
        {
            name: (("chain", "draw"), np.stack([_values(batch.column(name)) for batch in kept_stats]))
            for name in scalars
        }
    )
    partial = interrupted and made < settings.draws
    return RawDraws(variables, tidy_stats(stats), partial, {"nutpie": version("nutpie")})


def _shape(batch: Any, name: str) -> list[int]:
    text = (batch.column(name).field.metadata or {}).get(b"shape", b"").decode()
    return [int(size) for size in text.split(",") if size]


def _stacked(batches: list[Any], name: str) -> Floats:
    """A variable's draws (chain, draw, ...), chains copied one by one."""
    shape = _shape(batches[0], name)
    out = np.empty((len(batches), batches[0].num_rows, *shape))
    for chain, batch in enumerate(batches):
        out[chain] = _values(batch.column(name)).reshape(out[chain].shape)
    return out


def _values(column: Any) -> NDArray[Any]:
    """The numbers of an Arrow column, those of lists one after the other."""
    import pyarrow

    array = pyarrow.array(column)
    flat = array.flatten() if hasattr(array, "flatten") else array
    return np.asarray(flat.to_numpy(zero_copy_only=False))
