"""A callback in, an HTTP answer out: verify, claim, wait for the worker's reply, answer it once; what is late goes by push.

Duplicates of a message wait for the same reply. Exactly one of the HTTP answer and the push takes it (``conversations.deliver`` and
``conversations.push_late`` are compare-and-set); a duplicate that comes after an HTTP answer gets the stored reply again, because the
platform delivers again only what it did not receive. One that comes longer after that than an answer may take shows that the answers do
not arrive: it is only acknowledged, and the reply goes by push (``conversations.push_again``, compare-and-set too).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from tortoise.exceptions import OperationalError

from bot.channels.channel import Channel
from bot.channels.message import ChannelName, Incoming, Kind
from bot.channels.outgoing import Link, Outgoing, Stream, Text
from bot.channels.refused import Refused
from bot.inbox import events
from bot.inbox.answer import BUSY, REFUSED, HttpAnswer
from bot.inbox.flood import FLOODED, floods
from bot.inbox.shapes import read, written
from bot.inbox.waiting import reply_within
from core.conversations import allowance, inbound, reading
from core.conversations.commands import CloseWindow, Deliver, PushAgain
from core.conversations.models import Message
from core.foundation.actor import Actor
from core.foundation.errors import DomainError
from core.foundation.practice import Practice
from core.people.commands import EnsureAccount

logger = logging.getLogger("huizhen.inbox")

MARGIN_S = 0.8
"""Kept of the platform's deadline for the way back and a slow commit."""
STREAM_AFTER_S = 1.2
"""How long the robot's first answer may wait before it says that it is at work."""
WORKING = "正在为您处理…"

_SYSTEM = Actor.system("web")
_KINDS = list(Kind)
_UNHEARD = frozenset(_KINDS[_KINDS.index(Kind.POSITION) :]) | {Kind.UNSUBSCRIBE}
_TAPS = frozenset({Kind.TAP, Kind.SUBSCRIBE, Kind.SCAN})


