"""The figures of other software in notebook 7 are those that R wrote, and R's are those of the other fits."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks.reading import cells
from tests.tolerances import OPTIMIZER

REFERENCE = Path(__file__).parents[1] / "reference"
DIGITS = 4
OURS = {
    "(Intercept)": "Intercept", "schgendboys": "schgend[boys]", "schgendgirls": "schgend[girls]",
    "chY": "ch[Y]", "urbanY": "urban[Y]", "age:chY": "age:ch[Y]", "IageE2": "I(age^2)",
}  # fmt: skip
SHOWN = {
    "m4, lme4 ML": ("exam_m4", "ml"),
    "m4, lme4 REML": ("exam_m4", "reml"),
    "m4, brms": ("exam_m4", "brms"),
    "m2, lme4 ML": ("exam_m2", "ml"),
    "m_03, lme4": ("contraception_m_03", "ml"),
    "m_05, lme4": ("contraception_m_05", "ml"),
    "m_05, brms": ("contraception_m_05", "brms"),
}


def written() -> dict[str, Any]:
    """What ``phrasebook.R`` wrote."""
    found: dict[str, Any] = json.loads((REFERENCE / "phrasebook.json").read_text(encoding="utf-8"))
    return found


def elsewhere() -> dict[str, dict[str, float]]:
    """The figures that the notebook states."""
    (source,) = [c.source for c in cells("07_from_lme4_and_brms", "code") if "ELSEWHERE = {" in c.source]
    (value,) = [node.value for node in ast.parse(source).body if isinstance(node, ast.Assign)]
    found: dict[str, dict[str, float]] = ast.literal_eval(value)
    return found


def of_lme4(fit: dict[str, Any]) -> dict[str, float]:
    """Estimates of lme4 under the names of ``fit.summary()``."""
    (sds,) = fit["sd"].values()
    names = [OURS.get(name, name) for name in sds]
    found = {f"sd({OURS.get(name, name)})": value for name, value in sds.items()}
    if len(names) == 2:
        (correlation,) = fit["cor"].values()
        found[f"cor({', '.join(names)})"] = correlation
    found |= {OURS.get(name, name): value for name, value in fit["b"].items()}
    return found | ({"sigma": fit["sigma"]} if fit["sigma"] else {})


def of_brms(fit: dict[str, Any]) -> dict[str, float]:
    """Posterior means of brms under the names of ``fit.summary()``."""
    found = {}
    for name, row in fit["posterior"].items():
        kind, _, rest = name.partition("_")
        parts = [OURS.get(part, part) for part in rest.split("__")[-2 if kind == "cor" else -1 :]]
        found[parts[0] if kind == "b" else f"{kind}({', '.join(parts)})" if rest else kind] = row["Estimate"]
    return found


def test_the_notebook_states_what_r_wrote():
    stated, r = elsewhere(), written()
    assert list(stated) == list(SHOWN)
    for name, (model, how) in SHOWN.items():
        found = (of_brms if how == "brms" else of_lme4)(r[model][how])
        assert stated[name] == {key: float(f"{value:.{DIGITS}g}") for key, value in found.items()}


@pytest.mark.parametrize(
    ("model", "of"), [("exam_m2", "exam"), ("exam_m4", "exam"), ("contraception_m_05", "contraception")]
)
def test_lme4_estimates_are_those_of_the_other_reference(model, of):
    other = json.loads((REFERENCE / "lme4.json").read_text(encoding="utf-8"))["models"]
    fit = written()[model]["ml"]
    expected = other[of][model.removeprefix(f"{of}_")]["b"]
    assert {OURS.get(k, k): v for k, v in fit["b"].items()} == pytest.approx(expected, rel=10 * OPTIMIZER)


def test_brms_converged():
    for model in ("exam_m4", "contraception_m_05"):
        fit = written()[model]["brms"]
        assert fit["divergences"] == 0
        assert fit["r_hat"] < 1.02


def test_the_published_null_model_of_sas_is_that_of_lme4():
    """UCLA's output of PROC MIXED for Raudenbush and Bryk (2002), table 4.2, as the notebook prints it."""
    fit = written()["hsb_null"]["reml"]
    assert fit["b"]["(Intercept)"] == pytest.approx(12.6370, abs=5e-5)
    assert fit["se"]["(Intercept)"] == pytest.approx(0.2443, abs=1e-4)
    assert fit["sd"]["school"]["(Intercept)"] ** 2 == pytest.approx(8.6097, rel=1e-3)
    assert fit["sigma"] ** 2 == pytest.approx(39.1487, rel=1e-4)
