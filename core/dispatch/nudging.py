"""催办: whoever is to act next is told again, and the timeline says so. Not more often than once in two minutes a case."""

from __future__ import annotations

from datetime import timedelta
from math import ceil

from core.consultations.models import Consultation, TimelineEntry
from core.consultations.service import hold, latest_decision, latest_opinion, missing, note
from core.consultations.workflow import STATE_LABELS, State
from core.dispatch.commands_desk import NudgeConsultation, Nudged
from core.dispatch.errors import NobodyToNudge, NudgedJustNow
from core.dispatch.search import still_open, tell_desk
from core.foundation.actor import Role
from core.foundation.orders import handles
from core.foundation.work import Work
from core.notifications.service import tell
from core.people.service import practitioner_card

AT_MOST_EVERY = timedelta(minutes=2)


@handles(NudgeConsultation)
async def nudge(work: Work, order: NudgeConsultation) -> Nudged:
    row = await hold(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    last = await TimelineEntry.filter(consultation_id=row.id, kind="nudged").order_by("-sequence").first()
    if last is not None and (left := last.at + AT_MOST_EVERY - work.now) > timedelta():
        raise NudgedJustNow(code=row.code, seconds=str(ceil(left.total_seconds())))
    told, about = await _told(work, row)
    if not told:
        raise NobodyToNudge(code=row.code, why=about)
    await note(work, row.id, "nudged", ids={"about": about})
    return Nudged(code=row.code, told=tuple(told), about=about)


async def _told(work: Work, row: Consultation) -> tuple[list[str], str]:
    """Who was told, and what is wanted of them; nobody, and why not."""
    match State(row.state):
        case State.DRAFT:
            return _or_hers(await _village_doctor(work, row, "consultation.todo"), "补资料")
        case State.PENDING:
            return await _of_search(work, row)
        case State.ASSIGNED:
            return [*await _expert(work, row, "not_begun"), *await _village_doctor(work, row, "consultation.progress", "not_begun")], "开始会诊"
        case State.IN_PROGRESS:
            return await _of_running(work, row)
        case state:
            return [], f"会诊{STATE_LABELS[state]}。"


async def _of_search(work: Work, row: Consultation) -> tuple[list[str], str]:
    """The experts who hold a card; for the village doctor the desk too, for the desk the village doctor where she still owes something."""
    asked = await still_open(row.id)
    for offer in asked:
        await tell(work, offer.account_id, "offer.card", urgent=True, offer_id=offer.id)
    told = [(await practitioner_card(work, offer.practitioner_id)).introduced for offer in asked]
    if work.role is Role.VILLAGE_DOCTOR:
        link = await tell_desk(work, row)
        told += [] if link is None else [link.who]
        return told, "接诊" if told else "没有专家在被请,也没有值班台可叫。请直接打电话给上级医院,危急打 120。"
    owes = await _village_doctor(work, row, "consultation.todo") if missing(row) else []
    if not told and not owes:
        return [], f"现在没有专家在被请。发「指派 {row.code} 姓名」请一位。"
    return [*told, *owes], "、".join(filter(None, ("接诊" if told else "", "补资料" if owes else "")))


async def _of_running(work: Work, row: Consultation) -> tuple[list[str], str]:
    """The opinion, the decision on it, the end: whichever is missing."""
    if await latest_opinion(row.id) is None:
        return await _expert(work, row, "opinion_wanted"), "写意见"
    if await latest_decision(row.id) is None:
        return _or_hers(await _village_doctor(work, row, "consultation.progress", "decision_wanted"), "对意见作决定")
    return _or_hers(await _village_doctor(work, row, "consultation.progress", "end_wanted"), "完成会诊")


def _or_hers(told: list[str], about: str) -> tuple[list[str], str]:
    """Where nobody was told, it is she who asks who is to act."""
    return told, about if told else f"等的是您:{about}。"


async def _expert(work: Work, row: Consultation, step: str) -> list[str]:
    if row.expert_id is None:
        return []
    card = await practitioner_card(work, row.expert_id)
    await tell(work, card.account_id, "consultation.progress", urgent=True, consultation_id=row.id, step=step)
    return [card.introduced]


async def _village_doctor(work: Work, row: Consultation, kind: str, step: str = "") -> list[str]:
    """Her, unless it is she who asks."""
    if work.role is Role.VILLAGE_DOCTOR:
        return []
    await tell(work, row.requester_account_id, kind, urgent=True, consultation_id=row.id, **({"step": step} if step else {}))
    return [f"村医 {(await practitioner_card(work, row.village_doctor_id)).called}"]
