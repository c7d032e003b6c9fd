"""What ``print(fit)`` and ``print(model)`` say: what users of brms and lme4 know; no clocks, no ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hierbayes import names
from hierbayes.design.partial import LOW, LOWER_BOUND, STANDARD_ERROR, bounds_words, censored_words
from hierbayes.report.blocks import Cell, Column, Table
from hierbayes.report.numerals import count, number, places_for
from hierbayes.report.protocols import ModelLike
from hierbayes.report.render_text import table_lines, wrapped
from hierbayes.report.tables import interval_mass, records
from hierbayes.report.words import errors_words

if TYPE_CHECKING:
    import pandas as pd

    from hierbayes.design.records import Design, GroupDesign
    from hierbayes.fitted import Fit
    from hierbayes.spec.records import GroupSpec, ModelSpec

NUMBERS = ("Estimate", "Est.Error", "l-{mass} CI", "u-{mass} CI", "Rhat", "Bulk_ESS", "Tail_ESS")


def fit_text(fit: Fit) -> str:
    """The summary of a fit as text.

    Parameters
    ----------
    fit : Fit
        What to print.

    Returns
    -------
    str
        Header, group-level effects for each grouping factor, population-level effects, family parameters, and
        what the columns mean. Group sds and coefficients are on the link scale.

    Examples
    --------
    >>> print(fit)  # doctest: +SKIP
    """
    frame = fit.summary()
    parts = [fit_header(fit)]
    group_rows = frame[frame["section"] == "group"]
    if len(group_rows):
        parts.append("Group-level effects")
        for group in (*fit.spec.all_groups, *fit.spec.joint_groups):
            rows = group_rows[group_rows["group"] == group.name]
            parts += [f"~{group.name} ({_size(fit.spec, group)})\n{_table(rows)}"]
    for section, title in (("population", "Population-level effects"), ("family", "Family parameters")):
        rows = frame[frame["section"] == section]
        if len(rows):
            parts.append(f"{title}\n{_table(rows)}")
    parts.append(_footnotes(fit, frame))
    return "\n\n".join(parts)


def _size(spec: ModelSpec, group: GroupSpec) -> str:
    """How many groups, and whose effects theirs are where there are several linear predictors."""
    words = f"{count(group.n_groups)} groups"
    if group.parts:
        return f"{words} of {group.factor}; correlated over linear predictors"
    owner = next(p for p in spec.linear if group in p.groups)
    if spec.label:
        words += f" of {group.factor}; {owner.label}"
    elif owner.name:
        words += f" of {group.factor}; {owner.link} of {owner.label}"
    return words + ("; uncorrelated" if _uncorrelated(group) else "")


def model_text(model: ModelLike) -> str:
    """A model before it is fitted, as text: formula, family, groups, priors, and how it is sampled.

    Parameters
    ----------
    model : Model
        What to print; ``model.plan`` says how it will be sampled.

    Examples
    --------
    >>> print(model)
    """
    parts = [model_header(model)]
    if model.design.all_groups:
        parts.append(f"Groups\n{_indented(group_table(model.design))}")
    parts.append(f"Priors\n{_indented(prior_table(model.spec))}")
    parts.append("Sampling\n" + wrapped(plan_words(model), "  ", "  "))
    if model.messages:
        parts.append("Notes\n" + "\n".join(wrapped(message, "- ", "  ") for message in model.messages))
    return "\n\n".join(parts)


def plan_words(model: ModelLike) -> str:
    """How a model will be sampled, and why."""
    plan = model.plan()
    return f"{plan}: {plan.reason}"


def model_header(model: ModelLike) -> str:
    """Family, formula and data of a model, a line each."""
    return _aligned(_lines(model.spec, model.design))


def fit_header(fit: Fit) -> str:
    """Family, formula, data and draws of a fit, a line each."""
    settings = fit.settings
    merged = settings.get("rows", 0)
    distinct = f"; {count(merged)} distinct rows were sampled" if 0 < merged < fit.design.n else ""
    how = "{chains} chains of {draws} draws after {tune} of warm-up, seed {seed}".format_map(settings)
    lines = [
        *_lines(fit.spec, fit.design),
        ("Draws", f"{how} ({settings['sampler']}, {settings['plan']}{distinct})"),
    ]
    text = _aligned(lines)
    if fit.partial:
        text += "\n\nThe sampling was interrupted: these are the draws made so far, and no final result."
    return text


def _lines(spec: ModelSpec, design: Design) -> list[tuple[str, str]]:
    predicted = [predictor for predictor in spec.predictors if predictor.link != "identity"]
    response, labels = design.response.name, design.response.outcomes
    modelled = f"; {response} is {labels[1]} (modelled) or {labels[0]}" if labels else ""
    if design.response.ordered:
        modelled = f"; {response} is {' < '.join(design.response.categories)}"
    elif design.response.categories:
        reference, *others = design.response.categories
        modelled = f"; {response} is {', '.join(others)} or {reference} (the reference)"
    lines = [
        ("Family", f"{spec.family}, {spec.link} link"),
        ("Formula", spec.formula),
        *[("", f"{predictor.formula}  ({predictor.link} of {predictor.name})") for predictor in predicted],
        ("Data", f"{count(design.n)} rows{modelled}"),
        ("Censored", censored_words(design.part)),
        ("Truncated", f"only responses {bounds_words(design.part)} can be observed"),
        ("Errors", errors_words(spec)),
    ]
    stated = {"Censored": LOW, "Truncated": LOWER_BOUND, "Errors": STANDARD_ERROR}
    return [line for line in lines if stated.get(line[0], LOW) in design.part or line[0] not in stated]


def _aligned(lines: list[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in lines)
    shown = [(name, names.legible(value)) for name, value in lines]
    return "\n".join(f"{name.rjust(width)}{':' if name else ' '} {value}" for name, value in shown)


def _table(frame: pd.DataFrame) -> str:
    mass = interval_mass(frame).replace(" ", "")
    columns = (Column(""), *(Column(name.format(mass=mass), "right") for name in NUMBERS))
    return _indented(Table(columns, tuple(map(_row, records(frame)))))


def _row(row: dict[str, Any]) -> tuple[Cell, ...]:
    places = places_for(float(row["sd"]))
    estimates = (Cell(number(float(row[key]), places)) for key in ("mean", "sd", "lower", "upper"))
    sizes = (Cell(count(float(row[key]))) for key in ("ess_bulk", "ess_tail"))
    return (Cell(str(row["parameter"])), *estimates, Cell(number(float(row["r_hat"]), 3)), *sizes)


def _footnotes(fit: Fit, frame: pd.DataFrame) -> str:
    kind = str(frame.attrs.get("interval", "95 % equal-tailed"))
    scale = "the scale of the outcome" if fit.spec.link == "identity" else f"the {fit.spec.link} scale"
    scale = "the scale of the outcome's logarithm" if fit.spec.family == "lognormal" else scale
    others = [f"of {p.label} on the {p.link} scale" for p in fit.spec.predictors if p.link != "identity"]
    scale += "".join(f", {other}" for other in others)
    text = (
        f"Estimate and Est.Error are the posterior mean and standard deviation, on {scale}; CI is the "
        f"{kind} interval. Rhat compares the chains (1 at convergence); Bulk_ESS and Tail_ESS are effective "
        "sample sizes."
    )
    notes = [wrapped(text)]
    verdict = fit.check()
    notes.append(wrapped(f"Convergence: {verdict.headline}"))
    notes += [wrapped(f"{f.what} {f.advice}".rstrip(), "- ", "  ") for f in verdict.findings if f.matters]
    notes += [
        wrapped(message, "- ", "  ") for message in dict.fromkeys((*fit.design.messages, *fit.messages))
    ]
    return "\n".join(notes)


def group_table(design: Design) -> Table:
    """The groups of a design: how many, how large, and which coefficients vary over them."""
    columns = (
        Column(""),
        *(Column(name, "right") for name in ("groups", "smallest", "median", "largest")),
        Column("varying coefficients"),
    )
    rows = []
    for group in design.all_groups:
        sizes = sorted(int(size) for size in group.sizes)
        middle = (sizes[(len(sizes) - 1) // 2] + sizes[len(sizes) // 2]) / 2
        numbers = (len(sizes), sizes[0], middle, sizes[-1])
        varying = ", ".join(group.terms) + (" (uncorrelated)" if _uncorrelated(group) else "")
        rows.append((Cell(group.name), *(Cell(count(value)) for value in numbers), Cell(varying)))
    return Table(columns, tuple(rows))


def _uncorrelated(group: GroupDesign | GroupSpec) -> bool:
    """Whether to say so: one coefficient alone has nothing to correlate with."""
    return len(group.terms) > 1 and not group.correlated


def prior_table(spec: ModelSpec) -> Table:
    """The priors in force, and where each comes from."""
    columns = (Column("parameter"), Column("prior"), Column("source"))
    rows = tuple(
        (Cell(entry.key), Cell(str(entry.prior)), Cell(_source(entry.source))) for entry in spec.priors
    )
    return Table(columns, rows)


def _indented(table: Table) -> str:
    return "\n".join(f"  {line}" for line in table_lines(table.columns, table.rows))


def _source(source: str) -> str:
    return "default" if source == "default" else f"stated as {source}"
