"""How numbers are written: one rule for every table, sentence and page.

A number that has a standard deviation is shown to the decimal place of that deviation's second significant
digit, and so are the ends of its interval; any other number has three significant digits.
"""

from __future__ import annotations

import math

MINUS = "\u2212"
MISSING = "\u2013"
_SMALLEST_PLACES = 6


def places_for(deviation: float) -> int | None:
    """Decimal places that show two significant digits of ``deviation``.

    Parameters
    ----------
    deviation : float
        A standard deviation; zero, infinite and missing ones decide nothing.

    Returns
    -------
    int or None
        Between 0 and 6; None where ``deviation`` decides nothing or needs more than six places.

    Examples
    --------
    >>> places_for(0.0079), places_for(0.147), places_for(35.0)
    (4, 2, 0)
    """
    if not math.isfinite(deviation) or deviation <= 0:
        return None
    exponent = math.floor(math.log10(float(f"{deviation:.1e}")))
    places = max(0, 1 - exponent)
    return places if places <= _SMALLEST_PLACES else None


def number(value: float, places: int | None = None) -> str:
    """Write a number.

    Parameters
    ----------
    value : float
        Any number; infinite and missing ones have their signs.
    places : int, optional
        Decimal places; three significant digits where absent.

    Examples
    --------
    >>> number(1234.5), number(0.16573), number(0.5, places=3), number(float("nan"))
    ('1,234', '0.166', '0.500', '–')
    """
    if math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "\u221e" if value > 0 else f"{MINUS}\u221e"
    text = f"{value:,.{places}f}" if places is not None else _significant(value)
    if text.startswith("-"):
        is_zero = not text.strip("-0.,")
        text = text[1:] if is_zero else MINUS + text[1:]
    return text


def count(value: float) -> str:
    """Write a whole number: ``1,934``."""
    return number(value, places=0)


def percent(share: float) -> str:
    """Write a share of one as a percentage with its sign: ``16.6 %``."""
    scaled = 100 * share
    return f"{number(scaled, places=0 if abs(scaled) >= 99.95 or scaled == 0 else 1)}\u00a0%"


def interval(lower: float, upper: float, places: int | None = None) -> str:
    """Write an interval: ``0.12 to 0.30``."""
    return f"{number(lower, places)} to {number(upper, places)}"


def _significant(value: float) -> str:
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(float(f"{abs(value):.2e}")))
    if exponent < -4:
        return f"{value:.2e}"
    return f"{value:,.{max(0, 2 - exponent)}f}"
