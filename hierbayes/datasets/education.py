"""Pupils, schools and universities."""

from __future__ import annotations

from hierbayes.datasets.records import CMM, GPL, DataSet

_BANDS = ("bottom 25%", "mid 50%", "top 25%")
_BANDS_TEXT = "bottom 25%, mid 50%, top 25%"

EXAM = DataSet(
    title="Exam scores from inner London",
    description="4,059 pupils of 65 schools: examination score at 16, reading test at 11, kind of school.",
    origin=("mlmRev", "Exam"),
    rows=4059,
    source=f"Goldstein, Rasbash et al. (1993), Oxford Review of Education 19, 425-433; {CMM}",
    licence=GPL,
    variables={
        "school": ("school", "65 schools"),
        "normexam": ("examination score at 16, normalized over all pupils", "standard deviations"),
        "schgend": ("pupils that the school takes", "mixed, boys, girls"),
        "schavg": ("mean intake score of the school's pupils", "standard deviations"),
        "vr": ("verbal reasoning band of the school's intake", _BANDS_TEXT),
        "intake": ("band of the pupil's score at intake", _BANDS_TEXT),
        "standLRT": ("London Reading Test score at 11, standardized over all pupils", "standard deviations"),
        "sex": ("sex of the pupil", "F, M"),
        "type": ("kind of school", "Mxd (mixed), Sngl (single sex)"),
        "student": ("pupil; numbers start again in each school", "650 labels"),
    },
    levels={
        "school": None,
        "schgend": ("mixed", "boys", "girls"),
        "vr": _BANDS,
        "intake": _BANDS,
        "sex": ("F", "M"),
        "type": ("Mxd", "Sngl"),
        "student": None,
    },
)

HSB = DataSet(
    title="High School and Beyond 1982",
    description="7,185 pupils of 160 schools in the United States: mathematics and social status.",
    origin=("mlmRev", "Hsb82"),
    rows=7185,
    source="Raudenbush and Bryk (2002), Hierarchical Linear Models, chapter 4; R package mlmRev 1.0-8",
    licence=GPL,
    variables={
        "school": ("school", "160 schools, in the order of their numbers"),
        "minrty": ("belongs to a minority", "No, Yes"),
        "sx": ("sex of the pupil", "Male, Female"),
        "ses": ("socio-economic status of the pupil", "standardized scale"),
        "mAch": ("mathematics achievement", "points"),
        "meanses": ("mean ses of the school's pupils", "standardized scale"),
        "sector": ("sector of the school", "Public, Catholic"),
        "cses": ("ses from the mean of the school, ses - meanses", "standardized scale"),
    },
    levels={
        "school": None,
        "minrty": ("No", "Yes"),
        "sx": ("Male", "Female"),
        "sector": ("Public", "Catholic"),
    },
)

EIGHT_SCHOOLS = DataSet(
    title="Coaching for an aptitude test in eight schools",
    description="8 experiments: the effect of coaching on the SAT-V score, and its standard error.",
    origin=("Rubin 1981", "table 1"),
    rows=8,
    source=(
        "Rubin (1981), Journal of Educational Statistics 6, 377-401; Gelman et al. (2013), Bayesian Data "
        "Analysis, 3rd ed., table 5.2"
    ),
    licence="published figures",
    variables={
        "school": ("school", "A to H"),
        "effect": ("estimated effect of coaching", "points"),
        "se": ("standard error of the estimate", "points"),
    },
    levels={"school": tuple("ABCDEFGH")},
    values={
        "school": tuple("ABCDEFGH"),
        "effect": (28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0),
        "se": (15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0),
    },
)

EGSINGLE = DataSet(
    title="Mathematics through primary school",
    description="7,230 tests of 1,721 pupils in 60 schools: growth in mathematics over up to six years.",
    origin=("mlmRev", "egsingle"),
    rows=7230,
    source=(
        "United States Sustaining Effects Study; distributed with HLM (Bryk, Raudenbush and Congdon 1996); R "
        "package mlmRev 1.0-8"
    ),
    licence=GPL,
    variables={
        "schoolid": ("school", "60 schools"),
        "childid": ("pupil; each goes to one school", "1,721 pupils"),
        "year": ("year of the test, from the middle of the six years", "years, -2.5 to 2.5"),
        "grade": ("school year of the pupil at the test", "0 to 5"),
        "math": ("mathematics score on one scale for all years (item response theory)", "logits"),
        "retained": ("pupil repeats the school year", "0 (no), 1 (yes)"),
        "female": ("sex of the pupil", "Female, Male"),
        "black": ("pupil is black", "0 (no), 1 (yes)"),
        "hispanic": ("pupil is Hispanic", "0 (no), 1 (yes)"),
        "size": ("pupils of the school", "pupils, 113 to 1,486"),
        "lowinc": ("pupils of the school from families with low income", "per cent"),
        "mobility": ("pupils of the school who move within a year", "per cent"),
    },
    levels={
        "schoolid": None,
        "childid": None,
        "retained": ("0", "1"),
        "female": ("Female", "Male"),
        "black": ("0", "1"),
        "hispanic": ("0", "1"),
    },
)

SCOTSSEC = DataSet(
    title="Attainment of Scottish pupils",
    description="3,435 pupils of 148 primary schools who went on to 19 secondary schools in Fife, crossed.",
    origin=("mlmRev", "ScotsSec"),
    rows=3435,
    source=f"Paterson (1991), Evaluation and Research in Education 5, 97-121; {CMM}",
    licence=GPL,
    variables={
        "verbal": ("verbal reasoning score at entry to secondary school", "points, -30 to 40"),
        "attain": ("attainment at 16", "score, 1 to 10"),
        "primary": ("primary school", "148 schools"),
        "sex": ("sex of the pupil", "M, F"),
        "social": ("social class of the family", "scale, 0 (low) to 31 (high)"),
        "second": ("secondary school", "19 schools"),
    },
    levels={"primary": None, "sex": ("M", "F"), "second": None},
)

_DEPARTMENTS = ("15", "5", "10", "12", "6", "7", "4", "8", "9", "14", "1", "3", "11", "2")
INSTEVAL = DataSet(
    title="Ratings of lectures at ETH Zurich",
    description="73,421 ratings by 2,972 students of 1,128 lecturers in 14 departments, crossed.",
    origin=("lme4", "InstEval"),
    rows=73421,
    source="Lecture evaluations at ETH Zurich, made anonymous; R package lme4",
    licence=GPL,
    variables={
        "s": ("student", "2,972 students"),
        "d": ("lecturer", "1,128 lecturers"),
        "studage": ("half years that the student has studied", "2 < 4 < 6 < 8"),
        "lectage": ("half years since the lecture", "1 < 2 < 3 < 4 < 5 < 6"),
        "service": ("lecture for another department", "0 (no), 1 (yes)"),
        "dept": ("department of the lecture", "14 departments"),
        "y": ("rating", "1 (poor) to 5 (very good)"),
    },
    levels={
        "s": None,
        "d": None,
        "studage": None,
        "lectage": None,
        "service": ("0", "1"),
        "dept": _DEPARTMENTS,
    },
    ordered=("studage", "lectage"),
)
