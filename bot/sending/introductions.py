"""Somebody writes for the first time: the platform is asked once who he is across our accounts, so that chat and mini program are one person."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from bot.channels.api.errors import ApiError
from bot.channels.connections import Apis
from bot.channels.message import ChannelName
from core.conversations import reading
from core.conversations.models import Conversation
from core.foundation.actor import Actor
from core.foundation.practice import Practice
from core.people.commands import EnsureAccount

logger = logging.getLogger("huizhen.sending")
_SYSTEM = Actor.system("worker")


@dataclass(slots=True)
class Introductions:
    practice: Practice
    apis: Apis

    async def after(self, conversation_id: str, message_id: str) -> None:
        """After the first message of a chat with the Official Account: tie the account to its unionid. A failure costs nothing but the tie."""
        conversation = await Conversation.get_or_none(id=conversation_id)
        api = self.apis.official_account
        if conversation is None or api is None or conversation.channel != ChannelName.OFFICIAL_ACCOUNT:
            return
        if not await reading.is_first(message_id, conversation_id):
            return
        openid = await reading.chat_key(self.practice, conversation)
        try:
            unionid = (await api.user_info(openid)).unionid
        except ApiError as error:
            logger.info("who wrote first is not known across accounts: %s", type(error).__name__)
            return
        if unionid:
            await self.practice.execute(_SYSTEM, EnsureAccount(app=conversation.app, subject=openid, unionid=unionid))
