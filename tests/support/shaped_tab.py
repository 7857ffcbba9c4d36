"""Puts a `Shaper` between a Chromium tab and the house, without a word of it in the product: the page's WebRTC is told the shaper's ports in place
of the media process's, the media process is not told the browser's own addresses, and the page's TCP goes through the shaper's proxy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext

from tests.support.shaper import Shaper

_DETOUR = Path(__file__).with_name("shaped_tab.js")


async def shaped_context(browser: Browser, shaper: Shaper, *, tcp: bool = True, **options: Any) -> BrowserContext:
    """A context of `browser` (with Playwright's `options`) whose media, and with `tcp` everything else too, goes through `shaper`."""
    if tcp:
        options["proxy"] = {"server": f"socks5://127.0.0.1:{await shaper.proxy()}", "bypass": "<-loopback>"}
    context = await browser.new_context(**options)
    await context.expose_function("shapedPort", shaper.port_for)
    await context.add_init_script(path=_DETOUR)
    return context
