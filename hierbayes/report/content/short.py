"""The answer in a few sentences, for a reader who reads no further."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from hierbayes import names
from hierbayes.report.blocks import Blocks, Bullets
from hierbayes.report.content.context import Shown
from hierbayes.report.content.differences import ALIKE, changes_of, sentence
from hierbayes.report.numerals import count, interval, number, percent, places_for
from hierbayes.report.tables import interval_mass, records
from hierbayes.report.words import coefficient_notes, latent_words, listed

CLEAR = 0.975
"""Probability of direction from which on an effect counts as clear: the 95 % interval leaves out zero."""

MOST = 3
"""Effects that are told."""


def short(shown: Shown) -> Blocks:
    """What was looked at, which effects are clear, how much groups differ, how many stand out, and trust."""
    sentences = [_sample(shown), _effects(shown)]
    if shown.fit.spec.groups:
        sentences += [_shares(shown), _standing_out(shown)]
    sentences.append(f"{shown.verdict.headline}")
    return (Bullets(tuple(sentence for sentence in sentences if sentence)),)


def _sample(shown: Shown) -> str:
    spec, design = shown.fit.spec, shown.fit.design
    outcome = design.response.outcomes
    what = f"how likely {design.response.name} is {outcome[1]}" if outcome else design.response.name
    factors = dict.fromkeys((g.factor, g.n_groups) for g in spec.groups)
    groups = listed([f"{count(n)} groups of {factor}" for factor, n in factors]) if factors else ""
    return f"The model describes {what} in {count(design.n)} rows{f' of {groups}' if groups else ''}."


def _effects(shown: Shown) -> str:
    """The largest effects whose direction is clear, in units of the response where it is one number."""
    changes, refused = changes_of(shown)
    if not changes or refused or shown.fit.design.response.categories:
        return _coefficients(shown)
    rows = [(change, k, row) for change in changes for k, row in enumerate(records(change.frame))]
    clear = [found for found in rows if float(found[2]["lower"]) * float(found[2]["upper"]) > 0]
    clear.sort(key=lambda found: -abs(float(found[2]["mean"])))
    unclear = [found for found in rows if float(found[2]["lower"]) * float(found[2]["upper"]) <= 0]
    open_ = [f"{change.column} ({change.labels[k]})" for change, k, _ in unclear]
    told = [sentence(change, k) for change, k, _ in clear[:MOST]]
    parts = []
    if told:
        which = "the largest of the clear differences" if len(clear) > len(told) else "clear differences"
        parts.append(f"{ALIKE.capitalize()}, these are {which}: {'; '.join(told)}.")
    if open_:
        parts.append(f"The direction is open for {listed(open_)}.")
    return " ".join(parts)


def _coefficients(shown: Shown) -> str:
    """The largest effects whose direction is clear, per standard deviation of their columns."""
    fit = shown.fit
    answered = fit.fixef(draws=True)
    b = answered.get(names.B) if isinstance(answered, xr.Dataset) else answered
    if b is None or not fit.spec.terms:
        return ""
    scores = {
        row["term"]: float(row["mean"])
        for row in records(fit.standardized())
        if row.get("predictor", "mu") in ("mu", fit.spec.label)
    }
    notes, clear, open_ = coefficient_notes(fit.design), [], []
    for term in fit.spec.terms:
        if term == names.INTERCEPT:
            continue
        draws = b.sel({names.TERM: term}).to_numpy()
        above = float((draws > 0).mean())
        if max(above, 1 - above) < CLEAR:
            open_.append(term)
            continue
        clear.append((abs(scores.get(term, 0.0)), term, draws))
    clear.sort(key=lambda found: -found[0])
    told = [_effect(term, draws, notes.get(term, "")) for _, term, draws in clear[:MOST]]
    scale = latent_words(fit.spec)
    parts = []
    if told:
        first = "The largest of the clear effects" if len(clear) > len(told) else "Clear effects"
        parts.append(f"{first}, on the scale of {scale}: {'; '.join(told)}.")
    if open_:
        parts.append(f"The direction is open for {listed(open_)}.")
    return " ".join(parts)


def _effect(term: str, draws: Any, note: str) -> str:
    mean, places = float(draws.mean()), places_for(float(draws.std(ddof=1)))
    low, high = np.quantile(draws, [0.025, 0.975])
    about = f" ({note})" if note else ""
    return f"{term}{about} {number(mean, places)} ({interval(float(low), float(high), places)})"


def _shares(shown: Shown) -> str:
    rows = records(shown.vpc)
    if not rows:
        return ""
    mass = interval_mass(shown.vpc)
    parts = [
        f"{percent(row['mean'])} lies between groups of {row['group']} ({mass} interval "
        f"{percent(row['lower'])} to {percent(row['upper'])}{_by_definition(row['method'])})"
        for row in rows
    ]
    return f"Of the variance that the columns do not explain, {listed(parts)}."


def _by_definition(method: str) -> str:
    """Named where there are several; of a normal outcome there is one."""
    return "" if method == "gaussian" else f"; {method} definition"


def _standing_out(shown: Shown) -> str:
    """How many groups lie clearly above and below the population, in their first coefficient."""
    sentences = []
    for group in shown.fit.spec.groups:
        term = group.terms[0]
        u = shown.fit.posterior[names.u(group.name)].sel({names.group_term(group.name): term})
        low, high = np.quantile(u.transpose("chain", "draw", ...).to_numpy(), [0.025, 0.975], axis=(0, 1))
        what = "" if term == names.INTERCEPT else f" in the effect of {term}"
        sentences.append(
            f"{count(int((low > 0).sum()))} of the {count(group.n_groups)} groups of {group.name} lie "
            f"clearly above the population's value{what}, {count(int((high < 0).sum()))} clearly below; the "
            "others cannot be told from it."
        )
    return " ".join(sentences)
