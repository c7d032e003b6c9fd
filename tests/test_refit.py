"""The same model of another response, and of other data: what stays, what is refused, what is compiled."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from tolerances import monte_carlo

import hierbayes as hb
from hierbayes.errors import ColumnNotFoundError, DataError
from hierbayes.estimates.summarize import summarize

SHORT = {"draws": 60, "tune": 60, "chains": 2, "seed": 3, "progress": False}
FORMULA = "won ~ x + (1 | g)"


def frame(seed: int = 0, n: int = 72) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return pd.DataFrame({"won": rng.integers(0, 2, n), "x": x, "g": np.arange(n) % 9})


@pytest.fixture(scope="module")
def model() -> hb.Model:
    return hb.Model(FORMULA, frame(), family="bernoulli", priors={"b": "normal(0, 1.3)"})


@pytest.fixture(scope="module")
def response() -> np.ndarray:
    return np.random.default_rng(8).integers(0, 2, 72)


@pytest.mark.sampling
def test_a_refit_is_a_fit_of_the_new_response(model, response):
    """Default priors of a binary model do not depend on the response, so that a new model has the same."""
    refit = model.refit(response, **SHORT)
    fresh = hb.Model(
        FORMULA, frame().assign(won=response), family="bernoulli", priors={"b": "normal(0, 1.3)"}
    ).fit(**SHORT)
    assert refit.spec == fresh.spec == model.spec
    for name in fresh.posterior.data_vars:
        np.testing.assert_array_equal(refit.posterior[name], fresh.posterior[name])
    np.testing.assert_array_equal(refit.idata["observed_data"]["y"], response)
    np.testing.assert_array_equal(refit.idata["constant_data"]["data_won"], response)
    assert refit.settings["fingerprint"] == fresh.settings["fingerprint"]
    assert refit.messages == (
        "won: the response was replaced in a refit; priors and columns are those of the first data",
    )


@pytest.mark.sampling
def test_the_model_itself_does_not_change(model, response):
    before = model.fit(**SHORT)
    model.refit(response, **SHORT)
    again = model.fit(**SHORT)
    np.testing.assert_array_equal(before.posterior["b"], again.posterior["b"])
    assert model.messages == before.messages == again.messages
    np.testing.assert_array_equal(model.design.y, frame()["won"])


@pytest.mark.sampling
def test_a_compiled_graph_serves_all_responses(model, response, monkeypatch):
    """Compiled once, for a response that decides nothing but coordinates: the kernel's posterior."""
    import nutpie

    compiled = []
    compile_model = nutpie.compile_pymc_model
    monkeypatch.setattr(nutpie, "compile_pymc_model", lambda m: compiled.append(m) or compile_model(m))
    settings = {**SHORT, "draws": 1000, "tune": 500}
    skewed = (np.arange(72) % 5 == 0) | (response == 1)
    first = model.refit(skewed, route="graph", **SHORT)
    graph = model.refit(skewed, route="graph", **settings)
    kernel = model.refit(skewed, route="kernel", **settings)
    assert len(compiled) == 1
    assert (graph.settings["route"], kernel.settings["route"]) == ("graph", "kernel")
    for name in ("b", "sd_g", "u_g"):
        for one, other in zip(
            summarize(graph.posterior[name]).itertuples(),
            summarize(kernel.posterior[name]).itertuples(),
            strict=True,
        ):
            errors = one.sd / np.sqrt(one.ess_bulk), other.sd / np.sqrt(other.ess_bulk)
            assert monte_carlo(one.mean, other.mean, *errors), (name, one, other)
    copy = pickle.loads(pickle.dumps(model))
    assert copy._graphs._held == {}
    # What was compiled first does not decide the draws: the first refit again, after another.
    again = model.refit(skewed, route="graph", **SHORT)
    np.testing.assert_array_equal(first.posterior["b"], again.posterior["b"])


