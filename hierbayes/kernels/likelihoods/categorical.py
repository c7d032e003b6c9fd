"""Log density of unordered categories."""

from __future__ import annotations

import math
from typing import Any

from hierbayes.kernels.jit import compiled
from hierbayes.kernels.likelihoods.row import Row


@compiled
def categorical_logit(at: Row, eta: float, p: Any, p_bar: Any) -> tuple[float, float]:
    """``size`` copies of category ``y``; ``eta`` is the log odds of 1 against 0, ``p`` of the others."""
    largest, own = max(eta, 0.0), 0.0
    for k in range(p.shape[0]):
        largest = max(largest, p[k])
        if at.y == k + 2:
            own = p[k]
    if at.y == 1:
        own = eta
    total = math.exp(-largest) + math.exp(eta - largest)
    for k in range(p.shape[0]):
        total += math.exp(p[k] - largest)
    for k in range(p.shape[0]):
        seen = 1.0 if at.y == k + 2 else 0.0
        p_bar[k] += at.size * (seen - math.exp(p[k] - largest) / total)
    seen = 1.0 if at.y == 1 else 0.0
    slope = at.size * (seen - math.exp(eta - largest) / total)
    return at.size * (own - largest - math.log(total)), slope
