"""A fit whose process was killed: what was drawn of it, and the rest."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hierbayes.errors import StorageError
from hierbayes.fitted import Fit, load
from hierbayes.fitted.places import advice, beside, final
from hierbayes.fitted.store import DAMAGE
from hierbayes.fitted.unfinished import Claim, damaged, in_words, read
from hierbayes.plan import Wish, coordinates_of, make_plan
from hierbayes.progress import quiet, working
from hierbayes.reuse import CompiledGraphs
from hierbayes.routes import Source, posterior_of, starts
from hierbayes.running import Run, carry_on, fit_of, journal_of, landmarks, saved
from hierbayes.threads import one_thread

if TYPE_CHECKING:
    from hierbayes.sampling import Journal, RawDraws


@one_thread()
def resume(path: str | Path, *, go_on: bool = False, progress: bool = True) -> Fit:
    """Bring back what was drawn of a fit with ``store=`` whose process was killed, or draw the rest.

    Parameters
    ----------
    path : str or Path
        The ``store`` of ``Model.fit``. The data frame is not needed.
    go_on : bool
        Whether to draw what is missing and save the fit at ``path``, as ``Model.fit`` would have.
    progress : bool
        Whether to show one line per chain.

    Returns
    -------
    Fit
        Without ``go_on`` the draws that were made, with ``partial`` set, as after Ctrl-C; a message says how
        many each chain had. Chains are cut to one length; those that had hardly begun are left out. With
        ``go_on``, or where nothing but saving was missing, the whole fit; that of ``path`` if it is whole
        already.

    Raises
    ------
    StorageError
        If there is no unfinished fit, it is damaged, nothing had been drawn, or another process is drawing.
    SamplingError
        If there is no finite starting point.

    Notes
    -----
    A chain goes on from its last draw, but nutpie cannot be told what step size and scales it had learned:
    it has a new warm-up of ``tune`` draws, of which none is kept. The draws before and after are of one
    chain, whose R-hat and effective sample sizes are as valid as ever, but they are others than those of a
    run that was not killed; a message says so. Where no chain had made a draw, sampling starts anew, and the
    fit is the one that the first run would have made. If it is killed again, it can be resumed again.

    Draws of a killed process are lost only if they were made in the last fraction of a second; when the
    machine itself loses power, those of the last seconds may be.

    Examples
    --------
    >>> model = hb.Model("normexam ~ standLRT + (1 | school)", exam)
    >>> fit = model.fit(draws=50, chains=2, seed=1, progress=False, store="school.zarr")
    >>> hb.resume("school.zarr").partial
    False
    """
    path = Path(path)
    folder = beside(path)
    path = final(folder)
    if not folder.exists():
        if path.exists():
            return load(path)
        raise StorageError(f"There is no fit {path}, finished or not.")
    with nullcontext() if progress else quiet(), working("hb.resume"):
        run = _run_of(path, progress=progress)
    if not go_on:
        return _brought_back(run, path)
    claim = Claim.of(folder)
    try:
        journal, _ = _checked(claim, run.settings)
        run = replace(run, settings=replace(run.settings, journal=journal))
        return _gone_on(run, path, claim)
    finally:
        claim.release()


def _settings_of(stub: Fit, noted: Any, progress: bool) -> Any:
    from hierbayes.sampling import SamplerSettings

    names = ("draws", "tune", "chains", "seed", "target_accept")
    return SamplerSettings(**{n: stub.settings[n] for n in names}, cores=noted["cores"], progress=progress)


def _run_of(path: Path, *, progress: bool) -> Run:
    """What the killed process was doing.

    Raises
    ------
    StorageError
        If it is damaged, or this version would do something else.
    """
    stub, noted = read(path)
    try:
        return _planned(stub, noted, _settings_of(stub, noted, progress))
    except DAMAGE as error:
        if isinstance(error, StorageError):
            raise
        raise damaged(beside(path), error) from error


def _planned(stub: Fit, noted: Any, settings: Any) -> Run:
    spec, design, asked = stub.spec, stub.design, stub.settings
    frame = coordinates_of(spec, design)
    plan = make_plan(
        spec, design, frame, Wish(asked["parameterization"], sampler=asked["sampler"], route=asked["route"])
    )
    here, there = list(landmarks(frame)), noted["coordinates"]
    same = len(here) == len(there) and np.allclose(here, there, rtol=1e-6, atol=1e-9)
    if not same or str(plan) != asked["plan"]:
        version = asked["versions"]["hierbayes"]
        raise StorageError(
            f"The draws were made by hierbayes {version} in coordinates that this version does not have. "
            "Install that version to bring them back, or fit the model again."
        )
    source = Source(spec, design, frame, CompiledGraphs(spec, design))
    return Run(source, plan, settings, asked["parameterization"], stub.messages)


def _checked(claim: Claim, settings: Any) -> tuple[Journal, list[int]]:
    """What was drawn, and how many draws of each chain are damaged, and do not count.

    Raises
    ------
    StorageError
        If nothing is left.
    """
    try:
        journal = journal_of(claim, settings)
        lost = journal.check() if journal.exists else []
        if any(lost) and not journal.made.any():
            raise StorageError("its draws have changed since they were made")
    except (*DAMAGE, OSError) as error:
        raise damaged(claim.folder, error) from error
    return journal, lost


def _brought_back(run: Run, path: Path) -> Fit:
    folder = beside(path)
    journal, lost = _checked(Claim(folder), run.settings)
    if not journal.made.any():
        raise StorageError(
            f"{folder}: nothing had been drawn yet when sampling was cut off. "
            f"hb.resume({str(path)!r}, go_on=True) starts it anew with the same settings."
        )
    chains, length = _longest(journal.made)
    if journal.made.min() == run.settings.draws:
        claim = Claim.of(folder)
        return saved(_fit(run, journal, (chains, length)), path, claim, journal)
    fit = _fit(run, journal, (chains, length))
    said = (
        f"Sampling was cut off: there were {in_words(journal.made.tolist())} of {run.settings.draws:,}; kept "
        f"are {length:,} of each of {len(chains)} chains. {advice(folder)}"
    )
    if any(lost):
        said += f" Damaged, and not counted, are {in_words(lost)}."
    return replace(fit, messages=(*run.messages, said))


def _gone_on(run: Run, path: Path, claim: Claim) -> Fit:
    journal: Any = run.settings.journal
    before = journal.before.copy()
    if not before.any():
        return carry_on(run, path, claim)
    begun = time.perf_counter()
    if before.min() < run.settings.draws:
        from hierbayes.sampling import sample_further

        sample_further(starts(run.source, run.plan, run.settings), run.settings, run.title)
        said = (
            f"Sampling was cut off when there were {in_words(before)}, and resumed: each chain went on from "
            "its last draw after a new warm-up. The seed alone does not give these draws again."
        )
        run = replace(run, messages=(*run.messages, said))
    fit = _fit(run, journal, _longest(journal.made), time.perf_counter() - begun)
    return saved(fit, path, claim, journal)


def _fit(run: Run, journal: Journal, kept: tuple[list[int], int], seconds: float = 0.0) -> Fit:
    from importlib.metadata import version

    raw: RawDraws = journal.raw(*kept, {"nutpie": version("nutpie")})
    posterior = posterior_of(run.source, run.plan, raw, run.settings.seed)
    return fit_of(run, raw, posterior, (seconds, run.messages))


def _longest(made: Sequence[int] | np.ndarray[Any, Any]) -> tuple[list[int], int]:
    """The chains, and the length to which to cut them, whose draws are most.

    Chains count twice, so that one is left out only where it would cost the others very much: R-hat compares
    chains, and one that is slow may be slow because it is elsewhere.
    """
    counts = sorted((int(count) for count in made), reverse=True)
    most = max(range(len(counts)), key=lambda k: ((k + 1) ** 2 * counts[k], k))
    length = counts[most]
    return [k for k, count in enumerate(made) if count >= length], length
