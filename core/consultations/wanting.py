"""要资料: what the expert still needs of a case. Open until material arrives or the village doctor says that there is none, and why."""

from __future__ import annotations

from functools import partial
from typing import Literal, cast

from core.consultations.commands_arranging import (
    AnswerNoMaterial,
    MaterialRequests,
    MaterialRequestsView,
    MaterialRequestView,
    ReadMaterialRequest,
    RequestMaterial,
)
from core.consultations.errors import MaterialNotToBeAsked, RequestOver, TooManyRequests
from core.consultations.hooks import when_closed
from core.consultations.models import Consultation, MaterialRequest
from core.consultations.relations import asked_for_by
from core.consultations.timeline import consultation_of, hold, note
from core.consultations.workflow import STATE_LABELS, State
from core.foundation.orders import answers, handles
from core.foundation.withheld import shown
from core.foundation.work import Work
from core.notifications.service import tell
from core.people.cards import practitioner_cards

MOST_OPEN = 5
SHOWN = 20
_ASKABLE = (State.ASSIGNED, State.IN_PROGRESS)


@handles(RequestMaterial)
async def request_material(work: Work, order: RequestMaterial) -> MaterialRequestView:
    row = await hold(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    if State(row.state) not in _ASKABLE:
        raise MaterialNotToBeAsked(code=row.code, state_label=STATE_LABELS[State(row.state)])
    if await MaterialRequest.filter(consultation_id=row.id, state="open").count() >= MOST_OPEN:
        raise TooManyRequests(code=row.code)
    request_id, sealer = work.new_id(), await work.sealer("patient", row.patient_id)
    made = await MaterialRequest.create(
        id=request_id, consultation_id=row.id, practitioner_id=str(work.actor.practitioner_id), account_id=work.actor.account_id, state="open",
        wanted=sealer.seal("material_request", "wanted", request_id, order.wanted), asked_at=work.now,
    )
    await note(work, row.id, "material.requested", words=order.wanted, ids={"request_id": request_id})
    await tell(work, row.requester_account_id, "material.requested", urgent=True, consultation_id=row.id, request_id=request_id)
    return (await _views(work, [(made, row)]))[0]


@handles(AnswerNoMaterial)
async def answer_no_material(work: Work, order: AnswerNoMaterial) -> MaterialRequestView:
    row = await hold(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    request = await MaterialRequest.get_or_none(id=order.request_id, consultation_id=row.id)
    if request is None or request.state != "open":
        raise RequestOver(code=row.code)
    sealer = await work.sealer("patient", row.patient_id)
    answer = sealer.seal("material_request", "answer", request.id, order.reason)
    await request.change(conflict=RequestOver(code=row.code), state="none", answer=answer, closed_at=work.now)
    await note(work, row.id, "material.not_there", words=order.reason, ids={"request_id": request.id})
    if row.expert_id is not None:
        account_id = (await practitioner_cards(work, [row.expert_id]))[row.expert_id].account_id
        await tell(work, account_id, "material.not_there", urgent=True, consultation_id=row.id, request_id=request.id)
    return (await _views(work, [(await MaterialRequest.get(id=request.id), row)]))[0]


async def requests_answered(work: Work, consultation_id: str) -> None:
    """Material has come: what was asked for is there, and who wants more asks again. The expert hears of what came as of every image."""
    await MaterialRequest.filter(consultation_id=consultation_id, state="open").update(state="arrived", closed_at=work.now)


@when_closed
async def nothing_is_wanted(work: Work, row: Consultation) -> None:
    await MaterialRequest.filter(consultation_id=row.id, state="open").update(state="over", closed_at=work.now)


@answers(MaterialRequests)
async def material_requests(work: Work, order: MaterialRequests) -> MaterialRequestsView:
    work.concerns("account", work.actor.account_id)
    running = [state.value for state in _ASKABLE] + [State.PENDING.value]
    mine = list(await asked_for_by(work).filter(state__in=running))
    if work.actor.practitioner_id is not None:
        mine += await Consultation.filter(expert_id=work.actor.practitioner_id, state__in=running)
    cases = {row.id: row for row in mine}
    rows = await MaterialRequest.filter(consultation_id__in=list(cases), state="open").order_by("id").limit(SHOWN) if cases else []
    lines, withheld = await shown(work, [(one, cases[one.consultation_id]) for one in rows], partial(_views, work), name=lambda pair: pair[1])
    return MaterialRequestsView(requests=lines, withheld=withheld)


@answers(ReadMaterialRequest)
async def read_material_request(work: Work, order: ReadMaterialRequest) -> MaterialRequestView:
    request = await MaterialRequest.get_or_none(id=order.request_id)
    if request is None:
        raise RequestOver(code="")
    row = await consultation_of(request.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    return (await _views(work, [(request, row)]))[0]


async def _views(work: Work, pairs: list[tuple[MaterialRequest, Consultation]]) -> list[MaterialRequestView]:
    cards = await practitioner_cards(work, {one.practitioner_id for one, _ in pairs})
    found = []
    for one, row in pairs:
        sealer = await work.sealer("patient", row.patient_id)
        answer = "" if one.answer is None else sealer.open("material_request", "answer", one.id, bytes(one.answer))
        found.append(MaterialRequestView(
            request_id=one.id, consultation_id=row.id, code=row.code, wanted=sealer.open("material_request", "wanted", one.id, bytes(one.wanted)),
            expert=cards[one.practitioner_id].introduced, state=cast(Literal["open", "arrived", "none", "over"], one.state), answer=answer,
            asked_at=one.asked_at,
        ))
    return found
