"""The models of a card, for other data than its own."""

from __future__ import annotations

from pathlib import Path

import pytest

import hierbayes as hb
from hierbayes.cards import build_models
from hierbayes.errors import CardError, DataError, UnknownNameError

CARD = Path(__file__).parents[2] / "models" / "remission.toml"


def test_a_file_takes_the_place_of_the_data(tmp_path):
    half = hb.load_data("remission").query("DID != '3'")
    file = tmp_path / "hdp.csv"
    half.to_csv(file, index=False)
    own, card = hb.load_card(CARD), hb.load_card(CARD).with_data(file)
    assert [m.formula for m in card.models] == [m.formula for m in own.models]
    assert (card.data.file, card.data.dataset, card.data.description) == (file, None, "")
    assert all(model.reference is None for model in card.models)
    models = build_models(card)
    assert models["slopes"].design.n == len(half)
    assert models["slopes"].spec.groups[0].n_groups == 19
    assert own.data.dataset == "remission"


def test_a_data_set_takes_the_place_of_the_data():
    card = hb.load_card(CARD.with_name("hsb.toml")).with_data("dataset:exam")
    assert (card.data.dataset, card.data.file) == ("exam", None)
    with pytest.raises(CardError, match="The data have no column 'mAch'"):
        build_models(card)


def test_other_data_that_are_not_there():
    with pytest.raises(DataError, match=r"There is no file nowhere\.csv"):
        build_models(hb.load_card(CARD).with_data("nowhere.csv"))
    with pytest.raises(UnknownNameError, match="Did you mean 'exam'"):
        build_models(hb.load_card(CARD).with_data("dataset:exma"))
