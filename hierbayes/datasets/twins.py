"""Simulated twins of data that cannot come along: like those of well-known courses, their truth known."""

from __future__ import annotations

from math import exp

from hierbayes.datasets.records import DataSet, Twin

_SIMULATED = "simulated for hierbayes; the truth is in attrs['truth']"
_FREE = "Apache-2.0, as hierbayes"

_PATIENTS = (31, 12, 24, 38, 9, 27, 19, 33, 22, 16, 35, 2, 21, 29, 6, 25, 37, 14, 30, 24)

REMISSION = DataSet(
    title="Remission of lung cancer (simulated)",
    description="454 patients of 20 doctors: who is in remission, by length of stay in hospital.",
    origin=("hierbayes", "remission"),
    rows=454,
    source=(
        f"{_SIMULATED}; like the first 20 doctors of hdp.csv, UCLA Statistical Consulting, themselves "
        "simulated"
    ),
    licence=_FREE,
    variables={
        "DID": ("doctor", "20 doctors"),
        "LengthofStay": ("length of stay in hospital", "days, 1 to 10"),
        "remission": ("cancer in remission", "0 (no), 1 (yes)"),
    },
    levels={"DID": None},
    twin=Twin(
        "remission ~ LengthofStay + (1 + LengthofStay | DID)",
        "bernoulli",
        {"DID": 20, "patient": list(_PATIENTS)},
        {"LengthofStay": {1: 1, 2: 2, 3: 8, 4: 18, 5: 26, 6: 24, 7: 13, 8: 5, 9: 2, 10: 1}},
        {
            "b[Intercept]": -0.4,
            "b[LengthofStay]": -0.2,
            "sd[DID][Intercept]": 2.2,
            "sd[DID][LengthofStay]": 0.2,
            "cor[DID]": -0.2,
        },
        seed=25,
    ),
)

_COMMUNITIES = 361
_WOMEN = tuple(5 + k * 7 % 20 + (k < 141) for k in range(_COMMUNITIES))
_AGES = {age - 24: round(1000 * (age - 12) ** 1.6 * exp((12 - age) / 4.9)) for age in range(13, 46)}
"""Years from 24, with weights: most births between 18 and 30, a tail of late ones."""

ANTENATAL = DataSet(
    title="Antenatal care in Bangladesh (simulated)",
    description="5,366 women of 361 communities: who had antenatal care, by age and kind of place.",
    origin=("hierbayes", "antenatal"),
    rows=sum(_WOMEN),
    source=(
        f"{_SIMULATED}; like the women of the Bangladesh Demographic and Health Survey 2004 in courses of "
        "the Centre for Multilevel Modelling, University of Bristol"
    ),
    licence=_FREE,
    variables={
        "community": ("community", "361 communities"),
        "mage": ("age of the mother at the birth, from 24 years", "years"),
        "urban": ("the community is a town", "N, Y"),
        "antemed": ("had antenatal care", "0 (no), 1 (yes)"),
    },
    levels={"community": None, "urban": ("N", "Y")},
    twin=Twin(
        "antemed ~ mage + urban + (1 | community)",
        "bernoulli",
        {"community": _COMMUNITIES, "woman": list(_WOMEN)},
        {"mage": _AGES, "urban": ("community", {"N": 0.7, "Y": 0.3})},
        {"b[Intercept]": -0.3, "b[mage]": -0.0325, "b[urban[Y]]": 1.494, "sd[community]": 1.0},
        seed=6,
    ),
)

SYNTHETIC_PASS = DataSet(
    title="Passing a test (simulated)",
    description="500 pupils of 10 schools: who passes, by teaching experience and the school's funding.",
    origin=("hierbayes", "synthetic_pass"),
    rows=500,
    source=f"{_SIMULATED}; the beginning of a tutorial on multilevel logistic models",
    licence=_FREE,
    variables={
        "school": ("school", "10 schools"),
        "experience": ("experience of the pupil's teacher", "years, mean 5"),
        "funding": ("funding of the school per pupil", "units, mean 100"),
        "passed": ("passed the test", "0 (no), 1 (yes)"),
    },
    levels={"school": None},
    twin=Twin(
        "passed ~ experience + funding + (1 | school)",
        "bernoulli",
        {"school": 10, "pupil": 50},
        {"experience": "normal(5, 2)", "funding": ("school", "normal(100, 20)")},
        {"b[Intercept]": -1.0, "b[experience]": 0.5, "b[funding]": 0.01, "sd[school]": 1.0},
        seed=123,
    ),
)

ACHIEVEMENT = DataSet(
    title="Achievement and social status (simulated)",
    description="500 pupils of 100 schools: achievement by socio-economic status.",
    origin=("hierbayes", "achievement"),
    rows=500,
    source=f"{_SIMULATED}; the simulation of an article that introduces multilevel models",
    licence=_FREE,
    variables={
        "school": ("school", "100 schools of 5 pupils"),
        "ses": ("socio-economic status of the pupil", "standard deviations"),
        "achievement": ("achievement", "points"),
    },
    levels={"school": None},
    twin=Twin(
        "achievement ~ ses + (1 | school)",
        "gaussian",
        {"school": 100, "pupil": 5},
        {"ses": "normal(0, 1)"},
        {"b[Intercept]": 0.0, "b[ses]": 0.5, "sd[school]": 0.5, "sigma": 0.5},
        seed=123,
    ),
)
