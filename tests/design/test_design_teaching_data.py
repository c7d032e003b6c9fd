"""The models of ANALYSES.md: exact names, exact columns by hand, numbers of groups."""

import numpy as np
import pytest

from hierbayes.datasets import load_data
from hierbayes.design import build_design
from hierbayes.formulas import parse_formula

USE_MESSAGE = "use: modelling the probability of 'Y' (reference 'N'); write use[N] to turn it round"
LIVCH = ("Intercept", "age", "urban[Y]", "livch[1]", "livch[2]", "livch[3+]")


@pytest.fixture(scope="module")
def exam():
    return load_data("exam")


@pytest.fixture(scope="module")
def contraception():
    return load_data("contraception")


@pytest.mark.parametrize(
    ("formula", "terms", "groups"),
    [
        ("use ~ age + urban + livch", LIVCH, []),
        ("use ~ 1 + age + urban + livch + (1 | district)", LIVCH, [("district", 60)]),
        (
            "use ~ 1 + age + I(age^2) + urban + ch + (1 | district)",
            ("Intercept", "age", "I(age^2)", "urban[Y]", "ch[Y]"),
            [("district", 60)],
        ),
        (
            "use ~ age*ch + I(age^2) + urban + (1 | district)",
            ("Intercept", "age", "ch[Y]", "I(age^2)", "urban[Y]", "age:ch[Y]"),
            [("district", 60)],
        ),
        (
            "use ~ age*ch + I(age^2) + urban + (1 | urban:district)",
            ("Intercept", "age", "ch[Y]", "I(age^2)", "urban[Y]", "age:ch[Y]"),
            [("urban:district", 102)],
        ),
    ],
)
def test_contraception_names(formula, terms, groups, contraception):
    design = build_design(parse_formula(formula), contraception, response_kind="binary")
    assert design.terms == terms
    assert [(g.name, g.n_groups) for g in design.groups] == groups
    assert all(g.terms == ("Intercept",) and (g.Z == 1).all() for g in design.groups)
    assert design.messages == (USE_MESSAGE,)
    assert design.response.labels == ("N", "Y")


def test_contraception_columns(contraception):
    formula = parse_formula("use ~ age*ch + I(age^2) + urban + (1 | urban:district)")
    design = build_design(formula, contraception, response_kind="binary")
    age = contraception["age"].to_numpy()
    ch = (contraception["livch"] != "0").to_numpy(dtype=float)
    urban = (contraception["urban"] == "Y").to_numpy(dtype=float)
    np.testing.assert_array_equal(design.X[:, [0, 1, 2, 4]], np.column_stack([age**0, age, ch, urban]))
    np.testing.assert_allclose(design.X[:, 3], age * age, rtol=1e-15)
    np.testing.assert_array_equal(design.X[:, 5], age * ch)
    np.testing.assert_array_equal(design.y, contraception["use"] == "Y")
    (group,) = design.groups
    labels = np.array(group.levels)[group.codes]
    np.testing.assert_array_equal(
        labels, contraception["urban"].astype(str) + ":" + contraception["district"].astype(str)
    )
    assert group.levels[:3] == ("N:1", "N:2", "N:4")
    assert group.levels[-1] == "Y:61"
    assert group.codes.dtype == np.int32
    assert int(group.sizes.sum()) == design.n == 1934
    assert group.sizes.min() > 0
    assert sorted(design.columns) == ["age", "ch", "district", "urban", "use"]
    assert design.columns["age"].dtype == np.float64
    assert design.columns["urban"][:2].tolist() == ["Y", "Y"]


def test_exam_m4(exam):
    formula = parse_formula("normexam ~ standLRT + schgend + (1 + standLRT | school)")
    design = build_design(formula, exam)
    assert design.terms == ("Intercept", "standLRT", "schgend[boys]", "schgend[girls]")
    (group,) = design.groups
    assert (group.name, group.factor, group.terms) == ("school", "school", ("Intercept", "standLRT"))
    assert group.levels == tuple(str(k) for k in range(1, 66))
    np.testing.assert_array_equal(group.Z, np.column_stack([np.ones(4059), exam["standLRT"]]))
    np.testing.assert_array_equal(group.codes + 1, exam["school"].astype(int))
    np.testing.assert_array_equal(design.y, exam["normexam"])
    np.testing.assert_array_equal(design.X[:, 3], exam["schgend"] == "girls")
    assert design.messages == ()
    sizes = dict(zip(group.levels, group.sizes.tolist(), strict=True))
    assert (sizes["48"], max(sizes.values())) == (2, 198)


def test_arrays_are_read_only(exam):
    design = build_design(parse_formula("normexam ~ standLRT + (1 | school)"), exam)
    group = design.groups[0]
    for array in (design.y, design.X, design.rows, group.codes, group.Z, *design.columns.values()):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
