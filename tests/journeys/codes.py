"""One-time codes of the demonstration's people: from their phones' authenticators, each used once, and given where a signature asks for one."""

from __future__ import annotations

import asyncio
import time

import httpx
from playwright.async_api import Locator, Page

_used: set[tuple[str, str, str]] = set()


def fresh_code(base_url: str, key: str) -> str:
    """The code of now or the next one, whichever nobody has used yet; waits for another where both are used."""
    while True:
        found, wait_s = _look(base_url, key)
        if found:
            return found
        time.sleep(wait_s)


async def fresh_code_soon(base_url: str, key: str) -> str:
    """The same, beside a browser."""
    while True:
        found, wait_s = await asyncio.to_thread(_look, base_url, key)
        if found:
            return found
        await asyncio.sleep(wait_s)


def _look(base_url: str, key: str) -> tuple[str, float]:
    answer = httpx.get(f"{base_url}/simulator/people/{key}/authenticator", timeout=30, trust_env=False)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    for code in (shown["code"], shown["next_code"]):
        if (base_url, key, code) not in _used:
            _used.add((base_url, key, code))
            return code, 0
    return "", shown["seconds_left"] + 0.2


async def give_codes_on(page: Page, base_url: str, key: str) -> None:
    """Whenever this page asks for the 动态码, it gets the one on the phone, as its owner would type it."""

    async def give(sheet: Locator) -> None:
        await sheet.get_by_label("6 位动态码").fill(await fresh_code_soon(base_url, key))
        await sheet.wait_for(state="detached")

    await page.add_locator_handler(page.locator("dialog.factor"), give)
