"""One notification up its ladder: which rung is there for this person now, one try on it, and on to the next where the platform refuses.

Every try is written down before the platform is asked (``core.notifications.rungs``): after a kill the rung in flight is tried again, and none that
was refused before. A busy rung is tried again later; only when that has lasted (``ladders.PATIENCE``) another one is tried meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.channels.api.errors import ApiError, TemplateInvalid, ValueRefused
from bot.channels.api.wecom import Sent
from bot.channels.outgoing import Image
from bot.channels.words import as_words
from bot.sending.ladders import CHANNEL_OF, PATIENCE, Ladder, Rung, ladder_of
from bot.sending.notice import Notice
from bot.sending.outlets import NoWayOut, Outlets, Way, is_final
from bot.sending.short import IN_GENERAL, Short, send_sms, send_subscription, send_template
from bot.sending.templates import TEMPLATES, chosen
from core.conversations import allowance, reading
from core.foundation.counting import count
from core.foundation.errors import NotFound
from core.foundation.keys import SealBroken
from core.foundation.practice import Practice
from core.notifications import rungs, subscriptions
from core.notifications.kinds import IGNORES, Limit, Priority, priority_of
from core.notifications.models import Notification
from core.notifications.models import Rung as Attempt

logger = logging.getLogger("huizhen.sending")
ECHO_LOOKS, ECHO_PAUSE_S = 30, 0.1
TASK_USED = 42014
"""The platform takes a card's task id once: the card went out before this process was killed."""


@dataclass(frozen=True, slots=True)
class Step:
    """A rung for one identity of the person; an SMS needs none."""

    rung: Rung
    way: Way | None

    @property
    def identity_id(self) -> str:
        return "" if self.way is None else self.way.identity_id


@dataclass(frozen=True, slots=True)
class Reached:
    """Where it went out. ``sent``: what WeCom gave for the card."""

    step: Step
    sent: Sent | None = None


def words_of(notice: Notice) -> str:
    """All that a notice has to say, whatever of it a rung could carry."""
    return "\n\n".join(filter(None, (as_words(shape) for shape in notice.shapes)))


def steps_of(ladder: Ladder, ways: Sequence[Way]) -> list[Step]:
    """The rungs of ``ladder`` for somebody with these ways, best first."""
    found = []
    for rung in ladder.rungs:
        channel = CHANNEL_OF[rung]
        found += [Step(rung, None)] if channel is None else [Step(rung, way) for way in ways if way.channel is channel]
    return found


