"""Every variable, dimension and coefficient name, composed in one place and never parsed back."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

INTERCEPT = "Intercept"
TERM = "term"  # dimension of the population coefficients ``b``
B = "b"
CATEGORY = "category"  # dimension of the probabilities of a response of categories
OBS = "obs"  # dimension of the rows that the model uses
OBSERVED = "y_observed"  # data variable of the response in a PyMC model
CUTPOINTS = "cutpoints"  # of ordered responses, at zero of all columns
CUTPOINTS_AT_MEAN = "cutpoints_at_mean"  # the same at the mean of the columns, where they are sampled
CUTPOINT = "cutpoint"  # dimension of the cutpoints


_PARAMETERS = ("sigma", "nu", "phi", "shape", "zi", "hu", CUTPOINTS)
_OF_ROWS = ("X", "y", "offset", "trials", "weights", "low", "high", "lb", "ub", "se")
"""Variables of a fit's tree that hold what rows carry."""

_RESERVED_DIMS = frozenset(
    {TERM, OBS, CUTPOINT, CATEGORY, "chain", "draw", "sample", B, *_PARAMETERS, *_OF_ROWS}
    | {OBSERVED, CUTPOINTS_AT_MEAN}
)
_BEFORE = "b|sd|cor|u|coef|z|vine|noncentered|centered|partial|X|Z|codes|offset|data"
_COMPOSED = re.compile(rf"({_BEFORE})_.+|.+_term(_bis)?", re.DOTALL)
"""Variables and dimensions that have a name of the data in theirs, such as ``sd_school``."""


LONGEST_WORD = 60
"""Characters of a word that is shown whole: no more than a line of a narrow page."""

_LONG_WORD = re.compile(rf"\S{{{LONGEST_WORD + 1},}}")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


def group_dim(group: str) -> str:
    """Dimension of the groups: ``school``; ``term_`` or ``sd_g_`` where the factor's name could be ours."""
    return f"{group}_" if group in _RESERVED_DIMS or _COMPOSED.fullmatch(group) else group


def is_variable_of(dim: str, groups: Collection[str]) -> bool:
    """Whether a dimension is called like a variable of a group: ``sd_g_`` of ``sd_g``, and of ``g_``."""
    return any(f"{before}_{group}" == dim for before in _BEFORE.split("|") for group in groups)


def sd(group: str) -> str:
    """Name of the standard deviations of a group term's effects: ``sd_school``."""
    return f"sd_{group}"


def cor(group: str) -> str:
    """Name of the correlation matrix of a group term's effects: ``cor_school``."""
    return f"cor_{group}"


def u(group: str) -> str:
    """Name of a group term's effects: ``u_school``."""
    return f"u_{group}"


def coef(group: str) -> str:
    """Name of each group's own coefficients, population plus group effect: ``coef_school``."""
    return f"coef_{group}"


def vine(group: str) -> str:
    """Name of the sampled partial correlations of a group term, mapped to (0, 1)."""
    return f"vine_{group}"


def z(group: str) -> str:
    """Name of the standardized effects of a group term in the non-centered form."""
    return f"z_{group}"


def effect(form: str, group: str, term: str) -> str:
    """Name of the sampled effects of one coefficient in a weighted form: ``partial_school[Intercept]``."""
    return level(f"{form}_{group}", term)


def group_term(group: str) -> str:
    """Dimension of a group term's coefficients: ``school_term``."""
    return f"{group}_term"


def group_term_bis(group: str) -> str:
    """Second dimension of a correlation matrix: ``school_term_bis``."""
    return f"{group}_term_bis"


def level(column: str, label: str) -> str:
    """Coefficient of one level of a factor: ``schgend[girls]``."""
    return f"{column}[{label}]"


def legible(text: str) -> str:
    """A text for people: words that fill lines are cut in the middle, what turns the text around is named.

    Names and labels of data may be anything. Words of more than ``LONGEST_WORD`` characters keep their
    beginning and their end; marks that reverse the text after them are shown as R does, ``<U+202E>``.
    """
    if len(text) > LONGEST_WORD:  # most are short
        text = _LONG_WORD.sub(lambda found: short(found.group(), LONGEST_WORD), text)
    return _TURNING.sub(lambda found: f"<U+{ord(found.group()):04X}>", text)


def short(text: str, most: int) -> str:
    """At most so many characters: the beginning and the end, which tell apart what begins alike."""
    if len(text) <= most:
        return text
    end = (most - 1) // 3
    return f"{text[: most - 1 - end]}…{text[-end:]}"


def apart(name: str, ours: Collection[str]) -> str:
    """The name of a column of the data beside columns of ours: ``sd_`` where one of ours is called ``sd``."""
    while name in ours:
        name += "_"
    return name


def drawn(group: str) -> str:
    """Variable of a group term in a data set of draws: ``school``; ``chain_`` for a factor ``chain``."""
    return apart(group, ("chain", "draw"))


def interaction(parts: Sequence[str]) -> str:
    """Coefficient or factor that is a product of others: ``age:ch[Y]``."""
    return ":".join(parts)


def part(factor: str, column: str, label: str) -> str:
    """Group term of one level of ``gr(school, by = sector)``: ``school:sector[Public]``."""
    return interaction([factor, _without_slash(level(column, label))])


def cell(labels: Sequence[str]) -> str:
    """Level of an interaction of group factors: ``N:12``."""
    return ":".join(labels)


def of(name: str, predictor: str) -> str:
    """A variable of a linear predictor: ``b`` of the main one (called ``""``), ``b_sigma`` of sigma's."""
    return f"{name}_{predictor}" if predictor else name


def within(predictor: str, name: str) -> str:
    """A dimension or group term of a linear predictor: ``term``, ``g``, or ``sigma_term``, ``sigma_g``."""
    return f"{predictor}_{name}" if predictor else name


def category_predictor(label: str) -> str:
    """The linear predictor of a category's log odds: ``muwalk``, as brms calls it."""
    return f"mu{_without_slash(label)}"


def _without_slash(label: str) -> str:
    """Variables of an xarray DataTree cannot have a slash in their names; a division slash stands for it."""
    return label.replace("/", "\N{DIVISION SLASH}")


def cutpoint(below: str, above: str) -> str:
    """Label of a cutpoint, by the categories that it separates: ``low|medium``."""
    return f"{below}|{above}"


def joint(shared: str, factor: str) -> str:
    """Group terms of several linear predictors that are correlated by an ID, as one: ``c_school``."""
    return f"{shared}_{factor}"


def joint_term(predictor: str, term: str, *, category: bool) -> str:
    """A coefficient among those of several linear predictors: ``sigma_Intercept``, ``walk: Intercept``."""
    return f"{predictor}: {term}" if category else within(predictor, term)


def prior_key(parameter: str, *coordinates: str) -> str:
    """Key of a prior: ``sd``, ``sd[school]``, ``sd[school][standLRT]``, ``b[age]``."""
    return parameter + "".join(f"[{c}]" for c in coordinates)
