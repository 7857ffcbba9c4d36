"""``execute``: the only way to change anything; ``ask``: the only way to read.

execute = role check → preparation (outside) → one transaction, retried on deadlock [idempotency claim → access → handler → audit entry →
outbox and due rows → stored result] → wake-ups after the commit.
"""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tortoise.exceptions import DoesNotExist, IntegrityError
from tortoise.transactions import in_transaction

from core.foundation.access import check_access, check_role
from core.foundation.actor import Actor
from core.foundation.blobs import BlobStore
from core.foundation.clock import Clock
from core.foundation.counting import Counts
from core.foundation.damage import tell_of_damage
from core.foundation.database import statements
from core.foundation.database.away import AWAY, is_passing
from core.foundation.database.connection import PRACTICE
from core.foundation.encryption.fence import BlindKeyRenewed, is_in_force
from core.foundation.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound, Unavailable
from core.foundation.guard import transaction_guard
from core.foundation.guessing import Guess, settle_guess, take_guess
from core.foundation.ids import Ids
from core.foundation.keys import KeyRing, SealBroken, SubjectErased
from core.foundation.models import ANSWERS, IdempotencyRecord
from core.foundation.orders import Command, Query, handler_of, preparation_of
from core.foundation.rates import RateStore
from core.foundation.signals import Signals
from core.foundation.work import Work

logger = logging.getLogger("huizhen.practice")

TRIES = 6
"""Attempts at one transaction when the database reports a deadlock or a lock wait."""
REPEATED_WITHIN = timedelta(minutes=10)
"""For so long the answer of an order is told again to who gave it, whatever has become of his right to give it: often the order itself ends it."""
PATIENCE_S = 8.0
"""Nothing is attempted again after this: SQLite alone waits ten seconds for its lock each time, and somebody is waiting for an answer."""

UNFORESEEN = "unforeseen"
"""The outcome of an order that failed in a way nobody foresaw."""


class KeyReused(Invalid):
    code = "idempotency.reused"
    sentence = "这个请求编号已经用于另一件事,请重新提交。"


class DoneBefore(Conflict):
    """The order was carried out long ago, and its answer is no longer for who asks for it again."""

    code = "order.done_before"
    sentence = "这一步之前已经完成。请刷新页面,看现在的情况。"


@dataclass(slots=True)
class Engines:
    """The engines, where this process has them. ``masking`` only where de-identified copies are made; ``recordings``: the dumps of calls
    (``media.calls.recordings.Recordings``), where they are put together."""

    clinical: Any = None
    imaging: Any = None
    masking: Any = None
    recordings: Any = None


class EngineAway(Unavailable):
    code = "engine.away"
    sentence = "理解文字的服务正在启动,请过几秒再说一次。"


