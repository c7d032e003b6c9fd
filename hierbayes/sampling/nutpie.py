"""NUTS by nutpie: the only module that touches nutpie's surface."""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hierbayes.errors import SamplingError
from hierbayes.sampling.arrow import note, raw_draws
from hierbayes.sampling.progress import ChainProgress, ChainState, NoProgress, compiling, progress_for
from hierbayes.sampling.settings import UNCONSTRAINED, RawDraws, SamplerSettings

if TYPE_CHECKING:
    from hierbayes.kernels.record import Kernel
    from hierbayes.kernels.storing import Store
    from hierbayes.sampling.journal import Journal

type Floats = NDArray[np.float64]
type CompiledSampler = Callable[[Mapping[str, Floats], SamplerSettings, str], RawDraws]

DIM = "unconstrained_dim"
QUIET = 0.1
"""Seconds without a question after which the threads of a sampler that has stopped have ended."""

SURFACE = {
    "nutpie._lib": ("LogpFunc", "ExpandFunc", "PyVariable.new_variables", "PyMcModel", "PySampler.from_pymc"),
    "nutpie.sample": ("CompiledModel", "sample"),
}
"""What ``prebuilt`` needs of nutpie besides its documented functions."""


def kernel_refusal() -> str | None:
    """Why the nutpie that is installed cannot be handed a kernel, in words; None where it can."""
    nutpie = _nutpie()
    for module, paths in SURFACE.items():
        for path in paths:
            try:
                attrgetter(path)(importlib.import_module(module))
            except (ImportError, AttributeError):
                return f"nutpie {nutpie.__version__} has no {module}.{path}"
    return None


def sample_nutpie(model: Any, settings: SamplerSettings, title: str = "") -> RawDraws:
    """Draw from a PyMC model; Ctrl-C keeps the draws that all chains have made.

    Parameters
    ----------
    model : pymc.Model
        The graph, best without deterministics.
    settings : SamplerSettings
        Draws, chains, seed.
    title : str
        Shown in front of the summary line.

    Raises
    ------
    SamplingError
        If the log density has no finite value to start from.
    KeyboardInterrupt
        If Ctrl-C came during warm-up, when there are no draws to keep.
    """
    return compile_nutpie(model, settings, title)({}, settings, title)


def compile_nutpie(model: Any, settings: SamplerSettings, title: str = "") -> CompiledSampler:
    """Compile a PyMC model once, to be sampled as often as wanted with other data.

    Parameters
    ----------
    model : pymc.Model
        The graph, best without deterministics.
    settings, title
        As of ``sample_nutpie``.

    Returns
    -------
    callable
        ``sample(data, settings, title) -> RawDraws``, as ``sample_nutpie``; ``data`` gives new values, of the
        old shapes, to ``pm.Data`` variables by their names.
    """
    compiled = compiled_model(model, settings, title)

    def sample(data: Mapping[str, Floats], settings: SamplerSettings, title: str) -> RawDraws:
        return _run(compiled.with_data(**data) if data else compiled, settings, title)

    return sample


def compiled_model(model: Any, settings: SamplerSettings, title: str = "") -> Any:
    """A PyMC model as nutpie's ``CompiledModel``; arguments as of ``sample_nutpie``."""
    nutpie = _nutpie()
    # PyTensor's rewrites are not made for several threads at once.
    with _COMPILING, compiling(settings, title), warnings.catch_warnings():
        # numba's and PyTensor's notices concern authors of graphs, not users of a formula.
        warnings.simplefilter("ignore")
        return nutpie.compile_pymc_model(model)


_COMPILING = threading.Lock()


