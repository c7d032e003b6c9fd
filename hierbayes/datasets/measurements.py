"""Ticks, crude oil, wine and radon."""

from __future__ import annotations

from hierbayes.datasets.records import GPL, DataSet

GROUSETICKS = DataSet(
    title="Ticks on red grouse chicks",
    description="403 chicks of 118 broods at 63 places in Scotland: ticks on the head, by height and year.",
    origin=("lme4", "grouseticks"),
    rows=403,
    source="Elston et al. (2001), Parasitology 122, 563-569; R package lme4",
    licence=GPL,
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
    licence=GPL,
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

_COUNTIES = (
    "AITKIN, ANOKA, BECKER, BELTRAMI, BENTON, BIG STONE, BLUE EARTH, BROWN, CARLTON, CARVER, CASS, "
    "CHIPPEWA, CHISAGO, CLAY, CLEARWATER, COOK, COTTONWOOD, CROW WING, DAKOTA, DODGE, DOUGLAS, "
    "FARIBAULT, FILLMORE, FREEBORN, GOODHUE, HENNEPIN, HOUSTON, HUBBARD, ISANTI, ITASCA, JACKSON, "
    "KANABEC, KANDIYOHI, KITTSON, KOOCHICHING, LAC QUI PARLE, LAKE, LAKE OF THE WOODS, LE SUEUR, "
    "LINCOLN, LYON, MAHNOMEN, MARSHALL, MARTIN, MCLEOD, MEEKER, MILLE LACS, MORRISON, MOWER, MURRAY, "
    "NICOLLET, NOBLES, NORMAN, OLMSTED, OTTER TAIL, PENNINGTON, PINE, PIPESTONE, POLK, POPE, RAMSEY, "
    "REDWOOD, RENVILLE, RICE, ROCK, ROSEAU, SCOTT, SHERBURNE, SIBLEY, ST LOUIS, STEARNS, STEELE, "
    "STEVENS, SWIFT, TODD, TRAVERSE, WABASHA, WADENA, WASECA, WASHINGTON, WATONWAN, WILKIN, WINONA, "
    "WRIGHT, YELLOW MEDICINE"
)

RADON = DataSet(
    title="Radon in houses of Minnesota",
    description="919 houses in 85 counties: radon by floor, and uranium in the soil of the county.",
    origin=("HLMdiag", "radon"),
    rows=919,
    source=(
        "Price, Nero and Gelman (1996), Health Physics 71, 922-936; Gelman and Hill (2007), Data Analysis "
        "Using Regression and Multilevel/Hierarchical Models, chapter 12; R package HLMdiag"
    ),
    licence="GPL-2, as the R package",
    variables={
        "county": ("county", "85 counties"),
        "floor": ("floor where it was measured", "basement, first"),
        "log_radon": ("log of radon; 0.1 pCi/L where none was found", "log pCi/L"),
        "log_uranium": ("log of uranium in the county's soil", "log ppm"),
    },
    levels={"county": tuple(_COUNTIES.split(", ")), "floor": ("basement", "first")},
    derive={
        "county": lambda frame: frame["county.name"],
        "floor": lambda frame: frame["basement"].map({0: "basement", 1: "first"}),
        "log_radon": lambda frame: frame["log.radon"],
        "log_uranium": lambda frame: frame["uranium"],
    },
)
