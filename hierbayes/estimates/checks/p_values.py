"""P values in words."""

from __future__ import annotations

SMALLEST = 0.001


def p_words(p: float) -> str:
    """A p value as it is written: two decimal places, one digit below 0.1, ``p < 0.001`` below that.

    Examples
    --------
    >>> p_words(0.456), p_words(0.0123), p_words(1e-9)
    ('p = 0.46', 'p = 0.01', 'p < 0.001')
    """
    if p < SMALLEST:
        return f"p < {SMALLEST:g}"
    return f"p = {p:.2f}" if p >= 0.1 else f"p = {p:.1g}"
