"""The page in headless Chromium: silent console, drawn pictures, no sideways scrolling, accessibility.

Sorting and searching of tables, what remains with scripts off, and print.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE, DESKTOP = (390, 844), (1280, 900)
CONTRAST = 4.5  # WCAG 2.2, success criterion 1.4.3, level AA

LOWEST_CONTRAST = """
const channel = v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
const light = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
const rgba = s => s.match(/[\\d.]+/g).map(Number);
const behind = e => {
  for (; e; e = e.parentElement) {
    const c = rgba(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] === 1) return c;
  }
  return [255, 255, 255];
};
let worst = [99, ''];
for (const e of document.querySelectorAll('body *')) {
  const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  if (!own || !e.checkVisibility()) continue;
  const [a, b] = [light(rgba(getComputedStyle(e).color)), light(behind(e))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < worst[0]) worst = [ratio, e.outerHTML.slice(0, 120)];
}
return worst;
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip(f"needs Chromium and its driver; found {chromium=}, {driver=}")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=driver))
    yield chrome
    chrome.quit()


def shown(browser: Any, page: Path, size: tuple[int, int], scheme: str = "light") -> Any:
    metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.get(page.as_uri())
    return browser


def test_the_console_stays_silent_and_nothing_is_requested(browser: Any, card_page: Path) -> None:
    browser.get_log("performance")
    shown(browser, card_page, DESKTOP)
    assert browser.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    requests = [e["params"] for e in events if e["method"] == "Network.requestWillBeSent"]
    urls = [r["request"]["url"] for r in requests if r["documentURL"] == card_page.as_uri()]
    assert card_page.as_uri() in urls
    assert [url for url in urls if url != card_page.as_uri() and not url.startswith("data:")] == []
    assert browser.title == "Schools <script>alert(2)</script>"


def test_every_picture_is_drawn(browser: Any, card_page: Path) -> None:
    shown(browser, card_page, DESKTOP)
    widths = browser.execute_script("return [...document.images].map(i => i.complete && i.naturalWidth)")
    assert len(widths) == 21
    assert min(widths) > 100


@pytest.mark.parametrize("opened", [False, True])
def test_a_phone_does_not_scroll_sideways(browser: Any, card_page: Path, opened: bool) -> None:
    shown(browser, card_page, PHONE)
    browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = arguments[0])", opened)
    width, inner = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert (width, inner) == (390, 390)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out(browser: Any, card_page: Path, scheme: str) -> None:
    shown(browser, card_page, DESKTOP, scheme)
    browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    ratio, element = browser.execute_script(LOWEST_CONTRAST)
    assert ratio >= CONTRAST, element


def test_folded_parts_are_printed(browser: Any, card_page: Path) -> None:
    shown(browser, card_page, DESKTOP)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    heights = (
        "return [...document.querySelectorAll('details table')].map(t => t.getBoundingClientRect().height)"
    )
    assert min(browser.execute_script(heights)) > 0


TABLE = """
const found = [...document.querySelectorAll('figure.table')]
  .find(f => f.querySelector('figcaption').textContent.startsWith(arguments[0]));
found.closest('details').open = true;
"""
ROWS = "return [...found.querySelectorAll('tbody tr')].filter(row => !row.hidden)"
ENTER, BACKSPACE = "\n", "\ue003"
COEF = "Population coefficient plus group effect"


def column(browser: Any, place: int) -> list[str]:
    """Texts of a column of the table of all groups, as they are shown."""
    script = f"{TABLE} {ROWS}.map(row => row.cells[arguments[1]].innerText)"
    return browser.execute_script(script, COEF, place)


def header(browser: Any, place: int) -> Any:
    """The button of a column of that table."""
    return browser.execute_script(
        f"{TABLE} return found.querySelectorAll('thead button')[arguments[1]]", COEF, place
    )


def numeric(texts: list[str]) -> list[float]:
    return [float(text.replace("\u2212", "-")) for text in texts]


def test_tables_are_sorted_by_any_column(browser: Any, card_page: Path) -> None:
    shown(browser, card_page, DESKTOP)
    labels, estimates = column(browser, 0), numeric(column(browser, 2))
    assert len(estimates) == 24
    states = []
    for expected in (sorted(estimates), sorted(estimates, reverse=True), estimates):
        header(browser, 2).send_keys(ENTER)
        states.append(header(browser, 2).find_element("xpath", "..").get_attribute("aria-sort"))
        assert numeric(column(browser, 2)) == expected
    assert states == ["ascending", "descending", None]
    assert column(browser, 0) == labels
    header(browser, 3).send_keys(ENTER)
    lower = numeric([text.split(" to ")[0] for text in column(browser, 3)])
    assert lower == sorted(lower)
    assert lower[0] < 0 < lower[-1]
    header(browser, 0).send_keys(ENTER)
    assert header(browser, 3).find_element("xpath", "..").get_attribute("aria-sort") is None
    assert column(browser, 0) != labels
    assert sorted(column(browser, 0)) == sorted(labels)


