"""A report page is fitted again from what it says; nothing that it says is taken on trust."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from plugin import random_fit
from structures import small_frame

import hierbayes as hb
from hierbayes.cli import main
from hierbayes.errors import DataError, HierbayesError, PageError
from hierbayes.estimates.checks.monte_carlo import compare_figures, figures, largest_by_chance
from hierbayes.report.blocks import Page
from hierbayes.report.content.context import Shown
from hierbayes.report.record import page_record
from hierbayes.report.render_html import render_html
from hierbayes.reproduction.page import MOST, read_page

SHORT = {"draws": 60, "tune": 60, "chains": 2, "progress": False}
OPENING, CLOSING = '<script type="application/json">', "</script>"


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Levels that would end the record, or the page, were they not escaped."""
    data = small_frame()[["y", "won", "x", "g", "h"]]
    return data.assign(mode=np.where(data["x"] > 3, "!", "</script><script>alert(1)</script>&amp;"))


@pytest.fixture(scope="module")
def fit(frame: pd.DataFrame) -> hb.Fit:
    written = hb.formula("y ~ scale(x) + mode + (1 | h)", sigma="~ x")
    return hb.Model(written, frame, priors={"sd": "half_normal(1.23456789012345)"}).fit(seed=8, **SHORT)


@pytest.fixture
def page(fit: hb.Fit, frame: pd.DataFrame, tmp_path: Path) -> Path:
    """A page without pictures beside its data."""
    frame.to_csv(tmp_path / "rows.csv", index=False)
    return written(tmp_path / "page.html", [Shown(fit, file="rows.csv")])


def written(path: Path, shown: list[Shown]) -> Path:
    path.write_text(render_html(Page("Title", "", (), page_record(shown))), encoding="utf-8")
    return path


def edit(page: Path, change: Callable[[dict[str, Any]], None], model: int = 0) -> Path:
    """The page with one model of its record changed."""
    before, after = page.read_text(encoding="utf-8").split(OPENING)
    text, rest = after.split(CLOSING, 1)
    record = json.loads(text)
    change(record["models"][model])
    text = json.dumps(record).replace("<", "\\u003c")
    page.write_text(before + OPENING + text + CLOSING + rest, encoding="utf-8")
    return page


def again(page: Path, **settings: Any) -> hb.Reproduction:
    return hb.reproduce(page, progress=False, **settings)


@pytest.mark.sampling
@pytest.mark.parametrize("cores", [1, 2])
def test_the_draws_come_again(page: Path, fit: hb.Fit, cores: int) -> None:
    found = again(page, cores=cores)
    (model,) = found.models
    assert (found.ok, model.verdict, dict(model.versions), model.notes) == (True, "identical", {}, ())
    for name, draws in fit.posterior.data_vars.items():
        np.testing.assert_array_equal(draws, model.fit.posterior[name])
    assert "identical: all 120, bit by bit" in str(found)
    assert str(found).endswith("Reproduced: the same draws.")


@pytest.mark.sampling
def test_other_draws_of_the_same_posterior_agree(page: Path) -> None:
    def change(model: dict[str, Any]) -> None:
        model["settings"]["seed"] = 9
        model["versions"]["nutpie"] = "0.1"

    found = again(edit(page, change))
    (model,) = found.models
    assert (found.ok, model.verdict) == (True, "agrees")
    assert 0 < model.compared[["mean_z", "sd_z"]].to_numpy().max() <= largest_by_chance(16)
    assert re.search(r"nutpie [\d.]+ \(page: 0\.1\): draws may differ", str(found))
    assert str(found).endswith("Reproduced within Monte Carlo error.")


@pytest.mark.sampling
@pytest.mark.parametrize("figure", ["mean", "sd"])
def test_another_posterior_differs(page: Path, figure: str) -> None:
    def change(model: dict[str, Any]) -> None:
        model["draws"] = "0" * 16
        (row,) = (row for row in model["figures"] if row["parameter"] == "scale(x)")
        row[figure] += 10 * row[f"mcse_{figure}"]

    found = again(edit(page, change))
    assert (found.ok, found.models[0].verdict) == (False, "differs")
    assert "different: scale(x) has mean" in str(found)
    assert str(found).endswith("It did not come again.")


