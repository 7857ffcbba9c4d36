"""The expert's opinion advises, the inviting side's decision stands: both are signed, and both are read with their signatures checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.consultations.commands_opinions import (
    Decide,
    DecisionView,
    Diagnosis,
    GiveOpinion,
    NamedDiagnoses,
    OpinionView,
    ReadOpinion,
    SearchDiagnoses,
)
from core.consultations.errors import AlreadyDecided, OpinionMissing, OpinionReplaced, ReasonNeeded
from core.consultations.models import Consultation, Decision, Opinion
from core.consultations.rules import DECISION_LABELS
from core.consultations.timeline import consultation_of, hold, make_step, note
from core.consultations.workflow import Event, IllegalStep, State
from core.foundation.actor import Role
from core.foundation.canonical import moment
from core.foundation.keys import Sealer
from core.foundation.orders import answers, handles
from core.foundation.signing_keys import is_signed, sign
from core.foundation.work import Work
from core.notifications.service import tell
from core.people.service import practitioner_card
from nlp.interface.diagnoses import searched
from nlp.interface.reading import Value


class OpinionText(Value):
    """The words of an opinion, as they are sealed."""

    assessment: str
    advice: str
    watch_for: str
    diagnoses: tuple[Diagnosis, ...] = ()


async def latest_opinion(consultation_id: str) -> Opinion | None:
    """The opinion in its latest revision, None before the first."""
    return await Opinion.filter(consultation_id=consultation_id).order_by("-revision").first()


async def latest_of(consultation_ids: Iterable[str]) -> dict[str, tuple[Opinion, Decision | None]]:
    """By consultation: the opinion in its latest revision and the decision on it, of those that have one."""
    ids = list(consultation_ids)
    opinions = {one.consultation_id: one for one in await Opinion.filter(consultation_id__in=ids).order_by("revision")} if ids else {}
    made = await Decision.filter(opinion_id__in=[one.id for one in opinions.values()]) if opinions else []
    decisions = {one.opinion_id: one for one in made}
    return {key: (one, decisions.get(one.id)) for key, one in opinions.items()}


async def latest_decision(consultation_id: str) -> Decision | None:
    """The decision on the latest revision of the opinion; None when that has not been decided on."""
    opinion = await latest_opinion(consultation_id)
    return None if opinion is None else await Decision.get_or_none(opinion_id=opinion.id)


@handles(GiveOpinion)
async def give_opinion(work: Work, order: GiveOpinion) -> OpinionView:
    row = await hold(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    if State(row.state) is State.ASSIGNED:
        row = await make_step(work, row, Event.BEGIN, ids={"manner": "writing"})
    if State(row.state) is not State.IN_PROGRESS:
        raise IllegalStep(State(row.state), Event.BEGIN)
    before = await latest_opinion(row.id)
    text = OpinionText(assessment=order.assessment, advice=order.advice, watch_for=order.watch_for, diagnoses=order.diagnoses)
    sealer = await work.sealer("patient", row.patient_id)
    if before is not None and before.practitioner_id == work.actor.practitioner_id and _text_of(sealer, before) == text:
        # 确认签名 was pressed twice: what stands there is already signed.
        return await opinion_view(work, row, before)
    opinion_id = work.new_id()
    opinion = await Opinion.create(
        id=opinion_id, consultation_id=row.id, revision=1 if before is None else before.revision + 1, practitioner_id=work.actor.practitioner_id,
        body=sealer.seal("opinion", "body", opinion_id, text.model_dump_json()), given_at=work.now,
    )
    await sign(work, "opinion", opinion.id, _opinion_document(row, opinion, text), confirm=order.confirm)
    row = await note(work, row.id, "opinion.given", ids={"revision": str(opinion.revision), "opinion_id": opinion.id})
    await tell(work, row.requester_account_id, "opinion.given", urgent=True, consultation_id=row.id)
    await work.emit("consultation.opinion_given", key=row.id, consultation_id=row.id, opinion_id=opinion.id)
    return await opinion_view(work, row, opinion)


@handles(Decide)
async def decide(work: Work, order: Decide) -> OpinionView:
    row = await hold(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    opinion = await latest_opinion(row.id)
    if opinion is None:
        raise OpinionMissing(code=row.code)
    if opinion.id != order.opinion_id:
        raise OpinionReplaced(revision=opinion.revision)
    if (made := await Decision.get_or_none(opinion_id=opinion.id)) is not None:
        raise AlreadyDecided(choice=DECISION_LABELS[made.choice])
    if State(row.state) is not State.IN_PROGRESS:
        raise IllegalStep(State(row.state), Event.COMPLETE)
    if order.choice != "agree" and not order.reason:
        raise ReasonNeeded
    decision_id = work.new_id()
    sealer = await work.sealer("patient", row.patient_id)
    decision = await Decision.create(
        id=decision_id, consultation_id=row.id, opinion_id=opinion.id, practitioner_id=work.actor.practitioner_id, choice=order.choice,
        reason=sealer.seal("decision", "reason", decision_id, order.reason), decided_at=work.now,
    )
    await sign(work, "decision", decision.id, _decision_document(row, opinion, decision, order.reason), confirm=order.confirm)
    row = await note(
        work, row.id, "decision.made", words=order.reason or None, ids={"choice": DECISION_LABELS[order.choice], "decision_id": decision.id}
    )
    expert = await practitioner_card(work, opinion.practitioner_id)
    await tell(work, expert.account_id, "decision.made", urgent=True, consultation_id=row.id)
    await tell(work, row.requester_account_id, "decision.closed", urgent=True, consultation_id=row.id)
    await work.emit("consultation.decided", key=row.id, consultation_id=row.id, decision_id=decision.id)
    return await opinion_view(work, row, opinion)


@answers(ReadOpinion)
async def read_opinion(work: Work, order: ReadOpinion) -> OpinionView:
    row = await consultation_of(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    opinion = await latest_opinion(row.id)
    if opinion is None or (work.role is Role.VISITOR and not await Decision.filter(opinion_id=opinion.id).exists()):
        raise OpinionMissing(code=row.code)
    return await opinion_view(work, row, opinion)


async def opinion_view(work: Work, row: Consultation, opinion: Opinion) -> OpinionView:
    """Opened, with both signatures checked against what the rows say now."""
    sealer = await work.sealer("patient", row.patient_id)
    text = _text_of(sealer, opinion)
    expert = await practitioner_card(work, opinion.practitioner_id)
    return OpinionView(
        opinion_id=opinion.id, consultation_id=row.id, code=row.code, revision=opinion.revision, diagnoses=text.diagnoses,
        assessment=text.assessment, advice=text.advice,
        watch_for=text.watch_for, expert=expert.called, given_at=opinion.given_at,
        signature_valid=await is_signed("opinion", opinion.id, _opinion_document(row, opinion, text)),
        decision=await _decision_view(work, row, opinion),
    )


async def diagnoses_in(work: Work, row: Consultation, opinion: Opinion) -> tuple[Diagnosis, ...]:
    """The diagnoses of one revision, the leading one first."""
    return _text_of(await work.sealer("patient", row.patient_id), opinion).diagnoses


@answers(SearchDiagnoses)
async def search_diagnoses(work: Work, order: SearchDiagnoses) -> NamedDiagnoses:
    return NamedDiagnoses(found=tuple(Diagnosis(icd10=one.icd10, name=one.name) for one in searched(order.words)))


async def _decision_view(work: Work, row: Consultation, opinion: Opinion) -> DecisionView | None:
    decision = await Decision.get_or_none(opinion_id=opinion.id)
    if decision is None:
        return None
    sealer = await work.sealer("patient", row.patient_id)
    reason = sealer.open("decision", "reason", decision.id, bytes(decision.reason))
    doctor = await practitioner_card(work, decision.practitioner_id)
    return DecisionView.model_validate({
        "decision_id": decision.id, "choice": decision.choice, "choice_label": DECISION_LABELS[decision.choice], "reason": reason,
        "decided_by": doctor.called, "decided_at": decision.decided_at,
        "signature_valid": await is_signed("decision", decision.id, _decision_document(row, opinion, decision, reason)),
    })


def _text_of(sealer: Sealer, opinion: Opinion) -> OpinionText:
    return OpinionText.model_validate_json(sealer.open("opinion", "body", opinion.id, bytes(opinion.body)))


def _opinion_document(row: Consultation, opinion: Opinion, text: OpinionText) -> dict[str, Any]:
    return {
        "consultation": row.id, "code": row.code, "patient": row.patient_id, "practitioner": opinion.practitioner_id,
        "revision": opinion.revision, "given_at": moment(opinion.given_at),
        # An opinion without diagnoses is signed as those were that were written before there were any.
        "text": text.model_dump(mode="json", exclude=None if text.diagnoses else {"diagnoses"}),
    }


def _decision_document(row: Consultation, opinion: Opinion, decision: Decision, reason: str) -> dict[str, Any]:
    return {
        "consultation": row.id, "code": row.code, "patient": row.patient_id, "practitioner": decision.practitioner_id, "opinion": opinion.id,
        "choice": decision.choice, "reason": reason, "decided_at": moment(decision.decided_at),
    }
