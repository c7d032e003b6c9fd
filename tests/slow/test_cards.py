"""Every card has been run, converged under default settings, and has the figures of its reference."""

import json

import pytest
from tolerances import ESS, R_HAT

import hierbayes as hb

from .cards import CARDS, STORE, agrees, run

KEPT = json.loads(STORE.read_text()) if STORE.exists() else {}


def check(models):
    for name, result in models.items():
        assert result["r_hat"] <= R_HAT, name
        assert min(result["ess_bulk"], result["ess_tail"]) >= ESS, name
        assert result["divergences"] == 0, name
        off = {key: figure for key, figure in result["figures"].items() if not agrees(figure)}
        assert not off, (name, off)


@pytest.mark.parametrize("name", CARDS)
def test_kept_results_are_of_this_card_and_within_the_limits(name):
    card = hb.load_card(CARDS[name])
    assert {m.name: m.formula for m in card.models} == {m: r["formula"] for m, r in KEPT[name].items()}
    for model in card.models:
        assert model.reference is not None
        published = {key: figure["published"] for key, figure in KEPT[name][model.name]["figures"].items()}
        assert published == dict(model.reference.figures)
    check(KEPT[name])


@pytest.mark.slow
@pytest.mark.sampling
@pytest.mark.parametrize("name", CARDS)
def test_cards(name):
    check(run(name))
