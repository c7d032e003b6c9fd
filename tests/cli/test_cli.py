"""The command line: what it prints, where, and its exit status. Sampling is replaced except where marked."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

import hierbayes as hb
from hierbayes.cli import main
from hierbayes.cli.runs import SAVED
from hierbayes.errors import DataError, SamplingError

ROOT = Path(__file__).parents[2]
FORMULA = "use ~ age + (1 | district)"

type Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in an empty directory; gives exit status, standard output and standard error."""
    monkeypatch.chdir(tmp_path)

    def _run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(arguments)
        out, err = capsys.readouterr()
        code = left.value.code
        return (code if isinstance(code, int) else 0 if code is None else 1), out, err

    return _run


@pytest.fixture
def data(tmp_path: Path) -> str:
    path = tmp_path / "data.csv"
    hb.load_data("contraception").to_csv(path, index=False)
    return str(path)


class FakeFit:
    """Stands in for a fit; writes what it is asked to write."""

    def __init__(self, partial: bool = False) -> None:
        self.partial = partial

    def __str__(self) -> str:
        return "the summary"

    def check(self) -> Any:
        return SimpleNamespace(headline="The chains agree.")

    def save(self, path: Path) -> Path:
        path.write_text("saved")
        return path

    def report(self, path: Path, data: str) -> Path:
        path.write_text("page")
        return path


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Replace the sampling of ``hb.Model``; the settings it was called with, and what it does."""
    record: dict[str, Any] = {"result": FakeFit(), "calls": []}

    def fit(model: Any, **settings: Any) -> Any:
        record["calls"].append((model, settings))
        if isinstance(record["result"], BaseException):
            raise record["result"]
        return record["result"]

    monkeypatch.setattr(hb.Model, "fit", fit)
    return record


def test_help_names_the_commands(run: Run) -> None:
    status, out, err = run("--help")
    assert (status, err) == (0, "")
    for command in ("report", "fit", "check", "reproduce", "warmup", "data", "cards"):
        assert re.search(rf"^  {command} ", out, flags=re.MULTILINE), out


def test_no_command_is_bad_usage(run: Run) -> None:
    status, out, err = run()
    assert status == 2
    assert "Usage: hierbayes" in out + err


BAD_USAGE = {
    "command": ["fti"],
    "missing data": ["fit", FORMULA],
    "option": ["fit", FORMULA, "x.csv", "--sead", "1"],
    "no number": ["fit", FORMULA, "x.csv", "--draws", "many"],
    "too few": ["fit", FORMULA, "x.csv", "--chains", "0"],
    "prior without equals sign": ["check", FORMULA, "x.csv", "--prior", "half_normal(1)"],
    "prior without key": ["check", FORMULA, "x.csv", "--prior", "=half_normal(1)"],
    "policy without column": ["check", FORMULA, "x.csv", "--missing", "=drop"],
    "policies for all and for one": [
        "check",
        FORMULA,
        "x.csv",
        "--missing",
        "drop",
        "--missing",
        "age=error",
    ],
    "policy twice": ["check", FORMULA, "x.csv", "--missing", "age=drop", "--missing", "age=error"],
    "prior twice": ["check", FORMULA, "x.csv", "--prior", "sd=flat()", "--prior", "sd=flat()"],
}


@pytest.mark.parametrize("name", BAD_USAGE)
def test_bad_usage(name: str, run: Run) -> None:
    status, out, err = run(*BAD_USAGE[name])
    assert (status, out) == (2, "")
    assert "Error" in err or "Usage" in err


def test_a_misspelt_column_has_a_caret(run: Run, data: str) -> None:
    status, out, err = run("fit", "use ~ age + (1 | distrct)", data, "--family", "bernoulli")
    assert (status, out) == (1, "")
    first, shown, caret, hint = err.splitlines()
    assert first == "Error: The data have no column 'distrct', named as a grouping factor."
    assert shown[caret.index("^") : caret.rindex("^") + 1] == "distrct"
    assert "Did you mean 'district'?" in hint


BAD_INPUT = {
    "missing file": ([FORMULA, "nowhere.csv"], "no file nowhere.csv"),
    "directory": ([FORMULA, "."], "is a directory"),
    "data set": ([FORMULA, "dataset:contraceptoin"], "'contraception'"),
    "formula": (["use ~ ~", "dataset:contraception"], "~"),
    "family": ([FORMULA, "dataset:contraception", "--family", "poison"], "'poison'"),
    "link": ([FORMULA, "dataset:contraception", "--family", "bernoulli", "--link", "sqrt"], "'sqrt'"),
    "prior": ([FORMULA, "dataset:contraception", "--family", "bernoulli", "--prior", "sd=norml(1)"], "norml"),
    "prior key": (
        [FORMULA, "dataset:contraception", "--family", "bernoulli", "--prior", "sd[region]=half_normal(1)"],
        "region",
    ),
    "text as response": (["livch ~ age", "dataset:contraception"], "livch"),
}


@pytest.mark.parametrize("command", ["fit", "check"])
@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input(name: str, command: str, run: Run) -> None:
    arguments, part = BAD_INPUT[name]
    status, out, err = run(command, *arguments)
    assert (status, out) == (1, "")
    assert err.startswith("Error: ")
    assert part in err
    assert "Traceback" not in err


BAD_FRAMES = {
    "no rows": ("y,g\n", "no rows"),
    "constant response": ("y,g\n1,a\n1,b\n1,a\n1,b\n", "is 1 in all 4 rows"),
    "one group": ("y,g\n1,a\n2,a\n3,a\n", "'g'"),
    "infinite value": ("y,g\n1,a\ninf,b\n3,a\n", "inf"),
    "text": ("y,g\nlow,a\nmiddle,b\nhigh,a\n", "'y'"),
}


@pytest.mark.parametrize("name", BAD_FRAMES)
def test_frames_that_cannot_be_used(name: str, run: Run, tmp_path: Path) -> None:
    text, part = BAD_FRAMES[name]
    (tmp_path / "data.csv").write_text(text)
    status, out, err = run("fit", "y ~ 1 + (1 | g)", "data.csv")
    assert (status, out) == (1, "")
    assert err.startswith("Error: ")
    assert part in err


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ([], "1 of 5 rows dropped: missing values in x (1)"),
        (["--missing", "report"], "missing values in x (1: row 3) (the first row is row 1)"),
        (["--missing", "y=error", "--missing", "x = report"], "missing values in x (1: row 3)"),
        (["--missing", "error"], "Values are missing in x (1: row 3)"),
        (["--missing", "eror"], "'eror' is not a known policy for missing values. Did you mean 'error'?"),
        (["--missing", "z=drop"], "The data have no column 'z', named in missing."),
    ],
)
def test_missing_values(options: list[str], part: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("y,x,g\n1,2,a\n2,5,b\n3,,a\n5,1,b\n4,3,a\n")
    status, out, err = run("check", "y ~ x + (1 | g)", "data.csv", *options)
    assert part in " ".join((err if status else out).split())


def test_check_prints_design_and_priors_and_samples_nothing(
    run: Run, data: str, fake: dict[str, Any]
) -> None:
    status, out, err = run(
        "check", FORMULA, data, "--family", "bernoulli", "--prior", "sd = half_normal(0.7)"
    )
    assert (status, err) == (0, "")
    assert fake["calls"] == []
    for part in ("bernoulli", "logit", "district", "60", "half_normal(0.7)"):
        assert part in out


def test_check_says_which_group_terms_are_uncorrelated(run: Run) -> None:
    formula = "normexam ~ standLRT + (1 + standLRT {} school)"
    _, double, _ = run("check", formula.format("||"), "dataset:exam")
    _, single, _ = run("check", formula.format("|"), "dataset:exam")
    assert "Intercept, standLRT (uncorrelated)" in double
    assert "uncorrelated" not in single


def test_a_prior_may_have_equals_signs_in_its_key(run: Run, fake: dict[str, Any]) -> None:
    arguments = ["use ~ age", "dataset:contraception", "--family", "bernoulli"]
    assert (
        run("fit", *arguments, "--prior", "b[age]=normal(0, 3)", "--prior", "Intercept = normal(1, 1)")[0]
        == 0
    )
    model, _ = fake["calls"][0]
    assert str(model.spec.prior("b", "age")) == "normal(0, 3)"
    assert str(model.spec.prior("Intercept")) == "normal(1, 1)"


def test_fit_passes_its_options_on_and_prints_the_summary(run: Run, data: str, fake: dict[str, Any]) -> None:
    options = [
        "--family",
        "bernoulli",
        "--link",
        "probit",
        "--draws",
        "11",
        "--tune",
        "12",
        "--chains",
        "3",
        "--seed",
        "5",
        "--sampler",
        "pymc",
    ]
    status, out, err = run("fit", FORMULA, data, *options, "--parameterization", "centered", "--no-progress")
    assert (status, err) == (0, "")
    model, settings = fake["calls"][0]
    assert (model.spec.family, model.spec.link) == ("bernoulli", "probit")
    assert settings == {
        "draws": 11,
        "tune": 12,
        "chains": 3,
        "seed": 5,
        "sampler": "pymc",
        "parameterization": "centered",
        "progress": False,
    }
    assert out.endswith("\n\nthe summary\n")


def test_fit_writes_what_was_asked_for(run: Run, data: str, fake: dict[str, Any], tmp_path: Path) -> None:
    outputs = ["--report", "out.html", "--save", "out.nc"]
    status, out, _ = run("fit", FORMULA, data, "--family", "bernoulli", *outputs)
    assert status == 0
    assert (tmp_path / "out.html").read_text() == "page"
    assert (tmp_path / "out.nc").read_text() == "saved"
    assert "Wrote out.html." in out
    assert "Wrote out.nc." in out


def test_quiet_prints_nothing(run: Run, data: str, fake: dict[str, Any]) -> None:
    outcome = run(
        "fit", FORMULA, data, "--family", "bernoulli", "--quiet", "--save", "a.nc", "--report", "a.html"
    )
    assert outcome == (0, "", "")
    assert fake["calls"][0][1]["progress"] is False


@pytest.mark.parametrize(
    ("option", "part"),
    [
        (["--report", "nowhere/a.html"], "no directory nowhere"),
        (["--report", "."], "is a directory"),
        (["--save", "a.pkl"], ".nc or .zarr"),
        (["--save", "nowhere/a.nc"], "no directory nowhere"),
    ],
)
def test_places_that_cannot_be_written_are_found_before_sampling(
    option: list[str], part: str, run: Run, data: str, fake: dict[str, Any]
) -> None:
    status, out, err = run("fit", FORMULA, data, "--family", "bernoulli", *option)
    assert (status, out) == (1, "")
    assert part in err
    assert fake["calls"] == []


def test_endings_of_saved_fits_are_those_that_can_be_written() -> None:
    from hierbayes.fitted.store import ENGINES

    assert set(SAVED) == set(ENGINES)


def test_an_interrupted_fit_is_kept_and_marked(
    run: Run, data: str, fake: dict[str, Any], tmp_path: Path
) -> None:
    fake["result"] = FakeFit(partial=True)
    status, out, err = run("fit", FORMULA, data, "--family", "bernoulli", "--save", "a.nc")
    assert status == 130
    assert "the summary" in out
    assert "Interrupted" in err
    assert (tmp_path / "a.nc").exists()


def test_an_interruption_with_nothing_to_keep(run: Run, data: str, fake: dict[str, Any]) -> None:
    fake["result"] = KeyboardInterrupt()
    assert run("fit", FORMULA, data, "--family", "bernoulli")[0] == 130


def test_a_sampler_that_cannot_start_is_bad_input(run: Run, data: str, fake: dict[str, Any]) -> None:
    fake["result"] = SamplingError("There is no finite starting point.")
    status, _, err = run("fit", FORMULA, data, "--family", "bernoulli")
    assert (status, err) == (1, "Error: There is no finite starting point.\n")


def test_data_lists_every_data_set(run: Run) -> None:
    status, out, err = run("data")
    assert (status, err) == (0, "")
    for name in hb.list_data()["name"]:
        assert re.search(rf"^{name} ", out, flags=re.MULTILINE)


def test_cards_lists_every_card(run: Run) -> None:
    status, out, err = run("cards")
    assert (status, err) == (0, "")
    for card in hb.list_cards().itertuples():
        assert re.search(rf"^{card.name} +{re.escape(str(card.title))}$", out, flags=re.MULTILINE)


CARD = """
title = "t"
question = "q"
[data]
dataset = "contraception"
[settings]
draws = 20
tune = 30
chains = 2
seed = 9
[[model]]
name = "a"
formula = "use ~ age"
family = "bernoulli"
[[model]]
name = "b"
formula = "use ~ age + (1 | district)"
family = "bernoulli"
"""


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def report_card(card: hb.Card, fits: dict[str, Any], path: Path) -> Path:
        path.write_text(f"{card.title}: {', '.join(fits)}")
        return path

    monkeypatch.setattr(hb, "report_card", report_card, raising=False)
    path = tmp_path / "cards" / "mine.toml"
    path.parent.mkdir()
    path.write_text(CARD)
    return path


def test_report_fits_every_model_and_writes_the_page_here(
    run: Run, card: Path, fake: dict[str, Any], tmp_path: Path
) -> None:
    status, out, err = run("report", str(card))
    assert (status, err) == (0, "")
    assert (tmp_path / "mine.html").read_text() == "t: a, b"
    assert [model.spec.terms for model, _ in fake["calls"]] == [("Intercept", "age")] * 2
    settings = fake["calls"][0][1]
    assert (settings["draws"], settings["tune"], settings["chains"], settings["seed"]) == (20, 30, 2, 9)
    assert out.splitlines() == [
        "a (1 of 2)  use ~ age",
        "    The chains agree.",
        "b (2 of 2)  use ~ age + (1 | district)",
        "    The chains agree.",
        "Wrote mine.html.",
    ]


def test_report_writes_where_it_is_told(run: Run, card: Path, fake: dict[str, Any], tmp_path: Path) -> None:
    assert run("report", str(card), "-o", "page.html", "--quiet") == (0, "", "")
    assert (tmp_path / "page.html").exists()
    assert fake["calls"][0][1]["progress"] is False
    status, _, err = run("report", str(card), "-o", "nowhere/page.html")
    assert status == 1
    assert "no directory nowhere" in err


def test_an_interrupted_report_shows_what_there_is(
    run: Run, card: Path, fake: dict[str, Any], tmp_path: Path
) -> None:
    fake["result"] = FakeFit(partial=True)
    status, _, err = run("report", str(card))
    assert status == 130
    assert (tmp_path / "mine.html").read_text() == "t: a"
    assert "Interrupted" in err


def test_an_interruption_of_a_later_model_keeps_the_earlier(
    run: Run, card: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    outcomes = iter([FakeFit(), KeyboardInterrupt()])

    def fit(model: Any, **settings: Any) -> Any:
        outcome = next(outcomes)
        if isinstance(outcome, KeyboardInterrupt):
            raise outcome
        return outcome

    monkeypatch.setattr(hb.Model, "fit", fit)
    assert run("report", str(card))[0] == 130
    assert (tmp_path / "mine.html").read_text() == "t: a"


def test_every_model_is_built_before_the_first_is_sampled(run: Run, card: Path, fake: dict[str, Any]) -> None:
    card.write_text(CARD.replace("(1 | district)", "(1 | distrct)"))
    status, out, err = run("report", str(card))
    assert (status, out) == (1, "")
    assert f"{card}, line 17" in err
    assert "'district'" in err
    assert fake["calls"] == []


@pytest.mark.parametrize("path", ["nowhere.toml", ".", "data.csv"])
def test_report_of_no_card(path: str, run: Run, data: str) -> None:
    status, out, err = run("report", path)
    assert (status, out) == (1, "")
    assert err.startswith("Error: ")


def test_an_error_of_the_program_is_not_hidden(
    run: Run, data: str, fake: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Only errors that are raised on purpose become messages; a mistake of ours must be seen as one."""
    fake["result"] = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        main(["fit", FORMULA, data, "--family", "bernoulli"])
    assert not issubclass(ZeroDivisionError, DataError)


