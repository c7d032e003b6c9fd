"""The Python tools: each fits a workload's model with hierbayes' default priors and gives its draws."""

import json
import time
from pathlib import Path

import numpy as np

from .diagnostics import Draws
from .parameters import label
from .workloads import WORKLOADS


def hierbayes(job, frame, clock):
    """``Model(...).fit()``, its stages told apart by when the sampler is handed the log density."""
    from hierbayes import Model
    from hierbayes.sampling import nutpie as module

    spans = {"compile": [], "sample": []}
    _watch(module, "prebuilt", spans["compile"])
    _watch(_package("nutpie"), "compile_pymc_model", spans["compile"])
    _watch(module, "_run", spans["sample"])
    with clock("build"):
        model = Model(job.formula, frame, family=job.family)
    start = time.perf_counter()
    settings = {k: v for k, v in job.settings.items() if v is not None}
    fit = model.fit(progress=False, **settings)
    end = time.perf_counter()
    _split(clock, spans, (start, end))
    plan = (
        f"{fit.settings['plan']}, {fit.settings['route']}; {fit.settings['tune']} + {settings['draws']} draws"
    )
    return _of_hierbayes(fit, plan)


def _package(name):
    import importlib

    return importlib.import_module(name)


def _watch(module, name, spans):
    """Note when a function of a module runs; nothing where there is no such function."""
    function = getattr(module, name, None)
    if function is None:
        return

    def watched(*args, **kwargs):
        start = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            spans.append((start, time.perf_counter()))

    setattr(module, name, watched)


def _split(clock, spans, whole):
    start, end = whole
    if not spans["sample"]:
        clock.add("build", 0.0)
        clock.add("fit, not split", end - start)
        return
    first, last = spans["sample"][0][0], spans["sample"][-1][1]
    compiling = sum(b - a for a, b in spans["compile"] if b <= first)
    clock.add("build", first - start - compiling)
    clock.add("compile", compiling)
    clock.add("sample", last - first)
    clock.add("recover", end - last)


def _of_hierbayes(fit, remark):
    from hierbayes import names

    posterior = fit.idata["posterior"].to_dataset()
    b = posterior[names.B]
    scalars = {label("b", t): b.isel(term=k).to_numpy() for k, t in enumerate(fit.spec.terms)}
    effects = []
    for group in fit.spec.groups:
        sd = posterior[names.sd(group.name)].to_numpy()
        scalars |= {label("sd", group.factor, t): sd[..., k] for k, t in enumerate(group.terms)}
        if group.has_correlations:
            cor = posterior[names.cor(group.name)].to_numpy()
            scalars |= _correlations(group.factor, group.terms, cor)
        effects.append(posterior[names.u(group.name)].to_numpy())
    scalars |= {label("family", k): v.to_numpy() for k, v in posterior.items() if v.dims == ("chain", "draw")}
    divergences = int(fit.idata["sample_stats"]["diverging"].sum())
    return Draws(scalars, effects, divergences, remark)


def _correlations(group, terms, cor):
    """Those below the diagonal of (chain, draw, q, q)."""
    return {
        label("cor", group, terms[j], terms[i]): cor[..., i, j] for i in range(len(terms)) for j in range(i)
    }


class Priors:
    """hierbayes' default priors of a workload, as ``prepare`` wrote them."""

    def __init__(self, folder):
        self.about = json.loads((Path(folder) / "design.json").read_text())
        self._table = {label(*parts): (name, args) for *parts, name, args in self.about["priors"]}

    def arguments(self, distribution, *parts):
        """The parameters of one prior, which must be of the kind that the caller writes down."""
        name, arguments = self._table[label(*parts)]
        if name != distribution:
            raise ValueError(f"the prior of {parts} is {name}, not {distribution}")
        return arguments