class _Deferred(ModuleType):
    """Stands in for a module that only another library wants, and loads it when it is first asked."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(importlib.import_module(self.__name__), name)


def _nutpie() -> Any:
    """The package nutpie, without the plotting libraries that it would load.

    nutpie imports arviz, and with it arviz-plots and Matplotlib, for a conversion of draws that is not used
    here. It keeps the stand-in; for everybody else ``import arviz`` stays what it is.
    """
    if "nutpie" not in sys.modules and "arviz" not in sys.modules:
        stand_in = sys.modules.setdefault("arviz", _Deferred("arviz"))
        try:
            importlib.import_module("nutpie")
        finally:
            if sys.modules.get("arviz") is stand_in:
                del sys.modules["arviz"]
    return importlib.import_module("nutpie")


def sample_kernel(kernel: Kernel, settings: SamplerSettings, title: str = "") -> RawDraws:
    """Draw from a kernel: nothing is compiled.

    Parameters
    ----------
    kernel : Kernel
        The log density.
    settings, title
        As of ``sample_nutpie``.

    Returns
    -------
    RawDraws
        One variable, ``UNCONSTRAINED``, shape (chain, draw, n_dim): what ``kernel.pieces`` takes.

    Raises
    ------
    SamplingError
        If the log density has no finite value to start from, or nutpie has changed.
    KeyboardInterrupt
        If Ctrl-C came during warm-up, when there are no draws to keep.
    """
    return _run(prebuilt(kernel), settings, title)


def prebuilt(kernel: Kernel, store: Store | None = None) -> Any:
    """A kernel as nutpie's ``CompiledModel``.

    nutpie takes any log density that has the address of a C function, with the address of a record that it
    hands on: here the kernel's table.

    Parameters
    ----------
    kernel : Kernel
        The log density.
    store : Store, optional
        Where the draws of one chain go; what nutpie itself keeps of a draw is then its number, warm-up
        included. Without one, it keeps the draws.
    """
    _nutpie()
    from nutpie import _lib
    from nutpie.sample import CompiledModel

    from hierbayes.kernels.entries import copy_vector
    from hierbayes.kernels.storing import store_draw

    n_dim, table = kernel.n_dim, kernel.table()
    if store is None:
        expand, size, expand_table = copy_vector(), n_dim, table
    else:
        expand, size, expand_table = store_draw(), 1, store.table

    @dataclass(frozen=True)
    class Prebuilt(CompiledModel):  # type: ignore[misc]
        """The methods that ``nutpie.sample`` calls."""

        initial_point_func: Callable[[Any], Floats]

        @property
        def n_dim(self) -> int:
            return n_dim

        @property
        def shapes(self) -> dict[str, tuple[int, ...]]:
            return {UNCONSTRAINED: (size,)}

        @property
        def coords(self) -> dict[str, Any]:
            return {}

        def _make_model(self, init_mean: Any) -> Any:
            keep = (kernel, table, store)
            density = _lib.LogpFunc(kernel.log_density.address, table.ctypes.data, keep)
            stored = _lib.ExpandFunc(n_dim, size, expand.address, expand_table.ctypes.data, keep)
            sizes, dims = {DIM: size}, {UNCONSTRAINED: (DIM,)}
            variables = _lib.PyVariable.new_variables([UNCONSTRAINED], ["float64"], [(size,)], sizes, dims)
            return _lib.PyMcModel(density, stored, variables, n_dim, sizes, {}, self.initial_point_func, None)

        def _make_sampler(self, settings: Any, init_mean: Any, cores: int, *rest: Any) -> Any:
            return _lib.PySampler.from_pymc(settings, cores, self._make_model(init_mean), *rest)

    return Prebuilt(dims={}, initial_point_func=_jittered(kernel))


def _jittered(kernel: Kernel) -> Any:
    """Starting points around ``kernel.start``, for nutpie to ask for by seed."""

    def start(seed: Any = None) -> Floats:
        rng = np.random.default_rng(seed)
        return kernel.start + rng.uniform(-kernel.jitter, kernel.jitter, kernel.n_dim)

    return start


class Starts:
    """Where chains start, by seed, until they are told to stop.

    After one chain could not start, the others go on trying in threads of their own; the interpreter that
    ends before they have ended does so with a segmentation fault.
    """

    def __init__(self, draw: Callable[[Any], Floats]) -> None:
        self.draw, self.stopped, self.asked = draw, False, 0.0

    def __call__(self, seed: Any = None) -> Floats:
        """A starting point, shape (n_dim,)."""
        self.asked = time.monotonic()
        if self.stopped:
            raise RuntimeError("sampling has stopped")
        return self.draw(seed)

    def stop(self) -> None:
        """Refuse from now on, and wait until no thread asks."""
        self.stopped = True
        while time.monotonic() - self.asked < QUIET:
            time.sleep(QUIET / 10)


def _run(compiled: Any, settings: SamplerSettings, title: str) -> RawDraws:
    journal = settings.journal
    if journal is not None:
        journal.allocate(compiled.shapes, compiled.n_dim)
    with progress_for(settings, title) as progress:
        sampler = begin(compiled, settings, progress.update)
        trace, interrupted = _collect(sampler, journal)
    batches = trace.get_arrow_trace()
    if journal is not None:
        note(journal, batches, range(settings.chains))
    raw = raw_draws(batches, settings, interrupted)
    finish(progress, raw)
    return raw


def finish(progress: ChainProgress | NoProgress, raw: RawDraws) -> None:
    """The summary line."""
    kept = raw.sample_stats.sizes
    progress.finish(
        kept["chain"] * kept["draw"], int(raw.sample_stats["diverging"].sum()), partial=raw.partial
    )


def begin(compiled: Any, settings: SamplerSettings, show: Callable[[list[ChainState]], None]) -> Any:
    """Start nutpie in the background; ``show`` hears where the chains stand.

    Returns
    -------
    nutpie's background sampler, with its ``Starts`` as ``starts``.
    """
    starts = Starts(compiled.initial_point_func)
    sampler = _nutpie().sample(
        replace(compiled, initial_point_func=starts),
        draws=settings.draws,
        tune=settings.tune,
        chains=settings.chains,
        cores=settings.cores,
        seed=settings.seed,
        target_accept=settings.target_accept,
        blocking=False,
        progress_bar=False,
        progress_callback=lambda chains: show([_state(chain, settings) for chain in chains]),
        progress_rate=200,
        return_raw_trace=True,
        store_unconstrained=settings.journal is not None and UNCONSTRAINED not in compiled.shapes,
    )
    sampler.starts = starts
    return sampler


def _state(chain: Any, settings: SamplerSettings) -> ChainState:
    return ChainState(
        chain.finished_draws,
        settings.draws + settings.tune,
        chain.divergences,
        chain.runtime_ms / 1000,
        chain.tuning,
    )


def _collect(sampler: Any, journal: Journal | None) -> tuple[Any, bool]:
    try:
        while True:
            with contextlib.suppress(TimeoutError):
                # Short waits, so that Ctrl-C is seen at once.
                return sampler.wait(timeout=0.1), False
            if journal is not None and journal.due:
                # A sampler that has failed says why when it is waited for.
                with contextlib.suppress(RuntimeError), journal.looking():
                    note(journal, sampler.inspect().get_arrow_trace(), range(journal.chains))
    except KeyboardInterrupt:
        return sampler.abort(), True
    except RuntimeError as error:
        sampler.starts.stop()
        raise failure(error) from error
    except BaseException:
        # Its threads would go on, and end the interpreter with a segmentation fault when that ends.
        sampler.abort()
        raise


def failure(error: RuntimeError) -> SamplingError:
    """What nutpie says, in our words."""
    return SamplingError(
        f"nutpie could not sample this model: {_reason(error)}. "
        "Look at the priors (print(model)) and at the scale of the data."
    )


def _reason(error: RuntimeError) -> str:
    """Nutpie's message without its stack."""
    lines = str(error).split("Stack backtrace")[0].replace("Caused by:", "").split("\n")
    return "; ".join(line.strip() for line in lines if line.strip()).rstrip(".")
