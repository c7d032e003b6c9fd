"""NUTS of numpyro and blackjax on a PyMC model: its log density in JAX, chains that can be interrupted.

The chains are driven here, a few draws at a time: a run that is one JAX program can show nothing and hears
Ctrl-C only when it is over.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierbayes.errors import SamplingError
from hierbayes.sampling.progress import ChainProgress, ChainState, NoProgress, compiling, progress_for
from hierbayes.sampling.settings import RawDraws, SamplerSettings, available_cores, tidy_stats
from hierbayes.sampling.transitions import Density, Transition, blackjax_transition, numpyro_transition

type Floats = NDArray[np.float64]

TRANSITIONS: dict[str, Callable[[Density, SamplerSettings], Transition]] = {
    "numpyro": numpyro_transition,
    "blackjax": blackjax_transition,
}

BLOCK = 64
"""Draws that one call of the compiled program makes at most."""

SECONDS = 0.2
"""About how long a call takes: so soon is Ctrl-C heard and progress shown."""

ATTEMPTS = 100
"""Starting points that are tried for each chain before it is said that there is none."""


def sample_with_jax(name: str, model: Any, settings: SamplerSettings, title: str = "") -> RawDraws:
    """Draw from a PyMC model with NUTS of a JAX library; Ctrl-C keeps the draws that all chains have made.

    Parameters
    ----------
    name : str
        One of ``TRANSITIONS``.
    model : pymc.Model
        The graph, best without deterministics.
    settings : SamplerSettings
        Draws, chains, seed; chains run in ``cores`` threads, and the draws do not depend on how many.
    title : str
        Shown in front of the summary line.

    Raises
    ------
    SamplingError
        If the log density has no finite value to start from, or a part of it has no translation to JAX.
    KeyboardInterrupt
        If Ctrl-C came during warm-up, when there are no draws to keep.

    Notes
    -----
    Everything is computed in double precision. JAX's own settings are left as they were: its precision
    elsewhere, the number of its devices, the environment.
    """
    with compiling(settings, title), double_precision():
        chains = _prepare(name, model, settings)
    with progress_for(settings, title) as progress:
        raw = _Run(chains, settings, progress).raw((name, "jax"))
    kept = raw.sample_stats.sizes
    progress.finish(
        kept["chain"] * kept["draw"], int(raw.sample_stats["diverging"].sum()), partial=raw.partial
    )
    return raw


@contextlib.contextmanager
def double_precision() -> Iterator[None]:
    """JAX in double precision within this block and thread, and its global settings as before after it.

    PyTensor switches all of JAX to double precision when its translation to JAX is first imported, PyMC
    asks for 100 devices.
    """
    import jax

    precision, flags = jax.config.jax_enable_x64, os.environ.get("XLA_FLAGS")
    try:
        import pymc.sampling.jax  # noqa: F401 (registers translations)
    finally:
        jax.config.update("jax_enable_x64", precision)
        if flags is None:
            os.environ.pop("XLA_FLAGS", None)
        else:
            os.environ["XLA_FLAGS"] = flags
    with jax.enable_x64(True):
        yield


@dataclass(frozen=True)
class _Chains:
    """Chains that are ready to run.

    Attributes
    ----------
    states : list
        One for each chain, at its starting point.
    advance : callable
        ``advance(state, n)``: the state ``n`` draws later, and these draws, ``BLOCK`` rows of which the first
        ``n`` count. Compiled.
    shapes : mapping
        Shape and dtype of one draw of each variable and statistic.
    variables : tuple of str
        Those that are variables.
    """

    states: list[Any]
    advance: Callable[[Any, int], tuple[Any, Mapping[str, Any]]]
    shapes: Mapping[str, Any]
    variables: tuple[str, ...]


@dataclass(frozen=True)
class _Translated:
    """A PyMC model in JAX, as functions of the unconstrained vector, shape (n_dim,).

    Attributes
    ----------
    density : callable
        Its log density.
    expand : callable
        The free variables, in the order of ``names``.
    names : tuple of str
        Their names.
    center : float64 array, shape (n_dim,)
        The model's initial point.
    """

    density: Density
    expand: Callable[[Any], Any]
    names: tuple[str, ...]
    center: Floats


def _translated(name: str, model: Any) -> _Translated:
    import jax
    import jax.numpy as jnp
    from jax.flatten_util import ravel_pytree
    from pymc.sampling.jax import get_jaxified_graph

    values, point = model.value_vars, model.initial_point()
    center, unravel = ravel_pytree([jnp.asarray(point[value.name], float) for value in values])
    free = model.free_RVs
    try:
        log_density = get_jaxified_graph(inputs=values, outputs=[model.logp()])
        expand = get_jaxified_graph(inputs=values, outputs=model.replace_rvs_by_values(free))
    except NotImplementedError as error:
        raise SamplingError(
            f"{name} cannot sample this model: a part of it has no translation to JAX ({error}). "
            "Allowed: sampler='nutpie' or 'pymc'."
        ) from error
    return _Translated(
        jax.jit(lambda x: log_density(*unravel(x))[0]),
        lambda x: expand(*unravel(x)),
        tuple(variable.name for variable in free),
        np.asarray(center),
    )


def _prepare(name: str, model: Any, settings: SamplerSettings) -> _Chains:
    import jax
    import jax.numpy as jnp

    translated = _translated(name, model)
    transition = TRANSITIONS[name](translated.density, settings)

    def told(state: Any) -> tuple[Any, Mapping[str, Any]]:
        return transition.position(state), transition.statistics(state)

    def advance(state: Any, n: Any) -> Any:
        def draw(k: Any, carry: Any) -> Any:
            state, kept = carry
            state = transition.step(state)
            return state, jax.tree.map(lambda rows, row: rows.at[k].set(row), kept, told(state))

        empty = jax.tree.map(lambda row: jnp.zeros((BLOCK, *row.shape), row.dtype), told(state))
        state, (positions, statistics) = jax.lax.fori_loop(0, n, draw, (state, empty))
        variables = zip(translated.names, jax.vmap(translated.expand)(positions), strict=True)
        return state, {**statistics, **dict(variables)}

    finite = jax.jit(jax.value_and_grad(translated.density))
    states = []
    for seed in np.random.SeedSequence(settings.seed).spawn(settings.chains):
        first, own = seed.spawn(2)
        x = jnp.asarray(_start(finite, translated.center, first))
        states.append(transition.start(jax.random.PRNGKey(int(own.generate_state(1)[0])), x))
    lowered = jax.jit(advance).lower(states[0], 1)
    shapes = {key: (rows.shape[1:], rows.dtype) for key, rows in lowered.out_info[1].items()}
    return _Chains(states, lowered.compile(), shapes, translated.names)


def _start(
    value_and_gradient: Callable[[Floats], Any], center: Floats, seed: np.random.SeedSequence
) -> Floats:
    """A starting point within 1 of the model's initial point, in every direction, where all is finite."""
    rng = np.random.default_rng(seed)
    for _ in range(ATTEMPTS):
        x = center + rng.uniform(-1, 1, len(center))
        value, gradient = value_and_gradient(x)
        if np.isfinite(value) and np.isfinite(gradient).all():
            return x
    raise SamplingError(
        f"This model has no starting point: {ATTEMPTS} were tried for a chain, and its log density or its "
        "gradient was infinite or not a number at all of them. Look at the priors (print(model)) and at the "
        "scale of the data."
    )


