"""What the commands do, through the public API alone."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer

import hierbayes as hb
from hierbayes.cards import CardModel, read_frame
from hierbayes.cli.status import BAD_INPUT, INTERRUPTED
from hierbayes.errors import FormulaError, StorageError
from hierbayes.formulas.parts import Formulas, formula

SAVED = (".nc", ".zarr")
"""Endings of a saved fit: netCDF, Zarr."""


@dataclass(frozen=True)
class Job:
    """A model as the command line states it."""

    formula: Formulas
    data: str
    family: str
    link: str | None
    priors: Mapping[str, str] = field(default_factory=dict)
    missing: str | Mapping[str, str] = "drop"

    def model(self) -> hb.Model:
        """Read the data and build the model."""
        frame = read_frame(self.data)
        return hb.Model(
            self.formula,
            frame,
            family=self.family,
            link=self.link,
            priors=dict(self.priors),
            missing=self.missing,
        )


@dataclass(frozen=True)
class Outputs:
    """What a fit leaves behind: a page, a saved fit, a printed summary."""

    report: Path | None = None
    save: Path | None = None
    quiet: bool = False


def read_formulas(main: str, parameters: Sequence[str]) -> Formulas:
    """Read the formula and the values of ``--parameter``, such as ``sigma ~ z``.

    Raises
    ------
    FormulaError
        If one of them does not begin with a parameter and ``~``.
    """
    further = {}
    for text in parameters:
        name, tilde, right = text.partition("~")
        if not name.strip() or not tilde:
            raise FormulaError(
                "The formula of a parameter begins with its name and `~`.",
                text,
                (0, len(text)),
                "Write --parameter 'sigma ~ z'.",
            )
        further[name.strip()] = f"~{right}"
    return formula(main, **further)


def read_priors(texts: Sequence[str]) -> dict[str, str]:
    """Read the values of ``--prior``.

    Parameters
    ----------
    texts : sequence of str
        ``"sd[school]=half_normal(1)"``; the first equals sign outside brackets separates key and prior.

    Raises
    ------
    typer.BadParameter
        A value has no equals sign, or a key comes twice.
    """
    priors: dict[str, str] = {}
    for text in texts:
        at = _equals_sign(text)
        key, prior = text[:at].strip(), text[at + 1 :].strip()
        if at < 0 or not key or not prior:
            problem = f"{text!r} is not KEY=PRIOR, as in 'sd=half_normal(1)'."
            raise typer.BadParameter(problem, param_hint="--prior")
        if key in priors:
            raise typer.BadParameter(f"{key!r} has two priors; keep one.", param_hint="--prior")
        priors[key] = prior
    return priors


def read_missing(texts: Sequence[str]) -> str | dict[str, str]:
    """Read the values of ``--missing``: one policy, or ``COLUMN=POLICY`` as often as needed.

    Raises
    ------
    typer.BadParameter
        A policy for all columns next to another one, or a column that comes twice.
    """
    policies: dict[str, str] = {}
    for text in texts:
        column, equals, policy = (part.strip() for part in text.rpartition("="))
        if not equals and len(texts) == 1:
            return policy
        if not column or not policy:
            problem = f"{text!r} is not COLUMN=POLICY, as in 'age=error'; a policy for all stands alone."
            raise typer.BadParameter(problem, param_hint="--missing")
        if column in policies:
            raise typer.BadParameter(f"{column!r} has two policies; keep one.", param_hint="--missing")
        policies[column] = policy
    return policies or "drop"


def _equals_sign(text: str) -> int:
    depth = 0
    for at, character in enumerate(text):
        depth += {"[": 1, "(": 1, "]": -1, ")": -1}.get(character, 0)
        if character == "=" and depth == 0:
            return at
    return -1


def fit(job: Job, settings: Mapping[str, Any], outputs: Outputs) -> None:
    """Sample one model, print its summary, write what was asked for."""
    if outputs.save is not None and outputs.save.suffix not in SAVED:
        raise StorageError(f"{outputs.save} must end in {' or '.join(SAVED)}: that is how a fit is saved.")
    for path in (outputs.report, outputs.save):
        _check_writable(path)
    with _shown(settings["progress"]):
        model = job.model()
        if not outputs.quiet:
            typer.echo(f"{model}\n")
        result = model.fit(**settings)
        if not outputs.quiet:
            typer.echo(str(result))
        if outputs.save is not None:
            _wrote(result.save(outputs.save), outputs.quiet)
        if outputs.report is not None:
            _wrote(result.report(outputs.report, data=job.data), outputs.quiet)
    _leave_if(result.partial)


def check(job: Job) -> None:
    """Print the design and the priors."""
    typer.echo(str(job.model()))


def warmup(kernels: Sequence[str], *, quiet: bool) -> None:
    """Compile kernels and print how long each took."""

    def tell(kernel: hb.Warmed) -> None:
        if not quiet:
            what = f"compiled in {kernel.seconds:.1f} s" if kernel.compiled else "ready"
            typer.echo(f"{kernel.name:<20}{what}")

    with _shown(not quiet):
        ready = hb.warmup(kernels, on_ready=tell)
    if not quiet:
        typer.echo(f"All {len(ready)} are in the cache." if len(ready) > 1 else "It is in the cache.")


def data() -> None:
    """Print the data sets that come along."""
    for row in hb.list_data().itertuples():
        typer.echo(f"{row.name:<15}{row.title}\n{'':<15}{row.description}\n{'':<15}{row.source}\n")
    typer.echo('Use one as dataset:NAME on the command line, or in Python: hb.load_data("NAME").')


def cards() -> None:
    """Print the model cards that come along."""
    for row in hb.list_cards().itertuples():
        typer.echo(f"{row.name:<15}{row.title}\n{'':<15}{row.models} models, {row.path}\n")
    typer.echo("Fit the models of one and write its page: hierbayes report NAME.")


def report(path: Path, output: Path | None, *, data: str | None, progress: bool, quiet: bool) -> None:
    """Fit the models of a card, to other data if any are given, one after the other and write the page."""
    card = hb.load_card(path)
    card = card if data is None else card.with_data(data)
    output = Path(f"{card.path.stem}.html") if output is None else output
    _check_writable(output)
    count = itertools.count(1)

    def tell(model: CardModel, fit: hb.Fit) -> None:
        if not quiet:
            typer.echo(f"{model.name} ({next(count)} of {len(card.models)})  {model.formula}")
            typer.echo(f"    {fit.check().headline}")

    with _shown(progress):
        fits = hb.fit_card(card, progress=progress, on_fit=tell)
        _wrote(hb.report_card(card, fits, output), quiet)
    _leave_if(len(fits) < len(card.models) or any(fit.partial for fit in fits.values()))


def reproduce(page: Path, data: str | None, *, progress: bool, quiet: bool) -> None:
    """Fit the models of a page again and print the verdict."""
    with _shown(progress):
        found = hb.reproduce(page, data, progress=progress)
    if not quiet:
        typer.echo(str(found))
    if not found.ok:
        raise typer.Exit(BAD_INPUT)


def _shown(progress: bool) -> contextlib.AbstractContextManager[None]:
    """Progress of all that a command does, or of none of it."""
    return contextlib.nullcontext() if progress else hb.quiet()


def _check_writable(path: Path | None) -> None:
    """Find out before minutes of sampling whether a file could be written."""
    if path is None:
        return
    if path.is_dir() and path.suffix not in SAVED:
        raise StorageError(f"{path} is a directory. Give the name of a file to write.")
    if not path.parent.is_dir():
        raise StorageError(f"There is no directory {path.parent} to write {path.name} into. Create it first.")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise StorageError(f"{path} may not be written. Choose another place.")


def _wrote(path: Path, quiet: bool) -> None:
    if not quiet:
        typer.echo(f"Wrote {path}.")


def _leave_if(interrupted: bool) -> None:
    if interrupted:
        typer.echo("Interrupted: the results rest on the draws made until then.", err=True)
        raise typer.Exit(INTERRUPTED)
