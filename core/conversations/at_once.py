"""Technical writer: a message taken in and answered by the process that took it, in one commit, where a worker would only say what is always said.

The order is the worker's own (``FinishTurn``) and leaves what the worker leaves: the message with its reply, delivered; its event, told already;
the audit entry. Nothing of it is done where the worker would have more to do: the chat is new, something said in it is still unanswered, or the
dialogue moved while this was prepared. Then the message goes the usual way (``taking``). What came while the last commit ran is stored by one
commit (``Gathering``).
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tortoise.exceptions import IntegrityError

from core.conversations import allowance, inbound
from core.conversations.commands import FinishTurn
from core.conversations.inbound import RECEIVED
from core.conversations.models import Message
from core.conversations.taking import Arrival
from core.conversations.words import KIND, words_key
from core.foundation.access import check_access
from core.foundation.actor import Actor
from core.foundation.database import statements
from core.foundation.database.one_go import Statement, Steps, in_one_go
from core.foundation.database.passing import until_passed
from core.foundation.errors import DomainError
from core.foundation.events import lane_of
from core.foundation.gathering import Gathering
from core.foundation.models import AuditEntry, OutboxEvent
from core.foundation.practice import Practice
from core.foundation.work import Work

_SYSTEM = Actor.system("web")
TELL_AGAIN = timedelta(minutes=1)
REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote: no member of staff, in his single chat. ``dialogue``: where the dialogue stands, as it is stored. ``introduced``: known across the
    accounts of the platform; of others the worker is told, who asks."""

    account_id: str
    elder: bool
    conversation_id: str
    version: int
    dialogue: dict[str, Any]
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
    reply: Callable[[Writer], Reply | None]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Values of the rows."""

    message: dict[str, Any]
    event: dict[str, Any]
    entry: dict[str, Any]
    version: int


class AnsweringAtOnce:
    """For one process."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice
        self._told: OrderedDict[str, datetime] = OrderedDict()
        self._askings: Gathering[Asking, str | None] = Gathering(self._answered, one_by_one=(IntegrityError, DomainError))

    async def answer(self, asking: Asking) -> str | None:
        """The id of the message, stored with its reply; None where nothing was done and it must go the usual way (also where it is there already)."""
        try:
            return await self._askings.ask(asking)
        except IntegrityError:
            return None

    async def _answered(self, askings: Sequence[Asking]) -> list[str | None]:
        prepared: dict[str, _Prepared] = {}
        ids: list[str] = []
        for asking, writer in zip(askings, await self._writers([one.arrival for one in askings]), strict=True):
            key = asking.arrival.dedupe_key
            if writer is None or key in prepared or (reply := asking.reply(writer)) is None:
                ids.append("")
            else:
                prepared[key] = await self._prepared(asking.arrival, writer, reply)
                ids.append(prepared[key].message["id"])
        rows = list(prepared.values())
        stored = await until_passed(self._practice, lambda: in_one_go(lambda: self._stored(rows))) if rows else set()
        if any("state" not in one.event for one in rows if one.message["id"] in stored):
            await self._practice.signals.publish(lane_of(RECEIVED))
        return [one if one in stored else None for one in ids]

    async def _writers(self, arrivals: Sequence[Arrival]) -> list[Writer | None]:
        keys = self._practice.keys
        blinds = [keys.blind("chat", f"{one.channel}\x1f{one.app}\x1f{one.chat}") for one in arrivals]
        channels, apps = list({one.channel for one in arrivals}), list({one.app for one in arrivals})
        text = _WRITERS.format(statements.marks(len(channels)), statements.marks(len(apps)), statements.marks(len(blinds)))
        found = await statements.rows_of(statements.spelled(text), [*channels, *apps, *blinds])
        known = {(row["channel"], row["app"], row["chat_blind"], row["subject"]): row for row in found}
        writers: list[Writer | None] = []
        for one, blind in zip(arrivals, blinds, strict=True):
            row = known.get((one.channel, one.app, blind, one.sender))
            writers.append(None if row is None else _writer(row))
        return writers

    async def _prepared(self, arrival: Arrival, writer: Writer, reply: Reply) -> _Prepared:
        practice, account_id = self._practice, writer.account_id
        real_now = practice.clock.real_now()
        message_id = practice.ids.new()
        key = words_key(account_id, real_now)
        sealer = await practice.keys.sealer(KIND, key)
        message = {
            "id": message_id, "conversation_id": writer.conversation_id, "account_id": account_id, "dedupe_key": arrival.dedupe_key,
            "kind": arrival.kind, "words_key": key, "body": sealer.seal("message", "body", message_id, arrival.body),
            "reply": sealer.seal("message", "reply", message_id, reply.shapes), "state": "delivered" if reply.whole else "answered",
            "window": "open", "received_at": real_now, "answered_at": real_now, "delivered_at": real_now if reply.whole else None,
        }  # fmt: skip
        event = inbound.received(practice.ids.new(), writer.conversation_id, message_id, real_now)
        if writer.introduced or not self._is_to_tell(writer.conversation_id, real_now):
            event["state"] = "done"
        order = FinishTurn(message_id=message_id, conversation_version=writer.version, reply=reply.shapes, dialogue=writer.dialogue)
        work = Work(practice, _SYSTEM, order)
        work.grant = await check_access(work, order)
        work.concerns("message", message_id)
        return _Prepared(message, event, work.entry("done"), writer.version)

    def _stored(self, prepared: Sequence[_Prepared]) -> Steps[set[str]]:
        """Store those whose chat is as it was and waits for nothing; their messages' ids."""
        chats = list({one.message["conversation_id"] for one in prepared})
        quiet = yield Statement(statements.spelled(_QUIET.format(statements.marks(len(chats))), lock=True), chats)
        versions = {row["id"]: row["version"] for row in quiet.rows}
        good = [one for one in prepared if versions.get(one.message["conversation_id"]) == one.version]
        if good:
            yield statements.inserting(Message, [one.message for one in good])
            yield statements.inserting(OutboxEvent, [one.event for one in good])
            yield statements.inserting(AuditEntry, [one.entry for one in good])
            chats = list({one.message["conversation_id"] for one in good})
            yield from allowance.opening(self._practice.ids, chats, "message", self._practice.clock.real_now())
        return {one.message["id"] for one in good}

    def _is_to_tell(self, conversation_id: str, real_now: datetime) -> bool:
        """Whether the worker is told that somebody wrote who is not known across the accounts: it is enough from time to time."""
        told = self._told.get(conversation_id)
        if told is not None and real_now - told < TELL_AGAIN:
            return False
        self._told[conversation_id] = real_now
        self._told.move_to_end(conversation_id)
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        return True


