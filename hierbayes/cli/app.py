"""The commands and their options; what they do is in ``runs``, imported when a command starts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="hierbayes",
    help="Bayesian multilevel models from lme4 formulas.",
    epilog="Start with: hierbayes check 'normexam ~ standLRT + (1 | school)' dataset:exam",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Formula = Annotated[
    str, typer.Argument(help="An lme4 formula in quotes: 'y ~ x + (1 + x | g)'.", show_default=False)
]
Data = Annotated[
    str,
    typer.Argument(
        help="A .csv, .tsv or .parquet file, or dataset:NAME (see 'hierbayes data').", show_default=False
    ),
]
Family = Annotated[str, typer.Option(help="The response distribution: gaussian, gamma, bernoulli, ...")]
Link = Annotated[
    str | None, typer.Option(help="The link function; the family's own by default.", show_default=False)
]
Priors = Annotated[
    list[str] | None,
    typer.Option(
        "--prior", help="KEY=PRIOR, as in 'sd[g]=half_normal(1)'; may be repeated.", show_default=False
    ),
]
Missing = Annotated[
    list[str] | None,
    typer.Option(
        help="Missing values: drop (the default), error or report; or COLUMN=POLICY, may be repeated.",
        show_default=False,
    ),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option(
        help="A formula of a parameter of the family, 'sigma ~ z + (1 | g)'; may be repeated.",
        show_default=False,
    ),
]
Progress = Annotated[
    bool, typer.Option("--progress/--no-progress", help="Show how far the work is, in terminals.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


@app.callback()
def _root() -> None:
    """Bayesian multilevel models from lme4 formulas."""


@app.command()
def report(
    card: Annotated[
        Path,
        typer.Argument(
            help="A model card: a .toml file, or one that comes along, such as exam (see 'hierbayes cards').",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="The page to write; CARD.html here by default.", show_default=False
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help="Other data for the same models: a file, or dataset:NAME.", show_default=False),
    ] = None,
    progress: Progress = True,
    quiet: Quiet = False,
) -> None:
    """Fit every model of a card and write one self-contained HTML page."""
    from hierbayes.cli import runs

    runs.report(card, output, data=data, progress=progress and not quiet, quiet=quiet)


@app.command()
def fit(
    formula: Formula,
    data: Data,
    family: Family = "gaussian",
    link: Link = None,
    parameter: Parameters = None,
    prior: Priors = None,
    missing: Missing = None,
    draws: Annotated[int, typer.Option(min=1, help="Draws to keep, per chain.")] = 1000,
    tune: Annotated[int | None, typer.Option(min=1, help="Draws to warm up with, per chain.")] = None,
    chains: Annotated[int, typer.Option(min=1, help="Independent chains.")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same draws.")] = 1,
    sampler: Annotated[str, typer.Option(help="nutpie or pymc.")] = "nutpie",
    parameterization: Annotated[str, typer.Option(help="auto, noncentered, ...")] = "auto",
    report: Annotated[
        Path | None, typer.Option(help="Write a self-contained HTML page.", show_default=False)
    ] = None,
    save: Annotated[Path | None, typer.Option(help="Write the fit, for hb.load.", show_default=False)] = None,
    progress: Progress = True,
    quiet: Quiet = False,
) -> None:
    """Fit one model to a data file and print its summary."""
    from hierbayes.cli import runs

    settings = {
        "draws": draws,
        "tune": tune,
        "chains": chains,
        "seed": seed,
        "sampler": sampler,
        "parameterization": parameterization,
        "progress": progress and not quiet,
    }
    written = runs.read_formulas(formula, parameter or [])
    job = runs.Job(
        written, data, family, link, runs.read_priors(prior or []), runs.read_missing(missing or [])
    )
    runs.fit(job, settings, runs.Outputs(report, save, quiet))


@app.command()
def check(
    formula: Formula,
    data: Data,
    family: Family = "gaussian",
    link: Link = None,
    parameter: Parameters = None,
    prior: Priors = None,
    missing: Missing = None,
) -> None:
    """Show the design and the priors of a model without sampling."""
    from hierbayes.cli import runs

    priors, policies = runs.read_priors(prior or []), runs.read_missing(missing or [])
    written = runs.read_formulas(formula, parameter or [])
    runs.check(runs.Job(written, data, family, link, priors, policies))


@app.command()
def reproduce(
    page: Annotated[Path, typer.Argument(help="A page that 'report' or 'fit' wrote.", show_default=False)],
    data: Annotated[
        str | None,
        typer.Option(
            help="The data: a file, or dataset:NAME; what the page names by default.", show_default=False
        ),
    ] = None,
    progress: Progress = True,
    quiet: Quiet = False,
) -> None:
    """Fit the models of a report page again and compare the draws; status 1 if they differ."""
    from hierbayes.cli import runs

    runs.reproduce(page, data, progress=progress and not quiet, quiet=quiet)


@app.command()
def warmup(
    kernels: Annotated[
        list[str] | None,
        typer.Argument(help="Kernels such as 'bernoulli logit'; all by default.", show_default=False),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Compile the kernels of all families once, so that no fit has to."""
    from hierbayes.cli import runs

    runs.warmup(kernels or [], quiet=quiet)


@app.command()
def data() -> None:
    """List the data sets that come along."""
    from hierbayes.cli import runs

    runs.data()


@app.command()
def cards() -> None:
    """List the model cards that come along."""
    from hierbayes.cli import runs

    runs.cards()
