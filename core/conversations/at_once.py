"""Technical writer: a message taken in and answered by the process that took it, in one commit, where a worker would only say what is always said.

The order is the worker's own (``FinishTurn``) and leaves what the worker leaves: the message with its reply, delivered; its event, told already;
the audit entry. Nothing of it is done where the worker would have more to do: the chat is new, something said in it is still unanswered, or the
dialogue moved while this was prepared. Then the message goes the usual way (``taking``). What came while the last commit ran is stored by one
commit (``Gathering``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tortoise.exceptions import IntegrityError

from core.conversations import allowance, inbound
from core.conversations.commands import FinishTurn
from core.conversations.inbound import RECEIVED
from core.conversations.models import Allowance, Conversation, Message
from core.conversations.taking import Arrival
from core.conversations.words import KIND, words_key
from core.foundation.access import check_access
from core.foundation.actor import Actor
from core.foundation.database import statements
from core.foundation.database.one_go import Statement, Steps, in_one_go
from core.foundation.database.passing import until_passed
from core.foundation.database.statements import find_all
from core.foundation.errors import DomainError
from core.foundation.events import lane_of
from core.foundation.gathering import Gathering
from core.foundation.models import AuditEntry, OutboxEvent
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.people.models import Identity
from core.people.service import patients_among

_SYSTEM = Actor.system("web")


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote: no member of staff, in his single chat. ``dialogue``: where the dialogue stands, as it is stored. ``introduced``: known across the
    accounts of the platform; of others the worker is told, who asks."""

    actor: Actor
    elder: bool
    conversation: Conversation
    introduced: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """``shapes``: JSON. ``whole``: the HTTP answer holds all of it; otherwise it is stored as answered, and handed over as any other."""

    shapes: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Asking:
    """``reply``: what is said to who wrote; None where that is not for this process to say."""

    arrival: Arrival
    reply: Callable[[Writer], Awaitable[Reply | None]]


@dataclass(frozen=True, slots=True)
class _Prepared:
    message: Message
    event: OutboxEvent
    entry: AuditEntry
    version: int


class AnsweringAtOnce:
    """For one process."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice
        self._askings: Gathering[Asking, Message | None] = Gathering(self._answered, one_by_one=(IntegrityError, DomainError))

    async def answer(self, asking: Asking) -> Message | None:
        """The message, stored with its reply; None where nothing was done and it must go the usual way (also where it is there already)."""
        try:
            return await self._askings.ask(asking)
        except IntegrityError:
            return None

    async def _answered(self, askings: Sequence[Asking]) -> list[Message | None]:
        prepared: dict[str, _Prepared] = {}
        of_asking: list[_Prepared | None] = []
        for asking, writer in zip(askings, await self._writers([one.arrival for one in askings]), strict=True):
            made = None
            if writer is not None and asking.arrival.dedupe_key not in prepared and (reply := await asking.reply(writer)) is not None:
                made = prepared[asking.arrival.dedupe_key] = await self._prepared(asking.arrival, writer, reply)
            of_asking.append(made)
        rows = list(prepared.values())
        stored = await until_passed(self._practice, lambda: in_one_go(lambda: _stored(rows, self._given()))) if rows else set()
        if any(one.event.state == "waiting" for one in rows if one.message.id in stored):
            await self._practice.signals.publish(lane_of(RECEIVED))
        return [None if one is None or one.message.id not in stored else one.message for one in of_asking]

    async def _writers(self, arrivals: Sequence[Arrival]) -> list[Writer | None]:
        identities = {(row.app, row.subject): row for row in await find_all(Identity, subject__in=list({one.sender[:64] for one in arrivals}))}
        blinds = [self._practice.keys.blind("chat", f"{one.channel}\x1f{one.app}\x1f{one.chat}") for one in arrivals]
        chats = {(row.channel, row.app, row.chat_blind): row for row in await find_all(Conversation, chat_blind__in=list(set(blinds)))}
        known = {row.account_id for row in identities.values()}
        people = {channel: await patients_among(known, channel) for channel in {one.channel for one in arrivals}}
        writers: list[Writer | None] = []
        for one, blind in zip(arrivals, blinds, strict=True):
            identity, chat = identities.get((one.app, one.sender[:64])), chats.get((one.channel, one.app, blind))
            person = None if identity is None else people[one.channel].get(identity.account_id)
            if identity is None or person is None or chat is None or chat.group or chat.account_id != identity.account_id:
                writers.append(None)
            else:
                writers.append(Writer(*person, chat, identity.unionid is not None))
        return writers

    async def _prepared(self, arrival: Arrival, writer: Writer, reply: Reply) -> _Prepared:
        practice, chat, account_id = self._practice, writer.conversation, writer.actor.account_id
        real_now = practice.clock.real_now()
        message_id = practice.ids.new()
        key = words_key(account_id, real_now)
        sealer = await practice.keys.sealer(KIND, key)
        message = Message(
            id=message_id, conversation_id=chat.id, account_id=account_id, dedupe_key=arrival.dedupe_key, kind=arrival.kind, words_key=key,
            body=sealer.seal("message", "body", message_id, arrival.body), reply=sealer.seal("message", "reply", message_id, reply.shapes),
            state="delivered" if reply.whole else "answered", window="open", received_at=real_now, answered_at=real_now,
            delivered_at=real_now if reply.whole else None,
        )  # fmt: skip
        event = inbound.received(practice.ids.new(), chat.id, message_id, real_now)
        if writer.introduced:
            event.state = "done"
        order = FinishTurn(message_id=message_id, conversation_version=chat.version, reply=reply.shapes, dialogue=chat.dialogue)
        work = Work(practice, _SYSTEM, order)
        work.grant = await check_access(work, order)
        work.concerns("message", message_id)
        return _Prepared(message, event, work.entry("done"), chat.version)

    def _given(self) -> dict[str, object]:
        count, duration = allowance.GIVEN["message"]
        return {"remaining": count, "until": self._practice.clock.real_now() + duration}


def _stored(prepared: Sequence[_Prepared], given: dict[str, object]) -> Steps[set[str]]:
    """Store those whose chat is as it was and waits for nothing; their messages' ids."""
    chats = list({one.message.conversation_id for one in prepared})
    quiet = yield Statement(statements.spelled(_QUIET.format(statements.marks(len(chats)))), chats)
    versions = {row["id"]: row["version"] for row in quiet.rows}
    good = [one for one in prepared if versions.get(one.message.conversation_id) == one.version]
    if good:
        yield statements.inserting([one.message for one in good])
        yield statements.inserting([one.event for one in good])
        yield statements.inserting([one.entry for one in good])
        yield statements.updating(Allowance, given, conversation_id__in=list({one.message.conversation_id for one in good}), trigger="message")
    return {one.message.id for one in good}


_QUIET = (
    'SELECT c."id", c."version" FROM "conversation" c JOIN "allowance" a ON a."conversation_id" = c."id" AND a."trigger" = \'message\''
    ' WHERE c."id" IN ({0}) AND c."id" NOT IN (SELECT m."conversation_id" FROM "message" m WHERE m."state" = \'received\')'
)
"""Chats in which nothing is unanswered and whose allowance is in the ledger."""
