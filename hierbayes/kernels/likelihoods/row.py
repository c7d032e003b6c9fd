"""What a log density is told of its row."""

from __future__ import annotations

from typing import Any, NamedTuple


class Row(NamedTuple):
    """What a row carries.

    Attributes
    ----------
    y : float
        Its response, or the sum of those of the rows that it stands for.
    size : float
        Number of trials or copies that it stands for; the residual weight of a Gaussian response.
    more : float64 array, shape (m,)
        What else its family reads, in the order of ``compress.MORE``.
    link : int
        The link, for families whose links share a function: its place in ``coverage.LINKS``.
    """

    y: float
    size: float
    more: Any
    link: int
