"""The consultation itself: Encounter and ServiceRequest, the opinion as DiagnosticReport, the decision as Task, who did what as Provenance."""

from __future__ import annotations

import base64

from core.consultations.commands_opinions import OpinionView
from core.consultations.models import Consultation, Decision, TimelineEntry
from core.consultations.opinions import latest_opinion, opinion_view
from core.consultations.service import complaint_opened, picture_opened
from core.consultations.workflow import STATE_LABELS, State
from core.fhir import people
from core.fhir.elements import ACT_CODE, ICD10_CN, LOINC, OURS, PARTICIPATION, Case, Json, coding, concept, identifier, instant, period
from core.foundation.actor import Role
from core.foundation.signing_keys import signatures_of
from core.foundation.work import Work
from nlp.interface.departments import department

ENCOUNTER_STATUS = {
    State.DRAFT: "planned", State.PENDING: "planned", State.ASSIGNED: "planned", State.IN_PROGRESS: "in-progress",
    State.COMPLETED: "finished", State.CANCELLED: "cancelled",
}  # fmt: skip
REQUEST_STATUS = {
    State.DRAFT: "draft", State.PENDING: "active", State.ASSIGNED: "active", State.IN_PROGRESS: "active",
    State.COMPLETED: "completed", State.CANCELLED: "revoked",
}  # fmt: skip
PRIORITY = {"critical": "stat", "emergent": "asap", "urgent": "urgent", "routine": "routine", "self_care": "routine"}
_ACT_PRIORITY = {"stat": ("EM", "emergency"), "asap": ("EM", "emergency"), "urgent": ("UR", "urgent"), "routine": ("R", "routine")}
_DATA_OPERATION = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
_SIGNATURE_TYPE = "urn:iso-astm:E1762-95:2013"


async def encounter(case: Case, work: Work, row: Consultation) -> Json:
    """Encounter and what it is based on; the reference to the encounter."""
    state = State(row.state)
    subject = await people.patient(case, work, row.patient_id)
    requester = await people.practitioner(case, work, row.village_doctor_id)
    expert = None if row.expert_id is None else await people.practitioner(case, work, row.expert_id)
    provider = await people.organisation(case, row.organisation_id)
    request = case.ref("ServiceRequest", row.id)
    participants = [_participant("REF", "referrer", requester), *([_participant("CON", "consultant", expert)] if expert else [])]
    priority = PRIORITY[row.urgency]
    picture = await picture_opened(work, row)
    reference = case.add(
        "Encounter", row.id, identifier=[identifier("consultation", row.code)], status=ENCOUNTER_STATUS[state],
        class_=coding(ACT_CODE, "VR", "virtual"), type_=[concept(f"远程会诊({STATE_LABELS[state]})")],
        priority=concept("", coding("http://terminology.hl7.org/CodeSystem/v3-ActPriority", *_ACT_PRIORITY[priority])),
        subject=subject, basedOn=[request], participant=participants, period=period(row.created_at, row.closed_at),
        reasonCode=[concept(picture.headline)], serviceProvider=provider,
    )
    case.add(
        "ServiceRequest", row.id, identifier=[identifier("consultation", row.code)], status=REQUEST_STATUS[state], intent="order",
        priority=priority, code=concept("远程会诊", coding(f"{OURS}:service", "teleconsultation", "远程会诊")), subject=subject, encounter=reference,
        authoredOn=instant(row.created_at), requester=requester, performer=[expert] if expert else None,
        performerType=concept(department(row.department_code).name, coding(f"{OURS}:department", row.department_code)),
        reasonCode=[concept(picture.headline)], note=[{"text": await complaint_opened(work, row)}],
    )
    return reference


def _participant(code: str, display: str, who: Json) -> Json:
    return {"type": [concept("", coding(PARTICIPATION, code, display))], "individual": who}


