"""A runtime without a platform: what is pushed lands in a list, so that it can be counted."""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.channels.connections import Apis, connect_channels
from bot.channels.settings import ChannelSettings
from bot.inbox.answer import HttpAnswer
from bot.runtime import BotRuntime
from core.foundation.clock import ManualClock
from core.foundation.events import CHAT_LANE, SENDING_LANES
from core.foundation.outbox import OutboxWorker
from core.foundation.practice import Practice
from tests.bot.inbox.platform_side import OfficialAccountSide
from tests.core.intake.small_engine import SmallEngine
from tests.support.county import OFFICIAL_ACCOUNT, SmallCounty, seed_small


@dataclass
class Postbox:
    """Stands where the platform's API stands: keeps what is sent there."""

    sent: list[Mapping[str, Any]] = field(default_factory=list)
    templates: list[Mapping[str, Any]] = field(default_factory=list)
    refuse_with: Exception | None = None

    async def custom_send(self, payload: Mapping[str, Any]) -> None:
        if self.refuse_with is not None:
            raise self.refuse_with
        self.sent.append(payload)

    async def user_info(self, openid: str) -> Any:
        return SimpleNamespace(unionid=f"u-{openid}")

    async def template_send(self, openid: str, template_id: str, data: Mapping[str, str], **_: Any) -> str:
        self.templates.append(data)
        return "1"


@dataclass
class Desk:
    practice: Practice
    county: SmallCounty
    runtime: BotRuntime
    side: OfficialAccountSide
    postbox: Postbox
    clock: ManualClock

    async def deliver(self, content: str, message_id: int = 1, openid: str = "o-stranger") -> HttpAnswer:
        query, body = self.side.text(openid, content, message_id, self.clock.real_now())
        return await self.runtime.receive("official-account", query, {}, body)

    async def work(self, rounds: int = 4) -> None:
        """What a worker does until nothing is left."""
        for _ in range(rounds):
            for lane in (CHAT_LANE, *SENDING_LANES):
                while await OutboxWorker(self.practice, lane, f"test-{secrets.token_hex(4)}").work_once():
                    pass
            await asyncio.sleep(0)


def settings() -> ChannelSettings:
    def callback() -> dict[str, str]:
        return {"token": secrets.token_hex(8), "encoding_aes_key": base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")}

    official = {"original_id": "gh_oa", "appid": OFFICIAL_ACCOUNT, "secret": "s", "templates": {"progress": "TPL-1"}}
    return ChannelSettings.model_validate({"official_account": official | callback()})


@pytest.fixture
async def desk(practice: Practice, clock: ManualClock) -> AsyncIterator[Desk]:
    practice.engines.clinical = SmallEngine()
    county = await seed_small(practice)
    chosen, postbox = settings(), Postbox()
    apis = cast(Apis, SimpleNamespace(official_account=postbox, mini_program=None, wecom=None, robot=None, sms=None))
    runtime = BotRuntime(practice, chosen, connect_channels(chosen), apis)
    runtime.start_worker()
    yield Desk(practice, county, runtime, OfficialAccountSide(chosen), postbox, clock)
    await runtime.stop_worker()
