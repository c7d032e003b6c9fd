"""The examples in the docstrings of the public API run, and print what they say."""

from __future__ import annotations

import doctest
import importlib
import inspect
import io
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hierbayes as hb
from hierbayes.fitted.registry import ESTIMATES, OF_MODELS, PLOTS, resolve
from hierbayes.plots.public import FUNCTIONS

ROOT = Path(__file__).parent.parent
OF_WOMEN = {
    "estimates.classification", "estimates.comparisons", "estimates.effects", "estimates.hypothesis",
    "estimates.interval_odds_ratio", "estimates.median_odds_ratio", "estimates.predict", "estimates.slopes",
    "plots.effects", "plots.loo_pit", "hb.plot.proportions",
}  # fmt: skip
"""Examples whose ``fit`` and ``df`` are of Contraception; those of the others are of Exam."""

LONG = {"hb.compare", "hb.table", "estimates.loo", "estimates.report", "estimates.table"}
"""Examples that wait for leave-one-out of 4,059 rows; other tests of the same calls are quick."""

RECORDS = {
    "Calibration",
    "Card",
    "Comparison",
    "FitFailure",
    "FitMany",
    "FitSummary",
    "HierbayesError",
    "Pooling",
    "Warmed",
    "plot",
}
"""Public names that nobody calls: what functions answer with, and the drawer of pictures."""


def public() -> dict[str, Any]:
    """Everything that a user calls, by the name of its row."""
    found = {f"hb.{name}": getattr(hb, name) for name in hb._PUBLIC if name not in RECORDS}
    found |= {f"hb.plot.{name}": resolve(target) for name, target in FUNCTIONS.items()}
    found |= {f"estimates.{name}": resolve(target) for name, target in ESTIMATES.items()}
    found |= {f"plots.{name}": resolve(target) for name, target in PLOTS.items()}
    found |= {f"Model.{name}": getattr(hb.Model, name) for name in ("fit", "plan", "refit", "with_data")}
    found |= {f"Model.{name}": resolve(target) for name, target in OF_MODELS.items() if name not in ESTIMATES}
    return found | {"Fit.save": hb.Fit.save}


NAMES = tuple(public())
MODULES = tuple(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in sorted((ROOT / "hierbayes").rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
    and path.parent.name in {"design", "families", "formulas", "spec"}
)


def run(name: str, docstring: str, known: dict[str, Any]) -> int:
    """Run the examples; how many ran. What an example prints must agree where it is shown."""
    checker = doctest.OutputChecker()
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    ran = 0
    for example in doctest.DocTestParser().get_examples(inspect.cleandoc(docstring), name):
        if doctest.SKIP in example.options:
            continue
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(compile(example.source, f"<example of {name}>", "single"), known)
        if example.want:
            assert checker.check_output(example.want, printed.getvalue(), flags), (
                f"{name}: {example.source}expected {example.want}got {printed.getvalue()}"
            )
        ran += 1
    return ran


@pytest.fixture(scope="module")
def known(fit_of, model_of) -> dict[str, Any]:
    """What examples may use without making it."""
    exam, women = hb.load_data("exam"), hb.load_data("contraception")
    m1, m2 = fit_of("exam", "m1"), fit_of("exam", "m2")
    return {
        "hb": hb, "np": np, "exam": exam, "women": women, "model": model_of("exam", "m4"),
        "fit": fit_of("exam", "m4"), "fit1": m1, "fit2": m2, "m1": m1, "m2": m2, "df": exam,
    }  # fmt: skip


@pytest.mark.sampling
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in LONG else []) for name in NAMES]
)
def test_an_example_of_the_public_api_runs(name, known, fit_of, tmp_path, monkeypatch):
    from arviz_base import rc_context

    docstring = inspect.getdoc(public()[name]) or ""
    (tmp_path / "models").symlink_to(ROOT / "models")
    monkeypatch.chdir(tmp_path)
    here = dict(known)
    if name in OF_WOMEN:
        here |= {"fit": fit_of("contraception", "m_05"), "df": here["women"]}
    with rc_context({"plot.backend": "none"}):
        run(name, docstring, here)


@pytest.mark.parametrize("name", NAMES)
def test_everything_that_a_user_calls_has_an_example(name):
    assert ">>> " in (inspect.getdoc(public()[name]) or "")


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_a_module_run(module):
    loaded = importlib.import_module(module)
    found = doctest.DocTestFinder(exclude_empty=True, recurse=True).find(loaded, module)
    assert sum(
        run(each.name, each.docstring, {"hb": hb, "np": np, **vars(loaded)})
        for each in found
        if each.docstring
    )