def _writer(row: Any) -> Writer:
    stored = row["dialogue"]
    dialogue = json.loads(stored) if isinstance(stored, str | bytes) else stored
    return Writer(row["account_id"], bool(row["elder"]), row["id"], row["version"], dialogue, row["unionid"] is not None)


_WRITERS = (
    'SELECT c."id", c."channel", c."app", c."chat_blind", c."version", c."dialogue", c."account_id", i."subject", i."unionid", a."elder"'
    ' FROM "conversation" c JOIN "identity" i ON i."account_id" = c."account_id" AND i."app" = c."app" JOIN "account" a ON a."id" = c."account_id"'
    ' WHERE c."channel" IN ({0}) AND c."app" IN ({1}) AND c."chat_blind" IN ({2}) AND a."joined_to_id" IS NULL'
    ' AND NOT EXISTS (SELECT 1 FROM "practitioner" p WHERE p."account_id" = c."account_id")'
)
"""Single chats of those who are patients and nothing else (``people.actor_for``); a group's has no account."""
_QUIET = (
    'SELECT "id", "version" FROM "conversation" WHERE "id" IN ({0})'
    ' AND "id" NOT IN (SELECT "conversation_id" FROM "message" WHERE "state" = \'received\')'
)
"""Chats in which nothing is unanswered."""
