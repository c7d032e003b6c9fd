"""The code and the command on a page repeat the model."""

from __future__ import annotations

import ast
import shlex

import numpy as np
import pandas as pd

import hierbayes as hb
from hierbayes.report.blocks import Code, Details
from hierbayes.report.content.context import Shown
from hierbayes.report.content.provenance import code, command, provenance

RNG = np.random.default_rng(4)
FRAME = pd.DataFrame(
    {"y": RNG.standard_normal(60), "x": RNG.standard_normal(60), "g": np.repeat(list("abcdef"), 10)}
)
FORMULA = hb.formula("y ~ x + (1 + x | g)", sigma="~ x + (1 | g)")
MODEL = hb.Model(FORMULA, FRAME, priors={"b": "normal(0, 0.123456789)", "sd[g]": "exponential(2)"})
SETTINGS = {"draws": 300, "tune": 200, "chains": 2, "seed": 7, "target_accept": 0.9, "fingerprint": "f00"}
SHOWN = Shown(hb.Fit(MODEL.spec, MODEL.design, None, SETTINGS))  # type: ignore[arg-type]


def run(text: str) -> dict[str, object]:
    """What the lines of a page assign, run as a reader would."""
    found: dict[str, object] = {"hb": hb, "data": FRAME}
    exec(compile(text, "page", "exec"), found)
    return found


def test_the_code_makes_the_same_model() -> None:
    lines = code(SHOWN).splitlines()
    assert lines[-2:] == [
        "fit = model.fit(draws=300, tune=200, chains=2, seed=7, target_accept=0.9)",
        "print(fit)",
    ]
    kept = [line for line in lines[:-2] if not line.startswith("data = ...")]
    model = run("\n".join(kept))["model"]
    assert isinstance(model, hb.Model)
    assert model.spec == MODEL.spec


def test_the_command_has_formulas_priors_and_seed() -> None:
    words = shlex.split(command(SHOWN))
    assert words[:4] == ["hierbayes", "fit", "y ~ x + (1 + x | g)", "data.csv"]
    options = list(zip(words[4::2], words[5::2], strict=True))
    assert ("--parameter", "sigma ~ x + (1 | g)") in options
    assert ("--prior", "sd[g]=exponential(2)") in options
    assert ("--seed", "7") in options
    assert "target_accept" not in command(SHOWN)


def test_all_priors_as_code_are_those_of_the_model() -> None:
    details = next(
        b for b in provenance(SHOWN) if isinstance(b, Details) and b.summary.startswith("Every prior")
    )
    (text,) = (block.text for block in details.blocks if isinstance(block, Code))
    priors = ast.literal_eval(text.removeprefix("priors = "))
    again = hb.Model(FORMULA, FRAME, priors=priors)
    assert [(e.key, e.prior) for e in again.spec.priors] == [(e.key, e.prior) for e in MODEL.spec.priors]
