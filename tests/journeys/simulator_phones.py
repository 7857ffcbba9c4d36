"""What tests do with the simulator's page: open it, take one of its phones, write on it."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.journeys.browser import DESKTOP, Visit, Visiting
from tests.journeys.page_stage import PageStage

SEEN = {"huizhen.simulator.hints": "1"}
"""The hints have been read and put away."""
COUGH = "我最近总是咳嗽,还发烧,体温38.5度,感觉胸口有点闷"
"""The first of the three sentences that stand ready."""


async def opened(visiting: Visiting, stage: PageStage, size: tuple[int, int] = DESKTOP) -> Visit:
    visit = await visiting(stage.origin + "/", size, SEEN)
    await expect(visit.page.locator(".phone")).to_have_count(4)
    return visit


def phone(page: Page, number: int) -> Locator:
    return page.locator(".phone").nth(number - 1)


def bubbles(where: Locator) -> Locator:
    return where.locator(".messages .row:not(.row-pending)")


async def write(where: Locator, words: str) -> None:
    await where.get_by_label("要说的话").fill(words)
    await where.get_by_label("要说的话").press("Enter")


def invitation(task_id: str) -> dict[str, Any]:
    return {
        "card_type": "button_interaction",
        "main_title": {"title": "会诊邀请 · 危急 · 胸痛 2 小时", "desc": "58 岁 男"},
        "sub_title_text": "为什么找您:I20–I25 专长",
        "horizontal_content_list": [{"keyname": "血压", "value": "90/60"}],
        "button_list": [{"text": "接诊", "style": 1, "key": "accept"}, {"text": "请转别人", "style": 2, "key": "decline"}],
        "task_id": task_id,
    }
