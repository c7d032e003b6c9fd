"""Writes ``saved_fit_format_1.nc`` and what must be read from it; once for each format, never for an old one.

Run as ``python -m tests.reference.saved_fit`` in the root of the repository, by the version that first writes
a format.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

import hierbayes as hb
from hierbayes.fitted.store import FORMAT
from tests.plugin import random_fit

HERE = Path(__file__).parent


def made() -> hb.Fit:
    """A fit with draws from no sampler, of as many kinds of content as fit into one."""
    rng = np.random.default_rng(1)
    frame = {
        "y": rng.choice(["no", "yes"], 24),
        "x": rng.normal(size=24),
        "k": rng.choice(["a", "é"], 24),
        "g": rng.choice(["1", "2", "<b>"], 24),
    }
    return random_fit(hb.Model("y[yes] ~ x + k + (1 + x | g)", frame, family="bernoulli"), draws=4, chains=2)


def figures(fit: hb.Fit) -> dict[str, object]:
    """What a fit says, as JSON."""
    return {
        "formula": str(fit.spec.formula),
        "family": fit.spec.family,
        "rows": fit.design.n,
        "labels": list(fit.design.response.labels or ()),
        "fingerprint": fit.settings["fingerprint"],
        "levels": list(fit.design.groups[0].levels),
        "draws": {name: values.to_numpy().tolist() for name, values in fit.posterior.data_vars.items()},
        "y": fit.idata["observed_data"]["y"].to_numpy().tolist(),
        "fixef": fit.fixef().to_dict(),
    }


if __name__ == "__main__":
    path = made().save(HERE / f"saved_fit_format_{FORMAT}.nc")
    path.with_suffix(".json").write_text(json.dumps(figures(hb.load(path)), indent=1) + "\n")
