"""One thing that was checked of a fit, and what was found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was checked.

    Attributes
    ----------
    level : str
        ``"ok"``, ``"warning"``, ``"problem"``, or ``"skipped"`` for what was not checked.
    what : str
        What was checked, and what was found, in a sentence.
    value : float
        The number behind it.
    advice : str
        What to do; empty when all is well.
    """

    level: str
    what: str
    value: float
    advice: str = ""

    @property
    def matters(self) -> bool:
        """Whether the reader should know: a warning or a problem."""
        return self.level in ("warning", "problem")