@dataclass(slots=True)
class Climbing:
    outlets: Outlets

    async def climb(self, practice: Practice, row: Notification, notice: Notice, ways: Sequence[Way], tries: int) -> Reached | None:
        """Where ``row`` went out; None when the person stopped it meanwhile. Raises what the last rung said, a busy one before any other."""
        priority = priority_of(row.kind, urgent=row.urgent)
        ladder = ladder_of(row.kind, priority)
        tried = await rungs.tried(row.id)
        last: Exception = NoWayOut("nothing_open" if ways else "no_identity")
        busy: ApiError | None = None
        for step in steps_of(ladder, ways):
            earlier = tried.get((step.rung.value, step.identity_id))
            if earlier is not None and earlier.state == "sent":
                return Reached(step)
            if (earlier is not None and earlier.state in rungs.ENDED) or not await self._is_there(step, ladder, notice, priority):
                continue
            if not await Notification.filter(id=row.id, state="queued").exists():
                return None
            attempt = await rungs.begin(practice, row.id, step.rung.value, step.identity_id)
            try:
                return await self._try(practice, row, notice, step, ladder, priority, attempt)
            except NoWayOut as none:
                last = none
                await self._refused(practice, row, attempt, none.code, "")
            except ApiError as error:
                if not is_final(error):
                    if tries < PATIENCE[priority]:
                        raise
                    busy = error
                    continue
                last = error
                if isinstance(error, ValueRefused):
                    logger.error("%s of %s: a value breaks the rule of its field %s", step.rung.value, row.kind, error.field)
                await self._refused(practice, row, attempt, type(error).__name__, str(error.code or ""))
        raise busy or last

    async def _refused(self, practice: Practice, row: Notification, attempt: Attempt, reason: str, code: str) -> None:
        """Written down and counted: what goes out on the next rung shows nowhere else that an operator has a template to mend."""
        await rungs.refused(practice, attempt, f"{reason} {code}".strip())
        count("rung_refused", rung=attempt.rung, kind=row.kind, reason=reason, errcode=code)

    async def _is_there(self, step: Step, ladder: Ladder, notice: Notice, priority: Priority) -> bool:
        """Whether there is anything to try on this rung: what the house has set up, what the person has allowed, what the window still takes."""
        settings = self.outlets.settings
        match step.rung:
            case Rung.SERVICE | Rung.MINI_SERVICE:
                assert step.way is not None  # noqa: S101 - only an SMS has none
                conversation = await self.outlets.conversation(step.way)
                keeps = 0 if Limit.WINDOW in IGNORES[priority] else ladder.keeps
                return await allowance.left(conversation.id, self.outlets.practice.clock.real_now()) > keeps
            case Rung.TEMPLATE:
                short = self._short(notice, priority)
                official = settings.official_account
                return short is not None and official is not None and chosen(short.template, official.templates) is not None
            case Rung.SUBSCRIPTION:
                mini = settings.mini_program
                if notice.template is None or mini is None or step.way is None or notice.template[0] not in TEMPLATES:
                    return False
                name = notice.template[0]
                template_id = mini.templates.get(name)
                return template_id is not None and await subscriptions.is_open(step.identity_id, template_id, long_term=name in mini.long_term)
            case Rung.SMS:
                return self.outlets.apis.sms is not None
            case _:
                return True

    def _short(self, notice: Notice, priority: Priority) -> Short | None:
        """What a template message says; where the kind has no values of its own, only what cannot wait points to the page that has the words."""
        if notice.template is not None:
            return Short(*notice.template, page=notice.page)
        return None if priority is Priority.ROUTINE else replace(IN_GENERAL, page="notices")

    async def _try(
        self, practice: Practice, row: Notification, notice: Notice, step: Step, ladder: Ladder, priority: Priority, attempt: Attempt
    ) -> Reached:
        sent, message_id = None, ""
        way = step.way
        if step.rung is Rung.SMS or way is None:
            code = "-" if notice.template is None else notice.template[1].get("code", "-")
            await send_sms(self.outlets, str(row.account_id), ladder.sms, code, once=row.id)
        elif step.rung is Rung.TEMPLATE:
            short = self._short(notice, priority)
            assert short is not None  # noqa: S101 - else the rung is not there
            message_id = await send_template(self.outlets, way, short, once=row.id)
        elif step.rung is Rung.SUBSCRIPTION:
            assert notice.template is not None  # noqa: S101 - else the rung is not there
            message_id = await send_subscription(self.outlets, way, Short(*notice.template, page=notice.page))
        else:
            sent = await self._in_full(practice, way, notice, attempt, paced=Limit.PACE not in IGNORES[priority])
        await rungs.sent(practice, attempt, message_id)
        return Reached(step, sent)

    async def _in_full(self, practice: Practice, way: Way, notice: Notice, attempt: Attempt, *, paced: bool) -> Sent | None:
        async def not_yet(place: int) -> bool:
            if place > attempt.parts:
                # What came before this one is out: a repetition begins here.
                await rungs.part_sent(attempt, place)
            return place >= attempt.parts

        try:
            return await self.outlets.send(way, (await self._with_picture(practice, way, notice)).shapes, not_yet, routine=paced)
        except TemplateInvalid as used:
            if used.code != TASK_USED:
                raise
            return None

    async def said_already(self, ways: Sequence[Way], notice: Notice) -> Way | None:
        """The way on whose chat the own reply has said this. A turn that is still running is given a moment to end."""
        for way in ways:
            conversation = await self.outlets.conversation(way)
            for _ in range(ECHO_LOOKS):
                if not await reading.unanswered(conversation.id):
                    break
                await asyncio.sleep(ECHO_PAUSE_S)
            conversation = await self.outlets.conversation(way)
            shown: dict[str, str] = conversation.dialogue.get("shown", {})
            if notice.shown.items() <= shown.items():
                return way
        return None

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
            if not is_final(error):
                # It may be taken a moment later: the rung is busy.
                raise
            logger.warning("picture not taken: %s", type(error).__name__)
            return notice
        return notice if not media_id else replace(notice, shapes=(Image(media_id=media_id), *notice.shapes))
