"""Waiting for the reply that a worker writes: woken by a signal, with a look into the database beneath."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from core.conversations.models import Message
from core.conversations.reading import signal_of
from core.foundation.signals import Signals

LOOK_EVERY_S = 0.4


async def reply_within(signals: Signals, row: Callable[[str], Awaitable[Message]], message_id: str, seconds: float) -> Message:
    """The message (``row`` reads it) once it has a reply, or as it is after ``seconds``."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    with signals.listen(signal_of(message_id)) as bell:
        while True:
            message = await row(message_id)
            left = end - loop.time()
            if message.state != "received" or left <= 0:
                return message
            await bell.wait(min(LOOK_EVERY_S, left))
