"""Every picture, drawn and kept for the documentation: ``uv run python docs/gallery.py``.

Each is drawn from models of the exam and contraception data, saved as a small PNG in ``docs/pictures``, and
listed in ``docs/gallery.md`` with its call and how to read it. The fits take about a minute.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
PICTURES = HERE / "pictures"
SEED = 2026
MOST_BYTES = 60_000

FORMULAS = {
    "m1": ("exam", "normexam ~ 1 + (1 | school)", "gaussian"),
    "m2": ("exam", "normexam ~ standLRT + (1 | school)", "gaussian"),
    "m4": ("exam", "normexam ~ standLRT + schgend + (1 + standLRT | school)", "gaussian"),
    "m_05": ("contraception", "use ~ age*ch + I(age^2) + urban + (1 | urban:district)", "bernoulli"),
    "slopes": ("contraception", "use ~ age + urban + ch + (1 + age | district)", "bernoulli"),
}


@dataclass(frozen=True)
class Entry:
    """One picture of the gallery.

    Attributes
    ----------
    name : str
        Name of the file.
    plot : str
        The function, ``"fit.plot.vpc"`` or ``"hb.plot.forest"``.
    fit : str
        The model that ``fit`` is, empty where the picture is of data or of several models.
    call : str
        What a user writes.
    reading : str
        One sentence on how to read it.
    """

    name: str
    plot: str
    fit: str
    call: str
    reading: str


def _entry(name: str, fit: str, call: str, reading: str) -> Entry:
    return Entry(name, call.partition("(")[0], fit, call, reading)


ENTRIES = (
    _entry("group_means", "", 'hb.plot.group_means(df, "use", "district")',
           "Before any fit: each district's own share; wide intervals belong to districts with few women."),
    _entry("group_sizes", "", 'hb.plot.group_sizes(df, "district")',
           "Before any fit: how many rows each group has, the largest first."),
    _entry("proportions", "", 'hb.plot.proportions(df, "use", "age", panels="urban", lines="ch")',
           "Before any fit: the smoothed share along a column, lines and panels by two others."),
    _entry("structure", "", 'hb.plot.structure(df, ["district", "urban"])',
           "Before any fit: which levels occur together; stairs are nested, a full field is crossed."),
    _entry("prior_predictive", "m4", "fit.plot.prior_predictive()",
           "What the priors alone expect of the data, which should be wider than the data and not absurd."),
    _entry("shrinkage", "m4", "fit.plot.shrinkage()",
           "Arrows from each group's own estimate to that of the model: long for small groups."),
    _entry("shrinkage_plane", "m4", "fit.plot.shrinkage_plane()",
           "The same for intercept and slope together; ellipses hold 50 and 90 % of new groups."),
    _entry("caterpillar", "m4", "fit.plot.caterpillar()",
           "Deviations of the groups in order; blue ones differ from the population."),
    _entry("ranks", "m4", "fit.plot.ranks()",
           "A league table with the interval of each rank: most ranks are hardly known."),
    _entry("group_lines", "m4", "fit.plot.group_lines()",
           "The line of each group, thin, and the population's with its interval, bold."),
    _entry("group_lines_unusual", "m4", 'fit.plot.group_lines(levels="unusual", facets=6)',
           "A panel for each of the groups that are furthest from the population, with their rows."),
    _entry("group_lines_binary", "slopes", 'fit.plot.group_lines(levels="spread", facets=12)',
           "Curves of probabilities in districts of every size, with rows, shares and a typical district."),
    _entry("effects", "m_05", 'fit.plot.effects("age:ch")',
           "Expected response along a column, a line for each level of another, the observed shares behind, "
           "moved to what is held."),
    _entry("vpc", "m4", "fit.plot.vpc()",
           "Posterior of the share of variance between groups, by the definition in the caption."),
    _entry("vpc_definitions", "m_05", 'fit.plot.vpc(method="all")',
           "The definitions for binary responses do not agree; name the one that you report."),
    _entry("vpc_along", "m4", 'fit.plot.vpc({"standLRT": [-2, -1, 0, 1, 2]})',
           "With random slopes the share depends on the column: here it is least below the mean."),
    _entry("variance", "m4", 'fit.plot.variance("standLRT")',
           "The variances themselves, between and within groups, along the column."),
    _entry("varcorr", "m4", "fit.plot.varcorr()",
           "Standard deviations and correlation of group effects, on their priors."),
    _entry("prior_posterior", "m4", "fit.plot.prior_posterior()",
           "Coefficients on their priors: narrow peaks over flat lines were learned from the data."),
    _entry("forest_one", "m4", "fit.plot.forest()",
           "All parameters of one model with their intervals, on the scale of the linear predictor."),
    _entry("forest", "", 'hb.plot.forest({"m1": m1, "m2": m2, "m4": m4})',
           "Each parameter across the models of a ladder: what changes once a column is known."),
    _entry("comparison", "", 'hb.plot.comparison(hb.compare({"m1": m1, "m2": m2, "m4": m4}))',
           "How much worse each model predicts left-out rows than the best, with standard errors."),
    _entry("pooling", "", "hb.plot.pooling(hb.pooling(model, folds=0))",
           "Every group under complete, no and partial pooling and with dummies; small groups differ most."),
    _entry("sbc", "", "hb.plot.sbc(hb.sbc(model, 200, seed=1))",
           "Whether sampling recovers what it was given: ranks of simulated values inside of the envelope."),
    _entry("ppc", "m4", "fit.plot.ppc()",
           "Data that the model replicates, thin, should look like the data, thick."),
    _entry("ppc_groups", "m_05", "fit.plot.ppc()",
           "For binary responses: the share in each group beside what the model replicates."),
    _entry("ppc_bars", "m_05", 'fit.plot.ppc("bars")',
           "How often each outcome occurs, in the data and replicated."),
    _entry("ppc_statistic", "m4", 'fit.plot.ppc("statistic", statistic="sd")',
           "Any statistic of each group, here the spread, beside what the model replicates."),
    _entry("residuals", "m4", "fit.plot.residuals()",
           "Residuals of rows and groups: no pattern at the left, inside of the envelope at the right."),
    _entry("loo_pit", "m_05", "fit.plot.loo_pit()",
           "Whether left-out rows are predicted as surely as the model says: inside of the envelope."),
    _entry("pareto_k", "m4", "fit.plot.pareto_k()",
           "Rows above the dashed line are so influential that their leave-one-out is uncertain."),
    _entry("trace", "m4", "fit.plot.trace()",
           "Chains that agree give one density and traces without trend."),
    _entry("rank", "m4", "fit.plot.rank()",
           "Chains that agree stay inside of the band."),
    _entry("energy", "m4", "fit.plot.energy()",
           "The two curves should be alike, or the sampler moves too slowly."),
    _entry("pairs", "m4", "fit.plot.pairs()",
           "Funnels, narrow where a standard deviation is small, are where sampling fails; marks diverged."),
)  # fmt: skip


@cache
def fit_of(name: str) -> Any:
    """One of the models, sampled."""
    return model_of(name).fit(seed=SEED, progress=False)


def model_of(name: str) -> Any:
    """One of the models."""
    import hierbayes as hb

    data, formula, family = FORMULAS[name]
    return hb.Model(formula, hb.load_data(data), family=family)


def draw(entry: Entry, fit: Callable[[str], Any] = fit_of) -> Any:
    """Draw an entry by running its call."""
    import hierbayes as hb

    known: dict[str, Any] = {"hb": hb, "df": hb.load_data("contraception")}
    if entry.fit:
        known["fit"] = fit(entry.fit)
    if "model" in entry.call:
        known["model"] = model_of("m2")
    known |= {name: fit(name) for name in ("m1", "m2", "m4") if f'"{name}"' in entry.call}
    return eval(entry.call, known)  # noqa: S307  (the calls above, nothing from outside)


def small_png(collection: Any) -> bytes:
    """The picture with a palette, at most 900 pixels wide, 1,100 high and ``MOST_BYTES`` large."""
    from PIL import Image

    from hierbayes.plots import to_pixels
    from hierbayes.report.png import with_palette

    drawn = Image.fromarray(to_pixels(collection, dpi=110))
    fits = min(1.0, 900 / drawn.width, 1100 / drawn.height)
    for share in (1.0, 0.85, 0.75, 0.65, 0.55):
        size = round(drawn.width * fits * share), round(drawn.height * fits * share)
        content = with_palette(np.asarray(drawn.resize(size, Image.Resampling.LANCZOS)))
        if len(content) <= MOST_BYTES:
            break
    return content


def page() -> str:
    """The text of ``gallery.md``."""
    models = "\n".join(f"- `{n}`: `{formula}` ({data})" for n, (data, formula, _) in FORMULAS.items())
    parts = [
        "# Gallery\n",
        "Every picture with its call and how to read it. `hb` is `import hierbayes as hb`, `df` is "
        '`hb.load_data("contraception")`, `model` that of m2, and `fit` one of these:\n',
        f"{models}\n",
    ]
    for entry in ENTRIES:
        of = f"`fit`: {entry.fit}. " if entry.fit else ""
        shown = f"![{entry.reading}](pictures/{entry.name}.png)\n"
        parts += [f"## `{entry.call}`\n", f"{of}{entry.reading}\n", shown]
    return "\n".join(parts)


def main(names: list[str]) -> None:
    """Draw the entries of these names, or all, and write the page."""
    PICTURES.mkdir(exist_ok=True)
    for entry in ENTRIES:
        if not names or entry.name in names:
            (PICTURES / f"{entry.name}.png").write_bytes(small_png(draw(entry)))
            print(entry.name, flush=True)
    (HERE / "gallery.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
