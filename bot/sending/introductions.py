"""Somebody writes for the first time: the platform is asked once who he is across our accounts, so that chat and mini program are one person."""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass, field

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


REMEMBERED = 10_000


@dataclass(slots=True)
class Introductions:
    practice: Practice
    apis: Apis
    _known: OrderedDict[str, None] = field(default_factory=OrderedDict)
    """Chats in which something was said before, or that are none of ours: they are not looked at again."""

    async def after(self, conversation_id: str, message_id: str) -> None:
        """After the first message of a chat with the Official Account: tie the account to its unionid. A failure costs nothing but the tie."""
        if conversation_id in self._known:
            self._known.move_to_end(conversation_id)
            return
        conversation = await Conversation.get_or_none(id=conversation_id)
        api = self.apis.official_account
        if conversation is None or api is None:
            return
        self._known[conversation_id] = None
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        if conversation.channel != ChannelName.OFFICIAL_ACCOUNT or not await reading.is_first(message_id, conversation_id):
            return
        openid = await reading.chat_key(self.practice, conversation)
        try:
            unionid = (await api.user_info(openid)).unionid
        except ApiError as error:
            logger.info("who wrote first is not known across accounts: %s", type(error).__name__)
            return
        if unionid:
            await self.practice.execute(_SYSTEM, EnsureAccount(app=conversation.app, subject=openid, unionid=unionid))
