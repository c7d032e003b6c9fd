"""How the response is read: numbers, 0/1, booleans, two labels, and which one is modelled."""

import numpy as np
import pandas as pd
import pytest

from hierbayes.design import ResponseInfo, build_design
from hierbayes.formula import parse_formula

X = [0.5, 1.0, 2.0, 0.0]


def read(left, y):
    return build_design(parse_formula(f"{left} ~ x"), {"y": y, "x": X}, response_kind="binary")


@pytest.mark.parametrize(
    ("left", "y", "expected", "labels"),
    [
        ("y", [0, 1, 1, 0], [0, 1, 1, 0], None),
        ("y", [0.0, 1.0, 1.0, 0.0], [0, 1, 1, 0], None),
        ("y[1]", [0, 1, 1, 0], [0, 1, 1, 0], None),
        ("y[0]", [0, 1, 1, 0], [1, 0, 0, 1], ("1", "0")),
        ("y", [False, True, True, False], [0, 1, 1, 0], ("False", "True")),
        ("y[False]", [False, True, True, False], [1, 0, 0, 1], ("True", "False")),
        ("y[2]", [1, 2, 2, 1], [0, 1, 1, 0], ("1", "2")),
        ("y[1]", [1, 2, 2, 1], [1, 0, 0, 1], ("2", "1")),
        ("y[N]", ["N", "Y", "Y", "N"], [1, 0, 0, 1], ("Y", "N")),
        ("y[Y]", ["N", "Y", "Y", "N"], [0, 1, 1, 0], ("N", "Y")),
    ],
)
def test_binary(left, y, expected, labels):
    design = read(left, y)
    np.testing.assert_array_equal(design.y, expected)
    assert design.y.dtype == np.float64
    assert design.response == ResponseInfo("y", labels)
    assert design.messages == ()


@pytest.mark.parametrize(
    ("y", "reference", "modelled"),
    [
        (["N", "Y", "Y", "N"], "N", "Y"),
        (pd.Categorical(["N", "Y", "Y", "N"], categories=["Y", "N"]), "Y", "N"),
        (pd.Categorical(["N", "Y", "Y", "N"], categories=["?", "N", "Y"]), "N", "Y"),
    ],
)
def test_two_labels_say_which_is_modelled(y, reference, modelled):
    design = read("y", y)
    np.testing.assert_array_equal(design.y, np.asarray(y) == modelled)
    assert design.response.labels == (reference, modelled)
    assert design.messages == (
        f"y: modelling the probability of '{modelled}' (reference '{reference}'); "
        f"write y[{reference}] to turn it round",
    )


def test_numeric_responses_may_be_computed():
    design = build_design(parse_formula("I(y^2) ~ x"), {"y": [1, 2, 3, 4], "x": X})
    assert design.y.tolist() == [1.0, 4.0, 9.0, 16.0]
    assert design.response == ResponseInfo("I(y^2)")
