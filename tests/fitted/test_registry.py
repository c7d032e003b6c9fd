"""What a fit can do is a method of it: its help shows the arguments that are left to give."""

from __future__ import annotations

import inspect
import pickle
import pydoc
import re

import numpy as np
import pytest
from plugin import random_fit

import hierbayes as hb
from hierbayes.fitted.registry import ESTIMATES, OF_MODELS, PLOTS, bind, resolve


class Stand:
    """Stands for a fit."""

    def __repr__(self) -> str:
        return "a whole summary"


@pytest.mark.parametrize(
    ("table", "name"), [(t, n) for t in (ESTIMATES, PLOTS) for n in t], ids=[*ESTIMATES, *PLOTS]
)
def test_a_method_does_not_ask_for_the_fit(table, name):
    function, method = resolve(table[name]), bind(table, name, Stand())
    expected = list(inspect.signature(function).parameters)[1:]
    assert list(inspect.signature(method).parameters) == expected
    assert method.__doc__ == function.__doc__


def test_help_on_a_method_begins_with_its_name_and_not_with_the_fit():
    text = pydoc.plain(pydoc.render_doc(bind(ESTIMATES, "comparisons", Stand())))
    assert re.search(r"\ncomparisons\(\s*columns: ", text)
    assert "a whole summary" not in text


def test_what_does_not_exist_is_refused_with_what_does():
    with pytest.raises(AttributeError, match=r"^no 'lines' here; there are: fixef, ranef$"):
        bind({"fixef": "", "ranef": ""}, "lines", Stand())


def test_a_model_answers_what_the_table_says_and_shows_its_arguments():
    model = hb.Model("y ~ x", {"y": [1.0, 2.0, 4.0, 3.0], "x": [0.0, 1.0, 2.0, 3.0]})
    for name, target in OF_MODELS.items():
        method = getattr(model, name)
        assert inspect.getdoc(method) == inspect.getdoc(resolve(target))
        assert (
            next(iter(inspect.signature(resolve(target)).parameters))
            not in inspect.signature(method).parameters
        )
        assert name in dir(model)
    with pytest.raises(AttributeError, match="no 'simulat' here; there are: prior_predictive, simulate"):
        _ = model.simulat
    assert pickle.loads(pickle.dumps(model)).spec == model.spec


def test_numbers_beyond_double_precision_come_without_a_foreign_warning_and_are_explained():
    rng = np.random.default_rng(1)
    frame = {"y": np.exp(rng.normal(size=20)), "g": rng.choice(list("abc"), 20)}
    fit = random_fit(hb.Model("y ~ 1 + (1 | g)", frame, family="lognormal"), draws=20)
    assert "double precision" not in str(fit.predict(kind="mean"))
    fit.posterior["b"].values[:] = 800.0
    table = fit.predict(kind="mean")
    assert np.isinf(table["mean"]).all()
    assert "inf and NaN stand where numbers are too large for double precision" in " ".join(
        str(table).split()
    )
    str(fit), fit._repr_html_()