@dataclass(slots=True)
class Inbox:
    """``apps`` names the platform account behind each channel (appid, corpid): under it people are known."""

    practice: Practice
    apps: Mapping[ChannelName, str]
    _running: set[asyncio.Task[HttpAnswer]] = field(default_factory=set)

    def verify_url(self, channel: Channel, query: Mapping[str, str]) -> HttpAnswer:
        """The platform's check of our address."""
        try:
            return HttpAnswer(200, channel.verify_url(query, self.practice.clock.real_now()), "text/plain; charset=utf-8")
        except Refused as refused:
            logger.info("verification of %s refused: %s", channel.name, refused.reason)
            return REFUSED

    async def receive(self, channel: Channel, query: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        """One callback of the platform, answered within its deadline."""
        try:
            incoming = channel.receive(query, headers, body, self.practice.clock.real_now())
        except Refused as refused:
            logger.info("callback of %s refused: %s", channel.name, refused.reason)
            return REFUSED
        # A platform that hangs up must not tear a transaction: the work goes on, and its reply is there for the next delivery.
        work = asyncio.create_task(self._taken(channel, incoming), name="callback")
        self._running.add(work)
        work.add_done_callback(self._running.discard)
        return await asyncio.shield(work)

    async def quiet(self) -> None:
        """Wait until nothing that was accepted is still at work: before the process ends."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _taken(self, channel: Channel, incoming: Incoming) -> HttpAnswer:
        try:
            return await self._answer(channel, incoming)
        except (OperationalError, DomainError) as error:
            logger.warning("callback of %s not taken: %s", channel.name, type(error).__name__)
            return BUSY

    async def converse(self, incoming: Incoming, account_id: str, seconds: float) -> tuple[Outgoing, ...] | None:
        """A sentence of somebody already signed in (terminal, API): the reply, or None when it is not there within ``seconds``."""
        known = await inbound.known(incoming.dedupe_key)
        message = known if known is not None else await self._claimed(incoming, account_id)
        message = await reply_within(self.practice, message.id, seconds)
        if message.state == "received":
            await self.practice.execute(_SYSTEM, CloseWindow(message_id=message.id))
            message = await Message.get(id=message.id)
        if message.state == "answered":
            await self.practice.execute(_SYSTEM, Deliver(message_id=message.id))
        shapes = read(await reading.opened(self.practice, message, "reply"))
        return shapes if message.state != "received" else None

    async def _answer(self, channel: Channel, incoming: Incoming) -> HttpAnswer:
        if incoming.kind is Kind.STREAM_REFRESH:
            return await self._refresh(channel, incoming)
        if incoming.kind in _UNHEARD:
            await self._notice(incoming)
            return self._said(channel, incoming, ())
        message = await inbound.known(incoming.dedupe_key)
        if message is None:
            if await floods(self.practice, incoming):
                return self._said(channel, incoming, () if channel.name is ChannelName.MINI_PROGRAM else (Text(text=FLOODED),))
            message = await self._claimed(incoming, None)
        if channel.name is ChannelName.MINI_PROGRAM:
            # This platform takes no words in the answer; nothing is gained by letting it wait.
            await self.practice.execute(_SYSTEM, CloseWindow(message_id=message.id))
            return self._said(channel, incoming, ())
        streams = channel.capability.streams and incoming.kind not in (Kind.TAP, Kind.ENTER)
        seconds = STREAM_AFTER_S if streams else channel.capability.deadline_seconds - MARGIN_S
        message = await reply_within(self.practice, message.id, seconds)
        if message.state != "received":
            return await self._hand_over(channel, incoming, message)
        if streams:
            return self._said(channel, incoming, (Stream(text=WORKING, finish=False),))
        if (await self.practice.execute(_SYSTEM, CloseWindow(message_id=message.id))).won:
            return self._said(channel, incoming, ())
        return await self._hand_over(channel, incoming, await Message.get(id=message.id))

    async def _refresh(self, channel: Channel, incoming: Incoming) -> HttpAnswer:
        message = await inbound.known(f"{incoming.channel.value}:{incoming.stream_id}")
        if message is None:
            return self._said(channel, incoming, (Stream(text="这条消息已经过期,请再发一次。", finish=True),))
        message = await reply_within(self.practice, message.id, 1.0)
        if message.state == "received":
            return self._said(channel, incoming, (Stream(text=WORKING, finish=False),))
        return await self._hand_over(channel, incoming, message)

    async def _hand_over(self, channel: Channel, incoming: Incoming, message: Message) -> HttpAnswer:
        """The reply as an HTTP answer, if it is still ours to give."""
        shapes = read(await reading.opened(self.practice, message, "reply"))
        answer = channel.passive_reply(incoming, shapes, self.practice.clock.real_now(), self._nonce())
        if message.state == "answered":
            won = (await self.practice.execute(_SYSTEM, Deliver(message_id=message.id, rest=written(answer.rest)))).won
            message = await Message.get(id=message.id) if not won else message
            if won:
                return HttpAnswer(200, answer.body, answer.content_type)
        if message.state == "delivered" and not await self._lost(channel, incoming, message, shapes, answer.rest):
            return HttpAnswer(200, answer.body, answer.content_type)
        if incoming.kind is Kind.STREAM_REFRESH:
            # The text went by push; the stream on the screen still has to end.
            return self._said(channel, incoming, (Stream(text="已经回复您,请看下一条消息。", finish=True),))
        return self._said(channel, incoming, ())

    async def _lost(
        self, channel: Channel, incoming: Incoming, message: Message, shapes: tuple[Outgoing, ...], rest: tuple[Outgoing, ...]
    ) -> bool:
        """Whether the answers to this message do not arrive, so that the reply is pushed instead (by us or by whoever noticed first)."""
        if channel.capability.streams or incoming.kind is Kind.STREAM_REFRESH or message.delivered_at is None:
            return False
        late = timedelta(seconds=channel.capability.deadline_seconds - MARGIN_S)
        if self.practice.clock.real_now() - message.delivered_at < late:
            return False
        pushed = rest if message.push == "sent" else ()
        missing = [shape for shape in shapes if not any(_same(shape, one) for one in pushed)]
        won = (await self.practice.execute(_SYSTEM, PushAgain(message_id=message.id, reply=written(missing)))).won
        return won or (await Message.get(id=message.id)).state == "late"

    async def _claimed(self, incoming: Incoming, account_id: str | None) -> Message:
        app = self.apps.get(incoming.channel, incoming.account)
        if account_id is None:
            who = await self.practice.execute(_SYSTEM, EnsureAccount(app=app, subject=incoming.sender[:64]))
            account_id = str(who.account_id)
        chat = inbound.Chat(incoming.channel.value, app, incoming.chat, incoming.group, account_id)
        conversation = await inbound.conversation_of(self.practice, chat)
        body = incoming.model_dump_json()
        claim = await inbound.claim(self.practice, conversation, account_id, incoming.dedupe_key, incoming.kind.value, body, window=True)
        if claim.fresh and not incoming.group:
            trigger: allowance.Trigger = "tap" if incoming.kind in _TAPS else "message"
            await allowance.opened(self.practice.ids, conversation.id, trigger, self.practice.clock.real_now())
        return claim.message

    async def _notice(self, incoming: Incoming) -> None:
        """What is no conversation: what became of our messages (``events``), and that somebody left, because nothing may be sent any more."""
        if incoming.kind in events.KINDS:
            await events.note(self.practice, incoming, self.apps.get(incoming.channel, incoming.account))
        if incoming.kind is not Kind.UNSUBSCRIBE:
            return
        app = self.apps.get(incoming.channel, incoming.account)
        who = await self.practice.execute(_SYSTEM, EnsureAccount(app=app, subject=incoming.sender[:64]))
        chat = inbound.Chat(incoming.channel.value, app, incoming.chat, False, str(who.account_id))
        await allowance.exhausted((await inbound.conversation_of(self.practice, chat)).id)

    def _said(self, channel: Channel, incoming: Incoming, shapes: tuple[Outgoing, ...]) -> HttpAnswer:
        answer = channel.passive_reply(incoming, shapes, self.practice.clock.real_now(), self._nonce())
        return HttpAnswer(200, answer.body, answer.content_type)

    def _nonce(self) -> str:
        return str(self.practice.rng.randrange(10**9, 10**10))


def _same(shape: Outgoing, sent: Outgoing) -> bool:
    """Whether ``sent`` is ``shape``; a link was given its address on the way."""
    return shape == sent or (isinstance(shape, Link) and isinstance(sent, Link) and shape.title == sent.title)
