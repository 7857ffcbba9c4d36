"""Waiting for the reply that a worker writes: woken by a signal, with a look into the database beneath."""

from __future__ import annotations

import asyncio

from core.conversations.models import Message
from core.conversations.reading import signal_of
from core.foundation.practice import Practice

LOOK_EVERY_S = 0.4


async def reply_within(practice: Practice, message_id: str, seconds: float) -> Message:
    """The message once it has a reply, or as it is after ``seconds``."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    with practice.signals.listen(signal_of(message_id)) as bell:
        while True:
            message = await Message.get(id=message_id)
            left = end - loop.time()
            if message.state != "received" or left <= 0:
                return message
            await bell.wait(min(LOOK_EVERY_S, left))