def test_tables_are_searched_and_labels_are_shown_as_they_stand(browser: Any, card_page: Path) -> None:
    shown(browser, card_page, DESKTOP)
    labels = column(browser, 0)
    assert {"<script>alert(1)</script>", "{{ 7 * 7 }} {% raw %}", "\"quoted\" & 'single'"} <= set(labels)
    field = browser.execute_script(f"{TABLE} return found.querySelector('input')", COEF)
    told = browser.execute_script(f"{TABLE} return found.querySelector('output')", COEF)
    assert field.accessible_name == "Search this table"
    field.send_keys("ALERT(1) intercept")
    assert column(browser, 0) == [text for text in labels if "alert(1)" in text][::2]
    assert told.text == "2 of 24 rows"
    field.send_keys(" nothing")
    assert column(browser, 0) == []
    field.send_keys(*[BACKSPACE] * len("ALERT(1) intercept nothing"))
    assert (column(browser, 0), told.text) == (labels, "")


def test_short_tables_are_left_alone(browser: Any, card_page: Path) -> None:
    shown(browser, card_page, DESKTOP)
    counts = browser.execute_script(
        "return [...document.querySelectorAll('main table')]"
        ".map(t => [t.tBodies[0].rows.length, t.querySelectorAll('button').length, t.rows[0].cells.length])"
    )
    assert {buttons for rows, buttons, _ in counts if rows < 8} == {0}
    assert all(buttons == columns for rows, buttons, columns in counts if rows >= 8)
    assert any(rows >= 8 for rows, _, _ in counts)


def test_no_other_script_runs(browser: Any, card_page: Path) -> None:
    shown(browser, card_page, DESKTOP)
    browser.execute_script(
        "const script = document.createElement('script');"
        "script.textContent = 'window.intruder = 1'; document.body.append(script)"
    )
    assert browser.execute_script("return window.intruder === undefined")
    assert "Content Security Policy" in browser.get_log("browser")[0]["message"]


READ = (
    "return [...document.querySelectorAll('main p:not(.search), main td, main th')].map(e => e.textContent)"
)


def test_everything_is_there_with_scripts_off(browser: Any, card_page: Path) -> None:
    shown(browser, card_page, DESKTOP)
    with_scripts = browser.execute_script(READ)
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        shown(browser, card_page, DESKTOP)
        assert browser.execute_script(READ) == with_scripts
        assert browser.execute_script("return document.querySelectorAll('button, input').length") == 0
        table = browser.execute_script(f"{TABLE} return found", COEF)
        assert table.is_displayed()
        summary = browser.execute_script("return arguments[0].closest('details').firstElementChild", table)
        summary.send_keys(ENTER)
        assert not table.is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


STOPS = """
const done = arguments[0];
const wrong = () => [...document.querySelectorAll('.scroll, pre')].filter(b => b.checkVisibility())
  .filter(b => (b.scrollWidth > b.clientWidth) !== (b.tabIndex === 0));
requestAnimationFrame(() => setTimeout(() => done(wrong().map(b => b.outerHTML.slice(0, 99))), 50));
"""


def test_what_scrolls_can_be_reached_by_keyboard(browser: Any, card_page: Path) -> None:
    for size in (PHONE, DESKTOP):
        shown(browser, card_page, size)
        assert browser.execute_async_script(STOPS) == []


PAPER = (673, 1000)
"""An A4 page less its margins, in CSS pixels."""


def test_it_prints_whole(browser: Any, card_page: Path) -> None:
    shown(browser, card_page, PAPER)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    rights = "return [...document.querySelectorAll('table, img')].map(t => t.getBoundingClientRect().right)"
    assert max(browser.execute_script(rights)) <= PAPER[0]
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    pdf = base64.b64decode(printed["data"])
    assert pdf.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) > 5


AXE = """
const done = arguments[0];
axe.run(document, {resultTypes: ['violations']}).then(
  found => done(found.violations.map(v => [v.id, v.help, v.nodes.map(n => n.html.slice(0, 150))])),
  problem => done([String(problem)]));
"""


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_axe_finds_nothing(browser: Any, card_page: Path, size: tuple[int, int], scheme: str) -> None:
    shown(browser, card_page, size, scheme)
    browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    browser.execute_script((resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8"))
    assert browser.execute_async_script(AXE) == []
