"""Models side by side: every cell is what the functions return."""

from __future__ import annotations

import re

import pytest

import hierbayes as hb
from hierbayes.errors import ArgumentTypeError, DataError
from hierbayes.report.publication import table


@pytest.fixture(scope="module")
def two(fit_of):
    return table(
        {"m_01": fit_of("contraception", "m_01"), "m_05": fit_of("contraception", "m_05")}, elpd=False
    )


def cell(made, parameter, model):
    (text,) = made.frame.loc[made.frame["parameter"] == parameter, model]
    return text


def test_cells_are_estimates_with_intervals(two, fit_of):
    row = fit_of("contraception", "m_05").fixef().set_index("term").loc["urban[Y]"]
    expected = f"{row['mean']:.2f} [{row['lower']:.2f}, {row['upper']:.2f}]"
    assert cell(two, "urban[Y]", "m_05") == expected
    assert cell(two, "livch[1]", "m_05") == "–"
    assert cell(two, "Rows", "m_01") == "1,934"
    assert cell(two, "Groups of urban:district", "m_05") == "102"
    share = fit_of("contraception", "m_01").vpc().iloc[0]
    assert cell(two, "VPC of district (latent)", "m_01").startswith(f"{share['mean']:.3f} [")
    r2 = fit_of("contraception", "m_05").r2("nakagawa").set_index("part").loc["conditional"]
    assert cell(two, "R² conditional (nakagawa)", "m_05").startswith(f"{r2['mean']:.3f} [")


def test_rows_are_in_order(two):
    sections = two.frame["section"].unique().tolist()
    assert sections == ["Population effects", "Group effects", "Model"]
    model = two.frame.loc[two.frame["section"] == "Model", "parameter"].tolist()
    assert [re.split(r"[ ,]", name)[0] for name in model] == [
        "Rows",
        "Groups",
        "Groups",
        "VPC",
        "VPC",
        *["R²"] * 4,
    ]


def test_elpd_is_that_of_loo(fit_of):
    fit = fit_of("contraception", "m_01")
    score = fit.loo()
    text = cell(table(fit), "elpd, leave-one-out (se)", "Estimate")
    assert text == f"−{-score.elpd:,.1f} ({score.se:.1f})"


def test_every_format_has_every_number(two):
    numbers = re.findall(r"\d\.\d+", " ".join(two.frame["m_05"]))
    for text in (two.html, two.latex, two.markdown, str(two)):
        assert all(number in text for number in numbers)
    assert "−" not in two.latex
    assert r"I(age\textasciicircum{}2)" in two.latex
    assert str(two).startswith("Models of use")
    assert "<table" in two._repr_html_()


def test_public_names(fit_of):
    fit = fit_of("exam", "m1")
    assert str(fit.table(elpd=False)) == str(hb.table(fit, elpd=False))


def test_refusals(fit_of):
    with pytest.raises(DataError, match="A table needs at least one fit"):
        table({})
    with pytest.raises(ArgumentTypeError, match="'m1' is an object of type str"):
        table({"m1": "fit"})
