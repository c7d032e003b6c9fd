"""Fits whose draws are made up: the real design and the real estimates, without sampling."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import hierbayes as hb
from hierbayes import names
from hierbayes.report import report_card
from hierbayes.report.content.sections import SECTIONS

CHAINS, DRAWS = 4, 400
SCHOOLS = (
    "<script>alert(1)</script>",
    "\"quoted\" & 'single'",
    "=cmd()",
    "+1",
    "-2",
    "@sum",
    "Ümläut – Ωmega",
    "pipe | star * tick ` under_score",
    "</style></title><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }} {% raw %}",
    "school of a rather long name, on the hill behind the river",
    "l",
)
SETTINGS: dict[str, Any] = {
    "sampler": "nutpie",
    "parameterization": "auto",
    "plan": "noncentered",
    "draws": DRAWS,
    "tune": 500,
    "chains": CHAINS,
    "seed": 1,
    "target_accept": 0.9,
    "seconds": 1.5,
    "versions": {"python": "3.13.0", "hierbayes": "0.1.0"},
    "fingerprint": "0123456789abcdef",
}


def made_up_fit(model: hb.Model, center: dict[str, np.ndarray], spread: float = 0.05) -> hb.Fit:
    """A fit of ``model`` with independent draws around ``center`` (variable name to values)."""
    rng = np.random.default_rng(20)
    dims = {names.B: (names.TERM,)}
    coords: dict[str, Any] = {names.TERM: list(model.spec.terms)}
    for group in model.design.groups:
        term, bis, dim = (
            names.group_term(group.name),
            names.group_term_bis(group.name),
            names.group_dim(group.name),
        )
        dims |= {
            names.sd(group.name): (term,),
            names.cor(group.name): (term, bis),
            names.u(group.name): (dim, term),
        }
        coords |= {term: list(group.terms), bis: list(group.terms), dim: list(group.levels)}
    variables = {}
    for name, values in center.items():
        draws = values + spread * rng.standard_normal((CHAINS, DRAWS, *values.shape))
        if name.startswith("sd_") or name == "sigma":
            draws = np.abs(draws)
        if name.startswith("cor_"):
            draws = _correlations(draws)
        variables[name] = (("chain", "draw", *dims.get(name, ())), draws)
    sample = {"chain": np.arange(CHAINS), "draw": np.arange(DRAWS)}
    used = {k: v for k, v in coords.items() if any(k in d for d, _ in variables.values())}
    posterior = xr.Dataset(variables, coords={**sample, **used})
    shape = (CHAINS, DRAWS)
    stats = xr.Dataset(
        {
            "diverging": (("chain", "draw"), np.zeros(shape, dtype=bool)),
            "energy": (("chain", "draw"), rng.standard_normal(shape)),
            "tree_depth": (("chain", "draw"), np.full(shape, 3)),
            "reached_max_treedepth": (("chain", "draw"), np.zeros(shape, dtype=bool)),
        },
        coords=sample,
    )
    from hierbayes.fitted import data_tree

    return hb.Fit(
        model.spec, model.design, data_tree(posterior, stats, model.design), SETTINGS, model.messages
    )


def _correlations(draws: np.ndarray) -> np.ndarray:
    symmetric = np.clip((draws + np.swapaxes(draws, -1, -2)) / 2, -0.99, 0.99)
    index = np.arange(draws.shape[-1])
    symmetric[..., index, index] = 1.0
    return symmetric


def school_frame() -> pd.DataFrame:
    """Pupils of schools whose names are markup, formulas and quotes; 2 to 24 each; one missing value."""
    rng = np.random.default_rng(10)
    sizes = np.arange(2, 2 + 2 * len(SCHOOLS), 2)
    school = np.repeat(np.array(SCHOOLS, dtype=object), sizes)
    n = len(school)
    x = rng.standard_normal(n)
    intercepts = np.linspace(-0.8, 0.8, len(SCHOOLS))[np.repeat(np.arange(len(SCHOOLS)), sizes)]
    y = intercepts + 0.5 * x + 0.7 * rng.standard_normal(n)
    frame = pd.DataFrame(
        {"score": y, "x": x, "kind": np.where(np.arange(n) % 3, "boys", "<b>girls</b>"), "school": school}
    )
    frame.loc[5, "x"] = np.nan
    frame["passed"] = np.where(frame["score"] > 0, "Y", "N")
    return frame


def gaussian_fit() -> hb.Fit:
    model = hb.Model(
        "score ~ x + kind + (1 + x | school)", school_frame(), priors={"sd[school]": "half_normal(1)"}
    )
    group = model.design.groups[0]
    u = np.stack([np.linspace(-0.6, 0.6, group.n_groups), np.linspace(0.2, -0.2, group.n_groups)], axis=1)
    center = {
        "b": np.array([0.1, 0.52, -0.013])[: len(model.spec.terms)],
        "sd_school": np.array([0.5, 0.2]),
        "cor_school": np.array([[1.0, 0.3], [0.3, 1.0]]),
        "u_school": u,
        "sigma": np.array(0.75),
    }
    return made_up_fit(model, center)


def bernoulli_fit() -> hb.Fit:
    model = hb.Model("passed ~ x * kind + I(x^2) + (1 | school)", school_frame(), family="bernoulli")
    group = model.design.groups[0]
    center = {
        "b": np.linspace(-0.4, 0.8, len(model.spec.terms)),
        "sd_school": np.array([0.7]),
        "u_school": np.linspace(-0.7, 0.7, group.n_groups)[:, None],
    }
    return made_up_fit(model, center)


def single_level_fit() -> hb.Fit:
    model = hb.Model("passed ~ x", school_frame(), family="bernoulli")
    return made_up_fit(model, {"b": np.array([0.1, 0.6])})


@pytest.fixture(scope="session")
def gaussian() -> hb.Fit:
    return gaussian_fit()


@pytest.fixture(scope="session")
def bernoulli() -> hb.Fit:
    return bernoulli_fit()


@pytest.fixture(scope="session")
def single_level() -> hb.Fit:
    return single_level_fit()


@dataclass(frozen=True)
class FakeCardModel:
    name: str
    description: str = ""
    reference: Any = None


def fake_card(path: Path) -> Any:
    """A card with the attributes that a report asks for, and markup in every text."""
    figures = {
        "b[x]": 0.5,
        "sd[school][Intercept]": 5.0,
        "cor[school]": 0.3,
        "sigma": 0.75,
        "vpc[school]": 0.3,
        "b[zz]": 1.0,
    }
    models = (
        FakeCardModel(
            "<m1>", "Scores & <slopes>.", SimpleNamespace(source="A <b>paper</b>", figures=figures)
        ),
        FakeCardModel("m2", "Passing."),
        FakeCardModel("m3"),
        FakeCardModel("m4"),
    )
    return SimpleNamespace(
        title="Schools <script>alert(2)</script>",
        question='Is "it" <i>so</i>?',
        path=path,
        data=SimpleNamespace(source="schools.csv", description="Rows & <columns>."),
        models=models,
        report=SimpleNamespace(show=tuple(SECTIONS)),
    )


@pytest.fixture(scope="session")
def card_page(
    tmp_path_factory: pytest.TempPathFactory, gaussian: hb.Fit, bernoulli: hb.Fit, single_level: hb.Fit
) -> Path:
    """The page of a card with three fitted models and one that is not."""
    folder = tmp_path_factory.mktemp("page")
    fits = {"<m1>": gaussian, "m2": bernoulli, "m3": single_level}
    return report_card(fake_card(folder / "schools.toml"), fits, folder / "schools.html")


@pytest.fixture
def fake_card_at(tmp_path: Path) -> Any:
    return fake_card(tmp_path / "schools.toml")
