"""Special functions with their derivatives."""

from __future__ import annotations

import math

from hierbayes.kernels.jit import compiled

FAR = 10.0
"""From here on, the series of ``log_gamma`` have all their digits."""
HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


@compiled
def log_gamma(x: float) -> tuple[float, float]:
    """``log Gamma(x)`` and its derivative for ``x > 0``: by series, from a little further out.

    References
    ----------
    Abramowitz, M. and Stegun, I. A. (1964). Handbook of Mathematical Functions, 6.1.41 and 6.3.18 (series),
    6.1.15 and 6.3.5 (recurrences).
    """
    product, slope = 1.0, 0.0
    while x < FAR:
        product *= x
        slope -= 1 / x
        x += 1.0
    s, log_x = 1 / (x * x), math.log(x)
    tail = 1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s * (1 / 1188 - s * 691 / 360360))))
    value = (x - 0.5) * log_x - x + HALF_LOG_2PI + tail / x - math.log(product)
    tail = 1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s * (1 / 132 - s * 691 / 32760))))
    return value, slope + log_x - 0.5 / x - s * tail