@pytest.mark.sampling
def test_an_interrupted_page_is_compared_as_far_as_it_goes(fit: hb.Fit, page: Path) -> None:
    short = replace(fit, idata=fit.idata.isel(draw=slice(0, 20)), partial=True)
    written(page, [Shown(short, file="rows.csv")])
    (model,) = again(page).models
    assert model.verdict == "identical"
    assert model.notes == ("the page has the first 20 draws of each chain: it was interrupted",)


@pytest.mark.sampling
def test_several_models_and_another_route(fit: hb.Fit, frame: pd.DataFrame, page: Path) -> None:
    other = hb.fit(
        "won ~ x + (1 | h)", frame, family="bernoulli", seed=2, parameterization="centered", **SHORT
    )
    written(page, [Shown(fit, "m1", file="rows.csv"), Shown(other, "m2", file="rows.csv")])
    found = again(page)
    assert [(model.name, model.verdict) for model in found.models] == [
        ("m1", "identical"),
        ("m2", "identical"),
    ]
    edit(page, lambda model: model.update(draws="", figures=[]), 1)
    assert str(again(page)).endswith("1 of 2 posteriors did not come again.")


@pytest.mark.sampling
def test_priors_that_are_now_others_are_taken_from_the_page(page: Path) -> None:
    edit(page, lambda model: model["priors"].update({"b[scale(x)]": "normal(0, 0.001)"}))
    (model,) = again(page).models
    assert model.verdict == "differs"
    assert model.notes == ("default priors are now others; those of the page were taken",)
    assert abs(model.fit.fixef().set_index("term")["mean"]["scale(x)"]) < 0.01