def command(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    code = "from hierbayes.cli import main; main()"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80"}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
        check=False,
    )


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom hierbayes.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    print('LOADED', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(done.stdout.split("LOADED")[1].split())
    assert not loaded & {"numpy", "pandas", "pymc", "xarray", "hierbayes.model", "hierbayes.cli.runs"}


def test_a_process_of_its_own(tmp_path: Path) -> None:
    done = command("fit", "y ~ x", "nowhere.csv", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: There is no file nowhere.csv.")
    assert command("fit", cwd=tmp_path).returncode == 2


@pytest.mark.sampling
def test_fit_from_file_to_page(tmp_path: Path) -> None:
    """The real thing, few draws: summary on standard output, a page, and a fit that loads again."""
    frame = pd.DataFrame(hb.load_data("sleepstudy"))
    frame.to_csv(tmp_path / "sleep.csv", index=False)
    options = [
        "--draws",
        "100",
        "--tune",
        "200",
        "--chains",
        "2",
        "--seed",
        "3",
        "--no-progress",
        "--report",
        "a.html",
        "--save",
        "a.nc",
    ]
    done = command("fit", "Reaction ~ Days + (1 | Subject)", "sleep.csv", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Population-level effects" in done.stdout
    assert (tmp_path / "a.html").read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html>")
    fit = hb.load(tmp_path / "a.nc")
    assert (fit.posterior.sizes["chain"], fit.posterior.sizes["draw"]) == (2, 100)
    assert fit.settings["seed"] == 3


def test_warmup_tells_each_kernel(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is compiled is in ``tests/test_warming.py``."""
    asked = []

    def warmup(only: list[str], *, on_ready: Callable[[hb.Warmed], None]) -> tuple[hb.Warmed, ...]:
        asked.append(only)
        ready = (hb.Warmed("bernoulli logit", 12.34, True), hb.Warmed("bernoulli probit", 0.2, False))
        for kernel in ready:
            on_ready(kernel)
        return ready

    monkeypatch.setattr(hb, "warmup", warmup, raising=False)
    status, out, _ = run("warmup")
    assert status == 0
    assert out.splitlines() == [
        "bernoulli logit     compiled in 12.3 s",
        "bernoulli probit    ready",
        "All 2 are in the cache.",
    ]
    assert run("warmup", "bernoulli logit", "-q") == (0, "", "")
    assert asked == [[], ["bernoulli logit"]]


def test_warmup_of_an_unknown_kernel(run: Run) -> None:
    status, out, err = run("warmup", "bernoulli logits")
    assert (status, out) == (1, "")
    assert "Did you mean 'bernoulli logit'?" in err


def test_parameters_are_stated_on_the_command_line(run: Run, data: str) -> None:
    code, out, err = run("check", "age ~ urban + (1 | district)", data, "--parameter", "sigma ~ urban")
    assert (code, err) == (0, "")
    assert "sigma ~ urban  (log of sigma)" in out
    assert "b_sigma[urban[Y]]" in out
    code, _, err = run("check", "age ~ urban", data, "--parameter", "urban")
    assert code == 1
    assert "The formula of a parameter begins with its name and `~`." in err
