"""Unconstrained values of standard deviations that the data may not tell from zero.

``sd = s exp(m(v))`` with ``m(v) = v - softplus(-v)^2 / 2``. To the right this is the logarithm. To the left,
where a density of ``sd`` that does not vanish at zero leaves ``log sd`` an exponential tail, in which chains
lose their way, ``v`` has a normal one: ``exp(-v^2 / 2)``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hierbayes.spec import PRIORS
from hierbayes.spec.records import Prior

type Floats = NDArray[np.float64]

NEWTON = 20
"""Steps from the left end; ``m`` is concave, so that none overshoots."""


def can_be_eased(prior: Prior) -> bool:
    """Whether a parameter with this prior ranges over all positive numbers."""
    return PRIORS[prior.distribution].support in ("positive", "any")


def log_eased(v: Floats) -> Floats:
    """``m(v)``, elementwise."""
    return v - np.logaddexp(0.0, -v) ** 2 / 2


def eased_start(log_ratio: Floats) -> Floats:
    """The ``v`` at which ``m(v)`` has a given value, elementwise; the inverse of ``log_eased``."""
    v = np.minimum(log_ratio, 0.0)
    v = np.where(v < 0, -np.sqrt(-2 * v), v)
    for _ in range(NEWTON):
        left = np.logaddexp(0.0, -v)
        v = v - (log_eased(v) - log_ratio) / (1 + left / (1 + np.exp(v)))
    return v
