"""What the priors imply, in words: the numbers are those of ``prior_predictive``."""

from __future__ import annotations

import numpy as np
import pandas as pd

import hierbayes as hb
from hierbayes.estimates.checks.prior import implied
from hierbayes.report.blocks import Figure, Paragraph
from hierbayes.report.content.context import Shown
from hierbayes.report.content.implied import CONTRADICTED, expectation, prior_predictive

RNG = np.random.default_rng(3)
FRAME = pd.DataFrame(
    {
        "y": RNG.normal(50, 10, 80),
        "grade": pd.Categorical(
            np.tile(["low", "mid", "high", "high"], 20), ["low", "mid", "high"], ordered=True
        ),
        "won": RNG.binomial(5, 0.4, 80),
        "n": 5,
        "g": np.repeat([f"g{k}" for k in range(8)], 10),
    }
)


def shown(formula: str, family: str = "gaussian", **priors: str) -> Shown:
    model = hb.Model(formula, FRAME, family=family, priors=priors)
    return Shown(hb.Fit(model.spec, model.design, None, {}))  # type: ignore[arg-type]


def test_values_in_words(gaussian: hb.Fit) -> None:
    made = gaussian.prior_predictive(200)["prior_predictive"]["y"].to_numpy()
    low, high = np.quantile(made, [0.025, 0.975])
    least, most = np.quantile(gaussian.design.y, [0.025, 0.975])
    text, figure = prior_predictive(Shown(gaussian))
    assert isinstance(text, Paragraph)
    assert isinstance(figure, Figure)
    ends = [f"{v:.2f}".replace("-", "−") for v in (low, high, least, most)]
    assert text.text == (
        f"Before it sees the data, the model expects 95 % of the values of score between {ends[0]} and "
        f"{ends[1]}; in the data, 95 % lie between {ends[2]} and {ends[3]}."
    )


def test_shares_in_words(bernoulli: hb.Fit) -> None:
    share = bernoulli.prior_predictive(200)["prior_predictive"]["y"].to_numpy()[0].mean(axis=1)
    low, high = (100 * v for v in np.quantile(share, [0.025, 0.975]))
    text = expectation(Shown(bernoulli), implied(bernoulli)).replace("\u00a0", " ")
    assert f"passed Y in {low:.1f} % to {high:.1f} % of the rows" in text
    assert f"(in the data: {100 * bernoulli.design.y.mean():.1f} %)" in text


def test_categories_and_trials_in_words() -> None:
    item = shown("grade ~ 1 + (1 | g)", "cumulative")
    text = expectation(item, implied(item.fit)).replace("\u00a0", " ")
    assert all(f"grade {label} in " in text for label in ("low", "mid", "high"))
    assert "(in the data: 50.0 %)" in text
    item = shown("won | trials(n) ~ 1 + (1 | g)", "binomial")
    made = item.fit.prior_predictive(200)["prior_predictive"]["y"].to_numpy()[0].sum(axis=1) / 400
    text = expectation(item, implied(item.fit)).replace("\u00a0", " ")
    assert f"to {100 * np.quantile(made, 0.975):.1f} % of the trials" in text


def test_priors_that_contradict_the_data_are_told() -> None:
    item = shown("y ~ 1 + (1 | g)", Intercept="normal(0, 1)", sd="half_normal(1)", sigma="half_normal(1)")
    assert expectation(item, implied(item.fit)).endswith(CONTRADICTED)
    item = shown("y ~ 1 + (1 | g)")
    assert not expectation(item, implied(item.fit)).endswith(CONTRADICTED)


def test_a_flat_prior_is_told(gaussian: hb.Fit) -> None:
    flat = shown("y ~ 1 + (1 | g)", Intercept="flat()")
    (note,) = prior_predictive(flat)
    assert isinstance(note, Paragraph)
    assert note.text.startswith("There is no draw from the prior of 'Intercept': it is flat.")
    assert note.kind == "note"
