"""`gr(g, by = h)`: a group has one level of `h`, in predictions, grids, plots and profiles too."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from plugin import random_fit
from tolerances import IDENTITY

import hierbayes as hb
from hierbayes.approaches.designs import factor_of
from hierbayes.approaches.profiles import profile, rows_at
from hierbayes.errors import DataError
from hierbayes.plots.group_lines import group_lines_data

RNG = np.random.default_rng(5)
H = np.repeat([1, 2], 24)
FRAME = pd.DataFrame(
    {"h": H, "g": np.repeat(list("abcdefgh"), 6), "k": RNG.choice(list("pqr"), 48), "x": RNG.normal(size=48)}
)
FRAME["y"] = RNG.normal(size=48) + 2 * H
FORMULAS = {
    "numbers": "y ~ x + h + (1 + x | gr(g, by = h))",
    "words": "y ~ x + h + (1 + x | gr(g, by = h))",
    "not in the population": "y ~ x + (1 + x | gr(g, by = h))",
    "of sigma": hb.formula("y ~ x + h + (1 | gr(g, by = h))", sigma="~ (1 | gr(g, by = h))"),
}


def rows(kind: str) -> pd.DataFrame:
    return FRAME.assign(h=np.where(FRAME["h"] == 1, "one", "two")) if kind == "words" else FRAME


@pytest.fixture(scope="module", params=FORMULAS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def fit(kind):
    return random_fit(hb.Model(FORMULAS[kind], rows(kind)), chains=2, draws=30)


def test_a_group_at_another_level_than_its_own_is_refused(fit, kind):
    own = rows(kind)["h"]
    other = rows(kind).iloc[[40, 3]].assign(h=own.iloc[0])
    with pytest.raises(DataError) as raised:
        fit.epred(other)
    assert str(raised.value) == (
        f"The group 'g' of gr(g, by = h) has '{own.iloc[0]}' as h in row 1 (the first is row 1), but "
        f"'{own.iloc[40]}' in the data of the model. A group has one level: correct the value, or say "
        "groups='typical', 'average' or 'new' for a group that is not this one."
    )
    for groups in ("typical", "average", "new"):
        assert np.isfinite(fit.epred(other, groups=groups)).all()


def test_a_new_group_at_two_levels_is_refused(fit, kind):
    two = rows(kind).iloc[[0, 1, 40]].assign(g="z")
    with pytest.raises(DataError, match=r"'z' .* in row 3 .* but '.*' in row 1\. A group has one level"):
        fit.linpred(two)
    one = fit.linpred(two.iloc[:2]) - fit.linpred(two.iloc[:2], groups="typical")
    assert one.isel(obs=0).std() > 0
    apart = fit.linpred(two.assign(g=["z", "z", "other"]))
    assert np.isfinite(apart).all()


def test_a_grid_of_groups_has_each_at_its_own_level(fit, kind):
    frame = rows(kind).drop_duplicates("g").assign(x=0.5)
    expected = fit.epred(frame).mean(("chain", "draw")).to_numpy()
    shown = fit.effects("g", at={"x": 0.5})
    np.testing.assert_allclose(shown["mean"], expected, rtol=IDENTITY)
    assert shown.attrs["held"] == "x = 0.5, h = that of each g"
    grid = fit.slopes("x", by="g", over="grid")
    observed = fit.slopes("x", by="g")
    np.testing.assert_allclose(grid["mean"], observed["mean"], rtol=1e-6)


def test_compared_groups_are_each_at_their_own_level(fit, kind):
    frame = rows(kind).drop_duplicates("g").assign(x=0.5)
    expected = fit.epred(frame).mean(("chain", "draw")).to_numpy()
    for over in ("observed", "grid"):
        found = fit.comparisons({"g": frame["g"].tolist()}, over=over, at={"x": 0.5})
        np.testing.assert_allclose(found["mean"], expected[1:] - expected[0], rtol=1e-9)
        held = fit.comparisons({"x": [0.5, 1.5]}, over=over, at={"g": "h"})
        assert np.isfinite(held["mean"]).all()
    assert "h = that of each g" in str(fit.comparisons("g", over="grid"))


def test_lines_of_groups_are_drawn_at_their_own_level(fit, kind):
    for group in fit.design.groups:
        data = group_lines_data(fit, group.name, "x")
        at = [rows(kind)[rows(kind)["g"] == level].iloc[[0]] for level in group.levels]
        frame = pd.concat([one.assign(x=x) for one in at for x in data["x"].to_numpy()])
        expected = fit.epred(frame).mean(("chain", "draw")).to_numpy()
        drawn = next(values for values in data.data_vars.values() if values.size == expected.size)
        np.testing.assert_allclose(drawn.to_numpy().ravel(), expected, rtol=IDENTITY)
        assert "its own h" in str(data.attrs)


def test_numbers_that_part_another_factor_are_held_at_a_level():
    model = hb.Model("y ~ x + h + (1 | gr(g, by = h)) + (1 | k)", FRAME)
    assert group_lines_data(random_fit(model, chains=2, draws=30), "k", "x")
    rows_of_k = profile(model.design, factor_of(model, "k"), {})
    assert set(rows_of_k["h"]) <= {1.0, 2.0}
    assert rows_at(model.design, rows_of_k).n == 3