def bambi(job, frame, clock):
    """``bambi.Model(...).fit()`` with the sampler of its choice."""
    import bambi as bmb

    frame = _for_bambi(frame, job)
    priors = _bambi_priors(bmb, job, bmb.Model(job.formula, frame, family=job.family))
    settings = {k: v for k, v in job.settings.items() if v is not None}
    settings["random_seed"] = settings.pop("seed")
    with clock("build"):
        model = bmb.Model(job.formula, frame, family=job.family, priors=priors)
        model.build()
    idata, seconds, failures = _persevere(lambda: model.fit(progressbar=False, **settings))
    _split_pymc(clock, idata, seconds)
    component, posterior = _mean_component(model), idata["posterior"].to_dataset()
    scalars = {label("b", "Intercept"): posterior["Intercept"].to_numpy()}
    for term in component.common_terms.values():
        values = posterior[term.name].to_numpy()
        columns = _columns(term)
        values = values.reshape(*values.shape[:2], len(columns))
        scalars |= {label("b", column): values[..., k] for k, column in enumerate(columns)}
    effects = []
    for term in component.group_specific_terms.values():
        inner, group = _inner(term, job)
        scalars[label("sd", group, inner)] = posterior[f"{term.name}_sigma"].to_numpy()
        effects.append(posterior[term.name].to_numpy())
    if "sigma" in posterior:
        scalars[label("family", "sigma")] = posterior["sigma"].to_numpy()
    divergences = int(idata["sample_stats"]["diverging"].sum())
    return Draws(scalars, effects, divergences, _sampler(idata, failures))


def _for_bambi(frame, job):
    """formulae keeps the order of levels where a factor is ordered, and a binary response must be 0 and 1."""
    import pandas as pd

    frame = frame.copy()
    for column in frame:
        if isinstance(frame[column].dtype, pd.CategoricalDtype):
            frame[column] = frame[column].cat.as_ordered()
    if job.family == "bernoulli":
        response = job.formula.split("~")[0].strip()
        frame[response] = frame[response].cat.codes.astype(int)
    if "g" in frame:
        frame["g"] = frame["g"].astype(str)
    return frame


def _mean_component(model):
    return model.components[model.family.likelihood.parent]


def _columns(term):
    """The names of a term's columns as hierbayes has them, up to what ``label`` ignores."""
    levels = getattr(term, "levels", None)
    return [term.name] if levels is None else [f"{term.name}[{level}]" for level in levels]


def _inner(term, job):
    """The column and the group of bambi's ``"standLRT|school"``."""
    inner, group = term.name.split("|", 1)
    return "Intercept" if inner == "1" else inner, WORKLOADS[job.workload].aliases.get(group, group)


def _bambi_priors(bmb, job, draft):
    """hierbayes' default priors under bambi's names; both center columns, so an intercept is the same."""
    priors = Priors(job.folder)
    component = _mean_component(draft)
    mean, sd = priors.arguments("normal", "Intercept")
    chosen = {"Intercept": bmb.Prior("Normal", mu=mean, sigma=sd)}
    for term in component.common_terms.values():
        pairs = [priors.arguments("normal", "b", column) for column in _columns(term)]
        mu, sigma = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
        if getattr(term, "levels", None) is None:
            mu, sigma = mu[0], sigma[0]
        chosen[term.name] = bmb.Prior("Normal", mu=mu, sigma=sigma)
    for term in component.group_specific_terms.values():
        inner, group = _inner(term, job)
        nu, sigma = priors.arguments("half_student_t", "sd", group, inner)
        spread = bmb.Prior("HalfStudentT", nu=nu, sigma=sigma)
        chosen[term.name] = bmb.Prior("Normal", mu=0, sigma=spread)
    if "sigma" in draft.constant_components:
        nu, sigma = priors.arguments("half_student_t", "sigma")
        chosen["sigma"] = bmb.Prior("HalfStudentT", nu=nu, sigma=sigma)
    return chosen


def pymc(job, frame, clock):
    """A plain model as users write it: non-centered, centered columns, ``pm.sample``'s defaults."""
    import pymc as pm

    priors = Priors(job.folder)
    with np.load(Path(job.folder) / "design.npz") as file:
        arrays = dict(file)
    settings = {k: v for k, v in job.settings.items() if v is not None}
    settings["random_seed"] = settings.pop("seed")
    with clock("build"):
        model = _plain_model(job.family, priors, arrays)

    def sample():
        with model:
            return pm.sample(progressbar=False, compute_convergence_checks=False, **settings)

    idata, seconds, failures = _persevere(sample)
    _split_pymc(clock, idata, seconds)
    return _of_pymc(idata, priors.about, failures)


def _plain_model(family, priors, arrays):
    import pymc as pm

    terms, X, y = priors.about["terms"], arrays["X"], arrays["y"]
    means = X[:, 1:].mean(axis=0)
    with pm.Model() as model:
        alpha = pm.Normal("alpha", *priors.arguments("normal", "Intercept"))
        slopes = [priors.arguments("normal", "b", term) for term in terms[1:]]
        mu, sigma = (np.array(column) for column in zip(*slopes, strict=True))
        beta = pm.Normal("beta", mu, sigma, shape=len(slopes))
        pm.Deterministic("Intercept", alpha - (beta * means).sum())
        eta = alpha + (X[:, 1:] - means) @ beta
        for k, group in enumerate(priors.about["groups"]):
            u = _plain_effects(f"u{k}", group, priors)
            eta = eta + (arrays[f"Z{k}"] * u[arrays[f"codes{k}"]]).sum(axis=1)
        LIKELIHOODS[family](priors, eta, y)
    return model