REFUSED = {
    "short": (np.zeros(71), r"has 71 values.*Allowed: 72"),
    "long": (np.zeros(73), r"has 73 values.*y\[model.design.rows\]"),
    "table": (np.zeros((72, 1)), r"shape \(72, 1\).*Allowed: one dimension"),
    "text": (["0"] * 72, r"does not hold numbers \('0', '0', '0', ...\).*Allowed: numbers"),
    "missing": (np.r_[np.nan, np.ones(71)], "not finite"),
    "none": ([None] + [1] * 71, "not finite"),
    "masked": (
        np.ma.masked_array(np.arange(72) % 2, np.arange(72) == 5),
        "not finite, the first in used row 6",
    ),
    "support": (np.arange(72), "Allowed: 0 and 1"),
    "constant": (np.ones(72), "constant"),
    "nothing": (None, r"shape \(\)|does not hold numbers"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_response_that_cannot_be(model, case):
    y, message = REFUSED[case]
    with pytest.raises(DataError, match=message):
        model.refit(y, **SHORT)


def test_rows_that_the_model_leaves_out(monkeypatch):
    data = frame()
    data.loc[[3, 70], "x"] = np.nan
    model = hb.Model(FORMULA, data, family="bernoulli")
    with pytest.raises(DataError, match=r"has 72 values.*Allowed: 70.*y\[model.design.rows\]"):
        model.refit(data["won"])
    monkeypatch.setattr(hb.Model, "fit", lambda model, **settings: model)
    np.testing.assert_array_equal(
        model.refit(data["won"].to_numpy()[model.design.rows]).design.y, model.design.y
    )


def test_raw_columns_follow_the_response(monkeypatch):
    monkeypatch.setattr(hb.Model, "fit", lambda model, **settings: model)
    data = frame().assign(use=lambda d: np.where(d.won == 1, "Y", "N"), size=lambda d: np.exp(d.x))
    labels = hb.Model("use ~ x + (1 | g)", data, family="bernoulli").refit(1 - data["won"]).design
    assert labels.columns["use"].tolist() == np.where(data.won == 1, "N", "Y").tolist()
    assert list(labels.columns) == ["use", "x", "g"]
    computed = hb.Model("log(size) ~ won + (1 | g)", data).refit(np.arange(72)).design
    assert set(computed.columns) == {"won", "g"}
    counts = data.assign(n=3, s=0.5, w=2.0)
    for left in ("won | trials(n)", "won | weights(w) + trials(n)", "won | trunc(lb = -s)", "won | se(s)"):
        family = "binomial" if "trials" in left else "gaussian"
        exchanged = hb.Model(f"{left} ~ x + (1 | g)", counts, family=family).refit(1 - data["won"]).design
        assert exchanged.columns["won"].tolist() == (1 - data["won"]).tolist()
        for name in set(exchanged.columns) - {"won"}:
            assert exchanged.columns[name].tolist() == counts[name].tolist()
        assert {"n", "s", "w"} & set(exchanged.columns)
    with pytest.raises(DataError, match=r"Allowed: 1 for 'Y' and 0 for 'N'"):
        hb.Model("use ~ x + (1 | g)", data, family="bernoulli").refit(data["use"])


def test_with_data_is_the_model_of_the_other_frame(model):
    other, stated = model.with_data(frame(5, 40)), {"b": "normal(0, 1.3)"}
    expected = hb.Model(FORMULA, frame(5, 40), family="bernoulli", priors=stated)
    assert other.spec == expected.spec
    assert other.design.n == 40
    assert str(other) == str(expected)
    with pytest.raises(ColumnNotFoundError):
        model.with_data(frame().drop(columns="x"))


def test_with_data_keeps_what_was_stated():
    gaps = frame().assign(x=lambda d: d.x.where(d.x < 1.5))
    model = hb.Model(FORMULA, frame(), family="bernoulli", link="probit", missing="error")
    with pytest.raises(DataError, match="missing"):
        model.with_data(gaps)
    assert model.with_data(frame(2)).spec.link == "probit"


def test_with_data_rescales_default_priors():
    model = hb.Model("x ~ won + (1 | g)", frame())
    wider = model.with_data(frame().assign(x=lambda d: 10 * d.x))
    ratio = wider.spec.prior("sigma").parameters[1] / model.spec.prior("sigma").parameters[1]
    assert ratio == pytest.approx(10)


@pytest.mark.sampling
def test_models_and_fits_travel_between_processes(model):
    fit = model.fit(**SHORT)
    copy = pickle.loads(pickle.dumps(fit))
    np.testing.assert_array_equal(copy.posterior["b"], fit.posterior["b"])
    assert str(copy) == str(fit)
    assert not copy.design.y.flags.writeable
    assert not copy.design.groups[0].Z.flags.writeable
    model.pymc  # a graph does not travel
    same = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(same.fit(**SHORT).posterior["b"], fit.posterior["b"])
