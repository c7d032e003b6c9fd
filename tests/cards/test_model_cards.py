"""The cards that come along: their models build on the data, and their figures are those of lme4."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import hierbayes as hb
from hierbayes.cards import build_models
from hierbayes.datasets import DATA_SETS
from hierbayes.formulas import parse_formula

ROOT = Path(__file__).parents[2]
CARDS = {path.stem: path for path in sorted((ROOT / "models").glob("*.toml"))}
LME4 = {
    **json.loads((ROOT / "tests" / "reference" / "lme4.json").read_text(encoding="utf-8"))["models"],
    **json.loads((ROOT / "tests" / "reference" / "cards.json").read_text(encoding="utf-8"))["models"],
}
TRUTH = "the truth that the data were simulated from"

FORMULAS = {
    "exam": {
        "m1": "normexam ~ 1 + (1 | school)",
        "m2": "normexam ~ standLRT + (1 | school)",
        "m3": "normexam ~ standLRT + schgend + (1 | school)",
        "m4": "normexam ~ standLRT + schgend + (1 + standLRT | school)",
    },
    "contraception": {
        "m_01": "use ~ 1 + age + urban + livch + (1 | district)",
        "m_03": "use ~ 1 + age + I(age^2) + urban + ch + (1 | district)",
        "m_05": "use ~ age*ch + I(age^2) + urban + (1 | urban:district)",
    },
}


def test_the_cards() -> None:
    assert set(CARDS) == set(LME4)
    assert {"remission", "antenatal", "guatemala", "hsb", "sleepstudy", "egsingle", "scotland"} <= set(CARDS)


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas_are_the_published_ones(name: str) -> None:
    assert {model.name: model.formula for model in hb.load_card(CARDS[name]).models} == FORMULAS[name]


@pytest.mark.parametrize("name", CARDS)
def test_formulas_are_those_that_lme4_was_given(name: str) -> None:
    for model in hb.load_card(CARDS[name]).models:
        given = LME4[name][model.name]["formula"]
        assert str(parse_formula(model.formula)) == str(parse_formula(given))


@pytest.mark.parametrize("name", CARDS)
def test_every_card_says_what_it_does(name: str) -> None:
    card = hb.load_card(CARDS[name])
    assert card.data.description
    assert all(model.description and model.reference for model in card.models)


@pytest.mark.parametrize("name", CARDS)
def test_every_model_builds(name: str) -> None:
    """The terms, groups and their numbers are those that lme4 has for the same formulas."""
    card = hb.load_card(CARDS[name])
    for model_name, model in build_models(card).items():
        expected = LME4[name][model_name]
        assert list(model.design.terms) == list(expected["b"])
        assert model.design.n == expected["n"]
        assert {g.name: g.n_groups for g in model.design.groups} == {
            group: entry["n_groups"] for group, entry in expected.get("groups", {}).items()
        }
        for group, entry in expected.get("groups", {}).items():
            assert list(model.design.group(group).levels) == entry.get(
                "levels", list(model.design.group(group).levels)
            )


def lme4_figures(expected: dict) -> dict[str, float]:
    figures = {f"b[{term}]": value for term, value in expected["b"].items()}
    for group, entry in expected.get("groups", {}).items():
        figures |= {f"sd[{group}][{term}]": sd for term, sd in entry["sd"].items()}
        if len(entry["sd"]) == 1:
            figures[f"sd[{group}]"] = entry["sd"]["Intercept"]
        if entry["cor"]:
            figures[f"cor[{group}]"] = entry["cor"][0][1]
    if "sigma" in expected:
        figures["sigma"] = expected["sigma"]
    return figures


@pytest.mark.parametrize("name", CARDS)
def test_figures_are_those_of_lme4_to_the_digits_printed(name: str) -> None:
    for model in hb.load_card(CARDS[name]).models:
        own = lme4_figures(LME4[name][model.name])
        assert model.reference is not None
        if model.reference.source == TRUTH:
            twin = DATA_SETS[name].twin
            assert twin is not None
            assert dict(model.reference.figures) == twin.params
            continue
        assert set(own) >= {key for key in model.reference.figures if not key.startswith("vpc")}
        for key, value in model.reference.figures.items():
            if key.startswith("vpc"):
                continue
            digits = len(repr(value).partition(".")[2])
            # Half a unit of the last digit, and what lme4's default optimizer leaves (reference/README.md).
            assert abs(value - own[key]) <= 0.5 * 10**-digits + 2e-4 * abs(value), (model.name, key)


def test_published_variance_partition_coefficients() -> None:
    """Gaussian: tau^2 / (tau^2 + sigma^2). Logistic, latent scale: tau^2 / (tau^2 + pi^2 / 3)."""
    m1 = lme4_figures(LME4["exam"]["m1"])
    exam = hb.load_card(CARDS["exam"]).model("m1").reference
    assert exam is not None
    vpc = m1["sd[school]"] ** 2 / (m1["sd[school]"] ** 2 + m1["sigma"] ** 2)
    assert abs(vpc - exam.figures["vpc[school]"]) <= 0.0005
    variance = LME4["contraception"]["m_05"]["groups"]["urban:district"]["sd"]["Intercept"] ** 2
    contraception = hb.load_card(CARDS["contraception"]).model("m_05").reference
    assert contraception is not None
    latent = variance / (variance + 3.141592653589793**2 / 3)
    assert abs(latent - contraception.figures["vpc[urban:district]"]) <= 0.00005