@pytest.mark.sampling
def test_on_the_command_line(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Fit, report and reproduce as a user does; a page that was changed leaves with status 1."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    frame.to_csv("sub/rows.csv", index=False)

    def run(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as left:
            main(words)
        return int(left.value.code or 0), capsys.readouterr().out

    fitting = ["fit", "y ~ x + (1 | h)", "sub/rows.csv", "--draws", "50", "--tune", "50", "--chains", "2"]
    assert run(*fitting, "--no-progress", "--quiet", "--report", "page.html") == (0, "")
    status, out = run("reproduce", "page.html", "--no-progress")
    assert (status, out.splitlines()[-1]) == (0, "Reproduced: the same draws.")
    text = Path("page.html").read_text(encoding="utf-8")
    assert "hierbayes reproduce PAGE.html" in text
    assert str(tmp_path) not in text
    edit(Path("page.html"), lambda model: model.update(draws="", figures=[]))
    status, out = run("reproduce", "page.html", "--no-progress")
    assert (status, out.splitlines()[-1]) == (1, "It did not come again.")


OTHER_DATA: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "rows": (lambda f: f.iloc[:-1], "59 rows are used, not 60"),
    "value": (lambda f: f.assign(y=f["y"].where(f.index > 0, 9.0)), r"the response y has mean .*, not "),
    "order": (lambda f: f.iloc[::-1], "the rows stand in another order"),
    "labels": (lambda f: f.assign(h=f["h"] + "!"), "the groups of h differ"),
    "groups": (lambda f: f.assign(h=f["h"].iloc[::-1].to_numpy()), "which row belongs to which group of h"),
}


@pytest.mark.parametrize("what", OTHER_DATA)
def test_other_data_are_refused_and_the_difference_is_said(
    page: Path, frame: pd.DataFrame, what: str
) -> None:
    change, words = OTHER_DATA[what]
    with pytest.raises(DataError, match=f"These are not the data of the page .*{words}"):
        again(page, data=change(frame))


@pytest.mark.sampling
def test_rounding_of_a_column_is_no_other_data(page: Path, frame: pd.DataFrame) -> None:
    (model,) = again(page, data=frame.assign(y=frame["y"] * (1 + 1e-15))).models
    assert model.notes == ("computed columns differ from those of the page by rounding",)
    assert model.ok


def test_data_that_are_not_where_the_page_says(page: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").unlink()
    with pytest.raises(DataError, match=r"names its data 'rows\.csv', and there is no such file beside it"):
        again(page)
    edit(page, lambda model: model.update(data=None))
    with pytest.raises(PageError, match="does not say where its data are"):
        again(page)


def set_to(**values: Any) -> Callable[[dict[str, Any]], None]:
    return lambda model: model.update(values)


def setting(**values: Any) -> Callable[[dict[str, Any]], None]:
    return lambda model: model["settings"].update(values)


HOSTILE: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "no formula": (lambda model: model.pop("formula"), "no usable 'formula'"),
    "formula of numbers": (set_to(formula=[1]), "no usable 'formula'"),
    "code for a formula": (set_to(formula="y ~ __import__('os').system('true')"), "__import__"),
    "endless formula": (set_to(formula="y ~ " + "(" * 5000 + "x"), "nested too deep|too long|deep"),
    "family": (set_to(family="../../x"), "is not a known family"),
    "parameter": (set_to(parameters={"main": "~ x"}), "main"),
    "parameters": (set_to(parameters={"sigma": 1}), "no usable 'parameters'"),
    "priors": (set_to(stated_priors={"sd": "os.remove(1)"}), "os.remove"),
    "data": (set_to(data="https://example.org/x.csv"), "there is no such file"),
    "no figures": (set_to(figures=[{}]), "no usable 'figures'"),
    "parts": (set_to(parts={"part": 1}), "no usable 'parts'"),
    "draws": (setting(draws=10**15), f"setting 'draws' .at most {MOST['draws']:,}"),
    "chains": (setting(chains=-4), "no usable setting 'chains'"),
    "truth": (setting(seed=True), "no usable setting 'seed'"),
    "sampler": (setting(sampler="rm -rf"), "is not a known sampler"),
    "accept": (setting(target_accept=2), "no usable setting 'target_accept'"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_record_is_one_clear_error(page: Path, what: str) -> None:
    change, words = HOSTILE[what]
    with pytest.raises(HierbayesError, match=words):
        again(edit(page, change))


DAMAGED: dict[str, tuple[Callable[[str], str], str]] = {
    "empty": (lambda text: "", "has no record"),
    "another page": (lambda text: "<p>Hello</p>", "has no record"),
    "no HTML": (lambda text: "<![x[" + text, "has no record|is not HTML"),
    "cut": (lambda text: text[: text.index(OPENING) + 500], "is damaged"),
    "twice": (lambda text: text + OPENING + "{}" + CLOSING, "has 2 records"),
    "another record": (lambda text: OPENING + "[]" + CLOSING, "is not one of hierbayes"),
    "deep": (lambda text: OPENING + "[" * 200_000 + CLOSING, "is damaged"),
    "no number": (lambda text: text.replace('"rows": 60', '"rows": NaN'), "NaN is no number"),
    "many digits": (lambda text: text.replace('"rows": 60', '"rows": ' + "9" * 5000), "is damaged"),
    "later": (lambda text: text.replace('"format": 1', '"format": 7'), "was written by a later hierbayes"),
    "no format": (lambda text: text.replace('"format": 1', '"format": "1"'), "has no format"),
    "no models": (
        lambda text: OPENING + '{"hierbayes": "report", "format": 1, "models": []}' + CLOSING,
        "has no models",
    ),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_page_is_one_clear_error(page: Path, what: str) -> None:
    change, words = DAMAGED[what]
    page.write_text(change(page.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(PageError, match=words):
        again(page)


def test_what_is_no_page(tmp_path: Path) -> None:
    with pytest.raises(PageError, match="There is no page"):
        again(tmp_path / "none.html")
    with pytest.raises(PageError, match="is a directory"):
        again(tmp_path)
    (tmp_path / "bytes.html").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PageError, match="not UTF-8"):
        again(tmp_path / "bytes.html")


def test_labels_cannot_leave_the_record(page: Path, fit: hb.Fit) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.count("<script") == 2
    (recorded,) = read_page(page)
    assert any("</script><script>alert(1)</script>" in part["part"] for part in recorded.parts)
    assert recorded.settings["seed"] == 8


def test_figures_are_those_of_other_formulas() -> None:
    """Of independent draws, whose errors are known without autocorrelations."""
    independent = random_fit(hb.Model("y ~ x + (1 | h)", small_frame()), draws=1000, chains=2)
    frame, summary = figures(independent), independent.summary()
    np.testing.assert_allclose(frame["mean"], summary["mean"], rtol=1e-12)
    np.testing.assert_allclose(frame["mcse_mean"], summary["sd"] / np.sqrt(2000), rtol=0.25)
    compared = compare_figures(frame, frame.assign(mean=frame["mean"] + 3 * frame["mcse_mean"]))
    np.testing.assert_allclose(compared["mean_z"], 3 / np.sqrt(2), rtol=1e-9)
    assert (compared["sd_z"] == 0).all()
    missing = compare_figures(frame, frame.iloc[1:])
    assert np.isinf(missing["mean_z"]).sum() == 1
