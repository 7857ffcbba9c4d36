"""A real Chromium, and what every page is held to: readable, reachable, nothing loaded from elsewhere."""

from __future__ import annotations

import gzip
import os
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.async_api import Browser, ConsoleMessage, Error, Page, Response, async_playwright, expect

from tests.journeys.codes import give_codes_on
from tests.support.peers import need

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
DESKTOP = (1440, 900)
PHONE = (360, 740)
PATIENCE_MS = 40_000
"""For what a page is to show: on a busy machine it comes late, and when it comes is no promise of these tests."""
expect.set_options(timeout=PATIENCE_MS)
_PHONE = re.compile(r"(?P<base>https?://[^/]+)/phone/(?P<key>[^/]+)/h5/")
PICTURES = os.environ.get("HUIZHEN_SCREENSHOTS", "")
"""Where pictures of the pages are kept, if they are wanted."""
MOST_BYTES = 200_000
"""Of everything a page loads before pictures, compressed."""


async def picture(page: Page, name: str) -> None:
    """What is seen of the page from its top, where pictures are kept."""
    if PICTURES:
        await page.evaluate("scrollTo(0, 0)")
        await page.screenshot(path=Path(PICTURES) / f"{name}.png")


@dataclass
class Visit:
    """One open page, with what it loaded and what went wrong in it."""

    page: Page
    loaded: dict[str, bytes | None] = field(default_factory=dict)
    """By address; the bytes of documents only: what lies as a file is fetched again when somebody wants to know its size."""
    troubles: list[str] = field(default_factory=list)

    def listen(self, message: ConsoleMessage) -> None:
        """To be told of whatever the page writes to its console."""
        if _is_trouble(message):
            self.troubles.append(f"{message.type}: {message.text} ({message.location})")

    async def keep(self, response: Response) -> None:
        """To be told of every response."""
        kind = response.request.resource_type
        if response.ok and kind in ("script", "stylesheet", "font"):
            self.loaded[response.url] = None
        elif response.ok and kind == "document":
            with suppress(Error):  # the page on the way to the sign-in goes on by itself
                self.loaded[response.url] = await response.body()

    async def compressed(self) -> int:
        """Bytes of all that was loaded before pictures."""
        for address, body in self.loaded.items():
            if body is None and address.startswith("http"):
                self.loaded[address] = await (await self.page.context.request.get(address)).body()
        return sum(len(gzip.compress(body)) for body in self.loaded.values() if body is not None)


