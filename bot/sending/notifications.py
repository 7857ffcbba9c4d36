"""One notification out: rendered, sent on the best way that works, marked. Idempotent by its id; only a send in flight may repeat."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace

from bot.channels.api.errors import AllowanceSpent, ApiError, CardUpdateRefused, ReceiverUnknown, TemplateInvalid
from bot.channels.api.wecom import Sent
from bot.channels.message import ChannelName
from bot.channels.outgoing import Card, CardUpdate, Image, keys_of
from bot.channels.stops import STOPPED
from bot.channels.words import as_words
from bot.sending.groups import tell_group
from bot.sending.notice import CardChange, Notice
from bot.sending.notices import render
from bot.sending.outlets import NoWayOut, Outlets, Way, is_final
from core.conversations import reading
from core.conversations.commands import RecordSent
from core.foundation.actor import Actor
from core.foundation.errors import DomainError, NotFound, Unavailable
from core.foundation.events import Event
from core.foundation.keys import SealBroken
from core.foundation.practice import Practice
from core.notifications.models import CardRecord, Notification
from core.notifications.service import cards_about, keep_card, mark_failed, mark_sent, response_code_of

logger = logging.getLogger("huizhen.sending")
_SYSTEM = Actor.system("worker")
ECHO_LOOKS, ECHO_PAUSE_S = 30, 0.1
_NEXT_WAY = (AllowanceSpent, ReceiverUnknown, *STOPPED, NoWayOut)


@dataclass(slots=True)
class Notifications:
    outlets: Outlets

    async def send(self, practice: Practice, event: Event) -> None:
        """Send the notification of ``event``; one that is not queued any more was sent, stopped or given up."""
        row = await Notification.get_or_none(id=event.body["notification_id"])
        if row is None or row.state != "queued":
            return
        try:
            await self._send(practice, row)
        except Unavailable:
            raise
        except NoWayOut as none:
            await self._failed(practice, row, none.code)
        except ApiError as error:
            if not is_final(error):
                raise
            await self._failed(practice, row, type(error).__name__)
        except DomainError as gone:
            await self._failed(practice, row, gone.code)

    async def _failed(self, practice: Practice, row: Notification, failure: str) -> None:
        logger.warning("notification %s %s not sent: %s", row.kind, row.id, failure)
        await mark_failed(practice, row.id, channel="", failure=failure)

    async def _send(self, practice: Practice, row: Notification) -> None:
        notice = await render(practice, row)
        if isinstance(notice, CardChange):
            await self._change_card(practice, row, notice)
        elif not notice.shapes:
            await mark_failed(practice, row.id, channel="", failure="over")
        elif row.account_id is None:
            await self._to_group(practice, row, notice)
        else:
            await self._to_person(practice, row, notice, row.account_id)

    async def _to_person(self, practice: Practice, row: Notification, notice: Notice, account_id: str) -> None:
        refused: Exception = NoWayOut("no_identity")
        for way in await self.outlets.ways_to(account_id):
            if notice.echo and await self._said_already(way, notice):
                await mark_sent(practice, row.id, channel=way.channel.value)
                return
            try:
                sent = await self._one_way(way, row, await self._with_picture(practice, way, notice))
            except _NEXT_WAY as no:
                refused = no
                continue
            before = [card for ref in notice.replaces for card in await cards_about(account_id, ref)]
            await self._keep(practice, row, notice, way, sent)
            await self._put_away(practice, row, before)
            return
        raise refused

    async def _said_already(self, way: Way, notice: Notice) -> bool:
        """Whether the chat's own reply has said this. A turn that is still running is given a moment to end."""
        conversation = await self.outlets.conversation(way)
        for _ in range(ECHO_LOOKS):
            if not await reading.unanswered(conversation.id):
                break
            await asyncio.sleep(ECHO_PAUSE_S)
        conversation = await self.outlets.conversation(way)
        shown: dict[str, str] = conversation.dialogue.get("shown", {})
        return notice.shown.items() <= shown.items()

    async def _with_picture(self, practice: Practice, way: Way, notice: Notice) -> Notice:
        """The notice with its picture handed to the platform. Where none can be sent, or the platform does not take it, the words go alone."""
        if notice.picture is None:
            return notice
        try:
            data = await practice.blobs.get(notice.picture.blob_id, "patient", notice.picture.patient_id)
            media_id = await self.outlets.upload_picture(way, notice.picture.name, data)
        except (NotFound, SealBroken) as lost:
            logger.error("the picture of notification %s cannot be read: %s", notice.picture.blob_id, type(lost).__name__)
            return notice
        except ApiError as error:
            logger.warning("picture not taken: %s", type(error).__name__)
            return notice
        return notice if not media_id else replace(notice, shapes=(Image(media_id=media_id), *notice.shapes))

    async def _one_way(self, way: Way, row: Notification, notice: Notice) -> Sent | None:
        try:
            return await self.outlets.send(way, notice.shapes, routine=not row.urgent)
        except TemplateInvalid as used:
            # The card went out before this process was killed: the platform takes a task id once.
            if used.code == 42014:
                return None
            raise
        except (AllowanceSpent, *STOPPED):
            if notice.template is None:
                raise
            name, values = notice.template
            await self.outlets.template(way, name, values, once=row.id, page=notice.page)
            return None

    async def _keep(self, practice: Practice, row: Notification, notice: Notice, way: Way, sent: Sent | None) -> None:
        card = next((shape for shape in notice.shapes if isinstance(shape, Card)), None)
        if notice.card_ref and card is not None and sent is not None:
            await keep_card(
                practice,
                row.id,
                ref=notice.card_ref,
                channel=way.channel.value,
                task_id=card.task_id,
                message_id=sent.msgid,
                response_code=sent.response_code,
            )
        await mark_sent(practice, row.id, channel=way.channel.value)
        conversation = await self.outlets.conversation(way)
        words = "\n\n".join(filter(None, (as_words(shape) for shape in notice.shapes)))
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
