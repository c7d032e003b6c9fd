"""Columns that are called like variables or dimensions of ours."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from plugin import random_fit

import hierbayes as hb
from hierbayes import names


@pytest.mark.parametrize("name", ["b", "sigma", "nu", "cutpoints", "term", "obs", "draw", "y"])
def test_a_grouping_factor_may_have_any_name(name, tmp_path):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"score": rng.normal(size=40), name: rng.integers(0, 5, 40).astype(str)})
    fit = hb.Model(f"score ~ 1 + (1 | {name})", frame).fit(
        draws=20, tune=50, chains=2, seed=1, progress=False
    )
    effects = fit.ranef()
    assert effects["level"].tolist() == ["0", "1", "2", "3", "4"]
    assert set(effects["group"]) == {name}
    pd.testing.assert_frame_equal(hb.load(fit.save(tmp_path / "fit.nc")).ranef(), effects)


BESIDE_G = ["sd_g", "u_g", "cor_g", "coef_g", "z_g", "Z_g", "codes_g", "g_term", "g_term_bis", "data_x"]
OF_ROWS = ["X", "offset", "trials", "weights", "low", "se", "y_observed"]


@pytest.mark.parametrize("name", BESIDE_G + OF_ROWS)
def test_a_factor_may_be_called_like_a_variable_that_another_one_has(name, tmp_path):
    rng = np.random.default_rng(2)
    frame = {"score": rng.normal(size=40), "x": rng.normal(size=40), "g": rng.choice(list("klmno"), 40)}
    model = hb.Model(f"score ~ x + (1 + x | g) + (1 | {name})", {**frame, name: rng.choice(list("pqr"), 40)})
    fit = random_fit(model, draws=5)
    assert list(fit.ranef(name)["level"]) == ["p", "q", "r"]
    pd.testing.assert_frame_equal(hb.load(fit.save(tmp_path / "fit.nc")).ranef(), fit.ranef())
    assert fit.coef(draws=True) is not None
    assert names.group_dim(name) in model.pymc.coords


def test_other_factors_keep_their_names():
    for name in ("school", "classroom_id", "terms", "sdg", "Zone", "sigma_g"):
        assert names.group_dim(name) == name


def test_texts_for_people_show_both_ends_of_endless_words_and_name_what_turns_them_around():
    assert names.legible("a plain text, of any length " * 9) == "a plain text, of any length " * 9
    one, other = (names.legible(f"f[{'x' * 10_000}{end}] is") for end in "ab")
    assert len(one) == names.LONGEST_WORD + len(" is")
    assert one.startswith("f[xxx")
    assert one.endswith("xa] is") and other.endswith("xb] is")
    assert names.legible("\u202eevil") == "<U+202E>evil"
    assert names.legible("مدرسة שלום 日本 👩‍👩‍👧") == "مدرسة שלום 日本 👩‍👩‍👧"
    assert [len(names.short("abcdefghij" * 9, most)) for most in (7, 30)] == [7, 30]