Visiting = Callable[..., Awaitable[Visit]]


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One for the run."""
    async with launched() as browser:
        yield browser


@asynccontextmanager
async def launched(*more: str) -> AsyncIterator[Browser]:
    """A real Chromium. Without the parts that draw a window where that is installed: the same pages and calls in four fifths of the time."""
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    need(path is not None, "chromium-headless-shell")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *more])
        yield browser
        await browser.close()


@pytest.fixture
async def visiting(chromium: Browser) -> AsyncIterator[Visiting]:
    """`await visiting(address, size)`: a page in a fresh profile. A script that fails in it fails the test.

    Where it asks for the 动态码 it gets it, unless ``codes`` is False.
    """
    visits: list[Visit] = []
    contexts = []

    async def visit(address: str, size: tuple[int, int] = DESKTOP, storage: dict[str, str] | None = None, codes: bool = True) -> Visit:
        context = await chromium.new_context(viewport={"width": size[0], "height": size[1]}, locale="zh-CN", has_touch=size == PHONE)
        contexts.append(context)
        for name, value in (storage or {}).items():
            await context.add_init_script(f"localStorage.getItem({name!r}) ?? localStorage.setItem({name!r}, {value!r})")
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        visit = Visit(page)
        page.on("pageerror", lambda error: visit.troubles.append(str(error)))
        page.on("console", visit.listen)
        page.on("response", visit.keep)
        visits.append(visit)
        if codes and (phone := _PHONE.match(address)) is not None:
            await give_codes_on(page, phone["base"], phone["key"])
        await page.goto(address)
        await page.locator("#sign-in").wait_for(state="detached")
        return visit

    yield visit
    troubles = [trouble for visit in visits for trouble in visit.troubles]
    for context in contexts:
        await context.close()
    assert troubles == [], troubles


_REFUSED = re.compile(r"Failed to load resource: (net::|the server responded with a status of [45])")
"""What a browser writes for each request that is refused or finds no network: many tests ask for that, and the pages tell it to the person."""
_DATA = re.compile(r"/v1/|/simulator/(people|events|conditions|exchanges|api|qyapi|open)")


def _is_trouble(message: ConsoleMessage) -> bool:
    """Whether the page wrote an error or a warning of its own, or misses a file of its own."""
    if message.type not in ("error", "warning"):
        return False
    asked = str(message.location.get("url"))
    shown = "" if message.page is None else message.page.url
    return not (_REFUSED.match(message.text) and ("net::" in message.text or _DATA.search(asked) or asked.split("#")[0] == shown.split("#")[0]))


# A page is measured as it stands: every visible text against the ground it stands on (WCAG 2.1, 1.4.3).
_CONTRAST = """() => {
  const channel = (value) => { value /= 255; return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4; };
  const parse = (text) => { const n = text.match(/[\\d.]+/g).map(Number); return { rgb: n.slice(0, 3), alpha: n[3] ?? 1 }; };
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const over = (top, alpha, below) => top.map((value, i) => value * alpha + below[i] * (1 - alpha));
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const { rgb, alpha } = parse(getComputedStyle(e).backgroundColor);
      if (alpha > 0.99) return rgb;
      if (alpha > 0) return over(rgb, alpha, e.parentElement ? ground(e.parentElement) : [255, 255, 255]);
    }
    return [255, 255, 255];
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const hidden = element.closest(".unseen, [aria-hidden=true], :disabled, noscript");
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility() || hidden) continue;
    const style = getComputedStyle(element);
    const below = ground(element);
    const { rgb, alpha } = parse(style.color);
    const ink = over(rgb, alpha * Number(style.opacity), below);
    const [a, b] = [light(ink), light(below)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faint.push(`${walker.currentNode.textContent.trim().slice(0, 20)}: ${ratio.toFixed(2)}`);
  }
  return faint;
}"""

# What can be pressed must be large enough for a thumb; links inside a sentence are exempt (WCAG 2.2, 2.5.8).
_SMALL = """() => {
  const small = [];
  for (const e of document.querySelectorAll("button, a[href], input, select, textarea, summary, label.pick, label.attachment")) {
    if (!e.checkVisibility() || e.closest(".unseen, .chat-link:not(.chat-choice)") || getComputedStyle(e).display === "inline") continue;
    const target = ["checkbox", "radio"].includes(e.type) ? (e.closest("label") ?? e) : e;
    const box = target.getBoundingClientRect();
    const after = getComputedStyle(e, "::after");
    const more = after.content !== "none" && after.position === "absolute" && e.classList.contains("raw") ? 20 : 0;
    if (box.width === 0) continue;
    if (Math.round(box.height) >= 44 && Math.round(box.width + more) >= 44) continue;
    small.push(`${e.className} ${e.textContent.trim().slice(0, 12)}: ${box.width}x${box.height}`);
  }
  return small;
}"""

_NAMELESS = """() => [...document.querySelectorAll("button, a[href], input:not([type=hidden]), select, textarea, iframe")]
  .filter((e) => e.checkVisibility() && !(e.getAttribute("aria-label") || e.textContent.trim() || e.title || e.labels?.length))
  .map((e) => e.outerHTML.slice(0, 80))"""


async def assert_readable(page: Page) -> None:
    """Contrast, names for screen readers, targets for thumbs, no sideways scrolling."""
    found = {name: await page.evaluate(script) for name, script in (("faint", _CONTRAST), ("nameless", _NAMELESS), ("small", _SMALL))}
    assert found == {"faint": [], "nameless": [], "small": []}, found
    too_wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert too_wide <= 0, too_wide


async def assert_at_home(visit: Visit, origin: str) -> None:
    """Everything came from the same origin and is small."""
    assert visit.loaded
    assert [url for url in visit.loaded if not url.startswith((origin, "data:"))] == []
    assert await visit.compressed() < MOST_BYTES
