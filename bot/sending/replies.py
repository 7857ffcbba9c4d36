"""Replies that did not go (or not wholly) into the HTTP answer: pushed once, through the same ways as notifications."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from bot.channels.api.errors import AllowanceSpent, ApiError, CardUpdateRefused
from bot.channels.message import ChannelName, Incoming
from bot.channels.outgoing import CardUpdate, Outgoing
from bot.channels.stops import STOPPED
from bot.channels.words import as_words
from bot.inbox.shapes import read
from bot.sending.outlets import NoWayOut, Outlets, Way, is_final
from bot.sending.short import of_reply, send_template
from core.conversations import reading
from core.conversations.commands import MarkPushed, Settle, UseResponse
from core.conversations.models import Conversation, Message
from core.foundation.actor import Actor
from core.foundation.counting import count
from core.foundation.events import Event
from core.foundation.practice import Practice

logger = logging.getLogger("huizhen.sending")

AFTER_ANSWER_S = 0.3
"""The HTTP answer and the push travel separately; the answer has to be on the screen first."""
_SYSTEM = Actor.system("worker")


@dataclass(slots=True)
class Replies:
    outlets: Outlets
    after_answer_s: float = AFTER_ANSWER_S

    async def push(self, practice: Practice, event: Event) -> None:
        """Push one part of a reply (rest, aside, or again: what HTTP answers held that did not arrive); nothing when it went out before."""
        part = str(event.body.get("part") or "rest")
        message = await Message.get(id=event.body["message_id"])
        if (message.aside_push if part == "aside" else message.push) != "waiting":
            return
        conversation = await Conversation.get(id=message.conversation_id)
        shapes = read(await reading.opened(practice, message, "aside" if part == "aside" else "rest"))
        if part == "rest" and message.state == "delivered":
            await asyncio.sleep(self.after_answer_s)
        try:
            await self._send(practice, message, conversation, shapes, part)
        except NoWayOut as none:
            count("sent", what="reply", channel=conversation.channel, outcome=none.code)
            await self._mark(practice, message, part, "failed", none.code)
        except ApiError as error:
            if not is_final(error):
                raise
            count("sent", what="reply", channel=conversation.channel, outcome=type(error).__name__)
            await self._mark(practice, message, part, "failed", type(error).__name__)
        else:
            count("sent", what="reply", channel=conversation.channel, outcome="sent")
            await self._mark(practice, message, part, "sent", "")

    async def _mark(self, practice: Practice, message: Message, part: str, outcome: str, failure: str) -> None:
        if failure:
            logger.warning("reply to %s not pushed: %s", message.id, failure)
        kept = "aside" if part == "aside" else "rest"
        await practice.execute(_SYSTEM, MarkPushed.model_validate({"message_id": message.id, "part": kept, "outcome": outcome}))

    async def _send(
        self, practice: Practice, message: Message, conversation: Conversation, shapes: tuple[Outgoing, ...], part: str
    ) -> None:
        if conversation.channel in (ChannelName.TERMINAL, "api", "h5"):
            return
        if conversation.channel == ChannelName.WECOM_ROBOT and part != "aside":
            shapes = await self._late_answer(practice, message, shapes)
            if not shapes:
                return
        if conversation.channel == ChannelName.WECOM_APP:
            shapes = await self._change_card(practice, message, shapes)
        way = await self._way(conversation, message)

        async def not_yet(place: int) -> bool:
            key = f"{part}:{place}"
            fresh = key not in message.settled
            if fresh and place:
                # What came before this one is out: a repetition begins here.
                await practice.execute(_SYSTEM, Settle(message_id=message.id, key=f"{part}:{place - 1}", value=True))
            return fresh

        try:
            await self.outlets.send(way, shapes, not_yet)
        except (AllowanceSpent, *STOPPED):
            # Where the platform refuses the account a call, another may still be open to it.
            await send_template(self.outlets, way, of_reply(" ".join(as_words(shape) for shape in shapes)), once=message.id)

    async def _change_card(self, practice: Practice, message: Message, shapes: tuple[Outgoing, ...]) -> tuple[Outgoing, ...]:
        """Change the card that was pressed, by the right that the press itself gave; the other shapes come back, to be sent as messages.

        The press may lie some messages back: between it and the signature the 动态码 was asked for and typed."""
        updates = [shape for shape in shapes if isinstance(shape, CardUpdate)]
        api = self.outlets.apis.wecom
        if not updates or api is None:
            return shapes
        pressed: Message | None = message
        if updates[0].pressed_in:
            pressed = await Message.get_or_none(id=updates[0].pressed_in, conversation_id=message.conversation_id)
        tap = None if pressed is None else Incoming.model_validate_json(await reading.opened(practice, pressed, "body")).tap
        if tap is not None and tap.response_code:
            try:
                await api.update_template_card(tap.response_code, updates[0])
            except CardUpdateRefused:
                logger.info("the card pressed in %s was changed before", message.id)
        return tuple(shape for shape in shapes if not isinstance(shape, CardUpdate))

    async def _late_answer(self, practice: Practice, message: Message, shapes: tuple[Outgoing, ...]) -> tuple[Outgoing, ...]:
        """The robot's one late answer to this message; what it could not carry comes back."""
        robot, api = self.outlets.channels.wecom_robot, self.outlets.apis.robot
        incoming = Incoming.model_validate_json(await reading.opened(practice, message, "body"))
        line = self.outlets.apis.robot_line if not incoming.response_url else None
        if robot is None or api is None or not (incoming.response_url or (line is not None and line.live)):
            return shapes
        payload, rest = robot.late_answer(shapes)
        if payload is None or not (await practice.execute(_SYSTEM, UseResponse(message_id=message.id))).won:
            return shapes
        try:
            if line is not None:
                await line.send(incoming.chat, incoming.group, payload)
            else:
                await api.respond(incoming.response_url, payload)
        except ApiError as error:
            logger.warning("late answer to %s refused: %s", message.id, type(error).__name__)
            return shapes
        return rest

    async def _way(self, conversation: Conversation, message: Message) -> Way:
        """Where the reply goes: the chat itself, or (from a robot or a group) the sender's single chat with the app."""
        ways = await self.outlets.ways_to(message.account_id)
        channel = conversation.channel if conversation.channel != ChannelName.WECOM_ROBOT else ChannelName.WECOM_APP
        way = next((way for way in ways if way.channel == channel), None)
        if way is None:
            raise NoWayOut("no_identity")
        return way
