"""`(1 + x | gr(g, by = s))`: groups, columns, new data, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hierbayes.design import Recipe, build_design
from hierbayes.errors import DataError
from hierbayes.formulas import parse_formula

FRAME = pd.DataFrame(
    {
        "y": [1.0, 2.0, 4.0, 3.0, 5.0, 2.5, 3.5, 1.5],
        "x": [0.5, 1.0, 2.0, 4.0, 3.0, 2.5, 1.5, 0.0],
        "g": ["d", "a", "b", "c", "a", "b", "c", "d"],
        "s": ["q", "p", "q", "p", "p", "q", "p", "q"],
    }
)


def build(formula, data=FRAME):
    return build_design(parse_formula(formula), data)


def test_one_group_term_for_each_level():
    design = build("y ~ x + (1 + x | gr(g, by = s))")
    first, second = design.groups
    assert (first.name, second.name) == ("g:s[p]", "g:s[q]")
    assert (first.factor, second.factor) == ("g", "g")
    assert (first.levels, second.levels) == (("a", "c"), ("b", "d"))
    assert first.codes.tolist() == [-1, 0, -1, 1, 0, -1, 1, -1]
    assert second.codes.tolist() == [1, -1, 0, -1, -1, 0, -1, 1]
    p = (FRAME["s"] == "p").to_numpy()
    for group, own in ((first, p), (second, ~p)):
        np.testing.assert_array_equal(group.Z, np.column_stack([own, own * FRAME["x"]]))
        np.testing.assert_array_equal(group.own, own)
        assert group.sizes.tolist() == [2, 2]
        assert not group.Z.flags.writeable
    assert design.messages == ()


def test_the_other_design_is_as_without_by():
    with_by, without = build("y ~ x + (x || gr(g, by = s))"), build("y ~ x + (x || g)")
    np.testing.assert_array_equal(with_by.X, without.X)
    np.testing.assert_array_equal(sum(g.Z for g in with_by.groups), without.groups[0].Z)
    assert [g.correlated for g in with_by.groups] == [False, False]


def test_names_are_unique_and_order_follows_the_dtype():
    data = FRAME.assign(s=pd.Categorical(FRAME["s"], ["q", "p"]))
    design = build("y ~ x + (1 | gr(g, by = s)) + (0 + x | gr(g, by = s))", data)
    assert [g.name for g in design.groups] == ["g:s[q]", "g:s[p]", "g:s[q].1", "g:s[p].1"]
    assert [g.terms for g in design.groups] == [("Intercept",)] * 2 + [("x",)] * 2


def test_new_data_find_their_groups():
    design = build("y ~ x + (1 + x | gr(g, by = s))")
    recipe = Recipe.from_json(design.recipe.to_json())
    assert recipe == design.recipe
    again = recipe.apply(FRAME)
    for old, new in zip(design.groups, again.groups, strict=True):
        np.testing.assert_array_equal(new.codes, old.codes)
        np.testing.assert_array_equal(new.Z, old.Z)
    assert again.labels["g:s[p]"].tolist() == ["", "a", "", "c", "a", "", "c", ""]
    one = recipe.apply({"x": [7.0], "g": ["d"], "s": ["q"]})
    assert [g.codes.tolist() for g in one.groups] == [[-1], [1]]
    assert [g.Z.tolist() for g in one.groups] == [[[0.0, 0.0]], [[1.0, 7.0]]]


def test_new_groups_belong_to_the_level_that_their_rows_name():
    recipe = build("y ~ x + (1 + x | gr(g, by = s))").recipe
    new = {"x": [7.0, 8.0], "g": ["z", "a"], "s": ["q", "p"]}
    with pytest.raises(DataError) as caught:
        recipe.apply(new)
    assert str(caught.value) == (
        "The grouping factor 'g:s[q]' has the group 'z', which the model has not seen. Known: 'b', 'd'. "
        "Correct the value, or say new_levels='allow' to treat it as a new group."
    )
    first, second = recipe.apply(new, new_levels="allow").groups
    assert (first.codes.tolist(), second.codes.tolist()) == ([-1, 0], [-1, -1])
    assert (first.Z[:, 0].tolist(), second.Z[:, 0].tolist()) == ([0.0, 1.0], [1.0, 0.0])


def test_a_level_that_the_model_has_not_seen():
    recipe = build("y ~ x + (1 | gr(g, by = s))").recipe
    with pytest.raises(DataError) as caught:
        recipe.apply({"x": [7.0, 8.0], "g": ["a", "a"], "s": ["p", "r"]}, new_levels="allow")
    assert str(caught.value) == (
        "'s' is 'r' in row 2 (the first is row 1), a level that the model has not seen. Known: 'p', 'q'. "
        "Correct the value, or fit a model to data that have it."
    )


def test_by_must_be_constant_within_groups():
    with pytest.raises(DataError) as caught:
        build("y ~ x + (1 | gr(g, by = s))", FRAME.assign(s=["q", "p", "q", "p", "p", "p", "p", "q"]))
    assert str(caught.value) == (
        "The column 's' of gr(g, by = s) differs within the group 'b': 'p', 'q'. Each group must belong to "
        "one level: correct the values, or make every combination a group of its own, (g:s)."
    )


def test_each_level_needs_two_groups():
    with pytest.raises(DataError, match=r"The grouping factor 'g:s\[p\]' has one level \('a'\)"):
        build("y ~ x + (1 | gr(g, by = s))", FRAME.assign(s=["q", "p", "q", "q", "p", "q", "q", "q"]))


def test_rows_without_a_level_are_incomplete():
    holes = FRAME.assign(s=[None, "p", "q", "p", "p", "q", "p", "q"])
    design = build("y ~ x + (1 | gr(g, by = s))", holes)
    assert design.messages[0] == "1 of 8 rows dropped: missing values in s (1)"


def test_slashes_of_labels_cannot_stand_in_names_of_variables():
    design = build("y ~ x + (1 | gr(g, by = s))", FRAME.replace({"s": {"p": "p/r"}}))
    assert [g.name for g in design.groups] == ["g:s[p\N{DIVISION SLASH}r]", "g:s[q]"]
