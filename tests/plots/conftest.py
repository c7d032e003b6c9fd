"""Fits with a made-up posterior: the pictures are tested without sampling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from hierbayes import names
from hierbayes.design import build_design
from hierbayes.fitted import Fit
from hierbayes.formulas import parse_formula
from hierbayes.model import Model

CHAINS, DRAWS = 2, 60
SIZES = (2, 4, 6, 9, 12, 16, 20, 31)


def made_up_fit(
    formula: str, data: pd.DataFrame, family: str = "gaussian", link: str = "identity", seed: int = 3
) -> Fit:
    """A fit whose draws are random numbers around plausible values."""
    rng = np.random.default_rng(seed)
    kind = "binary" if family == "bernoulli" else "numeric"
    design = build_design(parse_formula(formula), data, response_kind=kind)
    coords: dict[str, Any] = {"chain": range(CHAINS), "draw": range(DRAWS), names.TERM: list(design.terms)}
    sample = ("chain", "draw")
    b = 0.4 + 0.05 * rng.normal(size=(CHAINS, DRAWS, len(design.terms)))
    variables: dict[str, Any] = {names.B: ((*sample, names.TERM), b)}
    for group in design.groups:
        dim, term, bis = (
            names.group_dim(group.name),
            names.group_term(group.name),
            names.group_term_bis(group.name),
        )
        q = len(group.terms)
        coords |= {dim: list(group.levels), term: list(group.terms), bis: list(group.terms)}
        effects = 0.5 * rng.normal(size=(1, 1, group.n_groups, q))
        draws = effects + 0.2 * rng.normal(size=(CHAINS, DRAWS, group.n_groups, q))
        variables[names.u(group.name)] = ((*sample, dim, term), draws)
        variables[names.sd(group.name)] = ((*sample, term), 0.5 + 0.1 * rng.random((CHAINS, DRAWS, q)))
        if q > 1:
            cor = np.broadcast_to(np.eye(q), (CHAINS, DRAWS, q, q)).copy()
            cor[..., 0, 1] = cor[..., 1, 0] = 0.3 + 0.1 * rng.random((CHAINS, DRAWS))
            variables[names.cor(group.name)] = ((*sample, term, bis), cor)
    if family == "gaussian":
        variables["sigma"] = (sample, 1.0 + 0.05 * rng.random((CHAINS, DRAWS)))
    diverging = np.zeros((CHAINS, DRAWS), dtype=bool)
    diverging[0, 5] = True
    tree = xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset(variables, coords=coords),
            "sample_stats": xr.Dataset({"diverging": (sample, diverging)}),
        }
    )
    spec = Model(formula, data, family=family, link=link).spec
    return Fit(spec, design, tree, {})


@pytest.fixture(scope="session")
def pupils() -> pd.DataFrame:
    """Pupils in eight schools of 2 to 31, labels s1 to s8 in that order."""
    rng = np.random.default_rng(11)
    school = np.repeat([f"s{i + 1}" for i in range(len(SIZES))], SIZES)
    n = len(school)
    x = rng.normal(size=n)
    return pd.DataFrame(
        {
            "score": x + rng.normal(size=n),
            "x": x,
            "w": rng.normal(2.0, 1.0, size=n),
            "kind": np.where(np.isin(school, ["s2", "s5"]), "private", "public"),
            "school": school,
            "passed": np.where(rng.random(n) < 0.6, "yes", "no"),
        }
    )


@pytest.fixture(scope="session")
def slopes(pupils: pd.DataFrame) -> Fit:
    return made_up_fit("score ~ x + w + kind + (1 + x | school)", pupils)


@pytest.fixture(scope="session")
def binary(pupils: pd.DataFrame) -> Fit:
    return made_up_fit("passed ~ x + I(x^2) + kind + (1 | school)", pupils, "bernoulli", "logit")


@pytest.fixture(scope="session")
def without_groups(pupils: pd.DataFrame) -> Fit:
    return made_up_fit("passed ~ x", pupils, "bernoulli", "logit")


@pytest.fixture(scope="session")
def without_x(pupils: pd.DataFrame) -> Fit:
    return made_up_fit("score ~ 1 + (1 | school)", pupils)


class Drawing:
    """What the ``none`` backend says was drawn."""

    def __init__(self, pc: Any) -> None:
        self.pc = pc

    def elements(self, function: str | None = None, **panel: str) -> list[dict[str, Any]]:
        """The calls that a panel got, in order."""
        target = self.pc.viz["plot"].sel(panel).item() if panel else self.pc.viz["plot"].item()
        return [element for element in target if function in (None, element["function"])]

    def visual(self, name: str, variable: str, **panel: str) -> dict[str, Any]:
        """One visual by the name that it was drawn under."""
        found: dict[str, Any] = self.pc.viz[name][variable].sel(panel).item()
        return found

    def segments(self, name: str, variable: str, **panel: str) -> np.ndarray:
        """The segments of a line that is broken by NaN: shape (n_segments, 4), columns x1, x2, y1, y2."""
        element = self.visual(name, variable, **panel)
        x, y = element["x"].reshape(-1, 3), element["y"].reshape(-1, 3)
        assert np.isnan(x[:, 2]).all()
        return np.column_stack([x[:, :2], y[:, :2]])

    def title(self) -> str:
        return str(self.pc.viz["figure_title"].item()["string"])

    def caption(self) -> str:
        return str(self.pc.viz["caption"].item())

    def texts(self, function: str, **panel: str) -> list[str]:
        return [element["string"] for element in self.elements(function, **panel)]


@pytest.fixture(scope="session")
def drawing() -> type[Drawing]:
    return Drawing


@pytest.fixture(scope="session")
def make_fit() -> Callable[..., Fit]:
    return made_up_fit
