"""Alerts: a danger is told to the first link of its chain, and goes on by itself until somebody takes it over."""

from __future__ import annotations

from datetime import timedelta

from core.consultations.models import Consultation
from core.consultations.service import hold, note
from core.dispatch.alert_views import alert_view, called_account, concerns_alert
from core.dispatch.commands import AcknowledgeAlert, Alert, AlertView, EscalateAlert
from core.dispatch.errors import AlertOver, AlertTaken, AlertUnknown
from core.dispatch.models import AlertReceiver, DangerAlert
from core.dispatch.people_told import EVERYWHERE, Link, administrators, county_desk, county_desk_region, desk, duty_doctors
from core.foundation.due import due
from core.foundation.locking import opens_locked
from core.foundation.models import DueWork
from core.foundation.orders import Done, Order, handles, relation
from core.foundation.work import Work
from core.intake.commands import AlertTold, IntakeRecord
from core.intake.danger import hears_place, raises_alert
from core.intake.models import Intake
from core.intake.record import place_of, seal_column
from core.notifications.service import tell
from core.people.models import Organisation, Practitioner
from core.people.relations import spoken_for
from core.people.service import village_doctors_of
from nlp.interface.urgency import Urgency

ESCALATE = "dispatch.alert"
ESCALATE_AFTER = timedelta(seconds=60)
ESCALATE_EMERGENT_AFTER = timedelta(minutes=5)
"""Where he must be seen now, but life is not in danger: half of the ten minutes of level Ⅱ (急诊预检分诊专家共识 2018)."""
READABLE_FOR = timedelta(days=30)
"""How long those who were told read an alert."""
REPEAT_AFTER = timedelta(minutes=5)
"""Once everybody in the chain was told, the last of them and the desk are reminded until somebody acknowledges."""

due(ESCALATE, lambda row: EscalateAlert(alert_id=row.ref, step=row.step))


@relation("alerted")
async def alerted(work: Work, order: Order) -> bool:
    """The alert was told to the actor, within thirty days."""
    alert_id = getattr(order, "alert_id", None)
    return alert_id is not None and await _told_lately(work, alert_id)


@relation("alerted_intake")
async def alerted_intake(work: Work, order: Order) -> bool:
    """An alert of this pre-consultation was told to the actor, within thirty days, and nobody else has taken it over."""
    intake_id = getattr(order, "intake_id", None)
    alert = None if intake_id is None else await DangerAlert.get_or_none(source_id=intake_id)
    if alert is None or alert.taken_by not in (None, work.actor.account_id):
        return False
    return await _told_lately(work, alert.id)


async def _told_lately(work: Work, alert_id: str) -> bool:
    return await AlertReceiver.filter(alert_id=alert_id, account_id=work.actor.account_id, told_at__gt=work.now - READABLE_FOR).exists()


@opens_locked
async def danger_opens(work: Work, patient_id: str) -> bool:
    """A danger of which the actor was told (the order's entry has looked that he was): read, taken over, with the words that it came from."""
    return isinstance(work.order, Alert | AcknowledgeAlert | IntakeRecord) and work.grant.relation in ("alerted", "alerted_intake")


@raises_alert
async def alert_of_intake(work: Work, intake: Intake) -> AlertTold | None:
    """The duty doctor of the patient's township, else the county's desk, else any; None only where nobody at all is on record."""
    known = await DangerAlert.get_or_none(source_id=intake.id)
    worse = intake.level == Urgency.CRITICAL and known is not None and known.urgency != Urgency.CRITICAL
    if known is not None and not worse:
        return _told(known)
    township = await _township_of(work, intake)
    region = township.region_code[:6] if township is not None else await county_desk_region()
    links = [
        None if township is None else await duty_doctors(work, township),
        await county_desk(work, region),
        await administrators(work, region),
    ]
    there = [link for link in links if link is not None] or await _anybody(work)
    if known is not None:
        await _has_become_critical(work, known, there)
        return _told(known)
    alert = await _raise(work, "intake", intake.id, intake.level or Urgency.CRITICAL, region, there)
    return None if alert is None else _told(alert)


async def _has_become_critical(work: Work, alert: DangerAlert, links: list[Link]) -> None:
    """Somebody may have it in hand as what it was: that life is in danger now is told to all who heard of it, and from the first link on."""
    heard = await AlertReceiver.filter(alert_id=alert.id).order_by("id").values_list("account_id", flat=True)
    await alert.change(urgency=Urgency.CRITICAL.value)
    await _raise_again(work, alert, links or [Link.restored(link) for link in alert.links])
    await _tell_link(work, alert, Link("", "", tuple(str(one) for one in heard)), 0)


