"""What cards come along, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hierbayes.cards.reader import load_card
from hierbayes.cards.shipped import shipped

if TYPE_CHECKING:
    import pandas as pd


def list_cards() -> pd.DataFrame:
    """Describe the model cards that come along.

    Returns
    -------
    pandas.DataFrame
        One row for each: ``name`` (for `load_card`, `fit_card` and ``hierbayes report``), ``title``,
        ``question``, ``models`` (how many it fits), ``path`` (a file to copy and to change).

    Examples
    --------
    >>> import hierbayes as hb
    >>> hb.list_cards().set_index("name").loc["exam", "models"].item()
    4
    """
    import pandas as pd

    cards = {name: load_card(path) for name, path in shipped().items()}
    return pd.DataFrame(
        [(name, c.title, c.question, len(c.models), str(c.path)) for name, c in cards.items()],
        columns=["name", "title", "question", "models", "path"],
    )