class _Run:
    """Chains in threads: what they have made, and where they stand."""

    def __init__(
        self, chains: _Chains, settings: SamplerSettings, progress: ChainProgress | NoProgress
    ) -> None:
        self.chains, self.settings, self.progress = chains, settings, progress
        n, draws, total = settings.chains, settings.draws, settings.draws + settings.tune
        self.kept = {
            name: np.empty((n, draws, *shape), dtype) for name, (shape, dtype) in chains.shapes.items()
        }
        self.made = [0] * n
        self.stand = [ChainState(0, total, 0, 0.0, True)] * n
        self.stop = threading.Event()

    def raw(self, libraries: Sequence[str]) -> RawDraws:
        """Run all chains to their end, or until Ctrl-C."""
        interrupted = self._until_done()
        made = min(self.made)
        if made == 0:
            raise KeyboardInterrupt("interrupted during warm-up: there are no draws to keep")
        kept = {name: draws[:, :made] for name, draws in self.kept.items()}
        variables = {name: kept.pop(name) for name in self.chains.variables}
        stats = xr.Dataset({name: (("chain", "draw"), draws) for name, draws in kept.items()})
        partial = interrupted and made < self.settings.draws
        return RawDraws(variables, tidy_stats(stats), partial, {name: version(name) for name in libraries})

    def _until_done(self) -> bool:
        cores = min(self.settings.cores or available_cores(), self.settings.chains)
        with ThreadPoolExecutor(cores) as pool:
            futures = [pool.submit(self._chain, k) for k in range(self.settings.chains)]
            try:
                # Short waits, so that Ctrl-C is seen at once.
                while wait(futures, timeout=0.1, return_when=FIRST_EXCEPTION).not_done:
                    if any(future.done() and future.exception() for future in futures):
                        self.stop.set()
            except KeyboardInterrupt:
                self.stop.set()
                return True
        for future in futures:
            future.result()
        return False

    def _chain(self, k: int) -> None:
        """One chain, a block at a time."""
        import jax

        settings, state, size = self.settings, self.chains.states[k], 1
        begun, finished, divergences = time.perf_counter(), 0, 0
        while finished < settings.tune + settings.draws and not self.stop.is_set():
            tuning = finished < settings.tune
            ahead = settings.tune - finished if tuning else settings.tune + settings.draws - finished
            n, clock = min(size, ahead, BLOCK), time.perf_counter()
            with jax.enable_x64(True):
                state, block = self.chains.advance(state, n)
                block = jax.block_until_ready(block)
            finished += n
            if not tuning:
                divergences += self._keep(k, n, block)
            seconds = time.perf_counter() - clock
            size = max(1, min(BLOCK, int(n * SECONDS / seconds)))
            self.stand[k] = ChainState(
                finished, settings.tune + settings.draws, divergences, time.perf_counter() - begun, tuning
            )
            self.progress.update(self.stand)

    def _keep(self, k: int, n: int, block: Mapping[str, Any]) -> int:
        """Copy the first ``n`` rows of a block; how many of them diverged."""
        first = self.made[k]
        for name, rows in block.items():
            self.kept[name][k, first : first + n] = np.asarray(rows)[:n]
        self.made[k] = first + n
        return int(self.kept["diverging"][k, first : first + n].sum())
