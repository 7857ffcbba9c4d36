"""One turn: a message, who said it and where the dialogue stands; and what the turn may do.

A turn may be repeated from its beginning (a worker was killed): every command carries the key ``msg:<message id>:<n>``, and what a message
was found to mean by looking things up is settled in the database before it is acted upon, so that the repetition gives the same orders.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from bot.channels.message import ChannelName, Incoming
from bot.channels.outgoing import Choice, Menu, Outgoing, Text
from bot.dialogue.state import Asked, DialogueState
from core.conversations.commands import Settle
from core.conversations.models import Message
from core.foundation.actor import Actor, Role
from core.foundation.errors import Unavailable
from core.foundation.orders import Command, Query
from core.foundation.practice import EngineAway, Practice

if TYPE_CHECKING:
    from bot.dialogue.speech import SpeechRecogniser

_SYSTEM = Actor.system("worker")
_STAFF = (Role.VILLAGE_DOCTOR, Role.DUTY_DOCTOR, Role.EXPERT, Role.PHARMACIST, Role.SCHEDULER, Role.ADMINISTRATOR, Role.AUDITOR)


class MediaAway(Unavailable):
    code = "media.away"
    sentence = "这个文件没有取到,请再发一次。"


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file that somebody sent, fetched from the platform."""

    content: bytes
    media_type: str
    name: str


class MediaPort(Protocol):
    async def fetch(self, incoming: Incoming, index: int = 0) -> FetchedFile:
        """The ``index``-th file of a message; :class:`MediaAway` when the platform does not give it."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """``shapes`` go where the message came from, ``aside`` to the sender's single chat."""

    shapes: tuple[Outgoing, ...]
    state: DialogueState
    aside: tuple[Outgoing, ...] = ()


@dataclass(slots=True)
class Turn:
    practice: Practice
    actor: Actor
    incoming: Incoming
    message_id: str
    conversation_id: str
    state: DialogueState
    media: MediaPort | None = None
    speech: SpeechRecogniser | None = None
    settled: dict[str, Any] = field(default_factory=dict)
    unseen: bool = False
    """The open question never came before the person: what he says is no answer to it."""
    pressed_in: str = ""
    """The earlier message in which the card was pressed whose button goes on now."""
    elder: bool = False
    """He chose 长辈模式: fewer choices at once."""
    first: str = ""
    """To be said before the reply, whatever that is."""
    confirmed: bool = False
    """The person has said that the words of an earlier voice message are his."""
    noticed: tuple[str, ...] = ()
    """The buttons of a notification that came after the open question and before this was first read. One that comes while a turn is begun again
    does not give a number another meaning: what it meant may have been done."""
    _commands: int = 0

    @property
    def group(self) -> bool:
        return self.incoming.group

    @property
    def staff(self) -> bool:
        """Whether the person is spoken to as a member of staff: with such a role, and not on the patients' channels."""
        if self.incoming.channel in (ChannelName.OFFICIAL_ACCOUNT, ChannelName.MINI_PROGRAM):
            return False
        return any(self.actor.holds(role) for role in _STAFF)

    @property
    def withheld(self) -> str:
        """Why a member of staff may do nothing here now (his licence ran out, say); empty where he may, and for everybody else."""
        on_patients_side = self.incoming.channel in (ChannelName.OFFICIAL_ACCOUNT, ChannelName.MINI_PROGRAM)
        return "" if self.staff or on_patients_side or not self.actor.withheld else self.actor.withheld[0].reason

    @property
    def engine(self) -> Any:
        if self.practice.engines.clinical is None:
            raise EngineAway
        return self.practice.engines.clinical

    async def execute(self, command: Command) -> Any:
        """Give an order; the same turn repeated gives the same one and changes nothing."""
        self._commands += 1
        return await self.practice.execute(self.actor, command, idempotency_key=f"msg:{self.message_id}:{self._commands}")

    async def execute_once(self, command: Command, written_in: str) -> Any:
        """Give the order that message ``written_in`` asks for: its button tapped again, in whatever turn, gives the same one."""
        return await self.practice.execute(self.actor, command, idempotency_key=f"msg:{written_in}:{command.name}")

    async def ask(self, query: Query) -> Any:
        return await self.practice.ask(self.actor, query)

    async def settle(self, key: str, look_up: Callable[[], Awaitable[Any]], *, of_message: str = "") -> Any:
        """What ``look_up`` gave the first time this message (or the earlier one named) was worked on: ids and codes only."""
        if of_message and of_message != self.message_id:
            known = (await Message.get(id=of_message)).settled
            if key in known:
                return known[key]
            return (await self.practice.execute(_SYSTEM, Settle(message_id=of_message, key=key, value=await look_up()))).value
        if key not in self.settled:
            value = await look_up()
            settled = await self.practice.execute(_SYSTEM, Settle(message_id=self.message_id, key=key, value=value))
            self.settled[key] = settled.value
        return self.settled[key]

    def menu_id(self, tag: str = "m") -> str:
        """A name for a menu or card of this turn, the same when the turn is repeated."""
        return f"{self.message_id}-{tag}"

    def say(self, *texts: str) -> Reply:
        """Words only; the open question stays open."""
        return Reply(tuple(Text(text=text) for text in texts if text), self.state)

    def offer(self, head: str, choices: tuple[Choice, ...], *, asked: Asked | None = None, tail: str = "") -> Reply:
        """A text with things to tap. Without ``asked`` the buttons act by themselves, and a number means the button at that place."""
        menu_id = self.menu_id()
        now = asked or Asked(kind="actions")
        now = now.model_copy(update={"menu_id": menu_id, "options": tuple(choice.code for choice in choices)})
        return Reply((Menu(head=head, choices=choices, tail=tail, menu_id=menu_id),), self.state.asking(now))
