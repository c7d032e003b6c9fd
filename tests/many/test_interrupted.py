"""Ctrl-C in what is made of many fits: it is heard at once, and nothing is computed from half of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from structures import small_frame

import hierbayes as hb

pytestmark = pytest.mark.sampling

SHORT = {"draws": 20, "tune": 20, "chains": 2, "progress": False}


def model() -> hb.Model:
    return hb.Model("y ~ x + (1 | h)", small_frame(), priors={"b": "normal(0, 1)"})


MADE: dict[str, tuple[Callable[[hb.Fit], Any], str]] = {
    "kfold": (lambda fit: fit.kfold(4), "2 of 4 refits were done"),
    "loo": (lambda fit: fit.loo(refits=10_000), r"2 of \d+ refits were done"),
    "pooling": (lambda _: hb.pooling(model(), folds=2, **SHORT), r"2 of \d+ fits were done"),
    "sbc": (lambda _: hb.sbc(model(), 20, **SHORT), "2 of 20 data sets were done"),
}


@pytest.mark.parametrize("what", MADE)
def test_ctrl_c_in_the_third_fit(what, monkeypatch):
    make, told = MADE[what]
    fit = model().fit(seed=1, **SHORT)
    monkeypatch.setattr("hierbayes.estimates.leave_out.loo.good_k", lambda draws: 0.25)
    real, calls = hb.Model.fit, []

    @functools.wraps(real)
    def interrupted(self, **settings):
        calls.append(settings)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(self, **settings)

    monkeypatch.setattr(hb.Model, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt, match=f"interrupted when {told}"):
        make(fit)
    assert len(calls) == 3, "no other fit is begun"