async def raise_desk_alert(work: Work, row: Consultation) -> None:
    """No expert was found: the schedulers on duty, then the administrators; those of all counties where this one has none."""
    links = [await desk(work, row.region_code), await administrators(work, row.region_code)]
    there = [link for link in links if link is not None] or await _anybody(work)
    known = await DangerAlert.get_or_none(source_id=row.id)
    if known is None:
        await _raise(work, "desk", row.id, row.urgency, row.region_code, there)
    elif there:
        await _raise_again(work, known, there)


async def _anybody(work: Work) -> list[Link]:
    """A county without a desk: whoever sits at one anywhere, rather than nobody."""
    links = [await county_desk(work, EVERYWHERE), await administrators(work, EVERYWHERE)]
    return [link for link in links if link is not None]


async def _raise_again(work: Work, alert: DangerAlert, links: list[Link]) -> None:
    """The same trouble once more: the chain begins anew, whoever had acknowledged it."""
    await alert.change(
        state="raised", links=[link.stored() for link in links], position=0, step=work.new_id(), raised_at=work.now, taken_by=None, taken_at=None
    )
    await AlertReceiver.filter(alert_id=alert.id).delete()
    await work.unschedule(ESCALATE, alert.id)
    await _tell_link(work, alert, links[0], 0)
    await work.schedule(ESCALATE, alert.id, work.now + _escalates_after(alert), step=alert.step)


async def repair_alert(work: Work, row: Consultation) -> bool:
    """Raise the desk's alert where nobody was on record before, or plan its next step if that was forgotten; True when it was done."""
    alert = await DangerAlert.get_or_none(source_id=row.id)
    if alert is None:
        await raise_desk_alert(work, row)
        return await DangerAlert.filter(source_id=row.id).exists()
    if alert.state != "raised" or await DueWork.filter(kind=ESCALATE, ref=alert.id, step=alert.step, state="pending").exists():
        return False
    await work.schedule(ESCALATE, alert.id, work.now, step=alert.step)
    return True


async def _raise(work: Work, kind: str, source_id: str, urgency: str, region: str, links: list[Link]) -> DangerAlert | None:
    if not links:
        return None
    alert = await DangerAlert.create(
        id=work.new_id(), kind=kind, source_id=source_id, state="raised", urgency=urgency, region_code=region,
        links=[link.stored() for link in links], step=work.new_id(), raised_at=work.now,
    )
    await _tell_link(work, alert, links[0], 0)
    await work.schedule(ESCALATE, alert.id, work.now + _escalates_after(alert), step=alert.step)
    await work.emit("alert.raised", key=alert.id, alert_id=alert.id)
    return alert


def _escalates_after(alert: DangerAlert) -> timedelta:
    waits = alert.kind == "intake" and alert.urgency != Urgency.CRITICAL
    return ESCALATE_EMERGENT_AFTER if waits else ESCALATE_AFTER


def _told(alert: DangerAlert) -> AlertTold:
    link = Link.restored(alert.links[0])
    return AlertTold(alert_id=alert.id, who=link.who, place=link.place)


async def _tell_link(work: Work, alert: DangerAlert, link: Link, position: int) -> None:
    """Each account once."""
    for account_id in link.accounts:
        if await AlertReceiver.filter(alert_id=alert.id, account_id=account_id).exists():
            continue
        await AlertReceiver.create(id=work.new_id(), alert_id=alert.id, account_id=account_id, position=position, told_at=work.now)
        await _tell_account(work, alert, account_id)


async def _tell_account(work: Work, alert: DangerAlert, account_id: str) -> None:
    if alert.kind == "desk":
        await tell(work, account_id, "desk.alarm", urgent=True, consultation_id=alert.source_id, alert_id=alert.id)
    else:
        await tell(work, account_id, "alert.card", urgent=True, alert_id=alert.id)


async def _township_of(work: Work, intake: Intake) -> Organisation | None:
    """The township centre over the village doctor who has the patient (or somebody of his family) on her list."""
    patients = [intake.patient_id] if intake.patient_id is not None else await spoken_for(work, account_id=intake.account_id)
    for patient_id in patients:
        for practitioner_id in await village_doctors_of(work, patient_id):
            practitioner = await Practitioner.get(id=practitioner_id)
            clinic = await Organisation.get(id=practitioner.organisation_id)
            if clinic.kind == "township_centre":
                return clinic
            if clinic.parent_id is not None:
                return await Organisation.get(id=clinic.parent_id)
    return None


