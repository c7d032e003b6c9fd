"""What a fit through a kernel loads: no compiler of graphs, no plotting."""

from __future__ import annotations

import subprocess
import sys

import pytest

SPARED = ("pymc", "pytensor", "matplotlib", "arviz_plots", "bambi", "joblib")

FIT = f"""
import sys
import hierbayes as hb

frame = {{"won": [0, 1] * 30, "x": [0.5, 1.0, 2.0] * 20, "g": [1, 2, 3, 4, 5] * 12}}
model = hb.Model("won ~ x + (1 | g)", frame, family="bernoulli")
str(model)
fit = model.fit(draws=50, tune=50, chains=2, progress=False)
assert fit.settings["route"] == "kernel"
str(fit)
print(*[name for name in {SPARED!r} if name in sys.modules])

import arviz
import nutpie.sample as _
print(arviz.__name__, sys.modules["nutpie.sample"].arviz.from_dict is arviz.from_dict)
"""


@pytest.mark.sampling
def test_a_fit_through_a_kernel_loads_no_pymc():
    """And nutpie, which would load arviz and its plots, finds arviz when it asks for it."""
    done = subprocess.run([sys.executable, "-c", FIT], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["", "arviz True"]
