"""What a process starts of the conversational side: the inbox in a web process, conversing and sending in a worker."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.channels.channel import Channel
from bot.channels.connections import Apis, Channels
from bot.channels.message import ChannelName, Incoming, Kind, dedupe_key
from bot.channels.outgoing import Outgoing
from bot.channels.settings import ChannelSettings
from bot.inbox.answer import REFUSED, HttpAnswer
from bot.inbox.inbox import Inbox
from core.conversations import inbound, reading
from core.conversations.commands import PushLate
from core.foundation.actor import Actor
from core.foundation.events import Event, listens
from core.foundation.practice import Practice

if TYPE_CHECKING:
    from bot.channels.api.speech import HttpRecogniser
    from bot.dialogue.conversing import Conversing
    from bot.inbox.robot_line import RobotLine
    from bot.sending.introductions import Introductions
    from bot.sending.notifications import Notifications
    from bot.sending.replies import Replies

logger = logging.getLogger("huizhen.runtime")

SWEEP_EVERY_S = 1.0
NEVER_FETCHED_AFTER = timedelta(seconds=15)
LEFT_BEHIND_AFTER = timedelta(seconds=3)
"""A message without reply after so long is looked for, in case the worker that had its event was killed."""
_SYSTEM = Actor.system("worker")


class BotRuntime:
    """``receive`` and ``say`` are for web processes and need no engine; ``start_worker`` is for a worker, which has both engines."""

    def __init__(self, practice: Practice, settings: ChannelSettings, channels: Channels, apis: Apis) -> None:
        self._practice = practice
        self._settings = settings
        self._channels = channels
        self._apis = apis
        self._by_path: dict[str, Channel | None] = {
            "official-account": channels.official_account,
            "mini-program": channels.mini_program,
            "wecom-app": channels.wecom_app,
            "wecom-robot": channels.wecom_robot,
        }
        self.inbox = Inbox(practice, settings.apps())
        self._sweeper: asyncio.Task[None] | None = None
        self._recogniser: HttpRecogniser | None = None
        self.conversing: Conversing | None = None
        self.replies: Replies | None = None
        self.notifications: Notifications | None = None
        self.introductions: Introductions | None = None
        self.line: RobotLine | None = None

    def verify_url(self, path: str, query: Mapping[str, str]) -> HttpAnswer:
        """The platform's check of ``/callback/<path>``."""
        channel = self._by_path.get(path)
        return REFUSED if channel is None else self.inbox.verify_url(channel, query)

    async def receive(self, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        """A callback at ``/callback/<path>``, answered within the platform's deadline."""
        channel = self._by_path.get(path)
        return REFUSED if channel is None else await self.inbox.receive(channel, query, headers, body)

    async def say(self, account_id: str, text: str, *, key: str = "", button: str = "", seconds: float = 20.0) -> tuple[Outgoing, ...] | None:
        """A line of somebody signed in at a terminal or the API: the reply, or None when it takes longer than ``seconds``.

        The same ``key`` again is the same line. ``button``: the code of something tapped instead of typed.
        """
        now = self._practice.clock.real_now()
        unique = key or self._practice.ids.new()
        incoming = Incoming.model_validate(
            {
                "channel": ChannelName.TERMINAL,
                "account": "terminal",
                "sender": account_id,
                "chat": account_id,
                "kind": Kind.TAP if button else Kind.TEXT,
                "text": text[:4096],
                "tap": {"source": "message_menu", "key": button} if button else None,
                "event": "text",
                "dedupe_key": dedupe_key(ChannelName.TERMINAL, account_id, unique),
                "sent_at": now,
            }
        )
        return await self.inbox.converse(incoming, account_id, seconds)

    def start_worker(self) -> None:
        """Listen to messages, replies and notifications, and look after what was left behind."""
        from bot.channels.api.speech import HttpRecogniser
        from bot.dialogue.conversing import Conversing
        from bot.sending.introductions import Introductions
        from bot.sending.media import PlatformMedia
        from bot.sending.notifications import Notifications
        from bot.sending.outlets import Outlets
        from bot.sending.replies import Replies

        outlets = Outlets(self._practice, self._settings, self._channels, self._apis)
        holder = f"worker:{self._practice.ids.new()}"
        self._recogniser = None if self._settings.speech is None else HttpRecogniser(self._settings.speech)
        self.conversing = Conversing(self._practice, holder, PlatformMedia(self._apis), self._recogniser)
        self.replies = Replies(outlets)
        self.notifications = Notifications(outlets)
        self.introductions = Introductions(self._practice, self._apis)
        _active[id(self._practice)] = self
        _listen_once()
        self._sweeper = asyncio.create_task(self._sweep(), name="sweep")
        robot = self._settings.wecom.robot if self._settings.wecom is not None else None
        if robot is not None and robot.long_connection:
            from bot.inbox.robot_line import RobotLine

            self.line = RobotLine(self._practice, self.inbox, robot, self._apis.stops, holder=holder)
            self._apis.robot_line = self.line
            self.line.start()

    async def stop_worker(self) -> None:
        """Stop looking after things; events that come later are left to other workers."""
        _active.pop(id(self._practice), None)
        if self.line is not None:
            self._apis.robot_line = None
            await self.line.stop()
            self.line = None
        if self._sweeper is not None:
            self._sweeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeper
            self._sweeper = None
        if self.conversing is not None:
            await self.conversing.quiet()
        if self.introductions is not None:
            await self.introductions.quiet()
        if self._recogniser is not None:
            await self._recogniser.close()

    async def sweep_once(self) -> None:
        """Push replies that nobody fetched, answer messages whose worker died."""
        assert self.conversing is not None  # noqa: S101 - only a started worker sweeps
        now = self._practice.clock.real_now()
        for message_id in await reading.never_fetched(now - NEVER_FETCHED_AFTER):
            await self._practice.execute(_SYSTEM, PushLate(message_id=message_id))
        for conversation_id in await reading.waiting_since(now - LEFT_BEHIND_AFTER):
            try:
                await self.conversing.work(conversation_id, patience_s=0)
            except Exception as error:  # One conversation that fails must not keep the others waiting; its event tries again too.
                logger.info("conversation %s left for later: %s", conversation_id, type(error).__name__)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            try:
                await self.sweep_once()
            except Exception as error:  # The database may be away; the next round tries again.
                logger.warning("sweep: %s", type(error).__name__)


_active: dict[int, BotRuntime] = {}
_listening = False


def _listen_once() -> None:
    """Register the listeners of this process; they find the runtime of the practice whose event it is."""
    global _listening
    if _listening:
        return
    _listening = True

    @listens(inbound.RECEIVED)
    async def on_message(practice: Practice, event: Event) -> None:
        runtime = _active.get(id(practice))
        if runtime is not None and runtime.conversing is not None:
            await runtime.conversing.work(event.body["conversation_id"])
            if runtime.introductions is not None:
                runtime.introductions.after(event.body["conversation_id"])

    @listens("reply.late")
    async def on_reply(practice: Practice, event: Event) -> None:
        runtime = _active.get(id(practice))
        if runtime is not None and runtime.replies is not None:
            await runtime.replies.push(practice, event)

    @listens("notification.queued")
    async def on_notification(practice: Practice, event: Event) -> None:
        runtime = _active.get(id(practice))
        if runtime is not None and runtime.notifications is not None:
            await runtime.notifications.send(practice, event)
