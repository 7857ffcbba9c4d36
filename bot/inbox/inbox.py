"""A callback in, an HTTP answer out: verify, claim, wait for the worker's reply, answer it once; what is late goes by push.

Duplicates of a message wait for the same reply. Exactly one of the HTTP answer and the push takes it (``handing_over`` and
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
from bot.channels.outgoing import Link, Outgoing, Reply, Stream, Text
from bot.channels.refused import Refused
from bot.inbox import always, events
from bot.inbox.answer import BUSY, REFUSED, HttpAnswer
from bot.inbox.flood import FLOODED, floods
from bot.inbox.shapes import read, written
from bot.inbox.waiting import reply_within
from core.conversations import allowance, inbound, reading
from core.conversations.at_once import AnsweringAtOnce, Asking, Writer
from core.conversations.at_once import Reply as Stored
from core.conversations.commands import DeliverPart, PushAgain
from core.conversations.handing_over import HandingOver
from core.conversations.models import Message
from core.conversations.taking import Arrival, Taking
from core.foundation.actor import Actor
from core.foundation.counting import count
from core.foundation.errors import DomainError
from core.foundation.practice import Practice
from core.people.commands import EnsureAccount

logger = logging.getLogger("huizhen.inbox")

MARGIN_S = 0.8
"""Kept of the platform's deadline for the way back and a slow commit."""
STREAM_AFTER_S = 1.2
"""How long the robot's first answer may wait before it says that it is at work."""
TAP_AGAIN_S = 0.2
WORKING = "正在为您处理…"

_SYSTEM = Actor.system("web")
_KINDS = list(Kind)
_UNHEARD = frozenset(_KINDS[_KINDS.index(Kind.POSITION) :]) | {Kind.UNSUBSCRIBE}
_ACKNOWLEDGED = _UNHEARD - events.KINDS - {Kind.UNSUBSCRIBE}
"""Of what is no conversation, all that changes nothing here."""
_TAPS = frozenset({Kind.TAP, Kind.SUBSCRIBE, Kind.SCAN})


