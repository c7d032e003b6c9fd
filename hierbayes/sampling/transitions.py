"""NUTS of numpyro and of blackjax, each as a step from one state of a chain to the next, warm-up included."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from hierbayes.sampling.settings import SamplerSettings

MAX_DEPTH = 10
"""Doublings of a trajectory, as in all our samplers."""

type Density = Callable[[Any], Any]
"""JAX function of an unconstrained vector, shape (n_dim,), to its log density."""


@dataclass(frozen=True)
class Transition:
    """How a chain moves.

    Attributes
    ----------
    start : callable
        ``start(key, x)``: the state of a chain that begins at ``x``, shape (n_dim,).
    step : callable
        ``step(state)``: the next state; adapts for as many steps as the settings have warm-up draws.
    position : callable
        ``position(state)``: where the chain is, shape (n_dim,).
    statistics : callable
        ``statistics(state)``: of the last step, under ArviZ's names.
    """

    start: Callable[[Any, Any], Any]
    step: Callable[[Any], Any]
    position: Callable[[Any], Any]
    statistics: Callable[[Any], Mapping[str, Any]]


def numpyro_transition(density: Density, settings: SamplerSettings) -> Transition:
    """NUTS of numpyro with a diagonal metric."""
    import jax.numpy as jnp
    from numpyro.infer import NUTS

    kernel = NUTS(
        potential_fn=lambda x: -density(x),
        target_accept_prob=settings.target_accept,
        max_tree_depth=MAX_DEPTH,
    )

    def statistics(state: Any) -> Mapping[str, Any]:
        # A trajectory of depth d that ends early has at least 2^(d - 1) steps.
        depth = jnp.floor(jnp.log2(state.num_steps)).astype(int) + 1
        return {
            "diverging": state.diverging,
            "energy": state.energy,
            "tree_depth": depth,
            "reached_max_treedepth": depth >= MAX_DEPTH,
            "n_steps": state.num_steps,
            "step_size": state.adapt_state.step_size,
            "acceptance_rate": state.accept_prob,
            "lp": -state.potential_energy,
        }

    return Transition(
        lambda key, x: kernel.init(key, settings.tune, init_params=x),
        lambda state: kernel.sample(state, (), {}),
        lambda state: state.z,
        statistics,
    )


class _Chain(NamedTuple):
    """A chain of blackjax: steps made, its random key, where it is, what it has learned, the last step."""

    made: Any
    key: Any
    place: Any
    averaging: Any
    metric: Any
    step_size: Any
    statistics: Mapping[str, Any]


def blackjax_transition(density: Density, settings: SamplerSettings) -> Transition:
    """NUTS of blackjax with a diagonal metric and Stan's warm-up, put together from blackjax's parts.

    ``blackjax.window_adaptation`` makes the whole warm-up in one call that nothing can interrupt.

    References
    ----------
    Carpenter, B. et al. (2017). Stan: a probabilistic programming language. Journal of Statistical
    Software 76, 1-32, section 5.
    """
    import jax
    import jax.numpy as jnp
    from blackjax.mcmc import nuts

    kernel = nuts.build_kernel()
    averaging_from, metric_from, adapted = _stan_warm_up(settings)

    def move(state: _Chain) -> tuple[_Chain, dict[str, Any]]:
        key, own = jax.random.split(state.key)
        metric = state.metric.inverse_mass_matrix
        place, info = kernel(own, state.place, density, state.step_size, metric, MAX_DEPTH)
        statistics = {
            "diverging": info.is_divergent,
            "energy": info.energy,
            "tree_depth": info.num_trajectory_expansions,
            "reached_max_treedepth": info.num_trajectory_expansions >= MAX_DEPTH,
            "n_steps": info.num_integration_steps,
            "step_size": state.step_size,
            "acceptance_rate": info.acceptance_rate,
            "lp": place.logdensity,
        }
        return state._replace(made=state.made + 1, key=key, place=place), statistics

    def start(key: Any, x: Any) -> _Chain:
        made, place, step_size = jnp.zeros((), int), nuts.init(x, density), jnp.ones(())
        state = _Chain(made, key, place, averaging_from(step_size), metric_from(len(x)), step_size, {})
        _, told = jax.eval_shape(move, state)
        return state._replace(statistics=jax.tree.map(lambda told: jnp.zeros(told.shape, told.dtype), told))

    def step(state: _Chain) -> _Chain:
        moved, statistics = move(state)
        rate = statistics["acceptance_rate"]
        done: _Chain = jax.lax.cond(moved.made <= settings.tune, lambda: adapted(moved, rate), lambda: moved)
        return done._replace(statistics=statistics)

    return Transition(start, step, lambda state: state.place.position, lambda state: state.statistics)


def _stan_warm_up(settings: SamplerSettings) -> tuple[Callable[..., Any], ...]:
    """What is known at the start of the step size, and of the metric; and how a chain learns from a step."""
    import jax
    import jax.numpy as jnp
    from blackjax.adaptation.mass_matrix import mass_matrix_adaptation
    from blackjax.adaptation.step_size import dual_averaging_adaptation
    from blackjax.adaptation.window_adaptation import build_schedule

    averaging_from, average, averaged = dual_averaging_adaptation(settings.target_accept)
    metric_from, learn, learned = mass_matrix_adaptation(is_diagonal_matrix=True)
    schedule = build_schedule(settings.tune)

    def adapted(state: _Chain, acceptance_rate: Any) -> _Chain:
        window, ends = schedule[state.made - 1]
        averaging = average(state.averaging, acceptance_rate)
        metric = jax.lax.cond(
            window == 1, lambda: learn(state.metric, state.place.position), lambda: state.metric
        )
        averaging, metric = jax.lax.cond(
            ends == 1,
            lambda: (averaging_from(averaged(averaging)), learned(metric)),
            lambda: (averaging, metric),
        )
        last = state.made == settings.tune
        step_size = jnp.where(last, averaged(averaging), jnp.exp(averaging.log_step_size))
        return state._replace(averaging=averaging, metric=metric, step_size=step_size)

    return averaging_from, metric_from, adapted
