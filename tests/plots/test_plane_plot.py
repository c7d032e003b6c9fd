from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from hierbayes.errors import DataError, UnknownNameError
from hierbayes.estimates.by_group.region import regions
from hierbayes.plots import plane as module


def table(fit: Any, own: dict[str, tuple[float, float]]) -> pd.DataFrame:
    """A frame as ``fit.shrinkage()`` gives it; own estimates at twice the partial ones unless stated."""
    group = fit.design.groups[0]
    rng = np.random.default_rng(5)
    rows = []
    for j, level in enumerate(group.levels):
        for k, term in enumerate(group.terms):
            mean = float(rng.normal())
            alone = own[level][k] if level in own else 2.0 * mean
            rows.append((group.name, level, term, int(group.sizes[j]), alone, mean))
    return pd.DataFrame(rows, columns=["group", "level", "term", "n", "no_pooling", "mean"])


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch, slopes: Any) -> pd.DataFrame:
    own = {"s1": (np.inf, 0.0), "s2": (0.1, np.nan), "s3": (500.0, 0.4)}
    frame = table(slopes, own)
    monkeypatch.setattr(module.estimates, "shrinkage", lambda fit, *a, **k: frame)
    return frame


def test_arrows_lead_from_own_to_partial_estimates(known: pd.DataFrame, slopes: Any, drawing: Any) -> None:
    pc = module.shrinkage_plane(slopes, backend="none")
    arrows = drawing(pc).segments("arrows", "population")  # columns x1, x2, y1, y2
    wide = known.pivot(index="level", columns="term")
    inside = [f"s{i}" for i in range(4, 9)]
    np.testing.assert_allclose(arrows[1:, 0], wide["no_pooling"].loc[inside, "Intercept"])
    np.testing.assert_allclose(arrows[1:, 2], wide["no_pooling"].loc[inside, "x"])
    np.testing.assert_allclose(arrows[1:, 1], wide["mean"].loc[inside, "Intercept"])
    np.testing.assert_allclose(arrows[1:, 3], wide["mean"].loc[inside, "x"])
    dots = drawing(pc).visual("partial_pooling", "population")
    assert dots["x"].size == 8 and np.all(np.diff(dots["size"]) > 0)  # all groups; the area grows with n
    assert drawing(pc).visual("no_pooling", "population")["x"].size == 5


def test_an_outlying_arrow_enters_at_the_edge_in_its_own_direction(
    known: pd.DataFrame, slopes: Any, drawing: Any
) -> None:
    data = module.shrinkage_plane_data(slopes)
    state = dict(zip(data["level"].values, data["state"].values, strict=True))
    assert [state[f"s{i}"] for i in range(1, 5)] == ["infinite", "missing", "beyond", "inside"]
    one = data.sel(level="s3")
    start, mean, own = (one[name].to_numpy() for name in ("start", "mean", "no_pooling"))
    slope = (own - mean)[1] / (own - mean)[0]
    assert (start - mean)[1] / (start - mean)[0] == pytest.approx(slope)
    low, high = data["limits"].values[0]
    assert start[0] == pytest.approx(high - 0.02 * (high - low)) and high < 20
    pc = module.draw_shrinkage_plane(data, backend="none")
    assert drawing(pc).visual("beyond", "population")["x"].size == 1
    said = drawing(pc).caption()
    assert "Own estimates beyond the axes (s3)" in said
    assert "own rows do not tell both coefficients, or say infinity (2 of 8: s1, s2)" in said
    assert "8 groups of 2 to 31 rows" in said


def test_the_population_and_its_ellipses_are_those_of_the_estimate(
    known: pd.DataFrame, slopes: Any, drawing: Any
) -> None:
    pc = module.shrinkage_plane(slopes, "school", ["x", "Intercept"], backend="none")
    found = regions(slopes, "school", ["x", "Intercept"])
    for mass, prob in (("50", 0.5), ("90", 0.9)):
        line = drawing(pc).visual(f"ellipse_{mass}", "population")
        np.testing.assert_allclose(np.column_stack([line["x"], line["y"]]), found["boundary"].sel(prob=prob))
    middle = drawing(pc).visual("population", "population")
    b = slopes.posterior["b"].mean(("chain", "draw"))
    np.testing.assert_allclose(middle["x"], b.sel(term="x"))
    np.testing.assert_allclose(middle["y"], b.sel(term="Intercept"))
    assert drawing(pc).texts("xlabel") == ["x  (score, per unit of x)"]
    assert drawing(pc).texts("ylabel") == ["Intercept  (score)"]
    assert drawing(pc).title() == "Shrinkage of school: x and Intercept"


def test_refusals(known: pd.DataFrame, slopes: Any, binary: Any) -> None:
    with pytest.raises(DataError) as refused:
        module.shrinkage_plane(binary, backend="none")
    assert str(refused.value) == (
        "A plane is drawn for two coefficients that vary together, and in 'school' only Intercept varies. "
        "Let another one vary, as in '(1 + x | g)', or use fit.plot.shrinkage()."
    )
    with pytest.raises(DataError) as refused:
        module.shrinkage_plane(slopes, terms=["x"], backend="none")
    assert str(refused.value) == (
        "A plane is drawn for two coefficients, and ['x'] was given. Name two of: Intercept, x."
    )
    with pytest.raises(UnknownNameError, match="Did you mean 'Intercept'"):
        module.shrinkage_plane(slopes, terms=["intercpt", "x"], backend="none")
