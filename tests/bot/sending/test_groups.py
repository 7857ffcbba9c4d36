"""Notices into a group: the robot's late answer, the group that the app made, the message push; and never who the patient is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.channels.api.errors import ApiError
from bot.channels.outgoing import Text
from bot.channels.words import as_words
from bot.sending import notices
from bot.sending.groups import identifies
from bot.sending.notice import Notice
from core.consultations.models import Consultation
from core.foundation.clock import SystemClock
from core.foundation.events import Event
from core.foundation.practice import Practice
from core.notifications.models import Notification
from tests.bot.channels.conftest import *  # noqa: F403 - the Redis of the channels' tests
from tests.bot.dialogue import stage as stages
from tests.bot.dialogue.stage import GROUP, Stage, daytime, open_stage
from tests.support.county import seed_small

LINE = "@会诊助手 会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急"
MADE = "casegroup1"
PATIENT = "罗大山"
PATIENCE_S = 60


@pytest.fixture
def clock() -> SystemClock:
    return daytime()


Opening = Callable[..., Any]


@pytest.fixture
def opening(practice: Practice, clinical: object, redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Opening:
    """Opens a stage whose WeCom settings have ``more`` entries."""
    plain = stages.credentials

    def credentials(port: int, **more: Any) -> dict[str, Any]:
        found = plain(port)
        return found | {"wecom": found["wecom"] | more}

    @asynccontextmanager
    async def opened(**more: Any) -> AsyncIterator[Stage]:
        practice.engines.clinical = clinical
        monkeypatch.setattr(stages, "credentials", lambda port: credentials(port, **more))
        county = await seed_small(practice)
        async with open_stage(practice, county, redis, tmp_path) as stage:
            yield stage

    return opened


async def _case(stage: Stage) -> Notification:
    """The row of a group notice about a case that was asked for in the group: the robot has said by its one late answer who took it."""
    await stage.say("village_doctor", GROUP, LINE)
    await stage.hears("expert1", "wecom_app", "会诊邀请", seconds=PATIENCE_S)
    await stage.tap("expert1", "wecom_app", "接诊")
    await stage.hears("village_doctor", GROUP, "王主任(省医心内)已接诊", seconds=PATIENCE_S)
    async with asyncio.timeout(PATIENCE_S):
        while not await Notification.filter(kind="consultation.group", state="sent").exists():  # noqa: ASYNC110 - the row is what is waited for
            await asyncio.sleep(0.05)
    row = await Notification.get(kind="consultation.group", state="sent")
    assert row.channel == "wecom_robot"
    return row


async def _tell(stage: Stage, row: Notification, step: str) -> Notification:
    """The same group told of another step; the row afterwards."""
    await Notification.filter(id=row.id).update(state="queued", failure="", channel="", ids={**row.ids, "step": step})
    assert stage.runtime.notifications is not None
    await stage.runtime.notifications.send(stage.practice, Event(row.id, "notification.queued", row.id, {"notification_id": row.id}, 1))
    return await Notification.get(id=row.id)


async def _heard(stage: Stage, *chats: str) -> str:
    return "\n".join([await stage.everything_heard("village_doctor", chat) for chat in chats])


async def test_unprompted_words_go_into_the_group_the_app_made(opening: Opening) -> None:
    async with opening(app_groups={"village-doctors": MADE}, group_webhooks={"village-doctors": "push-key"}) as stage:
        api = stage.runtime._apis.wecom
        assert api is not None
        await api.appchat_create("会诊通知", "staff01", ["staff01", "staff03"], MADE)
        row = await _case(stage)
        for step in ("next_wave", "completed"):
            told = await _tell(stage, row, step)
            assert (told.state, told.channel) == ("sent", "app_group"), step
        await stage.hears("village_doctor", f"group:{MADE}", "会诊已完成", seconds=PATIENCE_S)
        assert PATIENT not in await _heard(stage, GROUP, f"group:{MADE}")


@pytest.mark.parametrize("app_groups", [{}, {"village-doctors": "gone"}, {"village-doctors": "village-doctors"}])
async def test_the_push_of_the_group_comes_after_that(opening: Opening, app_groups: dict[str, str]) -> None:
    """Also where the group that the app made is there no longer, or is one that people made."""
    async with opening(app_groups=app_groups, group_webhooks={"village-doctors": "push-key"}) as stage:
        told = await _tell(stage, await _case(stage), "completed")
        assert (told.state, told.channel) == ("sent", "group_webhook")
        (shown,) = [message for message in await stage.messages("village_doctor", GROUP) if message["sender"] == "群消息推送"]
        assert "会诊已完成" in shown["content"]
        assert PATIENT not in str(shown)


async def test_an_app_that_may_use_its_group_no_longer_leaves_the_push(opening: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    """60011: its administrator has narrowed who sees it."""
    async with opening(app_groups={"village-doctors": MADE}, group_webhooks={"village-doctors": "push-key"}) as stage:
        row = await _case(stage)

        async def narrowed(payload: object) -> None:
            raise ApiError("appchat_send", 60011)

        monkeypatch.setattr(stage.runtime._apis.wecom, "appchat_send", narrowed)
        told = await _tell(stage, row, "completed")
        assert (told.state, told.channel) == ("sent", "group_webhook")


async def test_no_notice_into_a_group_names_the_patient(opening: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step as it is rendered; and one that did name him is held back at the border."""
    async with opening(group_webhooks={"village-doctors": "push-key"}) as stage:
        row = await _case(stage)
        case = await Consultation.get(id=row.ids["consultation_id"])
        for step in notices._STEPS:
            row.ids = {**row.ids, "step": step}
            notice = await notices.render(stage.practice, row)
            assert isinstance(notice, Notice)
            words = "\n".join(as_words(shape) for shape in notice.shapes)
            assert case.code in words
            assert not identifies(words, PATIENT), step

        async def leaks(practice: Practice, row: Notification) -> Notice:
            return Notice((Text(text=f"会诊 {case.code}:**罗 大山** 已经到了"),))

        monkeypatch.setitem(notices.RENDERERS, "consultation.group", leaks)
        held = await _tell(stage, row, "asked")
        assert (held.state, held.failure) == ("failed", "patient_named")
        assert "已经到了" not in await _heard(stage, GROUP)


async def test_without_another_way_the_single_chat_has_it(opening: Opening) -> None:
    async with opening() as stage:
        row = await _case(stage)
        assert (await _tell(stage, row, "next_wave")).failure == "single_chat_only"
        assert (await _tell(stage, row, "completed")).failure == "response_used"


SECRETS = [PATIENT, "13812345678", "110101199003078515", "11010119900307851X"]


@settings(max_examples=200, deadline=None)
@given(st.text("罗大山王李 *_-\n 。", max_size=6), st.sampled_from(SECRETS), st.text(max_size=4))
def test_a_name_or_number_is_found_however_it_is_set(before: str, secret: str, filling: str) -> None:
    spaced = "".join(f"{letter}{' *_-'[(place + len(filling)) % 5 : (place + len(filling)) % 5 + 1]}" for place, letter in enumerate(secret))
    assert identifies(f"{before}{spaced}。", PATIENT)


@pytest.mark.parametrize("text", ["会诊 **C-7K2M**(3号):王主任(省医心内)已接诊。", "血压 90/60,2026-11-20 15:00 发来", "请打 120 或 12345", ""])
def test_a_case_number_is_nobody(text: str) -> None:
    assert not identifies(text, PATIENT)
    assert not identifies(text, "")
