"""Somebody writes who is not known across our accounts: the platform is asked who he is, so that chat and mini program are one person."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tortoise.exceptions import OperationalError

from bot.channels.api.errors import ApiError, ReceiverUnknown
from bot.channels.connections import Apis
from bot.channels.message import ChannelName
from core.conversations import reading
from core.conversations.models import Conversation
from core.foundation.actor import Actor
from core.foundation.errors import DomainError
from core.foundation.practice import Practice
from core.people.commands import EnsureAccount
from core.people.models import Identity

logger = logging.getLogger("huizhen.sending")
_SYSTEM = Actor.system("worker")


REMEMBERED = 10_000
AT_ONCE = 8
UNKNOWN_FOR = timedelta(hours=1)
"""How long somebody whom the platform does not know is not asked about again: each question counts against the account's quota of the day."""


@dataclass(slots=True)
class Introductions:
    practice: Practice
    apis: Apis
    _known: OrderedDict[str, datetime | None] = field(default_factory=OrderedDict)
    """Chats that this process has looked at: they are not looked at again, or not before then."""
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _asking: set[asyncio.Task[None]] = field(default_factory=set)

    def after(self, conversation_id: str) -> None:
        """Somebody wrote in a chat: have his account tied to its unionid beside the conversation. A slow platform holds up nobody's answer.

        Where it fails, or the process ends, the next message asks again."""
        if conversation_id in self._known:
            again = self._known[conversation_id]
            self._known.move_to_end(conversation_id)
            if again is None or self.practice.clock.real_now() < again:
                return
        self._known[conversation_id] = None
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        task = asyncio.create_task(self._introduced(conversation_id), name="introduction")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def quiet(self) -> None:
        """Ask no more: before the process ends."""
        for task in list(self._asking):
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)

    async def _introduced(self, conversation_id: str) -> None:
        async with self._room:
            try:
                await self._tie(conversation_id)
            except (OperationalError, DomainError) as error:
                logger.warning("who writes is not tied across accounts: %s", type(error).__name__)

    async def _tie(self, conversation_id: str) -> None:
        conversation = await Conversation.get_or_none(id=conversation_id)
        api = self.apis.official_account
        if conversation is None or api is None or conversation.channel != ChannelName.OFFICIAL_ACCOUNT:
            return
        openid = await reading.chat_key(self.practice, conversation)
        if await Identity.filter(app=conversation.app, subject=openid, unionid__not_isnull=True).exists():
            return
        try:
            unionid = (await api.user_info(openid)).unionid
        except ReceiverUnknown:
            self._known[conversation_id] = self.practice.clock.real_now() + UNKNOWN_FOR
            return
        except ApiError as error:
            logger.info("who writes is not known across accounts: %s", type(error).__name__)
            # The next thing he says asks again; a platform that refuses for good is not called meanwhile (``bot.channels.stops``).
            self._known.pop(conversation_id, None)
            return
        if unionid:
            await self.practice.execute(_SYSTEM, EnsureAccount(app=conversation.app, subject=openid, unionid=unionid))
