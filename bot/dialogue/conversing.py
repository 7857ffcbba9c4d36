"""The worker's side of a conversation: hold it, take its unanswered messages in order, reply to each, store reply and state in one step."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

from bot.channels.message import Kind
from bot.channels.outgoing import Text
from bot.dialogue.dialogue import incoming_of, reply_to
from bot.dialogue.speech import SpeechRecogniser
from bot.dialogue.state import Asked, DialogueState
from bot.dialogue.turn import MediaPort, Reply, Turn
from bot.inbox.shapes import written
from core.conversations import lease, reading
from core.conversations.commands import FinishTurn
from core.conversations.errors import AlreadyAnswered, DialogueMoved
from core.conversations.models import Conversation, Message
from core.foundation.actor import Actor
from core.foundation.practice import Practice
from core.people.service import actor_for, elder_mode

logger = logging.getLogger("huizhen.conversing")

_SYSTEM = Actor.system("worker")
PROLONG_S = 3.0
WAIT_S = 0.1
SEEN_LOOKS = 10
EARS = 8
"""Voices that are listened to at once in one process: each holds its audio."""
GIVE_UP_AFTER = timedelta(seconds=20)
"""A message that fails for so long gets an apology instead of silence."""
_SORRY = "刚才这句没有处理好,请再说一次。\n**如果情况危急,不要等,马上打 120。**"


class ConversationBusy(RuntimeError):
    """Another process holds the conversation; the event comes again."""


@dataclass(slots=True)
class Conversing:
    """``holder`` is this process's name in the leases."""

    practice: Practice
    holder: str
    media: MediaPort | None = None
    speech: SpeechRecogniser | None = None
    _running: dict[str, asyncio.Lock] = field(default_factory=dict)
    _listening: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _ears: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(EARS))

    async def work(self, conversation_id: str, *, patience_s: float = 2.0) -> None:
        """Answer everything that is unanswered. :class:`ConversationBusy` when another process keeps it for longer than ``patience_s``.

        Where a voice must be listened to first, that goes on beside: nobody else's message waits for it. What is said in the same
        conversation meanwhile keeps its place behind it.
        """
        if self.speech is None:
            await self._work(conversation_id, patience_s)
        elif conversation_id in self._listening:
            return
        elif any(message.kind == Kind.VOICE.value for message in await reading.unanswered(conversation_id)):
            if conversation_id not in self._listening:
                self._listening[conversation_id] = asyncio.create_task(self._listen(conversation_id, patience_s), name="listening")
        else:
            await self._work(conversation_id, patience_s)

    async def quiet(self) -> None:
        """Give up listening: the process ends, and what is unanswered is left to others."""
        tasks = list(self._listening.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, conversation_id: str, patience_s: float) -> None:
        try:
            async with self._ears:
                await self._work(conversation_id, patience_s)
        except Exception as error:  # the sweep comes back to it, and in the end says that it is sorry
            logger.info("conversation %s left for later: %s", conversation_id, type(error).__name__)
            return
        finally:
            self._listening.pop(conversation_id, None)
        # What came after the last look, while its own event found somebody at work.
        if await reading.unanswered(conversation_id):
            await self.work(conversation_id, patience_s=patience_s)

    async def _work(self, conversation_id: str, patience_s: float) -> None:
        lock = self._running.setdefault(conversation_id, asyncio.Lock())
        async with lock:
            if not await reading.unanswered(conversation_id):
                return
            async with self._held(conversation_id, patience_s):
                while messages := await reading.unanswered(conversation_id):
                    for message in messages:
                        await self._answer(conversation_id, message)
        if not lock.locked():
            self._running.pop(conversation_id, None)

    @contextlib.asynccontextmanager
    async def _held(self, conversation_id: str, patience_s: float) -> AsyncIterator[None]:
        clock = self.practice.clock
        waited = 0.0
        while not await lease.take(conversation_id, self.holder, clock.real_now()):
            if waited >= patience_s:
                raise ConversationBusy
            await asyncio.sleep(WAIT_S)
            waited += WAIT_S
        keeper = asyncio.create_task(self._keep(conversation_id))
        try:
            yield
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)  # and not its cancellation taken for ours, nor ours for its
            await lease.give_back(conversation_id, self.holder, clock.real_now())

    async def _keep(self, conversation_id: str) -> None:
        while True:
            await asyncio.sleep(PROLONG_S)
            await lease.take(conversation_id, self.holder, self.practice.clock.real_now())

    async def _answer(self, conversation_id: str, message: Message) -> None:
        """One turn; begun again when the conversation moved meanwhile (a notification was recorded)."""
        noticed: tuple[str, ...] | None = None
        for _ in range(5):
            conversation = await reading.conversation(conversation_id)
            if noticed is None:
                noticed = DialogueState.of(conversation.dialogue).noticed
            try:
                reply, turn = await self._reply(conversation, message, noticed)
            except Exception as error:
                if self.practice.clock.real_now() - message.received_at < GIVE_UP_AFTER:
                    raise
                logger.warning("message %s given up: %s", message.id, type(error).__name__, exc_info=True)
                reply, turn = Reply((Text(text=_SORRY),), DialogueState.of(conversation.dialogue)), None
            try:
                await self._finish(conversation, message, reply, turn)
                return
            except DialogueMoved:
                message = await Message.get(id=message.id)
            except AlreadyAnswered:
                return

    async def _reply(self, conversation: Conversation, message: Message, noticed: tuple[str, ...]) -> tuple[Reply, Turn]:
        incoming = incoming_of(await reading.opened(self.practice, message, "body"))
        turn = Turn(
            practice=self.practice,
            actor=await actor_for(message.account_id, conversation.channel, self.practice.clock.now()),
            incoming=incoming,
            message_id=message.id,
            conversation_id=conversation.id,
            state=DialogueState.of(conversation.dialogue),
            media=self.media,
            speech=self.speech,
            settled=dict(message.settled),
            elder=bool(await elder_mode(message.account_id)),
            noticed=noticed,
        )
        turn.unseen = turn.state.asked is not None and not await self._seen(turn.state.asked, message)
        return await reply_to(turn), turn

    async def _seen(self, asked: Asked, message: Message) -> bool:
        """Whether the open question was on the screen when this was said; a push under way is given a moment to be marked."""
        for _ in range(SEEN_LOOKS):
            seen = await reading.has_seen(asked.message_id, message.received_at) if asked.message_id else True
            if seen is not None:
                return seen
            await asyncio.sleep(WAIT_S)
        return False

    async def _finish(self, conversation: Conversation, message: Message, reply: Reply, turn: Turn | None) -> None:
        before = DialogueState.of(conversation.dialogue)
        state = reply.state.after(before, message.id, self.practice.clock.now())
        command = FinishTurn(
            message_id=message.id,
            conversation_version=conversation.version,
            reply=written(reply.shapes),
            aside=written(reply.aside),
            dialogue=state.stored(),
        )
        await self.practice.execute(_SYSTEM, command)
