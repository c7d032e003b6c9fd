"""Nesting, crossing, sizes and levels of variation: known structures, real data, invariance."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

import hierbayes as hb
from hierbayes.design.structure import describe_structure
from hierbayes.errors import ArgumentTypeError, ColumnNotFoundError, DataError


def relation(structure, a, b):
    frame = structure.relations
    row = frame[frame["factor"].isin([a, b]) & frame["other"].isin([a, b])].iloc[0]
    return row["factor"], row["relation"], row["other"]


def of(structure):
    return dict(zip(structure.variables["variable"], structure.variables["of"], strict=True))


def three_levels():
    """2 regions x 3 schools x 2 classes x 4 pupils, labels unique."""
    pupil = np.arange(48)
    return {
        "region": np.array(["n", "s"])[pupil // 24],
        "school": pupil // 8,
        "class": pupil // 4,
        "item": np.array(list("pqrs"))[pupil % 4],
        "rain": pupil // 24 + 0.5,
        "funds": np.sin(pupil // 8),
        "teacher": np.cos(pupil // 4),
        "score": np.sin(pupil * 7.0),
    }


def test_three_nested_levels_and_a_crossed_factor():
    structure = describe_structure(three_levels(), ["region", "school", "class", "item"])
    assert relation(structure, "region", "school") == ("school", "nested", "region")
    assert relation(structure, "region", "class") == ("class", "nested", "region")
    assert relation(structure, "school", "class") == ("class", "nested", "school")
    assert relation(structure, "class", "item") == ("class", "fully crossed", "item")
    assert dict(zip(structure.groups["group"], structure.groups["level"], strict=True)) == {
        "region": 4,
        "school": 3,
        "class": 2,
        "item": 2,
    }
    assert of(structure) == {"rain": "region", "funds": "school", "teacher": "class", "score": "rows"}
    assert structure.variables["level"].tolist() == [4, 3, 2, 1]


def test_factors_with_the_same_groups():
    data = {"a": [1, 1, 2, 2], "b": list("xxyy"), "v": [1.0, 1.0, 2.0, 2.0]}
    structure = describe_structure(data, ["a", "b"])
    assert relation(structure, "a", "b") == ("a", "same", "b")
    assert of(structure) == {"v": "a"}


def test_partial_crossing_counts_the_combinations():
    data = {"a": list("xxyyzz"), "b": list("pqpqpp")}
    row = describe_structure(data, ["a", "b"]).relations.iloc[0]
    assert row["relation"] == "partially crossed"
    assert (row["n_cells"], row["n_possible"], row["n_several"], row["n_other_several"]) == (5, 6, 2, 2)
    assert row["share"] == pytest.approx(5 / 6)


def test_sizes():
    data = {"g": list("aaaabbc"), "y": range(7)}
    row = describe_structure(data, "g").groups.iloc[0]
    assert row.tolist() == ["g", 2, 3, 1, 2.0, pytest.approx(7 / 3), 4, 1]


def test_shares_against_a_decomposition_by_pandas():
    """Unbalanced groups: sums of squares by group_by, and the estimate as Searle et al. print it."""
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"g": rng.integers(0, 12, 200), "x": rng.normal(5, 2, 200)})
    data["x"] += data["g"]
    row = describe_structure(data, "g").variation.iloc[0]
    groups = data.groupby("g")["x"]
    n_j, n, j = groups.size(), 200, groups.ngroups
    within = (groups.var() * (n_j - 1)).sum()
    total = data["x"].var() * (n - 1)
    between = total - within
    assert row["between"] == pytest.approx(between / total, rel=1e-10)
    s2 = within / (n - j)
    tau2 = (between - (j - 1) * s2) / (n - (n_j**2).sum() / n)
    assert row["icc"] == pytest.approx(tau2 / (tau2 + s2), rel=1e-10)


def test_numbers_too_small_to_be_squared_are_named_as_unusable():
    structure = describe_structure({"g": [0, 0, 0, 0, 1], "x": [5e-167, 0, 0, 0, 0]}, "g")
    assert of(structure) == {"x": "unusable"}
    assert structure.messages[-1].startswith("Column 'x' has no number larger than 5e-167 in size.")


def test_shares_of_the_smallest_numbers_are_those_of_any_other():
    small = describe_structure({"g": [0, 0, 0, 0, 1], "x": [5e-50, 0, 0, 0, 0]}, "g").variation.iloc[0]
    large = describe_structure({"g": [0, 0, 0, 0, 1], "x": [5.0, 0, 0, 0, 0]}, "g").variation.iloc[0]
    assert small["between"] == pytest.approx(large["between"], rel=1e-12)
    assert small["icc"] == pytest.approx(large["icc"], rel=1e-12)


def test_constant_variable_has_no_shares():
    structure = describe_structure({"g": [1, 1, 2, 2], "x": [3, 3, 3, 3]}, "g")
    assert of(structure) == {"x": "constant"}
    assert structure.variation[["between", "icc"]].isna().all(axis=None)
    assert structure.messages == ("x: the same value in every row, so no model can use it",)


def test_group_means_that_differ_by_rounding_are_constant():
    data = pd.DataFrame({"g": np.repeat(range(5), 4), "x": np.repeat(np.arange(5) / 3, 4)})
    data.loc[::2, "x"] *= 1 + 1e-15
    assert of(describe_structure(data, "g")) == {"x": "g"}


def test_levels_that_start_again_in_every_parent():
    data = {"school": np.repeat(range(4), 6), "class": np.tile([1, 1, 2, 2, 3, 3], 4)}
    assert describe_structure(data, ["school", "class"]).messages == (
        "class has the levels 1..3 in every school, so it looks crossed with school. If class 1 of one "
        "school and class 1 of the next are different, write school:class, as in (1 | school) + "
        "(1 | school:class); if they are the same (an item, an occasion), leave it as it is",
    )
    written = describe_structure(data, ["school", "school:class"])
    assert relation(written, "school", "school:class") == ("school:class", "nested", "school")
    assert written.groups["n_groups"].tolist() == [4, 12]
    assert written.messages == ()


def test_levels_that_start_again_with_different_numbers():
    data = {"school": [5, 5, 5, 5, 6, 6, 6, 6], "class": list("11221233")}
    (message, *_) = describe_structure(data, ["school", "class"]).messages[-1:]
    assert message.startswith(
        "class has the levels 1..k in every school (k from 2 to 3), so it looks crossed"
    )
    data["class"] = list("11221244")
    assert not any("1..k" in text for text in describe_structure(data, ["school", "class"]).messages)


def test_numbers_given_within_the_parent():
    structure = describe_structure(hb.load_data("exam"), ["school", "student"])
    assert relation(structure, "school", "student") == ("school", "partially crossed", "student")
    assert structure.relations.loc[0, "n_cells"] == 4055
    assert structure.messages[-1] == (
        "student has 650 labels, and school:student tells 4,055 of 4,059 rows apart. If the numbers are "
        "given within each school, so that student 1 of two of them is not the same, write school:student"
    )


def test_nesting_with_exceptions_is_named():
    school = np.repeat(range(10), 20)
    data = {"school": school, "class": np.array([f"c{k:02d}" for k in np.arange(200) // 5], dtype=object)}
    data["class"][0] = "c39"
    structure = describe_structure(data, ["school", "class"])
    assert relation(structure, "school", "class")[1] == "partially crossed"
    assert structure.messages == (
        "class: all but 1 of the 40 levels lie within one school; class 'c39' lies in '0', '9'. "
        "Check whether that is a mistake in the labels",
    )


def test_a_level_two_variable_with_an_exception_is_named():
    data = {"g": np.repeat(range(30), 4), "kind": np.repeat(["a", "b", "c"], 40).astype(object)}
    data["kind"][7] = "c"
    structure = describe_structure(data, "g")
    assert of(structure) == {"kind": "rows"}
    assert structure.messages == (
        "kind: constant in all but 1 of the 30 groups of g (it varies in '1'). "
        "If it describes the g, correct those rows",
    )


def test_what_columns_look_like():
    n = np.arange(24)
    data = {
        "g": n // 6,
        "code": n % 4,
        "text": (n % 5 * 1.5).astype(str),
        "id": [f"p{k}" for k in n],
        "ok": np.array(["x", "y"])[n % 2],
        "when": pd.date_range("2020-01-01", periods=24),
        "odd": np.where(n == 3, np.inf, n * 0.5),
        "none": [None] * 24,
    }
    structure = describe_structure(data, "g")
    assert structure.messages == (
        "code: 4 different whole numbers. If they are codes of categories, write factor(code)",
        "text: the 5 labels are all numbers, but held as text; as a predictor it would be a factor with 4 "
        "columns. Convert it if it measures something",
        "id: a different value in every row, so it identifies rows",
        "Column 'when' holds dates and times, which a formula cannot use as they are. Turn them into a "
        "number first (days since the start, say), or into text labels for a factor.",
        "odd: infinite in 1 row, and a model needs finite values; correct them, or mark them as missing",
        "none: no row has a value; leave it out",
    )
    assert of(structure)["when"] == of(structure)["none"] == "unusable"


def test_messages_on_groups():
    data = {"one": ["a"] * 4, "rows": list("abcd"), "some": list("aabc"), "x": [1.0, 2.0, 4.0, 3.0]}
    structure = describe_structure(data, ["one", "rows", "some"])
    assert structure.messages == (
        "one: one level only ('a'); a grouping factor needs at least two",
        "rows: every row is a group of its own, so rows is the level of the rows; as a grouping factor its "
        "effects can be told from residual variation by the priors only",
        "some: 2 of the 3 groups have one row; they say nothing about variation within groups and are pulled "
        "strongly towards the mean",
    )
    assert structure.groups["level"].tolist() == [3, 1, 2]


def test_a_factor_that_nearly_tells_rows_apart_is_the_level_of_the_rows():
    structure = describe_structure(hb.load_data("exam"), ["school", "school:student"])
    assert structure.groups[["level", "n_groups", "n_single"]].to_numpy().tolist() == [
        [2, 65, 0],
        [1, 4055, 4051],
    ]
    assert structure.messages == (
        "school:student: 4,051 of the 4,059 rows are each a group of its own, so school:student is the level "
        "of the rows; as a grouping factor its effects "
        "can be told from residual variation by the priors only",
    )
    assert set(of(structure).values()) == {"rows", "school"}


def test_missing_values_are_counted_and_left_out_by_pair():
    data = pl.DataFrame(
        {
            "a": ["x", "x", "y", "y", None],
            "b": ["p", "p", "p", "q", "q"],
            "v": [1.0, None, 2.0, float("nan"), 3.0],
        }
    )
    structure = describe_structure(data, ["a", "b"])
    assert structure.missing.to_numpy().tolist() == [["a", 1, 0.2], ["v", 2, 0.4]]
    assert structure.groups["n_groups"].tolist() == [2, 2]
    assert structure.relations.loc[0, "n_cells"] == 3
    assert structure.variables["n_missing"].tolist() == [2]


def test_text_of_contraception():
    data = hb.load_data("contraception").drop(columns="woman")
    assert str(describe_structure(data, ["district", "urban"])) == (
        "1,934 rows, 2 grouping factors, 4 other columns\n"
        "\n"
        "Groups (sizes in rows)\n"
        "  group     level  groups  min  median   mean    max  of one row\n"
        "  district      2      60    2    26.0   32.2    118           0\n"
        "  urban         2       2  562   967.0  967.0  1,372           0\n"
        "\n"
        "How the factors are related\n"
        "  district and urban are partially crossed: 102 of 120 combinations occur (85 %). "
        "(1 | district) + (1 | urban)\n"
        "\n"
        "Where the variables vary (ICC: intraclass correlation, analysis-of-variance estimate)\n"
        "  variable  kind      varies at          values  ICC district  ICC urban\n"
        "  use       category  level 1: the rows       2\n"
        "  livch     category  level 1: the rows       4\n"
        "  age       number    level 1: the rows      50         0.005     -0.001\n"
        "  ch        category  level 1: the rows       2\n"
        "\n"
        "Missing values: none"
    )


def test_levels_of_the_schools_data():
    structure = describe_structure(hb.load_data("hsb"), "school")
    assert of(structure) == {
        "minrty": "rows",
        "sx": "rows",
        "ses": "rows",
        "mAch": "rows",
        "meanses": "school",
        "sector": "school",
        "cses": "rows",
    }
    icc = structure.variation.set_index("variable")["icc"]
    assert icc["mAch"] == pytest.approx(0.1804, abs=0.01)  # lme4's, by maximum likelihood
    exam = describe_structure(hb.load_data("exam"), "school")
    assert {name for name, level in of(exam).items() if level == "school"} == {
        "schgend",
        "schavg",
        "vr",
        "type",
    }


def test_errors():
    data = {
        "school": [1, 1, 2],
        "y": [1.0, 2.0, 3.0],
        "when": pd.date_range("2020", periods=3),
        "no": [None] * 3,
    }
    with pytest.raises(ColumnNotFoundError) as caught:
        describe_structure(data, ["schol"])
    assert str(caught.value) == (
        "The data have no column 'schol', named in groups.\n"
        "Did you mean 'school'? Columns of the data: 'school', 'y', 'when', 'no'."
    )
    for groups, kind, message in [
        (["school:clas"], ColumnNotFoundError, "no column 'clas'"),
        ([], DataError, "groups is empty"),
        ([3], ArgumentTypeError, "3 is of type int"),
        ("when", DataError, "holds dates and times"),
        ("no", DataError, "missing in every row"),
    ]:
        with pytest.raises(kind, match=message):
            describe_structure(data, groups)
    with pytest.raises(DataError, match="no rows"):
        describe_structure({"school": []}, "school")
    with pytest.raises(ArgumentTypeError, match="type list"):
        describe_structure([1], "school")


def test_the_frame_is_not_changed_and_libraries_agree():
    data = pd.DataFrame(three_levels())
    before = data.copy(deep=True)
    ours = describe_structure(data, ["region", "class"])
    assert_frame_equal(data, before)
    other = describe_structure(pl.from_pandas(data), ["region", "class"])
    assert str(other) == str(ours)
    for name in ("groups", "relations", "variables", "variation", "missing"):
        assert_frame_equal(getattr(ours, name), getattr(other, name))


@st.composite
def frames(draw):
    n = draw(st.integers(2, 30))
    codes = st.lists(st.integers(0, 4), min_size=n, max_size=n)
    numbers = st.lists(st.integers(-3, 3), min_size=n, max_size=n)
    return pd.DataFrame({"a": draw(codes), "b": draw(codes), "x": draw(numbers)}), draw(
        st.permutations(range(n))
    )


def assert_same(one, other):
    for name in ("groups", "relations", "variables", "variation", "missing"):
        assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=False, rtol=1e-9, atol=1e-9)


@settings(max_examples=60)
@given(frames())
def test_the_order_of_rows_does_not_matter(drawn):
    data, order = drawn
    one = describe_structure(data, ["a", "b"])
    other = describe_structure(data.iloc[list(order)].reset_index(drop=True), ["a", "b"])
    assert_same(one, other)
    assert one.messages == other.messages


@settings(max_examples=60)
@given(frames(), st.permutations(["v", "w", "10", "9", "z"]))
def test_names_of_levels_do_not_matter(drawn, labels):
    data, _ = drawn
    renamed = data.assign(a=[labels[k] for k in data["a"]])
    assert_same(describe_structure(data, ["a", "b"]), describe_structure(renamed, ["a", "b"]))


@settings(max_examples=60)
@given(frames())
def test_relations_by_their_definition(drawn):
    data, _ = drawn
    parents = data.groupby("a")["b"].nunique().max(), data.groupby("b")["a"].nunique().max()
    cells = data[["a", "b"]].drop_duplicates().shape[0]
    possible = data["a"].nunique() * data["b"].nunique()
    expected = {
        (True, True): ("a", "same", "b"),
        (True, False): ("a", "nested", "b"),
        (False, True): ("b", "nested", "a"),
        (False, False): ("a", "fully crossed" if cells == possible else "partially crossed", "b"),
    }[parents[0] == 1, parents[1] == 1]
    structure = describe_structure(data, ["a", "b"])
    assert relation(structure, "a", "b") == expected
    varying = (data.groupby("a")["x"].nunique() > 1).sum()
    rows = structure.variation
    assert rows.loc[rows["group"] == "a", "n_varying"].item() == varying
