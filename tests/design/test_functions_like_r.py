"""Functions of columns against R's model.matrix, for a model's own data and new data (design_functions.R)."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hierbayes.design import Recipe, build_design
from hierbayes.formulas import parse_formula

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "design_functions.json").read_text())
DATA, NEW = pd.DataFrame(REFERENCE["data"]), pd.DataFrame(REFERENCE["new"])
R_DIGITS = 1e-12  # R wrote 15 significant digits; sums of products of such numbers lose a few


def r_name(name):
    """Our name as R writes it: `f[b]` is `fb`, `C(f, sum)[1]` is `C(f, sum)1`, `cut(x, 2)[(0,1]]` is
    `cut(x, 2)(0,1]`.

    Logical columns are numbers here, but factors in R: `I(x > 1)TRUE`.
    """
    bare = re.sub(r"\[([\w.^]+|[(\[][^()\[\]]+[)\]])\]", r"\1", name)
    return bare.replace("Intercept", "(Intercept)")


@pytest.mark.parametrize("model", REFERENCE["models"], ids=lambda model: model["formula"])
def test_columns_names_and_new_data_are_those_of_r(model):
    design = build_design(parse_formula(model["formula"]), DATA)
    expected = [name.removesuffix("TRUE") if "I(" in name else name for name in model["names"]]
    assert [frozenset(r_name(name).split(":")) for name in design.terms] == [
        frozenset(name.split(":")) for name in expected
    ]
    X = np.array(model["X"])
    np.testing.assert_allclose(design.X, X, rtol=R_DIGITS, atol=1e-12 * np.abs(X).max())
    recipe = Recipe.from_json(design.recipe.to_json())
    assert recipe == design.recipe
    new = np.array(model["new"])
    np.testing.assert_allclose(recipe.apply(NEW).X, new, rtol=1e-10, atol=1e-10 * np.abs(new).max())
    np.testing.assert_array_equal(recipe.apply(DATA).X, design.X)
