"""A model that cannot be started is refused in words, and the interpreter ends as it should."""

from __future__ import annotations

import subprocess
import sys

import pytest

KERNEL = """
import hierbayes as hb, numpy as np
from dataclasses import replace
from hierbayes.kernels.collapsed import collapsed_kernel
from hierbayes.sampling.nutpie import sample_kernel as sample
model = hb.Model("y ~ 1 + (1 | g)", {"y": np.arange(12.0) % 5, "g": list("abc") * 4})
kernel = collapsed_kernel(model.spec, model.design)
failing = replace(kernel, start=np.full(kernel.n_dim, np.nan))
"""
GRAPH = """
import numpy as np, pymc as pm
from hierbayes.sampling.nutpie import sample_nutpie as sample
with pm.Model() as failing:
    x = pm.Normal("x", shape=3)
    pm.Potential("nothing", pm.math.log(-1 - x.sum() ** 2))
"""
REST = """
from hierbayes.errors import SamplingError
from hierbayes.sampling.settings import SamplerSettings
settings = SamplerSettings(draws=20, tune=20, chains=4, cores=2, seed=1, progress=False)
for _ in range(3):
    try:
        sample(failing, settings)
    except SamplingError as error:
        print(error)
"""


@pytest.mark.parametrize("start", [KERNEL, GRAPH], ids=["kernel", "graph"])
def test_the_interpreter_outlives_a_model_that_cannot_be_started(start):
    """Chains that went on trying ended it with a segmentation fault."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", start + REST], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    for line in lines:
        assert line.startswith("nutpie could not sample this model: All initialization points failed")
