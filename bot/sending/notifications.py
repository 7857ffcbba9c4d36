"""One notification out: rendered, sent on the best way that works, marked. Idempotent by its id; only a send in flight may repeat."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace

from bot.channels.api.errors import ApiError, CardUpdateRefused
from bot.channels.message import ChannelName
from bot.channels.outgoing import Card, CardUpdate, keys_of
from bot.dialogue.elder import in_short
from bot.sending.climbing import Climbing, Reached, words_of
from bot.sending.groups import tell_group
from bot.sending.notice import CardChange, Notice
from bot.sending.notices import render
from bot.sending.outlets import NoWayOut, Outlets, is_final
from core.conversations.commands import RecordSent
from core.foundation.actor import Actor
from core.foundation.errors import DomainError, Unavailable
from core.foundation.events import Event
from core.foundation.orders import Done
from core.foundation.outbox import TRIES
from core.foundation.practice import Practice
from core.notifications import rungs
from core.notifications.commands import HoldNotification
from core.notifications.models import CardRecord, Notification
from core.notifications.rules import Decision, decide
from core.notifications.service import cards_about, keep_card, mark_failed, mark_sent, response_code_of
from core.people.service import elder_mode

logger = logging.getLogger("huizhen.sending")
_SYSTEM = Actor.system("worker")


@dataclass(slots=True)
class Notifications:
    outlets: Outlets
    climbing: Climbing = field(init=False)

    def __post_init__(self) -> None:
        self.climbing = Climbing(self.outlets)

    async def send(self, practice: Practice, event: Event) -> None:
        """Send the notification of ``event``; one that is not queued any more was sent, stopped or given up."""
        row = await Notification.get_or_none(id=event.body["notification_id"])
        if row is None or row.state != "queued":
            return
        if await self._waits_for_morning(practice, row):
            return
        try:
            await self._send(practice, row, event.tries)
        except Unavailable:
            raise
        except NoWayOut as none:
            await self._failed(practice, row, none.code)
        except ApiError as error:
            if not is_final(error) and event.tries < TRIES:
                raise
            await self._failed(practice, row, type(error).__name__)
        except DomainError as gone:
            await self._failed(practice, row, gone.code)

    async def _waits_for_morning(self, practice: Practice, row: Notification) -> bool:
        """Whether ``row`` is held now: the night began while it waited or was tried again. What is out in part is finished: half a message at
        night and the rest in the morning help nobody; what is out as a whole is only marked."""
        if decide(row.kind, urgent=row.urgent, stopped=False, now=practice.clock.now()) is not Decision.HOLD:
            return False
        if any(one.state == "sent" or one.parts for one in (await rungs.tried(row.id)).values()):
            return False
        held: Done = await practice.execute(_SYSTEM, HoldNotification(notification_id=row.id))
        return held.done

    async def _failed(self, practice: Practice, row: Notification, failure: str) -> None:
        logger.warning("notification %s %s not sent: %s", row.kind, row.id, failure)
        await mark_failed(practice, row.id, channel="", failure=failure)

    async def _send(self, practice: Practice, row: Notification, tries: int) -> None:
        notice = await render(practice, row)
        if isinstance(notice, CardChange):
            await self._change_card(practice, row, notice)
        elif not notice.shapes:
            await mark_failed(practice, row.id, channel="", failure="over")
        elif row.account_id is None:
            await self._to_group(practice, row, notice)
        else:
            await self._to_person(practice, row, notice, row.account_id, tries)

    async def _to_person(self, practice: Practice, row: Notification, notice: Notice, account_id: str, tries: int) -> None:
        notice = await as_he_chose(notice, account_id)
        ways = await self.outlets.ways_to(account_id)
        # What a rung has said of it before is no answer of the chat's own: that one may not have arrived.
        fresh = notice.echo and not await rungs.tried(row.id)
        if fresh and (way := await self.climbing.said_already(ways, notice)) is not None:
            await mark_sent(practice, row.id, channel=way.channel.value, words=words_of(notice))
            return
        before = [card for ref in notice.replaces for card in await cards_about(account_id, ref)]
        reached = await self.climbing.climb(practice, row, notice, ways, tries)
        if reached is not None:
            await self._keep(practice, row, notice, reached)
            await self._put_away(practice, row, before)

    async def _keep(self, practice: Practice, row: Notification, notice: Notice, reached: Reached) -> None:
        card = next((shape for shape in notice.shapes if isinstance(shape, Card)), None)
        if notice.card_ref and card is not None and reached.sent is not None:
            await keep_card(
                practice,
                row.id,
                ref=notice.card_ref,
                channel=reached.step.rung.value,
                task_id=card.task_id,
                message_id=reached.sent.msgid,
                response_code=reached.sent.response_code,
            )
        words = words_of(notice)
        await mark_sent(practice, row.id, channel=reached.step.rung.value, words=words)
        if reached.step.way is None:
            return
        conversation = await self.outlets.conversation(reached.step.way)
        record = RecordSent(
            conversation_id=conversation.id, notification_id=row.id, kind="notice", text=words, shown=notice.shown, buttons=keys_of(notice.shapes)
        )
        await practice.execute(_SYSTEM, record)

    async def _change_card(self, practice: Practice, row: Notification, change: CardChange) -> None:
        """The cards this account holds about the thing show who has it; without a right to change them they stay, and a press is told."""
        api = self.outlets.apis.wecom
        for card in await cards_about(str(row.account_id), change.ref):
            code = await response_code_of(practice, card)
            if not code or api is None:
                continue
            try:
                await api.update_template_card(code, CardUpdate(note=change.note[:20], everyone=True))
            except CardUpdateRefused:
                logger.info("card of %s was changed before", card.ref)
        await mark_sent(practice, row.id, channel=ChannelName.WECOM_APP.value)

    async def _put_away(self, practice: Practice, row: Notification, cards: list[CardRecord]) -> None:
        """The older cards about the same thing say that there is a newer one. One that cannot be changed any more stays as it is."""
        api = self.outlets.apis.wecom
        for card in cards:
            code = "" if card.notification_id == row.id else await response_code_of(practice, card)
            if not code or api is None:
                continue
            try:
                await api.update_template_card(code, CardUpdate(note="请看最新的一张", everyone=True))
            except ApiError as error:
                logger.info("older card of %s not changed: %s", card.ref, type(error).__name__)

    async def _to_group(self, practice: Practice, row: Notification, notice: Notice) -> None:
        await tell_group(self.outlets, practice, row, notice)


async def as_he_chose(notice: Notice, account_id: str) -> Notice:
    """In shorter sentences for whoever chose 长辈模式. Who it is is looked up only where there are such sentences."""
    short = in_short(notice.shapes)
    return replace(notice, shapes=short) if short != notice.shapes and await elder_mode(account_id) else notice
