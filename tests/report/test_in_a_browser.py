"""The report in a real browser: it fits wide and narrow screens, and all pictures appear, light and dark."""

import json
import os
import re
import shutil
import subprocess
from html import unescape

import pytest

pytestmark = pytest.mark.long

WIDTHS = (360, 1400)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Chromium opens no window below 500 pixels, so the page is opened in frames.
FRAMES = """<!DOCTYPE html>
<body style="margin: 0">
<script>
const found = {};
addEventListener("message", (event) => {
  found[event.data.width] = event.data;
  document.body.dataset.found = JSON.stringify(found);
});
</script>
"""
MEASURE = """<script>
addEventListener("load", () => parent.postMessage({
  width: innerWidth,
  across: document.documentElement.scrollWidth,
  isDark: matchMedia("(prefers-color-scheme: dark)").matches,
  paper: getComputedStyle(document.body).backgroundColor,
  ink: getComputedStyle(document.body).color,
  images: [...document.images].map((image) => ({
    name: image.closest("figure").id,
    width: image.naturalWidth,
    right: image.getBoundingClientRect().right,
    source: image.currentSrc,
  })),
  tables: [...document.querySelectorAll("section > .scroll")].map((table) => table.getBoundingClientRect().right),
}, "*"));
</script>
"""


@pytest.fixture(scope="module")
def browser():
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"needs a browser: none of {', '.join(BROWSERS)} is installed")
    return found


@pytest.fixture(scope="module", params=[True, False], ids=["dark", "light"])
def seen(request, browser, written, tmp_path_factory):
    """What the browser shows, by the width of the screen."""
    is_dark = request.param
    folder = tmp_path_factory.mktemp("browser")
    html = written.read_text(encoding="utf-8")
    (folder / "report.html").write_text(html.replace("</head>", f"{MEASURE}</head>"), encoding="utf-8")
    frames = (
        f'<iframe src="report.html" style="width: {width}px; height: 800px; border: 0"></iframe>' for width in WIDTHS
    )
    (folder / "frames.html").write_text(FRAMES + "\n".join(frames), encoding="utf-8")
    command = [
        browser, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}",
        f"--blink-settings=preferredColorScheme={0 if is_dark else 1}", "--window-size=1500,900", "--dump-dom",
        (folder / "frames.html").as_uri(),
    ]  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=True)
    (found,) = re.findall(r'data-found="([^"]*)"', done.stdout)
    screens = {int(width): screen for width, screen in json.loads(unescape(found)).items()}
    assert [*sorted(screens)] == [*WIDTHS]
    assert {screen["isDark"] for screen in screens.values()} == {is_dark}
    return screens


def test_page_never_scrolls_sideways(seen):
    for width, screen in seen.items():
        assert screen["across"] <= width
        assert max(screen["tables"]) <= width
        assert max(image["right"] for image in screen["images"]) <= width


def test_every_picture_appears(seen):
    for screen in seen.values():
        names = [image["name"] for image in screen["images"]]
        assert names == ["scores", "differences", "costs", "learning_curves", "confusion", "hardest"]
        assert min(image["width"] for image in screen["images"]) > 0


def test_narrow_screens_get_pictures_of_their_own(seen):
    narrow, wide = ({image["name"]: image["source"] for image in seen[width]["images"]} for width in WIDTHS)
    assert {name for name in wide if narrow[name] != wide[name]} >= {"costs", "learning_curves", "confusion"}


def test_text_is_legible_on_its_background(seen):
    for screen in seen.values():
        ink, paper = (_luminance(screen[name]) for name in ("ink", "paper"))
        assert (paper < ink) == screen["isDark"]
        assert (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) > 7


def _luminance(colour):
    """Return the relative luminance of a colour such as "rgb(255, 255, 255)", as WCAG 2 defines it."""
    shares = [int(value) / 255 for value in re.findall(r"\d+", colour)[:3]]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
