from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hierbayes.errors import UnknownNameError
from hierbayes.estimates.by_group.groups import ranef
from hierbayes.plots import caterpillar as module


def test_groups_are_sorted_with_the_intervals_of_ranef(slopes: Any) -> None:
    data = module.caterpillar_data(slopes)
    for mass in (50, 95):
        frame = ranef(slopes, prob=mass / 100).set_index(["term", "level"])
        for term in ("Intercept", "x"):
            panel = data.sel(term=term)
            rows = frame.loc[term].loc[panel["level"].to_numpy()]
            np.testing.assert_allclose(panel["mean"], rows["mean"], rtol=1e-10)
            np.testing.assert_allclose(panel[f"lower_{mass}"], rows["lower"], rtol=1e-10)
            np.testing.assert_allclose(panel[f"upper_{mass}"], rows["upper"], rtol=1e-10)
            assert np.all(np.diff(panel["mean"]) >= 0)


def test_own_coefficients_are_deviations_plus_population(slopes: Any) -> None:
    deviations, own = module.caterpillar_data(slopes), module.caterpillar_data(slopes, kind="coef")
    b = slopes.posterior["b"].sel(term="x").mean().item()
    by_level = [
        dict(zip(d.sel(term="x")["level"].values, d.sel(term="x")["mean"].values, strict=True))
        for d in (deviations, own)
    ]
    for level, value in by_level[0].items():
        assert by_level[1][level] == pytest.approx(value + b, rel=1e-10)
    assert own["reference"].sel(term="x").item() == pytest.approx(b)
    assert deviations["reference"].sel(term="x").item() == 0.0
    assert own["differs"].sum() == deviations["differs"].sum()


def test_what_is_drawn(slopes: Any, drawing: Any) -> None:
    pc = module.caterpillar(slopes, small=7, backend="none")
    data = module.caterpillar_data(slopes, small=7)
    panel = data.sel(term="Intercept")
    drawn = [
        drawing(pc).segments(f"interval_95_{name}", "lower_95", term="Intercept")
        for name in ("average", "differing")
    ]
    assert len(drawn[0]) + len(drawn[1]) == 8
    assert len(drawn[1]) == int(panel["differs"].sum()) > 0
    both = np.concatenate(drawn)
    both = both[np.argsort(both[:, 2])]
    np.testing.assert_allclose(both[:, 0], panel["lower_95"])
    np.testing.assert_allclose(both[:, 1], panel["upper_95"])
    opened = [e for e in drawing(pc).elements("scatter", term="Intercept") if e["facecolor"] == "white"]
    assert sum(e["x"].size for e in opened) == 3  # schools of 2, 4 and 6
    (ticks,) = drawing(pc).elements("yticks", term="Intercept")
    assert ticks["labels"] == panel["level"].to_numpy().tolist()
    assert "50 % (thick) and 95 % (thin) equal-tailed intervals" in drawing(pc).caption()
    assert "fewer than 7 rows" in drawing(pc).caption()
    assert drawing(pc).texts("ylabel", term="Intercept") == ["school"]


def test_names_that_do_not_exist(slopes: Any) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'ranef'"):
        module.caterpillar(slopes, kind="ranf", backend="none")
    with pytest.raises(UnknownNameError, match="Only coefficients inside the parentheses"):
        module.caterpillar(slopes, term="w", backend="none")
