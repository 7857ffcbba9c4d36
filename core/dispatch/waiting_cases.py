"""待分配 for the desk: the consultations without an expert, and who could be asked at this moment with what speaks for and against him."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import Literal, cast

from core.appointments.roster import absent, on_duty
from core.consultations.models import Consultation
from core.consultations.service import consultation_of, missing, picture_opened
from core.consultations.workflow import STATE_LABELS, State
from core.dispatch.commands_desk import AskedExpert, ExpertNow, ExpertsNow, ExpertsNowView, WaitingCase, WaitingCases, WaitingView
from core.dispatch.experts import ranked_experts
from core.dispatch.models import ExpertOffer
from core.dispatch.offer_views import region_names
from core.dispatch.offers import DECLINE_LABELS
from core.foundation.actor import Role
from core.foundation.orders import answers
from core.foundation.withheld import shown
from core.foundation.work import Work
from core.intake.urgency import urgency
from core.people.cards import patient_cards, practitioner_cards
from core.people.counties import counties_where

SHOWN = 30
"""How many are listed: the most dangerous and the oldest of them."""
OUTCOMES = {"offered": "等答复", "deferred": "说 5 分钟后", "declined": "婉拒", "expired": "没应答", "accepted": "接过又退回", "withdrawn": "已撤回"}


@answers(WaitingCases)
async def waiting_cases(work: Work, order: WaitingCases) -> WaitingView:
    work.concerns("account", work.actor.account_id)
    counties = await counties_where(work.actor, Role.SCHEDULER)
    rows = await Consultation.filter(region_code__in=counties, state__in=(State.DRAFT.value, State.PENDING.value)).order_by("id") if counties else []
    first = sorted(rows, key=lambda row: (-urgency(row.urgency).code.severity, row.state != State.PENDING.value, row.created_at, row.id))[:SHOWN]
    cases, withheld = await shown(work, first, partial(_cases, work))
    return WaitingView(now=work.now, cases=cases, withheld=withheld)


async def _cases(work: Work, rows: list[Consultation]) -> list[WaitingCase]:
    patients = await patient_cards(work, {row.patient_id for row in rows})
    places, asked = await region_names({row.region_code for row in rows}), await _asked(work, rows)
    found = []
    for row in rows:
        patient, picture, entry = patients[row.patient_id], await picture_opened(work, row), urgency(row.urgency)
        found.append(WaitingCase(
            consultation_id=row.id, code=row.code, state=cast(Literal["DRAFT", "PENDING"], row.state), state_label=STATE_LABELS[State(row.state)],
            urgency=row.urgency, urgency_label=entry.label, headline=picture.headline, patient=f"{patient.age_spoken} {patient.sex_label}",
            place=places[row.region_code], waited_s=max(0, int((work.now - row.created_at).total_seconds())), asked=asked[row.id],
            alarmed=row.alarmed_at is not None, missing=missing(row),
        ))
    return found


async def _asked(work: Work, rows: list[Consultation]) -> dict[str, tuple[AskedExpert, ...]]:
    """Of each consultation the experts who were asked, each once with what came of it last."""
    offers = await ExpertOffer.filter(consultation_id__in=[row.id for row in rows], replaced_by_id__isnull=True).order_by("id")
    cards = await practitioner_cards(work, {one.practitioner_id for one in offers}) if offers else {}
    found: dict[str, tuple[AskedExpert, ...]] = defaultdict(tuple)
    for one in offers:
        found[one.consultation_id] += (AskedExpert(expert=cards[one.practitioner_id].introduced, outcome=outcome_of(one)),)
    return found


def outcome_of(offer: ExpertOffer) -> str:
    """等答复, 没应答, 婉拒(没空)."""
    why = DECLINE_LABELS.get(offer.decline_reason, "")
    return f"{OUTCOMES[offer.state]}({why})" if why else OUTCOMES[offer.state]


@answers(ExpertsNow)
async def experts_now(work: Work, order: ExpertsNow) -> ExpertsNowView:
    row = await consultation_of(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    ranked = await ranked_experts(work, row, await picture_opened(work, row), asking_again=True)
    ids = [one.practitioner_id for one in ranked]
    cards, cautions = await practitioner_cards(work, ids), await _cautions(work, row, ids)
    experts = []
    for one in ranked:
        card = cards[one.practitioner_id]
        experts.append(ExpertNow(
            practitioner_id=card.practitioner_id, full_name=card.full_name, called=card.called, title_name=card.title_name,
            department=card.department, organisation=card.organisation, introduced=card.introduced, score=one.score, reasons=one.reasons,
            cautions=cautions[one.practitioner_id], excluded="这份会诊现在就是他接的" if one.practitioner_id == row.expert_id else one.excluded,
        ))
    return ExpertsNowView(code=row.code, experts=tuple(experts))


async def _cautions(work: Work, row: Consultation, ids: list[str]) -> dict[str, tuple[str, ...]]:
    """What the search by itself would have left them out for, and a person at the desk may weigh."""
    duty, away = set(await on_duty("expert", work.now, None)), await absent(ids, work.now)
    asked = {one.practitioner_id: one for one in await ExpertOffer.filter(consultation_id=row.id, replaced_by_id__isnull=True)}
    found = {}
    for one in ids:
        off = "请假中" if one in away else ("" if one in duty else "现在不在班")
        before = f"这次问过:{outcome_of(asked[one])}" if one in asked else ""
        found[one] = tuple(filter(None, (off, before)))
    return found
