"""Technical writer: taking the platforms' messages in. What is known is found, what is new is stored with its event before anybody acknowledges it.

Under load the messages that came while the last commit ran are found by one question and stored by one commit (``Gathering``).
A person who never wrote before has his account and chat made first, each by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError

from core.conversations import allowance, inbound
from core.conversations.inbound import RECEIVED, Chat, Claim
from core.conversations.models import Conversation, Message
from core.conversations.words import KIND, words_key
from core.foundation.actor import Actor
from core.foundation.database import statements
from core.foundation.database.one_go import Steps, in_one_go
from core.foundation.database.passing import until_passed
from core.foundation.database.statements import find_all
from core.foundation.errors import DomainError
from core.foundation.events import lane_of
from core.foundation.gathering import Gathering
from core.foundation.models import OutboxEvent
from core.foundation.practice import Practice
from core.people.commands import EnsureAccount
from core.people.models import Identity

_SYSTEM = Actor.system("web")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as it came. ``sender``: openid or userid; ``chat``: the same, or a group's id. ``account_id``: of a sender who is known already.
    ``body``: the message as JSON, to be sealed. ``trigger``: what the platform lets us send because of it. ``window``: a web process waits to
    answer at once."""

    channel: str
    app: str
    sender: str
    chat: str
    group: bool
    dedupe_key: str
    kind: str
    body: str
    account_id: str | None = None
    trigger: allowance.Trigger | None = None
    window: bool = True


class Taking:
    """Takes messages in for one process."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice
        self._known: Gathering[str, Message | None] = Gathering(_known)
        self._rows: Gathering[str, Message] = Gathering(_rows)
        self._takes: Gathering[Arrival, Claim] = Gathering(self._taken, one_by_one=(IntegrityError, DomainError))

    async def known(self, dedupe_key: str) -> Message | None:
        """The message with this key, if it was taken before."""
        return await self._known.ask(dedupe_key)

    async def row(self, message_id: str) -> Message:
        """The message as it is now."""
        return await self._rows.ask(message_id)

    async def take(self, arrival: Arrival) -> Claim:
        """The message stored, its event told, what we may send because of it noted; one that is there already is found and tells nobody."""
        return await self._takes.ask(arrival)

    async def _taken(self, arrivals: Sequence[Arrival]) -> list[Claim]:
        accounts, chats = await self._places(arrivals)
        if len(arrivals) == 1:
            return [await self._alone(arrivals[0], accounts, chats)]
        real_now = self._practice.clock.real_now()
        first: dict[str, Message] = {}
        fresh: list[tuple[Arrival, _Made]] = []
        for arrival in arrivals:
            if arrival.dedupe_key not in first:
                made = await self._made(arrival, accounts[arrival], chats[arrival], real_now)
                first[arrival.dedupe_key] = made.message
                fresh.append((arrival, made))
        # Where one of them is there already the whole batch comes to nothing, and each is taken by itself.
        await self._store(fresh, real_now)
        made_here = {id(made.message) for _, made in fresh}
        claims = []
        for arrival in arrivals:
            message = first[arrival.dedupe_key]
            claims.append(Claim(message, id(message) in made_here))
            made_here.discard(id(message))
        return claims

    async def _alone(self, arrival: Arrival, accounts: dict[Arrival, str], chats: dict[Arrival, Conversation]) -> Claim:
        real_now = self._practice.clock.real_now()
        made = await self._made(arrival, accounts[arrival], chats[arrival], real_now)
        try:
            await self._store([(arrival, made)], real_now)
        except IntegrityError:
            return Claim(await Message.get(dedupe_key=arrival.dedupe_key), False)
        return Claim(made.message, True)

    async def _store(self, fresh: Sequence[tuple[Arrival, _Made]], real_now: datetime) -> None:
        await until_passed(self._practice, lambda: in_one_go(lambda: self._stored(fresh, real_now)))
        await self._practice.signals.publish(lane_of(RECEIVED))

    def _stored(self, fresh: Sequence[tuple[Arrival, _Made]], real_now: datetime) -> Steps[None]:
        yield statements.inserting(Message, [made.values for _, made in fresh])
        yield statements.inserting(OutboxEvent, [made.told for _, made in fresh])
        for trigger in allowance.GIVEN:
            chats = {made.message.conversation_id for arrival, made in fresh if arrival.trigger == trigger and not arrival.group}
            if chats:
                yield from allowance.opening(self._practice.ids, chats, trigger, real_now)

    async def _places(self, arrivals: Sequence[Arrival]) -> tuple[dict[Arrival, str], dict[Arrival, Conversation]]:
        """Account and conversation of each: found by one question each, made where they are not there."""
        apps = list({one.app for one in arrivals})
        unknown = {arrival.sender[:64] for arrival in arrivals if arrival.account_id is None}
        found = {(row.app, row.subject): row.account_id for row in await find_all(Identity, app__in=apps, subject__in=list(unknown))}
        accounts = {one: one.account_id or found.get((one.app, one.sender[:64])) or await self._account(one) for one in arrivals}
        blinds = {one: self._practice.keys.blind("chat", f"{one.channel}\x1f{one.app}\x1f{one.chat}") for one in arrivals}
        channels = list({one.channel for one in arrivals})
        # With channel and app, because that is how their indexes begin: by the last column alone every chat of the house would be looked at.
        rows = await find_all(Conversation, channel__in=channels, app__in=apps, chat_blind__in=list(set(blinds.values())))
        known = {(row.channel, row.app, row.chat_blind): row for row in rows}
        chats: dict[Arrival, Conversation] = {}
        for one in arrivals:
            chat = known.get((one.channel, one.app, blinds[one]))
            chats[one] = chat or await inbound.conversation_of(self._practice, Chat(one.channel, one.app, one.chat, one.group, accounts[one]))
        return accounts, chats

    async def _account(self, arrival: Arrival) -> str:
        who = await self._practice.execute(_SYSTEM, EnsureAccount(app=arrival.app, subject=arrival.sender[:64]))
        return str(who.account_id)

    async def _made(self, arrival: Arrival, account_id: str, conversation: Conversation, real_now: datetime) -> _Made:
        message_id = self._practice.ids.new()
        key = words_key(account_id, real_now)
        sealer = await self._practice.keys.sealer(KIND, key)
        values = {
            "id": message_id, "conversation_id": conversation.id, "account_id": account_id, "dedupe_key": arrival.dedupe_key, "kind": arrival.kind,
            "words_key": key, "body": sealer.seal("message", "body", message_id, arrival.body), "state": "received",
            "window": "open" if arrival.window else "closed", "received_at": real_now,
        }  # fmt: skip
        return _Made(Message(**values), values, inbound.received(self._practice.ids.new(), conversation.id, message_id, real_now))


@dataclass(frozen=True, slots=True)
class _Made:
    """A message to be stored: as a row, as values, and its event's values."""

    message: Message
    values: dict[str, Any]
    told: dict[str, Any]


async def _known(keys: Sequence[str]) -> list[Message | None]:
    rows = {row.dedupe_key: row for row in await find_all(Message, dedupe_key__in=list(set(keys)))}
    return [rows.get(key) for key in keys]


async def _rows(ids: Sequence[str]) -> list[Message]:
    rows = {row.id: row for row in await find_all(Message, id__in=list(set(ids)))}
    return [rows[one] for one in ids]
