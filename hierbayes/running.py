"""One run of the sampler, from what was asked for to a fit, with its draws on disk meanwhile where wanted."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hierbayes.errors import HierbayesWarning, StorageError
from hierbayes.fitted import Fit, data_tree, fingerprint, versions
from hierbayes.fitted.places import advice
from hierbayes.fitted.unfinished import DRAWS, Claim, lay_out, without_draws
from hierbayes.plan import KERNEL_SAMPLERS, Plan
from hierbayes.routes import Source, sample

if TYPE_CHECKING:
    import xarray as xr

    from hierbayes.sampling import RawDraws, SamplerSettings


@dataclass(frozen=True)
class Run:
    """What was asked for.

    Attributes
    ----------
    source : Source
        What is sampled.
    plan : Plan
        How.
    settings : SamplerSettings
        Draws, chains, seed, ...
    parameterization : str
        As the user gave it.
    messages : tuple of str
        Known before sampling.
    title : str
        Of the progress bar.
    """

    source: Source
    plan: Plan
    settings: SamplerSettings
    parameterization: str
    messages: tuple[str, ...]
    title: str = ""

    @property
    def record(self) -> dict[str, Any]:
        """``Fit.settings`` as far as they are known before sampling."""
        plan, settings = self.plan, self.settings
        return {
            "sampler": plan.sampler,
            "parameterization": self.parameterization,
            "plan": str(plan),
            "route": plan.route,
            "rows": plan.rows,
            "draws": settings.draws,
            "tune": settings.tune,
            "chains": settings.chains,
            "seed": settings.seed,
            "target_accept": settings.target_accept,
            "seconds": 0.0,
            "versions": versions(),
            "fingerprint": fingerprint(self.source.design),
        }


def carry_out(run: Run, path: Path | None = None) -> Fit:
    """Sample, and with a path save what was drawn, as it is drawn and when all is.

    Raises
    ------
    ResourceError
        Before sampling, if the draws cannot fit into memory.
    StorageError
        Before sampling, if nothing can be written there.
    """
    from hierbayes.memory import check_memory
    from hierbayes.sampling.progress import tell

    tell(run.settings, check_memory(run.source.spec, run.plan, run.settings))
    if path is None:
        return _sampled(run)
    claim = begin(run, path)
    return carry_on(
        replace(run, settings=replace(run.settings, journal=journal_of(claim, run.settings))), path, claim
    )


def begin(run: Run, path: Path) -> Claim:
    """Make the folder where draws go."""
    if run.plan.sampler not in KERNEL_SAMPLERS:
        raise StorageError(
            f"The draws of {run.plan.sampler} cannot be streamed to disk. Allowed: sampler='nutpie', or no "
            "store= and Fit.save once all is drawn."
        )
    source = run.source
    noted = {"coordinates": list(landmarks(source.frame)), "cores": run.settings.cores}
    return lay_out(without_draws((source.spec, source.design), run.record, run.messages), path, noted)


def journal_of(claim: Claim, settings: SamplerSettings) -> Any:
    """The journal in a claimed folder."""
    from hierbayes.sampling import Journal

    return Journal(claim.folder / DRAWS, settings.chains, settings.draws)


def carry_on(run: Run, path: Path, claim: Claim) -> Fit:
    """Sample into the journal of the settings from its beginning, and save the fit."""
    journal: Any = run.settings.journal
    try:
        return saved(_sampled(run), path, claim, journal)
    except BaseException:
        # A run that has drawn nothing leaves nothing behind.
        journal.close()
        if journal.made.any():
            claim.release()
        else:
            claim.remove()
        raise


def _sampled(run: Run) -> Fit:
    started = time.perf_counter()
    raw, posterior = sample(run.source, run.plan, run.plan.sampler, (run.settings, run.title))
    return fit_of(run, raw, posterior, (time.perf_counter() - started, run.messages))


def fit_of(run: Run, raw: RawDraws, posterior: xr.Dataset, made: tuple[float, tuple[str, ...]]) -> Fit:
    """A fit of draws.

    Parameters
    ----------
    run : Run
        What they were made for.
    raw : RawDraws
        What the sampler gave.
    posterior : Dataset
        The same for the user's columns.
    made : tuple of float and tuple of str
        Seconds that it took, and what there is to say.
    """
    seconds, messages = made
    spec, design = run.source.spec, run.source.design
    record = run.record
    record |= {"seconds": round(seconds, 3), "versions": {**record["versions"], **raw.versions}}
    if raw.partial:
        kept = posterior.sizes["draw"]
        asked = run.settings.draws
        messages = (*messages, f"Sampling was interrupted: {kept} of {asked} draws per chain were kept.")
    tree = data_tree(posterior, raw.sample_stats, design)
    return Fit(spec, design, tree, record, messages, raw.partial)


def saved(fit: Fit, path: Path, claim: Claim, journal: Any) -> Fit:
    """The fit, saved at ``path`` if it is whole, with a message where something is amiss.

    What fails here costs no draw: they are in memory and mostly on disk, and the fit is handed to the user.
    """
    journal.close()
    if journal.problem:
        fit = replace(fit, messages=(*fit.messages, journal.message))
    if fit.partial:
        claim.release()
        return replace(
            fit, messages=(*fit.messages, f"Its draws are in {claim.folder}: {advice(claim.folder)}")
        )
    try:
        fit.save(path)
    except StorageError as error:
        claim.release()
        left = "All draws" if not journal.problem else "Some draws"
        problem = f"{error} {left} are in {claim.folder}: {advice(claim.folder)}"
        warnings.warn(problem, HierbayesWarning, stacklevel=2)
        return replace(fit, messages=(*fit.messages, problem))
    claim.remove()
    return fit


def landmarks(record: Any) -> Iterator[float]:
    """The lengths of all arrays of a record, in turn: whether another run computes the same ones."""
    if is_dataclass(record):
        for field in fields(record):
            yield from landmarks(getattr(record, field.name))
    elif isinstance(record, Mapping):
        for value in record.values():
            yield from landmarks(value)
    elif isinstance(record, tuple | list):
        for value in record:
            yield from landmarks(value)
    elif isinstance(record, np.ndarray | float) and not isinstance(record, bool):
        values = np.asarray(record)
        if values.dtype.kind == "f":
            yield float(np.linalg.norm(values.ravel()))
