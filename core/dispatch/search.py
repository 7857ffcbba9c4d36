"""The running search for an expert: it begins, asks, expires, goes on, and calls the desk when nobody is left.

Every step first takes the consultation's row (``hold``), so that an answer and an expiry at the same moment come one after the other;
only the step that the search names may act.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tortoise.expressions import F

from core.consultations.models import Consultation, TimelineEntry
from core.consultations.service import (
    hold,
    make_step,
    note,
    picture_opened,
    tell_everybody,
    tell_group,
    tell_patient,
    tell_village_doctor,
    when_forgotten,
)
from core.consultations.workflow import Event, State
from core.dispatch.alerts import close_alert, raise_desk_alert, repair_alert
from core.dispatch.commands import AskExpert, AuditSearch, ExpireWave
from core.dispatch.errors import ExpertExcluded, NothingToAsk
from core.dispatch.experts import ranked_experts
from core.dispatch.models import DangerAlert, ExpertOffer, RankingRecord, Search
from core.dispatch.people_told import EVERYWHERE, Link, administrators, desk
from core.dispatch.waves import Chain, Move, next_move
from core.foundation.actor import Role
from core.foundation.due import due
from core.foundation.models import DueWork
from core.foundation.orders import Done, handles
from core.foundation.work import Work
from core.intake.urgency import urgency
from core.matching import weights
from core.matching.rules import Ranked
from core.notifications.service import tell
from core.people.models import Practitioner

WAVE = "dispatch.wave"
AUDIT = "dispatch.audit"
AUDIT_EVERY = timedelta(minutes=1)

due(WAVE, lambda row: ExpireWave(consultation_id=row.ref, step=row.step))
due(AUDIT, lambda row: AuditSearch(consultation_id=row.ref))


async def start_search(work: Work, row: Consultation, *, emergency: bool) -> Search:
    """Begin the search; the first wave goes out in this transaction, or in the next working hours for routine."""
    row = await make_step(work, row, Event.DISPATCH, kind="dispatch.emergency" if emergency else "dispatch")
    chain = Chain.of(urgency(row.urgency))
    search = await Search.create(
        id=work.new_id(), consultation_id=row.id, state="running", reason="emergency" if emergency else "requirements",
        chain=chain.stored(), step=work.new_id(), next_at=work.now, started_at=work.now,
    )
    await _begin_asking(work, row, search, chain)
    return search


async def resume_search(work: Work, row: Consultation, chosen: Ranked | None = None) -> None:
    """The expert gave the consultation back: his offer is over, the escalation begins anew with those who were not asked yet.

    ``chosen``: the desk took it from him and wants this one; the others follow when he does not answer.
    """
    over = {"state": "declined", "answered_at": work.now} if chosen is None else {"state": "withdrawn"}
    await ExpertOffer.filter(consultation_id=row.id, state="accepted").update(**over)
    search = await Search.get(consultation_id=row.id)
    chain = Chain.of(urgency(row.urgency))
    await search.change(state="running", chain=chain.stored(), wave=0, ended_at=None, step=work.new_id(), next_at=work.now)
    if chosen is None:
        await _begin_asking(work, row, search, chain)
    else:
        await work.schedule(AUDIT, row.id, work.now + AUDIT_EVERY)
        await ask_one(work, row, search, chosen)


async def _begin_asking(work: Work, row: Consultation, search: Search, chain: Chain) -> None:
    """The first wave at once, or planned for when this urgency may be asked about."""
    await work.schedule(AUDIT, row.id, work.now + AUDIT_EVERY)
    if chain.may_ask(work.now):
        await ask(work, row, search, chain.wave_size)
        if chain.desk_at_once:
            await _call_desk(work, row)
    else:
        await _plan(work, search, chain.asks_from(work.now))


async def ask(work: Work, row: Consultation, search: Search, size: int) -> int:
    """The next wave: ask the ``size`` best who may be asked; how many were asked. Alarms the desk when nobody may and nobody is being asked."""
    chosen = await _choose(work, row, search.wave + 1, size)
    if not chosen and not await still_open(row.id):
        await alarm(work, row, search)
        return 0
    await search.change(wave=search.wave + 1)
    await _offer(work, row, search, chosen)
    if chosen:
        await note(
            work, row.id, "wave.asked", ids={"wave": str(search.wave), "count": str(len(chosen))}, experts_asked=F("experts_asked") + len(chosen)
        )
    await plan_next(work, search)
    return len(chosen)


async def replace(work: Work, row: Consultation, search: Search) -> None:
    """Somebody cannot: the next is asked at once, in the same wave."""
    chain = Chain.restored(search.chain)
    if chain.may_ask(work.now):
        chosen = await _choose(work, row, search.wave, 1)
        await _offer(work, row, search, chosen)
        if chosen:
            await note(work, row.id, "offer.replaced", ids={"count": "1"}, experts_asked=F("experts_asked") + 1)
        elif not await still_open(row.id):
            await alarm(work, row, search)
            return
    if await still_open(row.id):
        await plan_next(work, search)
    else:
        await _plan(work, search, chain.asks_from(work.now))


async def still_open(consultation_id: str) -> list[ExpertOffer]:
    """Offers that run, the one that runs out first in front."""
    return await ExpertOffer.filter(consultation_id=consultation_id, state="offered").order_by("expires_at", "id")


async def _choose(work: Work, row: Consultation, wave: int, size: int) -> list[Ranked]:
    ranked = await ranked_experts(work, row, await picture_opened(work, row))
    await RankingRecord.create(
        id=work.new_id(), consultation_id=row.id, wave=wave, ranked_at=work.now, rules=weights.rule_set().digest,
        entries=[
            {"practitioner_id": one.practitioner_id, "score": one.score, "reasons": list(one.reasons), "excluded": one.excluded}
            for one in ranked
        ],
    )
    return [one for one in ranked if one.excluded is None][:size]


async def _offer(work: Work, row: Consultation, search: Search, chosen: list[Ranked], before: ExpertOffer | None = None) -> None:
    """Ask ``chosen``; ``before``: the earlier offer of the one who is asked again, which this one takes the place of."""
    expires_at = Chain.restored(search.chain).expires(work.now)
    accounts = {one.id: one.account_id for one in await Practitioner.filter(id__in=[one.practitioner_id for one in chosen])}
    for one in chosen:
        offer_id = work.new_id()
        if before is not None:
            await before.change(replaced_by_id=offer_id)
        await ExpertOffer.create(
            id=offer_id, consultation_id=row.id, practitioner_id=one.practitioner_id, account_id=accounts[one.practitioner_id],
            times=1 if before is None else before.times + 1, wave=search.wave, state="offered", offered_at=work.now, expires_at=expires_at,
            score=one.score, reasons=list(one.reasons),
        )
        await tell(work, accounts[one.practitioner_id], "offer.card", urgent=True, offer_id=offer_id)


async def plan_next(work: Work, search: Search) -> None:
    """The next step comes when the first running offer runs out."""
    running = await still_open(search.consultation_id)
    await _plan(work, search, running[0].expires_at if running else work.now)


async def _plan(work: Work, search: Search, at: datetime) -> None:
    step = work.new_id()
    await search.change(step=step, next_at=at)
    await work.unschedule(WAVE, search.consultation_id)
    await work.schedule(WAVE, search.consultation_id, at, step=step)


@handles(ExpireWave)
async def expire_wave(work: Work, order: ExpireWave) -> Done:
    row = await hold(order.consultation_id)
    search = await Search.get_or_none(consultation_id=row.id)
    if search is None or search.state != "running":
        return Done(done=False)
    if search.step != order.step:
        # A later step has been planned since: this row is late.
        return Done(done=False)
    if State(row.state) is not State.PENDING:
        await end_search(work, row.id)
        return Done(done=False)
    await _expire_offers(work, row)
    chain = Chain.restored(search.chain)
    if not chain.may_ask(work.now):
        await _plan(work, search, chain.asks_from(work.now))
        return Done()
    move, size = next_move(chain, wave=search.wave, still_open=len(await still_open(row.id)))
    if move is Move.ALARM:
        await alarm(work, row, search)
    elif move is Move.WAIT:
        await plan_next(work, search)
    else:
        first = search.wave == 0
        if await ask(work, row, search, size):
            await tell_everybody(work, row, "asked" if first else "next_wave")
    return Done()


async def _expire_offers(work: Work, row: Consultation) -> None:
    over = [one for one in await still_open(row.id) if one.expires_at <= work.now]
    for offer in sorted(over, key=lambda one: one.id):
        await offer.change(state="expired")
        await tell(work, offer.account_id, "offer.closed", urgent=True, offer_id=offer.id)
    if over:
        await note(work, row.id, "offers.expired", ids={"count": str(len(over))})


async def alarm(work: Work, row: Consultation, search: Search) -> None:
    """Nobody is left to ask: the desk must find somebody, and everybody who waits is told so."""
    await search.change(state="alarmed", step=work.new_id(), next_at=work.now)
    await work.unschedule(WAVE, row.id)
    row = await note(work, row.id, "desk.alarmed", alarmed_at=work.now)
    await raise_desk_alert(work, row)
    await tell_everybody(work, row, "alarmed")


async def _call_desk(work: Work, row: Consultation) -> None:
    if await tell_desk(work, row):
        await note(work, row.id, "desk.called")


async def tell_desk(work: Work, row: Consultation) -> Link | None:
    """Show the case to whoever sits at the desk; who was told."""
    link = await desk(work, row.region_code) or await desk(work, EVERYWHERE)
    if link is not None:
        await _tell_desk(work, row, link)
    return link


async def _tell_desk(work: Work, row: Consultation, link: Link) -> None:
    for account_id in link.accounts:
        await tell(work, account_id, "desk.called", urgent=True, consultation_id=row.id)


@when_forgotten
async def tell_of_forgotten(work: Work, row: Consultation) -> bool:
    """A draft was not completed for all the reminders: the desk asks the village doctor, or whoever administers where there is no desk."""
    link = await desk(work, row.region_code) or await desk(work, EVERYWHERE) or await administrators(work, row.region_code)
    if link is not None:
        await _tell_desk(work, row, link)
    return link is not None


async def is_desk_called(consultation_id: str) -> bool:
    """Whether somebody at a desk was really told: nobody is promised a desk that is not there."""
    called = await TimelineEntry.filter(consultation_id=consultation_id, kind="desk.called").exists()
    return called or await DangerAlert.filter(source_id=consultation_id).exists()


async def end_search(work: Work, consultation_id: str) -> None:
    """The consultation found its expert or was called off: withdraw what still runs and tell those who hold a card."""
    running = await ExpertOffer.filter(consultation_id=consultation_id, state__in=("offered", "deferred")).order_by("id")
    for offer in running:
        await offer.change(state="withdrawn")
        await tell(work, offer.account_id, "offer.closed", urgent=True, offer_id=offer.id)
    search = await Search.get_or_none(consultation_id=consultation_id)
    if search is not None and search.state != "ended":
        await search.change(state="ended", ended_at=work.now, step=work.new_id())
    await work.unschedule(WAVE, consultation_id)
    await work.unschedule(AUDIT, consultation_id)
    await close_alert(work, consultation_id)


def is_asking(search: Search) -> bool:
    """Whether experts have been asked and may still answer."""
    return search.state == "running" and search.wave > 0


async def tell_dispatched(work: Work, row: Consultation, search: Search) -> None:
    """A search began without the village doctor asking for it in the same breath. Nothing is said where nobody has been asked yet."""
    if not is_asking(search):
        return
    if work.role is Role.SYSTEM:
        await tell_village_doctor(work, row, "asked")
    await tell_group(work, row, "asked")
    await tell_patient(work, row, "asked")


@handles(AuditSearch)
async def audit_search(work: Work, order: AuditSearch) -> Done:
    """Once a minute: is the next step planned? If it was forgotten, plan it now, note it, and call the desk. ``done`` when all was well."""
    row = await hold(order.consultation_id)
    search = await Search.get_or_none(consultation_id=row.id)
    if search is None or search.state == "ended" or State(row.state) is not State.PENDING:
        return Done(done=False)
    well = await _is_planned(row, search) if search.state == "running" else not await repair_alert(work, row)
    if not well:
        await note(work, row.id, "search.repaired")
        if search.state == "running":
            await _plan(work, search, work.now)
            await _call_desk(work, row)
    await work.schedule(AUDIT, row.id, work.now + AUDIT_EVERY)
    return Done(done=well)


async def _is_planned(row: Consultation, search: Search) -> bool:
    return await DueWork.filter(kind=WAVE, ref=row.id, step=search.step, state="pending").exists()


@handles(AskExpert)
async def ask_expert(work: Work, order: AskExpert) -> Done:
    """The desk asks one expert by name, also one who did not answer before; what excludes him for good is respected."""
    row = await hold(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    search = await Search.get_or_none(consultation_id=row.id)
    if search is None or State(row.state) is not State.PENDING:
        raise NothingToAsk(code=row.code)
    return Done(done=await ask_one(work, row, search, await who_may_be_asked(work, row, order.practitioner_id)))


async def who_may_be_asked(work: Work, row: Consultation, practitioner_id: str) -> Ranked:
    """The expert whom the desk names; :class:`ExpertExcluded` with the reason when he must not be asked."""
    ranked = {one.practitioner_id: one for one in await ranked_experts(work, row, await picture_opened(work, row), asking_again=True)}
    chosen = ranked.get(practitioner_id)
    if chosen is None or chosen.excluded is not None:
        raise ExpertExcluded(why="不在专家名单" if chosen is None else chosen.excluded)
    return chosen


async def ask_one(work: Work, row: Consultation, search: Search, chosen: Ranked) -> bool:
    """Ask this one, whatever came of it before; False when he is being asked already."""
    before = await ExpertOffer.filter(consultation_id=row.id, practitioner_id=chosen.practitioner_id).order_by("-times").first()
    if before is not None and before.state in ("offered", "deferred"):
        return False
    await search.change(state="running")
    await _offer(work, row, search, [chosen], before)
    await note(work, row.id, "offer.replaced", ids={"count": "1"}, experts_asked=F("experts_asked") + 1)
    await plan_next(work, search)
    return True