def _plain_effects(name, group, priors):
    import pymc as pm

    q, size = len(group["terms"]), group["n_groups"]
    scales = [priors.arguments("half_student_t", "sd", group["name"], term) for term in group["terms"]]
    nu, sigma = scales[0][0], np.array([s for _, s in scales])
    z = pm.Normal(f"{name}_z", 0, 1, shape=(size, q))
    if group["correlated"]:
        (eta,) = priors.arguments("lkj", "cor", group["name"])
        spread = pm.HalfStudentT.dist(nu=nu, sigma=sigma, shape=q)
        factor, cor, sd = pm.LKJCholeskyCov(f"{name}_factor", n=q, eta=eta, sd_dist=spread)
        pm.Deterministic(f"{name}_sd", sd)
        pm.Deterministic(f"{name}_cor", cor)
        return pm.Deterministic(name, z @ factor.T)
    sd = pm.HalfStudentT(f"{name}_sd", nu=nu, sigma=sigma, shape=q)
    return pm.Deterministic(name, z * sd)


def _gaussian(priors, eta, y):
    import pymc as pm

    nu, scale = priors.arguments("half_student_t", "sigma")
    pm.Normal("y", eta, pm.HalfStudentT("sigma", nu=nu, sigma=scale), observed=y)


def _bernoulli(priors, eta, y):
    import pymc as pm

    pm.Bernoulli("y", logit_p=eta, observed=y)


def _poisson(priors, eta, y):
    import pymc as pm

    pm.Poisson("y", pm.math.exp(eta), observed=y)


LIKELIHOODS = {"gaussian": _gaussian, "bernoulli": _bernoulli, "poisson": _poisson}


def _of_pymc(idata, about, failures):
    posterior = idata["posterior"].to_dataset()
    scalars = {label("b", "Intercept"): posterior["Intercept"].to_numpy()}
    beta = posterior["beta"].to_numpy()
    scalars |= {label("b", term): beta[..., k] for k, term in enumerate(about["terms"][1:])}
    effects = []
    for k, group in enumerate(about["groups"]):
        sd = posterior[f"u{k}_sd"].to_numpy()
        scalars |= {label("sd", group["name"], t): sd[..., j] for j, t in enumerate(group["terms"])}
        if group["correlated"]:
            scalars |= _correlations(group["name"], group["terms"], posterior[f"u{k}_cor"].to_numpy())
        effects.append(posterior[f"u{k}"].to_numpy())
    if "sigma" in posterior:
        scalars[label("family", "sigma")] = posterior["sigma"].to_numpy()
    divergences = int(idata["sample_stats"]["diverging"].sum())
    return Draws(scalars, effects, divergences, _sampler(idata, failures))


def _persevere(sample):
    """Draws, seconds of the attempt that gave them, and how many attempts failed before it.

    nutpie may fail to initialize several chains of a PyMC model at once ("cannot set WRITEABLE flag to True
    of this array"); the next attempt in the same process goes well. The failed ones are not held against the
    tool.
    """
    for failures in range(3):
        start = time.perf_counter()
        try:
            return sample(), time.perf_counter() - start, failures
        except RuntimeError as error:
            if "initial" not in str(error) or failures == 2:
                raise
    raise AssertionError("unreachable")


def _split_pymc(clock, idata, seconds):
    """PyMC notes how long it drew; the rest is compiling, and turning draws into the posterior."""
    sampling = idata["posterior"].attrs.get("sampling_time")
    if sampling is None:
        clock.add("fit, not split", seconds)
        return
    clock.add("sample", float(sampling))
    clock.add("compile", seconds - float(sampling))


def _sampler(idata, failures):
    attributes = idata["posterior"].attrs
    tune = attributes.get("tuning_steps")
    library = attributes.get("inference_library") or attributes.get("sampler") or "pymc"
    warm_up = "" if tune is None else f"; {tune} + {idata['posterior'].sizes['draw']} draws"
    remark = f"; {failures} attempts that failed to start are not counted" if failures else ""
    return f"NUTS of {library}{warm_up}{remark}"


TOOLS = {"hierbayes": hierbayes, "bambi": bambi, "pymc": pymc}
