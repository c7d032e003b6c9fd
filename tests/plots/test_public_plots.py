from __future__ import annotations

import importlib
import inspect

import pytest

import hierbayes as hb
from hierbayes.plots import save_png
from hierbayes.plots.public import FUNCTIONS, Pictures


def test_names_of_the_table_are_functions() -> None:
    for name, place in FUNCTIONS.items():
        module, _, function = place.partition(":")
        assert inspect.unwrap(getattr(hb.plot, name)) is getattr(importlib.import_module(module), function)
    assert set(FUNCTIONS) <= set(dir(hb.plot))


def test_other_names_are_refused_with_those_that_exist() -> None:
    pictures = Pictures({"save": "hierbayes.plots.saving:save_png"})
    assert inspect.unwrap(pictures.save) is save_png
    with pytest.raises(AttributeError) as error:
        _ = pictures.sve
    assert str(error.value) == "hb.plot has no 'sve'; there are: save"
