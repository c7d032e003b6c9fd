"""Models as equations: the same tree as text, LaTeX and MathML Core, for every family and structure."""

from __future__ import annotations

import re
import typing
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from structures import CASES, small_frame

import hierbayes as hb
from hierbayes.families import FAMILIES, LINKS
from hierbayes.report.equations import equation, likelihoods, model_equations, prior_equations
from hierbayes.report.equations.compose import PRIORS
from hierbayes.report.equations.latex import LATEX
from hierbayes.report.equations.likelihoods import first_lines
from hierbayes.report.equations.mathml import MATHML, mathml
from hierbayes.report.equations.nodes import Node
from hierbayes.report.equations.notation import PARAMETERS, Notation
from hierbayes.report.equations.plain import PLAIN, WIDTH, write
from hierbayes.spec import priors as known_priors

FRAME = small_frame()
CHILDREN = {"msub": 2, "msup": 2, "msubsup": 3, "mfrac": 2, "msqrt": 1}
CORE = {*CHILDREN, "math", "mrow", "mi", "mn", "mo", "mtable", "mtr", "mtd"}


def model_of(case: str) -> hb.Model:
    text, family, link, priors = CASES[case]
    return hb.Model(text, FRAME, family=family, link=link, priors=priors)


def lines(text: object, family: str = "gaussian", **further: str) -> list[str]:
    formula = hb.formula(str(text), **further) if further else str(text)
    written = str(hb.Model(formula, FRAME, family=family).equation())
    return written.split("\n\nPriors\n")[0].splitlines()


def test_tables_have_every_family_link_parameter_and_prior() -> None:
    assert set(likelihoods.LIKELIHOODS) == set(FAMILIES)
    assert set(likelihoods.LINKS) == set(LINKS)
    assert set(PARAMETERS) == {name for family in FAMILIES.values() for name in family.parameters}
    assert set(PRIORS) == set(known_priors.PRIORS)


@pytest.mark.parametrize("case", CASES)
def test_every_structure_is_written_in_three_ways(case: str) -> None:
    model = model_of(case)
    found = equation(model)
    everything = (*found.equations, *found.priors)
    for element in (element for line in everything for element in mathml(line)):
        for node in ElementTree.fromstring(element).iter():
            assert node.tag in CORE
            assert len(node) == CHILDREN.get(node.tag, len(node))
    text = found.latex
    assert text.startswith("\\begin{aligned}")
    assert text.count("{") == text.count("}")
    assert text.count("\\left(") == text.count("\\right)")
    for environment in ("aligned", "pmatrix"):
        assert text.count(f"\\begin{{{environment}}}") == text.count(f"\\end{{{environment}}}")
    assert "Priors" in str(found)


@pytest.mark.parametrize("case", CASES)
def test_a_predictor_has_one_summand_for_each_coefficient(case: str) -> None:
    model = model_of(case)
    spec, design = model.spec, model.design
    written = model_equations(spec, design)[len(first_lines(Notation(spec, design))) :]
    linear = list(zip(spec.linear, design.linear, strict=True))[: 1 if spec.label else None]
    for line, (predictor, arrays) in zip(written, linear, strict=False):
        effects = sum(len(group.terms) for group in predictor.groups)
        n = len(predictor.terms) + effects + (arrays.offset is not None)
        assert line.relation == "="
        assert len(line.right) == max(1, n)
    told = {
        write(left)
        for line in prior_equations(spec, design)
        for left in getattr(line.left, "pieces", [line.left])
    }
    assert {write(Notation(spec, design).parameter(name)) for name in spec.scalars} <= told


def test_correlated_slopes_have_their_covariance_matrix() -> None:
    assert lines("y ~ x + (1 + x | g)") == [
        "y_i ∼ Normal(μ_i, σ²)",
        "μ_i = β₀ + β₁ x_i + u_{0,g[i]} + u_{1,g[i]} x_i",
        f"[u_{{0,j}}; u_{{1,j}}] ∼ MultivariateNormal(0, Σ_u)   (for each j of the {_n('g')} groups of g)",
        "Σ_u = [σ_{u0}², ρ_u σ_{u0} σ_{u1}; ρ_u σ_{u0} σ_{u1}, σ_{u1}²]   (ρ is their correlation)",
    ]


def _n(column: str) -> int:
    return int(FRAME[column].nunique())


def test_independent_effects_have_a_line_each() -> None:
    found = lines("y ~ x + (1 + x || g)")[2:]
    assert [line.split("   ")[0] for line in found] == [
        "u_{0,j} ∼ Normal(0, σ_{u0}²)",
        "u_{1,j} ∼ Normal(0, σ_{u1}²)",
    ]


def test_squares_products_and_levels_are_written_as_such() -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"y": rng.standard_normal(40), "age": rng.standard_normal(40), "ch": np.tile(["N", "Y"], 20)}
    )
    model = hb.Model("y ~ age*ch + I(age^2)", frame)
    assert (
        str(model.equation()).splitlines()[1]
        == "μ_i = β₀ + β₁ age_i + β₂ ch[Y]_i + β₃ age_i² + β₄ age_i⋅ch[Y]_i"
    )


def test_a_parameter_with_a_formula_differs_from_row_to_row() -> None:
    found = lines("y ~ x + (1 | g)", sigma="~ x + (1 | g)")
    assert found[0] == "y_i ∼ Normal(μ_i, σ_i²)"
    assert "log(σ_i) = γ₀ + γ₁ x_i + v_{0,g[i]}" in found


def test_letters_of_the_user_are_never_markup() -> None:
    frame = FRAME.rename(columns={"x": "<b>&x_1 %^~\\", "g": "$school$"})
    model = hb.Model("y ~ `<b>&x_1 %^~\\\\` + (1 | `$school$`)", frame)
    found = model.equation()
    assert "&lt;b&gt;&amp;x_1" in found.mathml
    assert "<b>" not in found.mathml
    assert "<b>" not in found.latex
    bare = found.latex.replace(" &", " ")  # the marks at which lines are aligned
    assert re.search(r"(?<!\\)[%&#$_](?!\{)", bare) is None
    for line in found.equations:
        for element in mathml(line):
            ElementTree.fromstring(element)


def test_the_priors_are_those_of_the_spec() -> None:
    model = hb.Model("y ~ x + (1 + x | g)", FRAME, priors={"b": "normal(0, 1.5)", "sd": "half_normal(0.5)"})
    found = str(model.equation()).split("Priors\n")[1].splitlines()
    assert "β₁ ∼ Normal(0, 1.5²)" in found
    assert "σ_{u0}, σ_{u1} ∼ Normal⁺(0, 0.5²)" in found
    assert "ρ_u ∼ LKJ(2)   (the correlation)" in found


def test_a_notebook_shows_formulas() -> None:
    model = hb.Model("y ~ x + (1 | g)", FRAME)
    found = model.equation()
    assert found._repr_latex_() == f"$$\n{found.latex}\n$$"
    assert found.mathml.count("<div>") == len(found.equations) == 3


def test_every_renderer_knows_every_piece() -> None:
    assert set(typing.get_args(Node.__value__)) == set(MATHML) == set(LATEX) == set(PLAIN)


def test_long_lines_are_broken_before_a_sign() -> None:
    model = hb.Model("y ~ x + w + s + (1 + x + w | g) + (1 + x | h)", FRAME)
    found = str(model.equation()).splitlines()
    assert max(map(len, found)) <= WIDTH
    assert all(line.lstrip()[0] in "+(" for line in found if line.startswith("    "))
    assert "\\\\\n&\\quad +" in model.equation().latex