@dataclass(slots=True)
class Practice:
    """The practice as one process sees it. ``demo`` lets unsigned rules of care run, marked 演示·未经临床审定."""

    clock: Clock
    ids: Ids
    rng: random.Random
    keys: KeyRing
    blobs: BlobStore
    signals: Signals
    engines: Engines = field(default_factory=Engines)
    demo: bool = False
    rates: RateStore = field(default_factory=RateStore)
    """Where guesses are counted; without Redis in this process alone."""
    counts: Counts = field(default_factory=Counts)
    """Where what happened how often is added up."""

    async def execute(self, actor: Actor, command: Command, *, idempotency_key: str | None = None) -> Any:
        """Carry out ``command`` for ``actor`` and give its result; the same key again gives the stored result and changes nothing.

        Raises the room's :class:`DomainError`; :class:`NotAllowed` without an access entry that fits; :class:`Unavailable` when the
        database stays locked or is away; :class:`Conflict` when rows clash however often it is tried.
        """
        tries = [Work(self, actor, command)]
        taken = None
        try:
            taken = await take_guess(self.rates, actor, command)
            check_role(actor, command)
            record = None if idempotency_key is None else _record_id(actor, idempotency_key)
            if record is not None and (stored := await self._stored(actor, record, command)) is not None:
                await settle_guess(self.rates, actor, taken, None)
                await self._check_repeat(tries[-1], record)
                return stored
            preparation = preparation_of(type(command))
            prepared = None if preparation is None else await preparation(self, actor, command)
            # Whoever gave the order may hang up; what has begun is finished, so that its answer is there when he asks again.
            work, result = await asyncio.shield(self._settled(tries, actor, command, prepared, record, taken))
        except Exception as error:
            refusal = _refusal(command, error)
            await settle_guess(self.rates, actor, taken, refusal)
            await self._audit_refusal(tries[-1], refusal)
            await self._tell_of_damage(tries[-1], refusal)
            if refusal is None or refusal is error:
                raise
            raise refusal from error
        await self.signals.publish(*work.lanes) if work.lanes else None
        return result

    async def ask(self, actor: Actor, query: Query) -> Any:
        """Answer ``query`` for ``actor``; an audited one leaves its entry before the data leave."""
        work = Work(self, actor, query)
        try:
            check_role(actor, query)
            work.grant = await check_access(work, query)
            result = await handler_of(type(query))(work, query)
            if query.audited:
                await work.audit("done")
        except Exception as error:
            refusal = _refusal(query, error)
            if query.audited or isinstance(refusal, NotAllowed | SealBroken):
                await self._audit_refusal(work, refusal)
            await self._tell_of_damage(work, refusal)
            if refusal is None or refusal is error:
                raise
            raise refusal from error
        return result

    async def _settled(
        self, tries: list[Work], actor: Actor, command: Command, prepared: Any, record: str | None, taken: Guess | None
    ) -> tuple[Work, Any]:
        """Carried out, and no guess of who was right, also where he hung up meanwhile."""
        work, result = await self._transact(tries, actor, command, prepared, record)
        await settle_guess(self.rates, actor, taken, None)
        for done in work.afterwards:
            try:
                await done()
            except Exception as error:  # its event is committed: a worker goes on with it
                logger.warning("%s: left to a worker: %s", command.name, type(error).__name__, exc_info=True)
        return work, result

    async def _transact(self, tries: list[Work], actor: Actor, command: Command, prepared: Any, record: str | None) -> tuple[Work, Any]:
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + PATIENCE_S
        for attempt in range(TRIES):
            try:
                async with in_transaction(PRACTICE):
                    with transaction_guard():
                        tries.append(Work(self, actor, command))
                        work, result, refusal = await self._carry_out(tries[-1], prepared)
                        if record is not None and refusal is None:
                            await self._store(actor, record, command, result)
                        if work.blinded and not await is_in_force(work.blinded):
                            raise BlindKeyRenewed
                if refusal is not None:
                    work.kept = True
                    raise refusal
                return work, result
            except BlindKeyRenewed:
                await self.keys.learn_blind_keys()
                if attempt + 1 == TRIES:
                    raise Unavailable from None
            except IntegrityError:
                # Two at once with one key: the other one has committed; its stored result is the answer.
                if record is not None and (stored := await self._stored(actor, record, command)) is not None:
                    return Work(self, actor, command), stored
                if attempt + 1 == TRIES:
                    logger.warning("%s clashes with what is there", command.name, exc_info=True)
                    raise Conflict from None
            except DoesNotExist:
                raise
            except AWAY as error:
                if not is_passing(error) or attempt + 1 == TRIES or loop.time() > give_up_at:
                    raise _away(command, error) from error
            await asyncio.sleep(self.rng.uniform(0.005, 0.02) * 2**attempt)
        raise Unavailable

    async def _carry_out(self, work: Work, prepared: Any) -> tuple[Work, Any, DomainError | None]:
        """Work, result and, where the handler wants what it wrote to stay all the same, its refusal, which is audited together with it."""
        try:
            return work, await work.carry_out(prepared), None
        except DomainError as refusal:
            if not work.keeps:
                raise
            await work.audit(refusal.code)
            return work, None, refusal

    async def _stored(self, actor: Actor, record: str, command: Command) -> Any:
        row = await statements.find(IdempotencyRecord, id=record)
        if row is None:
            return None
        if row.order != command.name or row.digest != self._digest(command):
            raise KeyReused
        sealer = await (self.keys.sealer("account", actor.account_id) if row.answers_key is None else self.keys.sealer(ANSWERS, row.answers_key))
        return command.gives.model_validate_json(sealer.open_bytes("idempotency_record", "result", record, bytes(row.result)))

    async def _check_repeat(self, work: Work, record: str) -> None:
        """An answer that was lost on its way is told again; later only to who may still give the order, for its answer may hold what he may
        no longer read. People's repeats leave an entry before the answer leaves."""
        row = await IdempotencyRecord.get(id=record)
        try:
            work.grant = await check_access(work, work.order)
        except NotAllowed:
            if self.clock.real_now() - row.created_at > REPEATED_WITHIN:
                raise DoneBefore from None
        if not work.actor.is_system:
            await work.audit("repeated")

    async def _store(self, actor: Actor, record: str, command: Command, result: Any) -> None:
        real_now = self.clock.real_now()
        month: str | None = f"{real_now:%Y-%m}"
        try:
            sealer = await self.keys.sealer(ANSWERS, f"{month}")
        except SubjectErased:  # the clock has been wrong by months, forwards, and is right again: nobody is refused because of that
            month, sealer = None, await self.keys.sealer("account", actor.account_id)
        values = {
            "id": record,
            "order": command.name,
            "digest": self._digest(command),
            "answers_key": month,
            "result": sealer.seal_bytes("idempotency_record", "result", record, result.model_dump_json().encode()),
            "created_at": real_now,
        }
        await statements.insert(IdempotencyRecord, values)

    def _digest(self, command: Command) -> str:
        """What the order said, comparable but not to be guessed back: a bare hash of a phone number is reversed in seconds."""
        return self.keys.blind("order", f"{command.name}\x00{command.model_dump_json()}")

    async def _tell_of_damage(self, work: Work, refusal: DomainError | None) -> None:
        """A value that does not open concerns whoever runs the house, not only who asked for it."""
        if isinstance(refusal, SealBroken):
            await tell_of_damage(self, refusal, work.entry_id)

    async def _audit_refusal(self, work: Work, refusal: DomainError | None) -> None:
        """Leave the entry of an order that was refused, or failed unforeseen (None). What it did is rolled back: the entry stands by itself."""
        if work.kept:
            return
        try:
            await work.audit(UNFORESEEN if refusal is None else refusal.code)
        except AWAY:
            logger.warning("refusal of %s not audited: database away", work.order.name)


def _refusal(order: Command | Query, error: Exception) -> DomainError | None:
    """What the person is told about ``error``; None for what nobody foresaw."""
    if isinstance(error, DomainError):
        return error
    if isinstance(error, DoesNotExist):
        return NotFound()
    return _away(order, error) if isinstance(error, AWAY) else None


def _away(order: Command | Query, error: Exception) -> Unavailable:
    """The error for the person; what really happened is logged by type and place, because nobody sees it otherwise."""
    logger.warning("%s: database away: %s", order.name, type(error).__name__, exc_info=error)
    return Unavailable()


def _record_id(actor: Actor, key: str) -> str:
    if not 1 <= len(key) <= 100:
        raise Invalid
    return f"{actor.account_id}:{key}"
