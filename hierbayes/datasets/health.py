"""Women, patients, animals and places: health."""

from __future__ import annotations

from hierbayes.datasets.records import CMM, GPL, DataSet

CONTRACEPTION = DataSet(
    title="Contraceptive use in Bangladesh",
    description="1,934 women of 60 districts: who uses contraception, by age, children and kind of place.",
    origin=("mlmRev", "Contraception"),
    rows=1934,
    source=f"Bangladesh Fertility Survey 1988; Steele et al. (1996), JRSS A 159, 289-299; {CMM}",
    licence=GPL,
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

SLEEPSTUDY = DataSet(
    title="Reaction times under sleep deprivation",
    description="18 subjects of a sleep deprivation study: mean reaction time on each of 10 days.",
    origin=("lme4", "sleepstudy"),
    rows=180,
    source="Belenky et al. (2003), Journal of Sleep Research 12, 1-12; R package lme4",
    licence=GPL,
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
    licence=GPL,
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
    source=f"Langford, Bentham and McDonald (1998), Statistics in Medicine 17, 41-57; {CMM}",
    licence=GPL,
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

GUPRENAT = DataSet(
    title="Prenatal care in Guatemala",
    description="2,449 births of 1,558 mothers in 161 communities: modern or traditional prenatal care.",
    origin=("mlmRev", "guPrenat"),
    rows=2449,
    source=(
        "National Survey of Maternal and Child Health 1987; Rodriguez and Goldman (2001), JRSS A 164, "
        "339-355; R package mlmRev 1.0-8"
    ),
    licence=GPL,
    variables={
        "kid": ("birth", "2,449 births"),
        "mom": ("mother", "1,558 mothers"),
        "cluster": ("community", "161 communities"),
        "prenat": ("kind of prenatal care", "Traditional, Modern"),
        "childAge": ("age of the child at the survey", "0-2, 3+ years"),
        "motherAge": ("age of the mother", "24- (up to 24), 25+ years"),
        "birthOrd": ("place of the birth among the mother's", "1 < 2-3 < 4-6 < 7+"),
        "indig": ("ethnic group", "Ladino, NoSpa (indigenous, no Spanish), Spanish (indigenous, Spanish)"),
        "momEd": ("education of the mother", "None, Primary, Secondary+"),
        "husEd": ("education of the husband", "None, Primary, Secondary+, Unknown"),
        "husEmpl": ("work of the husband", "Unskilled, Professional, Agri (self), Agri (empl), Skilled"),
        "toilet": ("toilet of the household", "None, Modern"),
        "TV": ("the family watches television", "None, not daily, daily"),
        "pcInd81": ("indigenous people in the community, census of 1981", "share"),
        "ssDist": ("distance from the community to the nearest clinic", "km"),
    },
    levels={
        "kid": None,
        "mom": None,
        "cluster": None,
        "prenat": ("Traditional", "Modern"),
        "childAge": ("0-2", "3+"),
        "motherAge": ("24-", "25+"),
        "birthOrd": ("1", "2-3", "4-6", "7+"),
        "indig": ("Ladino", "NoSpa", "Spanish"),
        "momEd": ("None", "Primary", "Secondary+"),
        "husEd": ("None", "Primary", "Secondary+", "Unknown"),
        "husEmpl": ("Unskilled", "Professional", "Agri (self)", "Agri (empl)", "Skilled"),
        "toilet": ("None", "Modern"),
        "TV": ("None", "not daily", "daily"),
    },
    ordered=("birthOrd",),
    blank=dict.fromkeys(("momEd", "husEd", "toilet", "TV"), "None"),
)