async def opinion_and_decision(case: Case, work: Work, row: Consultation, encounter_ref: Json) -> None:
    """The latest opinion with the decision on it. The patient reads an opinion once it has been decided on."""
    opinion = await latest_opinion(row.id)
    if opinion is None:
        return
    decision = await Decision.get_or_none(opinion_id=opinion.id)
    if work.role is Role.VISITOR and decision is None:
        return
    view = await opinion_view(work, row, opinion)
    expert = await people.practitioner(case, work, opinion.practitioner_id)
    report = case.add(
        "DiagnosticReport", opinion.id, status="final" if opinion.revision == 1 else "amended",
        code=concept("会诊意见", coding(LOINC, "11488-4", "Consult note")), subject=case.ref("Patient", row.patient_id), encounter=encounter_ref,
        effectiveDateTime=instant(opinion.given_at), issued=instant(opinion.given_at), performer=[expert],
        basedOn=[case.ref("ServiceRequest", row.id)], conclusion=_words(view),
        conclusionCode=[concept(one.name, *([coding(ICD10_CN, one.icd10)] if one.icd10 else ())) for one in view.diagnoses],
    )
    await signed(case, work, "opinion", opinion.id, [report], opinion.practitioner_id)
    if decision is None or view.decision is None:
        return
    doctor = await people.practitioner(case, work, decision.practitioner_id)
    task = case.add(
        "Task", decision.id, status="rejected" if decision.choice == "disagree" else "completed", intent="order",
        code=concept("对会诊意见的决定", coding(f"{OURS}:task", "decision")), businessStatus=concept(view.decision.choice_label), focus=report,
        for_=case.ref("Patient", row.patient_id), encounter=encounter_ref, authoredOn=instant(decision.decided_at),
        lastModified=instant(decision.decided_at), owner=doctor, statusReason=concept(view.decision.reason) if view.decision.reason else None,
    )
    await signed(case, work, "decision", decision.id, [task], decision.practitioner_id)


def _words(view: OpinionView) -> str:
    parts = (("诊断", "、".join(one.spoken for one in view.diagnoses)), ("判断", view.assessment), ("建议", view.advice), ("注意", view.watch_for))
    return "\n".join(f"{name}:{text}" for name, text in parts if text)


async def signed(case: Case, work: Work, kind: str, row_id: str, target: list[Json], practitioner_id: str) -> None:
    """Provenance with the Ed25519 signature of who signed the row."""
    found = await signatures_of(kind, row_id)
    if not found:
        return
    who = await people.practitioner(case, work, practitioner_id)
    case.add(
        "Provenance", found[-1].id, target=target, recorded=instant(found[-1].signed_at),
        activity=concept("", coding(_DATA_OPERATION, "CREATE", "create")), agent=[{"type": concept("签名者"), "who": who}],
        signature=[{
            "type": [coding(_SIGNATURE_TYPE, "1.2.840.10065.1.12.1.1", "Author's Signature")], "when": instant(found[-1].signed_at), "who": who,
            "targetFormat": "application/json", "sigFormat": "application/octet-stream",
            "data": base64.b64encode(bytes(found[-1].signature)).decode(),
        }],
    )  # fmt: skip


async def provenance(case: Case, work: Work, row: Consultation, encounter_ref: Json) -> None:
    """Who asked for the consultation, and who took it."""
    for entry in await TimelineEntry.filter(consultation_id=row.id, kind__in=("requested", "accept")).order_by("sequence"):
        practitioner_id = entry.practitioner_id
        if practitioner_id is None:
            continue
        activity = ("CREATE", "create") if entry.kind == "requested" else ("UPDATE", "revise")
        part, who = "发起者" if entry.kind == "requested" else "接诊专家", await people.practitioner(case, work, practitioner_id)
        case.add(
            "Provenance", entry.id, target=[encounter_ref, case.ref("ServiceRequest", row.id)], occurredDateTime=instant(entry.at),
            recorded=instant(entry.at), activity=concept("", coding(_DATA_OPERATION, *activity)),
            agent=[{"type": concept(part), "who": who}],
        )
