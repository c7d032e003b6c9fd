"""The front door: a formula, data and priors in; a PyMC model and a fit out."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hierbayes.design import POLICIES, Design, Missing, build_design, exchange_response, remark_separation
from hierbayes.design.additions import check_supported, knows_sigma
from hierbayes.families import KNOWN_IN_PART, get_family, get_link
from hierbayes.fitted import Fit
from hierbayes.fitted.answers import ModelAnswers
from hierbayes.fitted.registry import resolve
from hierbayes.formulas import Formula, parse_formula
from hierbayes.formulas.parts import Formulas
from hierbayes.geometry import Coordinates, scales
from hierbayes.plan import Plan, Wish, coordinates_of, make_plan
from hierbayes.progress import working
from hierbayes.reuse import CompiledGraphs
from hierbayes.routes import Source
from hierbayes.running import Run, carry_out
from hierbayes.several import bare_spec, parameter_formulas
from hierbayes.spec import ModelSpec, fill_priors, prior_rows
from hierbayes.threads import one_thread

if TYPE_CHECKING:
    import pymc

MISSING = POLICIES


class Model(ModelAnswers):
    """A Bayesian multilevel model: an lme4 formula, data, a family and priors.

    Parameters
    ----------
    formula : str or Formulas
        lme4 syntax: ``"use ~ age + I(age^2) + (1 | district)"``. A slope term ``(1 + x | g)`` is
        correlated with the intercept, as in lme4. ``formula("y ~ x + (1 | g)", sigma="~ x")`` adds formulas
        for parameters of the family.
    data : data frame
        Anything narwhals understands: pandas, polars, pyarrow, or a dict of arrays. It is never changed.
    family : str
        ``"gaussian"``, ``"student"``, ``"lognormal"``, ``"gamma"``, ``"exponential"``, ``"weibull"``,
        ``"beta"``, ``"bernoulli"``, ``"binomial"``, ``"beta_binomial"``, ``"cumulative"`` (ordered
        categories), ``"categorical"`` (unordered ones), ``"poisson"``, ``"negbinomial"``,
        ``"zero_inflated_poisson"``, ``"zero_inflated_negbinomial"`` or ``"hurdle_poisson"``.
    link : str, optional
        The family's default when left out: ``"identity"``, ``"logit"``, ``"log"``.
    priors : mapping, optional
        From prior keys (``"Intercept"``, ``"b"``, ``"b[age]"``, ``"sd"``, ``"sd[school]"``, ``"cor"``,
        ``"sigma"``, ``"phi"``, ``"cutpoints"``, ...) to priors: strings such as ``"normal(0, 2.5)"``,
        ``bambi.Prior`` objects or PreliZ distributions, on the scale of the user's columns. The rest keep
        weakly informative defaults, scaled to the data.
    missing : str or mapping of str to str
        What to do about rows with a missing value in a column that the formula uses: ``"drop"`` (leave them
        out, and count them in ``messages``), ``"report"`` (the same, and number the first ten rows of each
        column), ``"error"`` (refuse them). A mapping, ``{"age": "error"}``, says so for some columns; rows
        with a missing value in the others are dropped.

    Raises
    ------
    FormulaError, ColumnNotFoundError
        If the formula cannot be read or names a column that the data do not have.
    DataError
        If the data cannot be used: no rows, missing values where ``missing`` allows none, a constant
        response, one group, an infinite value, ...
    PriorError
        If a prior cannot be read or its key names nothing in the model.
    UnknownNameError
        If the family, the link or the policy for missing values does not exist.

    Examples
    --------
    >>> import hierbayes as hb
    >>> model = hb.Model("normexam ~ standLRT + (1 + standLRT | school)", hb.load_data("exam"))
    >>> model.spec.groups[0].n_groups
    65
    """

    formula: Formula
    design: Design
    spec: ModelSpec

    @one_thread()
    @working("building the model")
    def __init__(
        self,
        formula: str | Formulas,
        data: Any,
        *,
        family: str = "gaussian",
        link: str | None = None,
        priors: Mapping[str, Any] | None = None,
        missing: Missing = "drop",
    ) -> None:
        response_family = get_family(family)
        chosen_link = get_link(family, link)
        formulas = formula if isinstance(formula, Formulas) else Formulas(formula)
        self.formula = parse_formula(formulas.main)
        check_supported(self.formula, response_family.name, chosen_link.name, able=KNOWN_IN_PART)
        self.design = build_design(
            self.formula,
            data,
            response_kind=response_family.response_kind,
            missing=missing,
            parameters=parameter_formulas(formulas, response_family),
        )
        response_family.check_response(self.design.y, self.design.response.name, self.design.trials)
        self.design = remark_separation(self.design, response_family.response_kind)
        bare = bare_spec(formulas, self.design, (response_family, chosen_link))
        known = response_family.scale if knows_sigma(self.formula) else None
        own = tuple(name for name in response_family.parameters if name != known)
        self.spec = fill_priors(bare, scales(self.design, family, chosen_link), priors, own)
        self._graphs = CompiledGraphs(self.spec, self.design)
        self._rebuild = partial(
            Model, formula, family=family, link=link, priors=priors and dict(priors), missing=missing
        )

    @property
    def messages(self) -> tuple[str, ...]:
        """What the design stage has to say: dropped rows, the modelled level, collinear columns."""
        return self.design.messages

    @property
    def priors(self) -> pd.DataFrame:
        """The prior of every parameter, on the scale of the user's columns, and where it came from."""
        return pd.DataFrame(prior_rows(self.spec))

    @cached_property
    def pymc(self) -> pymc.Model:
        """The model as an ordinary, non-centered ``pymc.Model``: read it, sample it with ``pymc.sample``."""
        from hierbayes.graph import build_graph

        return build_graph(self.spec, self.design)

    @cached_property
    def _frame(self) -> Coordinates:
        with one_thread():
            return coordinates_of(self.spec, self.design)

    def plan(self, parameterization: str = "auto", *, sampler: str = "nutpie", route: str = "auto") -> Plan:
        """How ``fit`` would sample this model, and why; see ``fit`` for the arguments.

        Raises
        ------
        UnknownNameError
            If there is no such parameterization or route.
        DataError
            If what was asked for is impossible for this model.

        Examples
        --------
        >>> model.plan().parameterization
        {'school': 'collapsed'}
        """
        wish = Wish(parameterization, sampler, route)
        return make_plan(self.spec, self.design, self._frame, wish)

    @one_thread()
    def fit(
        self,
        *,
        draws: int = 1000,
        tune: int | None = None,
        chains: int = 4,
        seed: int | None = None,
        sampler: str = "nutpie",
        parameterization: str = "auto",
        route: str = "auto",
        target_accept: float | None = None,
        cores: int | None = None,
        progress: bool = True,
        title: str = "",
        store: str | Path | None = None,
    ) -> Fit:
        """Sample the posterior with NUTS.

        Parameters
        ----------
        draws, chains : int
            Kept draws of each chain, and the number of chains.
        tune : int, optional
            Warm-up draws of each chain: by default 300 where the model is collapsed, 1000 where a share
            (``zi``, ``hu``) is a parameter, else 500 for nutpie and 1000 for the others.
        seed : int, optional
            The same seed gives the same draws. Without one, a seed is drawn and recorded in ``fit.settings``.
        sampler : str
            ``"nutpie"``, or NUTS of ``"pymc"``, ``"numpyro"`` or ``"blackjax"`` on the PyMC graph. The last
            two need the extra ``hierbayes[jax]``.
        parameterization : str
            ``"auto"``, ``"collapsed"`` (Gaussian models: NUTS over the variance parameters alone), or
            ``"partial"``, ``"noncentered"``, ``"centered"``; the posterior is the same.
        route : str
            ``"auto"``, ``"kernel"`` (a log density that was compiled once for all models) or ``"graph"`` (the
            PyMC model, compiled for this one); the posterior is the same.
        target_accept : float, optional
            Acceptance rate that the step size is tuned to: by default 0.9 where the model is collapsed or
            some group's response hardly varies, and for pymc, else 0.8.
        cores : int, optional
            Chains run at once; all of the machine's cores by default.
        progress : bool
            Whether to show one line per chain.
        title : str
            Shown in front of the summary line.
        store : str or Path, optional
            A ``.zarr`` folder for the fit. Draws are on disk a fraction of a second after they are made, in a
            folder beside it, where ``hb.resume`` finds them if the process is killed. What was saved at the
            place itself stays until the new fit is whole. For ``sampler="nutpie"``; the draws are the same.

        Returns
        -------
        Fit
            After Ctrl-C, the draws made so far, with ``partial`` set.

        Raises
        ------
        SamplingError
            If there is no finite starting point.
        KeyboardInterrupt
            If Ctrl-C came during warm-up, when there are no draws to keep.
        UnknownNameError
            If the sampler or parameterization does not exist.
        NotInstalledError
            If the sampler needs a library that is not installed.
        ResourceError
            If the draws cannot fit into memory: a forecast is more than 1.5 times what is free.
        StorageError
            If nothing can be written to ``store``, or draws are there that nobody has asked for yet.

        Examples
        --------
        >>> model = hb.Model("normexam ~ standLRT + (1 | school)", exam)
        >>> model.fit(draws=50, chains=2, seed=1, progress=False).posterior.sizes["draw"]
        50
        """
        from hierbayes.sampling import SamplerSettings, get_sampler, kernel_refusal

        get_sampler(sampler)
        plan = self.plan(parameterization, sampler=sampler, route=route)
        messages = self.design.messages
        problem = kernel_refusal() if plan.route == "kernel" else None
        if problem:
            plan = self.plan(parameterization, sampler=sampler, route="graph")
            messages = (*messages, f"The PyMC graph was sampled, because {problem}.")
        seed = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else seed
        tune = plan.tune if tune is None else tune
        target_accept = plan.target_accept if target_accept is None else target_accept
        settings = SamplerSettings(draws, tune, chains, seed, cores, target_accept, progress)
        source = Source(self.spec, self.design, self._frame, self._graphs)
        run = Run(source, plan, settings, parameterization, messages, title)
        return carry_out(run, None if store is None else Path(store))

    def refit(self, y: Any, **settings: Any) -> Fit:
        """Fit the same model to another response; nothing is compiled again.

        Formula, columns, groups and priors stay as they are. The priors are not rescaled to the new response,
        so a default prior that was scaled to the first one is then as informative as a stated one: for
        responses of another order of magnitude use ``with_data``.

        Parameters
        ----------
        y : array, shape (n,)
            A value for each of the ``n`` rows that the model uses (``design.rows`` are their positions), in
            their order and on the model's scale: logarithms where the formula begins with ``log(y)``, 0 and 1
            where the response has two labels.
        **settings
            Of ``fit``.

        Returns
        -------
        Fit
            Its ``design`` has the new response; a message says so.

        Raises
        ------
        DataError
            If ``y`` has another length, is not finite, is constant, or is impossible for the family.

        Notes
        -----
        Through a kernel the draws are those of a model that is built anew with these priors. On the graph
        route the PyMC model is compiled for the first fit or refit and then used for all, in coordinates
        chosen for the first response: the posterior is the same, but a response that is far from the first
        samples less well.

        Examples
        --------
        >>> import hierbayes as hb
        >>> model = hb.Model("use ~ age + (1 | district)", hb.load_data("contraception"), family="bernoulli")
        >>> simulated = model.fit(seed=1).posterior_predictive(seed=2)  # doctest: +SKIP
        >>> fit = model.refit(simulated[0, 0], seed=3)  # doctest: +SKIP
        """
        return with_response(self, y).fit(**settings)

    def with_data(self, data: Any) -> Model:
        """The same model of other data: formula, family, link, stated priors and policy for missing values.

        Parameters
        ----------
        data : data frame
            As of ``Model``. Levels, groups, knots, means and the like are learned from it, and default priors
            are scaled to it: this is ``Model(formula, data, ...)`` with the same arguments.

        Returns
        -------
        Model
            Through a kernel its ``fit`` compiles nothing. On the graph route it is compiled anew: how many
            groups there are, and so how many unknowns, is compiled in, and priors and coordinates are its
            own. Where only the response differs, ``refit`` is faster.

        Raises
        ------
        ColumnNotFoundError, DataError, PriorError
            As ``Model``.

        Examples
        --------
        >>> import hierbayes as hb
        >>> exam = hb.load_data("exam")
        >>> model = hb.Model("normexam ~ standLRT + (1 | school)", exam)
        >>> model.with_data(exam[exam["schgend"] == "girls"]).design.n
        1377
        """
        model: Model = self._rebuild(data)
        return model

    def __getstate__(self) -> dict[str, Any]:
        """Without what is computed on demand from the design."""
        return {name: value for name, value in self.__dict__.items() if name not in ("pymc", "_frame")}

    def __str__(self) -> str:
        return str(resolve("hierbayes.report.text:model_text")(self))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return str(resolve("hierbayes.report.notebook:model_html")(self))


def with_response(model: Model, y: Any) -> Model:
    """The model of another response, with everything that was compiled for the first; see ``Model.refit``."""
    design = exchange_response(model.design, y)
    family = get_family(model.spec.family)
    family.check_response(design.y, design.response.name, design.trials)
    other = copy.copy(model)
    other.design = remark_separation(design, family.response_kind, model.design)
    return other


def fit(
    formula: str | Formulas,
    data: Any,
    *,
    family: str = "gaussian",
    link: str | None = None,
    priors: Mapping[str, Any] | None = None,
    missing: Missing = "drop",
    **settings: Any,
) -> Fit:
    """Build a model and sample it: ``Model(formula, data, ...).fit(**settings)``.

    See ``Model`` for the arguments of the model, ``Model.fit`` for those of the sampler.

    Examples
    --------
    >>> import hierbayes as hb
    >>> fit = hb.fit("normexam ~ standLRT + (1 | school)", hb.load_data("exam"))  # doctest: +SKIP
    """
    return Model(formula, data, family=family, link=link, priors=priors, missing=missing).fit(**settings)
