"""Models of hostile frames, really fitted, and asked what users ask; and what must hold of the answers."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import html5lib
import numpy as np
import pandas as pd
import xarray as xr
from hypothesis import strategies as st

import hierbayes as hb
from hierbayes.design.frame import with_columns
from hierbayes.design.newrows import grouping_columns
from hierbayes.errors import DataError, HierbayesError, StorageError
from hierbayes.fitted.registry import ESTIMATES, PLOTS

from . import frames
from .columns import COLUMNS
from .outcomes import check_message

FEW = {"draws": 20, "tune": 20, "chains": 1, "seed": 1, "progress": False}
"""Enough to go through all of a fit; what is estimated is then held to identities, not to the truth."""

ALWAYS = ("summary", "fixef", "ranef", "coef", "varcorr", "check", "describe", "equation")
"""What every fit must answer."""

USUAL = ("vpc", "loo", "r2", "shrinkage")
"""What most fits answer, and others refuse in words."""

SAMPLE_ANEW = {"kfold", "sensitivity", "prior_predictive", "report", "hypothesis", "contrasts", "simulate"}
"""Questions that sample, or write a page, or need an argument."""

SELDOM = tuple(sorted(set(ESTIMATES) - SAMPLE_ANEW - set(ALWAYS) - set(USUAL)))
OF_A_COLUMN = {"comparisons", "slopes", "effects", "interval_odds_ratio"}
SEVERAL_LEVELS = "A group has one level"
LONGEST_FILE = 60
"""Characters from which a name may be too long for a file system, at four bytes each."""

WAYS = (None, "own", "typical", "average", "new")
KINDS = ("response", "mean", "link")
REPORTED = 0.03
"""Share of the fits of which a report is written."""

ELEMENTS = """html head meta title link style body a header h1 h2 h3 h4 p div nav ol ul li main footer pre
code details summary figure figcaption img script table thead tbody tr th td small dl dt dd b strong em span
math mrow mi mn mo mfrac msqrt mtext mspace mover munder msub msup msubsup mtable mtr mtd"""
"""What a page is made of."""


@dataclass(frozen=True)
class FitCase:
    """A case of ``frames``, and other rows that its fit is asked about."""

    case: frames.Case
    new: Any
    told: str
    number: int

    def __repr__(self) -> str:
        return f"{self.case!r}, then {self.told}, number {self.number}"


@st.composite
def cases(draw: st.DrawFn) -> FitCase:
    """A frame for a model, and a frame for its fit: the columns are called the same, and may be anything."""
    case = draw(frames.cases())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.sampled_from((0, 1, 1, 3, 9)))
    odd = draw(st.lists(st.sampled_from(frames.PARTS), max_size=2))
    columns: dict[str, Any] = {}
    kinds: dict[str, str] = {}
    for part, name in case.names.items():
        kind = case.kinds[part]
        if part in odd or kind == frames.COLLINEAR:
            kind = draw(st.sampled_from(sorted(COLUMNS)))
        kinds[part] = kind
        columns.setdefault(name, COLUMNS[kind](rng, n))
    for name in draw(st.lists(st.sampled_from(sorted(columns)), max_size=1)):
        del columns[name]
    container = draw(st.sampled_from(frames.CONTAINERS))
    columns = {name: columns[name] for name in draw(st.permutations(sorted(columns)))}
    new, _ = frames.contained(columns, container)
    told = f"{n} new rows of {sorted(map(ascii, columns))}, {kinds}, as {container}"
    return FitCase(case, new, told[:400], int(rng.integers(0, 2**31)))


def builds(drawn: FitCase) -> bool:
    """Whether there is a model to fit."""
    try:
        hb.Model(drawn.case.formula, drawn.case.data, family=drawn.case.family)
    except HierbayesError:
        return False
    return True


@dataclass
class Asked:
    """The questions to a fit, counted by how they ended."""

    ends: Counter[str]

    def may(self, question: str, answer: Callable[[], Any]) -> Any:
        """Ask what may be refused in words; None where it is."""
        try:
            found = answer()
        except HierbayesError as error:
            check_message(error)
            self.ends[f"{question}: {type(error).__name__}"] += 1
            return None
        self.ends[f"{question}: answered"] += 1
        return found


def fit_and_ask(drawn: FitCase, folder: Path, ends: Counter[str] | None = None) -> None:
    """Fit a model with few draws, ask the fit what users ask, and hold the answers to each other."""
    case, rng = drawn.case, np.random.default_rng(drawn.number)
    asked = Asked(Counter() if ends is None else ends)
    fit = hb.Model(case.formula, case.data, family=case.family).fit(**FEW)
    for name, values in fit.posterior.data_vars.items():
        assert np.isfinite(values.to_numpy()).all(), f"draws of {name} are not finite"
    try:
        ask(case, fit, rng, asked)
        check_levels(case, fit)
        check_sizes(fit)
        check_predictions(case, fit, rng)
        ask_about(drawn.new, fit, rng, asked)
        check_saved(case, fit, folder / str(rng.choice(["fit.nc", "fit.zarr"])))
        if rng.random() < REPORTED:
            fit.report(folder / "report.html")
            check_page((folder / "report.html").read_bytes())
    except HierbayesError as error:
        raise AssertionError(f"A fit has no answer: {error}") from error


def ask(case: frames.Case, fit: hb.Fit, rng: np.random.Generator, asked: Asked) -> None:
    """Ask what every fit answers, and some of what others may refuse in words."""
    str(fit), fit._repr_html_()
    for name in ALWAYS:
        str(getattr(fit, name)())
    column = [case.names["x"]]
    for name in (*USUAL, *rng.choice(SELDOM, 3, replace=False)):
        of = column if name in OF_A_COLUMN else []
        how = {"refits": 0} if name == "loo" else {}
        asked.may(name, lambda name=name, of=of, how=how: str(getattr(fit, name)(*of, **how)))
    for name in rng.choice(sorted(PLOTS), 2, replace=False):
        of = column if name in OF_A_COLUMN else []
        asked.may(f"plot {name}", lambda name=name, of=of: getattr(fit.plot, name)(*of, backend="none"))


def ask_about(new: Any, fit: hb.Fit, rng: np.random.Generator, asked: Asked) -> None:
    """Predict rows of a frame that the model was not built from, in one way of many."""
    groups = WAYS[rng.integers(0, len(WAYS))]
    kind = KINDS[rng.integers(0, len(KINDS))]
    unseen = ("sample", "typical", "error")[rng.integers(0, 3)]
    table = asked.may("predict", lambda: fit.predict(new, kind, groups=groups, new_groups=unseen))
    if table is not None:
        str(table)
        numbers = table[[c for c in ("mean", "lower", "upper", "probability") if c in table]].to_numpy()
        assert not np.isnan(numbers).any(), f"predictions of {kind}, groups={groups}, are not numbers"
    asked.may("epred", lambda: fit.epred(new, 5))
    asked.may("posterior_predictive", lambda: fit.posterior_predictive(new, 5))


def check_levels(case: frames.Case, fit: hb.Fit) -> None:
    """``ranef`` has a row for each level that pandas finds in the rows of the model."""
    if case.frame is None:
        return
    factor = case.names["g"]
    effects = fit.ranef()
    for group in fit.design.groups:
        if group.factor != factor or not group.own.all():
            continue
        found = effects[(effects["group"] == group.factor) & (effects["term"] == group.terms[0])]
        levels = found["level"].drop_duplicates().tolist()
        values = case.frame[case.names["g"]].iloc[fit.design.rows].tolist()
        if set(map(type, values)) == {str}:
            assert set(levels) == set(values), (levels, values)
        assert len(levels) == group.n_groups == len(set(group.codes.tolist()))


def check_sizes(fit: hb.Fit) -> None:
    """Fitted values of a linear model stay where the response is: a rough guard against absurd answers."""
    design = fit.design
    plain = fit.spec.family == "gaussian" and fit.spec.link == "identity"
    if plain and design.offset is None and design.weights is None and design.n > 2:
        fitted = fit.epred().median(("chain", "draw")).to_numpy()
        reach = float(np.std(design.y))
        # Centred first: a sum of values that are near 1e15 has no digits left for their spread.
        away = np.median(np.abs(fitted - np.median(design.y)))
        assert away <= 20 * reach, f"fitted values lie {away / reach:.3g} sd from the response"


def check_predictions(case: frames.Case, fit: hb.Fit, rng: np.random.Generator) -> None:
    """Rows have the predictions that they had in the fit, in whatever order rows and columns come."""
    own = fit.epred()
    again = predicted(case, fit)
    if again is None:
        return
    rows = own["obs"].to_numpy()
    close(again.sel(obs=rows), own)
    if case.frame is None or case.kinds["container"] in {"twice", "tuples", "also as text"}:
        return
    if "longdouble" in case.kinds.values():  # other containers hold them as float64, NumPy's own are refused
        return
    turned = fit.epred(case.frame[case.frame.columns[::-1]])
    close(turned, again)
    order = rng.permutation(len(case.frame))
    mixed = fit.epred(case.frame.iloc[order].reset_index(drop=True))
    back = mixed.assign_coords(obs=order[mixed["obs"].to_numpy()])
    close(back.sel(obs=again["obs"].to_numpy()), again)
    check_new_level(case, fit)


def predicted(case: frames.Case, fit: hb.Fit) -> xr.DataArray | None:
    """Expected responses of all rows of the data; None where some that were left out have other levels."""
    try:
        return fit.epred(case.data)
    except DataError as error:
        assert "has not seen" in str(error) or SEVERAL_LEVELS in str(error), error
        assert case.frame is None or fit.design.n < len(case.frame), error
        return None


def check_new_level(case: frames.Case, fit: hb.Fit) -> None:
    """A group that was never seen has the effects of a typical one where these are asked for, or an error."""
    name = case.names["g"]
    factors = {group.factor for group in fit.design.all_groups}
    if factors != {name} or name not in grouping_columns(fit.design.recipe):
        return
    assert case.frame is not None
    other = with_columns(case.frame.iloc[fit.design.rows], {name: "a level never seen"})
    levels = {group.by for group in fit.design.recipe.groups}
    if len(levels) > 1:  # of h in gr(g, by = h): a group has one
        try:
            fit.epred(other)
        except DataError as error:
            assert SEVERAL_LEVELS in str(error), error
            return
        raise AssertionError("a new group was predicted at several levels of its factor's by")
    close(fit.epred(other, new_groups="typical"), fit.epred(other, groups="typical"))
    typical = fit.linpred(other, groups="typical")
    sampled = fit.linpred(other) - typical
    if all(group.terms == ("Intercept",) for group in fit.design.all_groups):
        one = sampled.isel(obs=[0] * sampled.sizes["obs"]).to_numpy()
        lost = 4 * np.finfo(float).eps * np.abs(typical.to_numpy()).max()  # digits, by the subtraction
        np.testing.assert_allclose(sampled.to_numpy(), one, rtol=1e-6, atol=1e-6 * np.abs(one).max() + lost)
    try:
        fit.epred(other, new_groups="error")
    except DataError as error:
        assert "a level never seen" in str(error)
    else:
        raise AssertionError("an unknown group was predicted in spite of new_groups='error'")


def close(one: xr.DataArray, other: xr.DataArray) -> None:
    """The same numbers in the same places, up to the order of a sum."""
    assert one.dims == other.dims
    np.testing.assert_array_equal(one["obs"].to_numpy(), other["obs"].to_numpy())
    size = np.abs(other.to_numpy()).max(initial=0.0)
    np.testing.assert_allclose(one.to_numpy(), other.to_numpy(), rtol=1e-9, atol=1e-12 * size)


def check_saved(case: frames.Case, fit: hb.Fit, path: Path) -> None:
    """What is saved and loaded gives the same answers."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    try:
        loaded = hb.load(fit.save(path))
    except StorageError as error:  # Zarr has a folder for each variable, called like it
        assert path.suffix == ".zarr" and max(map(len, fit.posterior)) > LONGEST_FILE, error
        loaded = hb.load(fit.save(path.with_suffix(".nc")))
    assert set(loaded.posterior) == set(fit.posterior)
    for name, values in fit.posterior.data_vars.items():
        read = loaded.posterior[name]
        np.testing.assert_array_equal(read.to_numpy(), values.to_numpy())
        for dim in values.dims:
            assert read[dim].to_numpy().tolist() == values[dim].to_numpy().tolist(), dim
    assert str(loaded) == str(fit)
    pd.testing.assert_frame_equal(loaded.ranef(), fit.ranef())
    close(loaded.epred(), fit.epred())
    before, after = predicted(case, fit), predicted(case, loaded)
    assert (before is None) == (after is None)
    if before is not None and after is not None:
        close(after, before)


def check_page(content: bytes) -> None:
    """A page is HTML, and nothing in it comes from names and labels but text."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    document = parser.parse(content.decode("utf-8"))
    for element in document.iter():
        if isinstance(element.tag, str):
            tag = element.tag.rpartition("}")[2]
            assert tag in ELEMENTS.split(), tag
            acting = [key for key in element.attrib if str(key).startswith("on") or key == "srcdoc"]
            assert not acting, acting
            assert not str(element.attrib.get("href", "")).lower().startswith("javascript"), element.attrib
