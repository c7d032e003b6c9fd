"""Models as bambi's: formulas in formulae's language, refusals, and one log density."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierbayes as hb
from hierbayes.to_bambi.build import FAMILIES

DENSITY_ATOL = 1e-6  # of differences of log densities of some hundreds to thousands, summed over the rows


@pytest.fixture(scope="module", autouse=True)
def bambi() -> Any:
    with warnings.catch_warnings():
        # bambi's own imports (formulae, pymc) warn of what they deprecate; not ours to mend.
        warnings.simplefilter("ignore")
        return pytest.importorskip("bambi")


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    n = 120
    frame = pd.DataFrame(
        {
            "y": rng.normal(size=n),
            "x": rng.normal(size=n),
            "my age": rng.uniform(20, 40, size=n),
            "n": rng.integers(5, 10, size=n),
            "year": rng.integers(2001, 2004, size=n),
            "g": [f"g{k}" for k in rng.integers(6, size=n)],
            "h": [f"h{k}" for k in rng.integers(3, size=n)],
            "w": rng.uniform(0.5, 2, size=n),
            "f": pd.Categorical.from_codes(rng.integers(3, size=n), ["low", "high", "higher"]),
        }
    )
    frame["side"] = np.where(frame["g"] < "g3", "west", "east")
    frame["s"] = rng.binomial(frame["n"], 0.4)
    frame["count"] = rng.poisson(np.exp(0.3 * frame["x"]))
    frame["rest"] = frame["n"] - frame["s"]
    return frame


FORMULAS = {
    "y ~ x": "y ~ 1 + x",
    "y ~ 0 + x + (1 | g)": "y ~ 0 + x + (1 | g)",
    "y ~ x*f + (1 | g)": "y ~ 1 + x + f + x:f + (1 | g)",
    "y ~ x + I(x^2) + (1 | g)": "y ~ 1 + x + I(x ** 2) + (1 | g)",
    "y ~ I(-x^2/100) + I(0.0005*(x - 1)) + (1 | g)": (
        "y ~ 1 + I((-(x ** 2)) * 100 ** (-1)) + I(0.0005 * (x - 1)) + (1 | g)"
    ),
    "y ~ I(x > 0.5 & !(x >= 2)) + (1 | g)": ("y ~ 1 + I(((x > 0.5) * 1) * (1 - ((x >= 2) * 1))) + (1 | g)"),
    "y ~ log(`my age`) + sqrt(n) + (1 | g)": "y ~ 1 + log(`my age`) + sqrt(n) + (1 | g)",
    "y ~ factor(year) + (1 | g)": "y ~ 1 + `factor(year)` + (1 | g)",
    'y ~ factor(f, ref = "high") + (1 | g)': 'y ~ 1 + `factor(f, ref = "high")` + (1 | g)',
    "y ~ cut(x, c(-9, 0, 9)) + (1 | g)": "y ~ 1 + `cut(x, c(-9, 0, 9))` + (1 | g)",
    "y ~ x + offset(log(n)) + (1 | g)": "y ~ 1 + x + offset(log(n)) + (1 | g)",
    "y ~ x + (1 + x || g)": "y ~ 1 + x + (1 + x | g)",
    "y ~ x + (1 | g) + (0 + x | h)": "y ~ 1 + x + (1 | g) + (0 + x | h)",
    "y ~ x + (1 | g/h)": "y ~ 1 + x + (1 | g) + (1 | `g:h`)",
    "y ~ year + (1 | year)": "y ~ 1 + year + (1 | year_group)",
    "log(n) ~ x + (1 | g)": "`log(n)` ~ 1 + x + (1 | g)",
}


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_is_written_in_formulaes_language(formula, data):
    """bambi makes the same columns, groups and offsets of it: ``to_bambi`` compares them."""
    assert hb.Model(formula, data).to_bambi().formula.main == FORMULAS[formula]


RESPONSES = {
    ("s | trials(n) ~ x + (1 | g)", "binomial"): "p(s, trials) ~ 1 + x + (1 | g)",
    ("cbind(s, rest) ~ x + (1 | g)", "beta_binomial"): "p(s, trials) ~ 1 + x + (1 | g)",
    ("count | weights(w) ~ x + (1 | g)", "poisson"): "weighted(count, weights) ~ 1 + x + (1 | g)",
}


@pytest.mark.parametrize(("formula", "family"), RESPONSES)
def test_trials_and_weights_stand_on_the_left(formula, family, data):
    model = hb.Model(formula, data, family=family)
    made = model.to_bambi()
    assert made.formula.main == RESPONSES[formula, family]
    for name, values in model.design.row_data.items():
        np.testing.assert_array_equal(made.data[name], values)


def test_levels_keep_their_order_and_rows_without_values_are_left_out(data):
    some = data.assign(x=data["x"].where(data["x"] < 1.5))
    made = hb.Model('y ~ x + f + factor(f, ref = "high") + (1 | g:h)', some).to_bambi()
    assert len(made.data) == int((data["x"] < 1.5).sum()) < len(data)
    assert list(made.data["f"].cat.categories) == ["low", "high", "higher"]
    assert list(made.data['factor(f, ref = "high")'].cat.categories) == ["high", "low", "higher"]
    assert made.data["g:h"].iloc[0] == f"{data['g'][0]}:{data['h'][0]}"


def test_priors_are_the_models(data):
    priors = {"b[x]": "student_t(3, 0, 2)", "b[f[high]]": "normal(1, 2)", "sd[g]": "exponential(2)"}
    model = hb.Model("y ~ x + f + (1 | g)", data, priors=priors)
    made = model.to_bambi()
    terms = made.parameters["mu"].terms
    assert str(terms["x"].prior) == "StudentT(nu: 3.0, mu: 0.0, sigma: 2.0)"
    np.testing.assert_array_equal(terms["f"].prior.args["mu"], [1.0, 0.0])
    second = model.spec.prior("b", "f[higher]").parameters[1]
    np.testing.assert_array_equal(terms["f"].prior.args["sigma"], [2.0, second])
    assert str(terms["1|g"].prior) == "Normal(mu: 0.0, sigma: Exponential(lam: 2.0))"
    assert made.center_predictors
    stated = hb.Model("y ~ x + (1 | g)", data, priors={"b[Intercept]": "normal(0, 3)"}).to_bambi()
    assert not stated.center_predictors


REFUSED = {
    ("y ~ x + (1 + x | g)", "gaussian"): (
        "bambi has no equivalent of the correlated effects (Intercept and x) of 'g': its group effects are "
        "independent. Write `||` for `|` in the group term, which is another model."
    ),
    ("y ~ x + (1 | gr(g, by = side))", "gaussian"): (
        "bambi has no equivalent of `(1 | gr(g, by = side))`: its groups all have one standard deviation. "
        "Leave `by` out."
    ),
    ("year ~ x + (1 | g)", "cumulative"): (
        "bambi has no equivalent of the family 'cumulative': its thresholds have priors of another form. "
        f"Allowed: {', '.join(FAMILIES)}."
    ),
    ("y | se(w) ~ x + (1 | g)", "gaussian"): (
        "bambi has no equivalent of `se()` behind the response: it is not translated. "
        "Allowed: trials(), weights()."
    ),
    ("y | weights(w) ~ x + (1 | g)", "gaussian"): (
        "bambi has no equivalent of weights with the family 'gaussian': its weights multiply log densities. "
        "Leave weights() out."
    ),
    ("y ~ poly(x, 2) + (1 | g)", "gaussian"): (
        "bambi has no equivalent of `poly()`: formulae has no such function, or computes it otherwise. "
        "Allowed: I(), factor(), cut(), log(), exp(), sqrt(), abs(), log2(), log10(), log1p(), expm1(), "
        "sin(), cos(), tan(). Or compute the column."
    ),
    ("y ~ C(f, sum) + (1 | g)", "gaussian"): (
        "bambi has no equivalent of `C(f, sum)`: formulae names and orders contrasts otherwise. "
        "Use factor() instead."
    ),
}


@pytest.mark.parametrize(("formula", "family"), REFUSED)
def test_what_bambi_lacks_is_refused(formula, family, data):
    model = hb.Model(formula, data, family=family)
    with pytest.raises(hb.HierbayesError) as caught:
        model.to_bambi()
    assert str(caught.value) == REFUSED[formula, family]


def test_formulas_of_parameters_links_and_mixed_priors_are_refused(data):
    made = {
        "bambi has no equivalent of this model with a formula for 'sigma': only the main linear predictor is "
        "translated. Leave the formula out.": hb.Model(hb.formula("y ~ x + (1 | g)", sigma="~ x"), data),
        "bambi has no equivalent of the link 'sqrt' of the family 'poisson': it has no such link. Allowed: "
        "identity, log.": hb.Model("count ~ x + (1 | g)", data, family="poisson", link="sqrt"),
        "bambi has no equivalent of the priors of `f`: the coefficients of one term have one distribution, "
        "not normal and student_t. Give them the same one.": hb.Model(
            "y ~ f + (1 | g)", data, priors={"b[f[high]]": "student_t(3, 0, 1)"}
        ),
        "bambi has no equivalent of the column 'a/b': it cannot have `|`, `/` or a backquote in its name. "
        "Rename the column.": hb.Model("y ~ `a/b` + (1 | g)", data.rename(columns={"x": "a/b"})),
        "bambi has no equivalent of a model with a column 'mu': that is its name of a parameter. Rename the "
        "column.": hb.Model("y ~ mu + (1 | g)", data.rename(columns={"x": "mu"})),
        "bambi has no equivalent of `ordered(year)`: formulae makes other columns of it. Compute the columns "
        "first, and name them.": hb.Model("y ~ ordered(year) + (1 | g)", data),
    }
    for message, model in made.items():
        with pytest.raises(hb.HierbayesError) as caught:
            model.to_bambi()
        assert str(caught.value) == message


def named_values(model: hb.Model, point: dict[str, Any]) -> dict[str, Any]:
    """Coefficients, group effects, standard deviations and parameters at a point of ``model.pymc``."""
    graph = model.pymc
    wanted = ["b", *(f"{kind}_{g.name}" for g in model.design.groups for kind in ("sd", "u"))]
    wanted += model.spec.scalars
    outputs = graph.replace_rvs_by_values([graph[name] for name in wanted])
    found = graph.compile_fn(outputs, inputs=graph.value_vars, mode="FAST_COMPILE")(point)
    return dict(zip(wanted, found, strict=True))


def values_for_bambi(model: hb.Model, made: Any, given: dict[str, Any]) -> dict[str, Any]:
    """The same values as a point of bambi's graph, which has the intercept at the columns' means."""
    b = dict(zip(model.design.terms, given["b"], strict=True))
    if made.center_predictors and "Intercept" in b:
        b["Intercept"] = given["b"] @ model.design.X.mean(axis=0)
    random: dict[str, Any] = {}
    component = made.parameters[made.family.likelihood.parent]
    if "Intercept" in b:
        random["Intercept"] = b["Intercept"]
    for term in component.common_terms.values():
        names = [term.name] if term.levels is None else [f"{term.name}[{level}]" for level in term.levels]
        values = [b[name.replace(" ** ", "^")] for name in names]
        random[term.name] = values[0] if term.levels is None else np.array(values)
    for group in model.design.groups:
        for k, name in enumerate(group.terms):
            label = f"{'1' if name == 'Intercept' else name}|{group.factor}"
            sd, u = given[f"sd_{group.name}"][k], given[f"u_{group.name}"][:, k]
            random |= {f"{label}_sigma": sd, f"{label}_offset": u / sd}
    for ours, theirs in FAMILIES[model.spec.family][1].items():
        random[theirs] = 1 - given[ours] if theirs == "psi" else given[ours]
    graph, point = made.backend.model, {}
    for variable in graph.free_RVs:
        value, transform = np.asarray(random[variable.name]), graph.rvs_to_transforms[variable]
        if transform is not None:
            value = transform.forward(value, *variable.owner.inputs).eval()
        point[graph.rvs_to_values[variable].name] = value
    return point


def log_density_differences(model: hb.Model) -> list[float]:
    """Our log density less bambi's at three points; the coordinates differ by a constant volume."""
    made = model.to_bambi()
    made.build()
    ours = model.pymc.compile_logp(mode="FAST_COMPILE")
    theirs = made.backend.model.compile_logp(mode="FAST_COMPILE")
    found, rng = [], np.random.default_rng(4)
    for _ in range(3):
        start = model.pymc.initial_point()
        point = {k: v + rng.normal(0, 0.3, size=np.shape(v)) for k, v in start.items()}
        other = values_for_bambi(model, made, named_values(model, point))
        found.append(float(ours(point) - theirs(other)))
    return found


BESIDE = {
    "poisson": ("count | weights(w) ~ x + offset(log(w)) + (1 + x || g)", {}),
    "beta_binomial": ("cbind(s, rest) ~ 0 + f + (1 | g:h)", {"b[f[low]]": "normal(1, 2)"}),
    "zero_inflated_negbinomial": (
        "count ~ x + (1 | g)",
        {"zi": "beta(2, 5)", "b[Intercept]": "normal(0, 3)"},
    ),
    "gaussian": ("y ~ x*f + I(x^2) + (1 | g)", {"b[x]": "flat()", "sigma": "flat()", "sd": "uniform(0, 9)"}),
}


@pytest.mark.parametrize("name", ["exam m2", "contraception m_01", *BESIDE])
def test_the_log_density_is_that_of_the_pymc_model(name, model_of, data):
    if name in BESIDE:
        formula, priors = BESIDE[name]
        model = hb.Model(formula, data, family=name, priors=priors)
    else:
        model = model_of(*name.split())
    differences = log_density_differences(model)
    np.testing.assert_allclose(differences, differences[0], rtol=0, atol=DENSITY_ATOL)
