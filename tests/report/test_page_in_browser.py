"""The page in headless Chromium: silent console, drawn pictures, no sideways scrolling, contrast."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
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