@dataclass(slots=True)
class Inbox:
    """``apps`` names the platform account behind each channel (appid, corpid): under it people are known."""

    practice: Practice
    apps: Mapping[ChannelName, str]
    _running: set[asyncio.Task[HttpAnswer]] = field(default_factory=set)
    _taking: Taking = field(init=False)
    _handing_over: HandingOver = field(init=False)
    _at_once: AnsweringAtOnce = field(init=False)

    def __post_init__(self) -> None:
        self._taking, self._handing_over, self._at_once = Taking(self.practice), HandingOver(self.practice), AnsweringAtOnce(self.practice)

    def verify_url(self, channel: Channel, query: Mapping[str, str]) -> HttpAnswer:
        """The platform's check of our address."""
        try:
            return HttpAnswer(200, channel.verify_url(query, self.practice.clock.real_now()), "text/plain; charset=utf-8")
        except Refused as refused:
            logger.info("verification of %s refused: %s", channel.name, refused.reason)
            count("callback_refused", channel=channel.name, reason=refused.reason)
            return REFUSED

    async def receive(self, channel: Channel, query: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        """One callback of the platform, answered within its deadline."""
        try:
            incoming = channel.receive(query, headers, body, self.practice.clock.real_now())
        except Refused as refused:
            logger.info("callback of %s refused: %s", channel.name, refused.reason)
            count("callback_refused", channel=channel.name, reason=refused.reason)
            return REFUSED
        if incoming.kind in _ACKNOWLEDGED:
            self._count_unheard(channel, incoming)
            return self._said(channel, incoming, ())
        # A platform that hangs up must not tear a transaction: the work goes on, and its reply is there for the next delivery.
        work = asyncio.create_task(self._taken(channel, incoming), name="callback")
        self._running.add(work)
        work.add_done_callback(self._running.discard)
        return await asyncio.shield(work)

    async def quiet(self) -> None:
        """Wait until nothing that was accepted is still at work: before the process ends."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    async def undelivered(self, channel: Channel, body: bytes) -> None:
        """The answer to this callback was handed over and did not arrive: the reply goes by push, once."""
        incoming = channel.receive({}, {}, body, self.practice.clock.real_now())
        message = await inbound.known(incoming.dedupe_key)
        if message is not None and message.state == "delivered":
            shapes = read(await reading.opened(self.practice, message, "reply"))
            await self.practice.execute(_SYSTEM, PushAgain(message_id=message.id, reply=written(shapes)))

    async def _taken(self, channel: Channel, incoming: Incoming) -> HttpAnswer:
        loop = asyncio.get_running_loop()
        end = loop.time() + channel.capability.deadline_seconds - MARGIN_S
        while True:
            try:
                return await self._answer(channel, incoming)
            except (OperationalError, DomainError) as error:
                # The platform delivers again what was not taken, but for a tap on a robot's card: that is tried here for as long as somebody waits.
                if incoming.kind is not Kind.TAP or channel.name is not ChannelName.WECOM_ROBOT or loop.time() > end:
                    logger.warning("callback of %s not taken: %s", channel.name, type(error).__name__)
                    count("callback_busy", channel=channel.name)
                    return BUSY
            await asyncio.sleep(TAP_AGAIN_S)

    async def converse(self, incoming: Incoming, account_id: str, seconds: float) -> tuple[Outgoing, ...] | None:
        """A sentence of somebody already signed in (terminal, API): the reply, or None when it is not there within ``seconds``."""
        known = await self._taking.known(incoming.dedupe_key)
        message = known if known is not None else await self._claimed(incoming, account_id)
        message = await self._reply_within(message.id, seconds)
        if message.state == "received":
            await self._handing_over.close_window(message.id)
            message = await self._taking.row(message.id)
        if message.state == "answered":
            await self._handing_over.deliver(message.id)
        shapes = read(await reading.opened(self.practice, message, "reply"))
        return shapes if message.state != "received" else None

    async def _answer(self, channel: Channel, incoming: Incoming) -> HttpAnswer:
        if incoming.kind is Kind.STREAM_REFRESH:
            return await self._refresh(channel, incoming)
        if incoming.kind in _UNHEARD:
            self._count_unheard(channel, incoming)
            await self._notice(incoming)
            return self._said(channel, incoming, ())
        message = await self._taking.known(incoming.dedupe_key)
        if message is None:
            # A tap on a robot's card is delivered once and never again: it is stored before anything else is asked.
            if incoming.kind is not Kind.TAP and await floods(self.practice, incoming):
                return self._said(channel, incoming, () if channel.name is ChannelName.MINI_PROGRAM else (Text(text=FLOODED),))
            taken = await self._answered_at_once(channel, incoming) or await self._claimed(incoming, None)
            count("callback_accepted", channel=channel.name)
            if isinstance(taken, HttpAnswer):
                return taken
            message = taken
        else:
            count("callback_duplicate", channel=channel.name)
        if channel.name is ChannelName.MINI_PROGRAM:
            # This platform takes no words in the answer; nothing is gained by letting it wait.
            await self._handing_over.close_window(message.id)
            return self._said(channel, incoming, ())
        streams = channel.capability.streams and incoming.kind not in (Kind.TAP, Kind.ENTER)
        seconds = STREAM_AFTER_S if streams else channel.capability.deadline_seconds - MARGIN_S
        if message.state == "received":
            message = await self._reply_within(message.id, seconds)
        if message.state != "received":
            return await self._hand_over(channel, incoming, message)
        if streams:
            return self._said(channel, incoming, (Stream(text=WORKING, finish=False),))
        if await self._handing_over.close_window(message.id):
            count("callback_late", channel=channel.name)
            return self._said(channel, incoming, ())
        return await self._hand_over(channel, incoming, await self._taking.row(message.id))

    def _count_unheard(self, channel: Channel, incoming: Incoming) -> None:
        count("callback_unknown" if incoming.kind is Kind.OTHER else "callback_accepted", channel=channel.name)

    async def _refresh(self, channel: Channel, incoming: Incoming) -> HttpAnswer:
        message = await self._taking.known(f"{incoming.channel.value}:{incoming.stream_id}")
        if message is None:
            return self._said(channel, incoming, (Stream(text="这条消息已经过期,请再发一次。", finish=True),))
        message = await self._reply_within(message.id, 1.0)
        if message.state == "received":
            return self._said(channel, incoming, (Stream(text=WORKING, finish=False),))
        return await self._hand_over(channel, incoming, message)

    async def _hand_over(self, channel: Channel, incoming: Incoming, message: Message) -> HttpAnswer:
        """The reply as an HTTP answer, if it is still ours to give."""
        shapes = read(await reading.opened(self.practice, message, "reply"))
        answer = channel.passive_reply(incoming, shapes, self.practice.clock.real_now(), self._nonce())
        if message.state == "answered":
            won = await self._deliver(message.id, answer.rest)
            message = await self._taking.row(message.id) if not won else message
            if won:
                return HttpAnswer(200, answer.body, answer.content_type)
        if message.state == "delivered" and not await self._lost(channel, incoming, message, shapes, answer.rest):
            return HttpAnswer(200, answer.body, answer.content_type)
        if incoming.kind is Kind.STREAM_REFRESH:
            # The text went by push; the stream on the screen still has to end.
            return self._said(channel, incoming, (Stream(text="已经回复您,请看下一条消息。", finish=True),))
        return self._said(channel, incoming, ())

    async def _deliver(self, message_id: str, rest: tuple[Outgoing, ...]) -> bool:
        """Whether this answer is the one that takes the reply; ``rest`` is pushed after it."""
        if not rest:
            return await self._handing_over.deliver(message_id)
        return bool((await self.practice.execute(_SYSTEM, DeliverPart(message_id=message_id, rest=written(rest)))).won)

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
        return won or (await self._taking.row(message.id)).state == "late"

    async def _reply_within(self, message_id: str, seconds: float) -> Message:
        return await reply_within(self.practice.signals, self._taking.row, message_id, seconds)

    async def _answered_at_once(self, channel: Channel, incoming: Incoming) -> HttpAnswer | Message | None:
        """What needs no worker, stored and answered by this process: the answer, or the message where its reply is yet to be handed over; None where
        it must go the usual way."""
        if not always.is_always(incoming):
            return None
        answer: Reply | None = None

        def reply(writer: Writer) -> Stored | None:
            nonlocal answer
            if not always.is_quiet(writer.dialogue):
                return None
            said = always.always_said(incoming, elder=writer.elder)
            answer = channel.passive_reply(incoming, said.shapes, self.practice.clock.real_now(), self._nonce())
            return Stored(said.written, whole=not answer.rest)

        message_id = await self._at_once.answer(Asking(self._arrival(incoming, None), reply))
        if message_id is None or answer is None:
            return None
        return await self._taking.row(message_id) if answer.rest else HttpAnswer(200, answer.body, answer.content_type)

    async def _claimed(self, incoming: Incoming, account_id: str | None) -> Message:
        return (await self._taking.take(self._arrival(incoming, account_id))).message

    def _arrival(self, incoming: Incoming, account_id: str | None) -> Arrival:
        return Arrival(
            channel=incoming.channel.value,
            app=self.apps.get(incoming.channel, incoming.account),
            sender=incoming.sender,
            chat=incoming.chat,
            group=incoming.group,
            dedupe_key=incoming.dedupe_key,
            kind=incoming.kind.value,
            body=incoming.model_dump_json(),
            account_id=account_id,
            trigger=None if incoming.group else "tap" if incoming.kind in _TAPS else "message",
        )

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
        nonce = self._nonce() if shapes or channel.capability.streams else ""  # an acknowledgement is not sealed, but for the robot's
        answer = channel.passive_reply(incoming, shapes, self.practice.clock.real_now(), nonce)
        return HttpAnswer(200, answer.body, answer.content_type)

    def _nonce(self) -> str:
        return str(self.practice.rng.randrange(10**9, 10**10))


def _same(shape: Outgoing, sent: Outgoing) -> bool:
    """Whether ``sent`` is ``shape``; a link was given its address on the way."""
    return shape == sent or (isinstance(shape, Link) and isinstance(sent, Link) and shape.title == sent.title)
