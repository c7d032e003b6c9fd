"""Where the draws of a fit are while it is sampled, beside the place where it will be saved."""

from __future__ import annotations

from pathlib import Path

from hierbayes.errors import StorageError

UNFINISHED = ".unfinished.zarr"
"""Ends the name of the folder beside the path of a fit, which holds what has been drawn of it."""


def beside(path: Path) -> Path:
    """Where the draws of a fit that is to be saved at ``path`` go until they are all there.

    Raises
    ------
    StorageError
        If the suffix is not ``.zarr``.
    """
    if path.suffix != ".zarr":
        raise StorageError(
            f"{path.name}: draws are streamed to Zarr, a folder whose name ends in .zarr. Allowed: "
            f"store={str(path.with_suffix('.zarr'))!r}; Fit.save writes .nc once all is drawn."
        )
    return path if path.name.endswith(UNFINISHED) else path.with_name(path.stem + UNFINISHED)


def final(folder: Path) -> Path:
    """The path of the fit whose draws are in ``folder``."""
    return folder.with_name(folder.name.removesuffix(UNFINISHED) + ".zarr")


def advice(folder: Path) -> str:
    """How to bring back what is there, as a sentence."""
    path = str(final(folder))
    return f"hb.resume({path!r}) brings back what was drawn, hb.resume({path!r}, go_on=True) draws the rest."