async def say_again(work: Work, intake: Intake) -> None:
    """More was written of a danger that was told: who has taken it over hears it, else everybody who was told."""
    alert = await DangerAlert.get_or_none(source_id=intake.id)
    if alert is None or alert.state == "closed":
        return
    receivers = await AlertReceiver.filter(alert_id=alert.id).order_by("id")
    for account_id in [alert.taken_by] if alert.taken_by is not None else [one.account_id for one in receivers]:
        await _tell_account(work, alert, account_id)


@hears_place
async def place_heard(work: Work, intake: Intake) -> None:
    """Where the patient is has become known: whoever was alerted is told, and the duty doctor of that township at once."""
    await say_again(work, intake)
    alert = await DangerAlert.get_or_none(source_id=intake.id)
    if alert is not None and alert.state == "raised" and intake.place is not None:
        link = await _duty_where(work, alert, await place_of(work, intake) or "")
        if link is not None:
            await _tell_link(work, alert, link, alert.position)
            # The patient is told of whoever was called last: this is the doctor nearest to him.
            told = AlertTold(alert_id=alert.id, who=link.who, place=link.place)
            await intake.change(alert=await seal_column(work, intake, "alert", told))


async def _duty_where(work: Work, alert: DangerAlert, words: str) -> Link | None:
    """The duty doctors of the township centre that the words name."""
    for centre in await Organisation.filter(kind="township_centre", region_code__startswith=alert.region_code).order_by("id"):
        names = {centre.name, centre.name.removesuffix("卫生院").removesuffix("中心"), centre.region_name[-3:]}
        if any(len(name) >= 2 and name in words for name in names):
            return await duty_doctors(work, centre)
    return None


@handles(EscalateAlert)
async def escalate_alert(work: Work, order: EscalateAlert) -> Done:
    alert = await DangerAlert.get_or_none(id=order.alert_id)
    if alert is None or alert.state != "raised" or alert.step != order.step:
        return Done(done=False)
    position, step = alert.position + 1, work.new_id()
    if position < len(alert.links):
        await alert.change(position=position, step=step)
        await _tell_link(work, alert, Link.restored(alert.links[position]), position)
        await work.schedule(ESCALATE, alert.id, work.now + _escalates_after(alert), step=step)
        return Done()
    # The chain is at its end and the danger is not over: silence would be the worst answer.
    await alert.change(repeats=alert.repeats + 1, step=step)
    for receiver in await AlertReceiver.filter(alert_id=alert.id).order_by("id"):
        await _tell_account(work, alert, receiver.account_id)
    await work.schedule(ESCALATE, alert.id, work.now + REPEAT_AFTER, step=step)
    return Done()


@handles(AcknowledgeAlert)
async def acknowledge_alert(work: Work, order: AcknowledgeAlert) -> AlertView:
    alert = await DangerAlert.get_or_none(id=order.alert_id)
    if alert is None:
        raise AlertUnknown
    if alert.kind == "desk":
        # The consultation's row first, as everywhere: the timeline entry below takes it again.
        await hold(alert.source_id)
    changed = await DangerAlert.filter(id=alert.id, state="raised").update(
        state="acknowledged", taken_by=work.actor.account_id, taken_at=work.now, version=alert.version + 1
    )
    alert = await DangerAlert.get(id=alert.id)
    await concerns_alert(work, alert)
    if changed == 0:
        if alert.taken_by == work.actor.account_id:
            return await alert_view(work, alert)
        if alert.taken_by is not None:
            raise AlertTaken(taker=await called_account(work, alert.taken_by))
        raise AlertOver
    await work.unschedule(ESCALATE, alert.id)
    for receiver in await AlertReceiver.filter(alert_id=alert.id).exclude(account_id=work.actor.account_id).order_by("id"):
        await tell(work, receiver.account_id, "alert.closed", urgent=True, alert_id=alert.id)
    if alert.kind == "desk":
        await note(work, alert.source_id, "desk.acknowledged")
    return await alert_view(work, alert)


async def close_alert(work: Work, source_id: str) -> None:
    """What the alert was about is settled: whoever holds its card is told."""
    alert = await DangerAlert.get_or_none(source_id=source_id)
    if alert is None or alert.state == "closed":
        return
    await alert.change(state="closed", step=work.new_id())
    await work.unschedule(ESCALATE, alert.id)
    for receiver in await AlertReceiver.filter(alert_id=alert.id).order_by("id"):
        await tell(work, receiver.account_id, "alert.closed", urgent=True, alert_id=alert.id)
