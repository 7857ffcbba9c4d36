"""What follows a consultation: what people were told, follow-up with its measurements, coverage and claims."""

from __future__ import annotations

from core.consultations.models import Consultation
from core.coverage.claims import view_of as claim_view
from core.coverage.models import Claim, Membership
from core.coverage.policies import SERVICE_LABELS, policy_on
from core.fhir import people
from core.fhir.clinical import BLOOD_PRESSURE, PRESSURES, VITAL_SIGNS
from core.fhir.elements import LOINC, OURS, Case, Json, coding, concept, day, identifier, instant, money, period, quantity
from core.followups.models import FollowupPlan, Occurrence, Reading
from core.followups.readings import opened
from core.followups.templates import REMINDERS, TEMPLATES, Task
from core.foundation.work import Work
from core.notifications.models import Notification
from core.people.relations import ever_spoke
from core.people.service import practitioner_card

_INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
_LEVELS = {"normal": ("N", "Normal"), "high": ("H", "High"), "low": ("L", "Low"), "danger": ("AA", "Critical abnormal")}
_ADJUDICATION = "http://terminology.hl7.org/CodeSystem/adjudication"
_REQUESTED = {"pending": "active", "reminded": "active", "answered": "completed", "missed": "completed"}


async def communications(case: Case, work: Work, row: Consultation, encounter_ref: Json) -> None:
    """What patient and doctors were told about this consultation, without the words (each channel has its own)."""
    receivers: dict[str, Json] = {}
    for practitioner_id in filter(None, (row.village_doctor_id, row.expert_id)):
        card = await practitioner_card(work, practitioner_id)
        receivers[card.account_id] = await people.practitioner(case, work, practitioner_id)
    for speaker in await ever_spoke(row.patient_id):
        receivers.setdefault(speaker.account_id, case.ref("Patient", row.patient_id))
    told = await Notification.filter(account_id__in=list(receivers), state="sent").order_by("id")
    for one in told:
        if one.ids.get("consultation_id") == row.id and one.account_id is not None and one.sent_at is not None:
            case.add(
                "Communication", one.id, status="completed", category=[concept("", coding(f"{OURS}:notification", one.kind))],
                subject=case.ref("Patient", row.patient_id), encounter=encounter_ref, sent=instant(one.sent_at),
                recipient=[receivers[one.account_id]],
            )


async def followups(case: Case, work: Work, row: Consultation, encounter_ref: Json) -> None:
    """Plans that came of this consultation: CarePlan, reminders as CommunicationRequest, values as Observation."""
    for plan in await FollowupPlan.filter(consultation_id=row.id, patient_id=row.patient_id).order_by("id"):
        subject = case.ref("Patient", row.patient_id)
        template = TEMPLATES[plan.template]
        care_plan = case.add(
            "CarePlan", plan.id, status="active" if plan.ended_at is None else "completed", intent="plan", title=template.title, subject=subject,
            encounter=encounter_ref, period=period(plan.started_at, plan.ended_at), created=instant(plan.started_at),
            addresses=None, activity=[
                {"detail": {"status": "in-progress" if plan.ended_at is None else "completed", "description": REMINDERS[routine.task]}}
                for routine in template.routines
            ],
        )  # fmt: skip
        for occurrence in await Occurrence.filter(plan_id=plan.id).order_by("due_at", "id"):
            case.add(
                "CommunicationRequest", occurrence.id, basedOn=[care_plan], status=_REQUESTED.get(occurrence.state, "revoked"),
                subject=subject, encounter=encounter_ref, occurrenceDateTime=instant(occurrence.due_at), recipient=[subject],
                payload=[{"contentString": REMINDERS[Task(occurrence.task)]}],
            )
        for reading in await Reading.filter(plan_id=plan.id).order_by("taken_at", "id"):
            await _observation(case, work, reading, care_plan)


async def _observation(case: Case, work: Work, reading: Reading, care_plan: Json) -> None:
    content = await opened(work, reading)
    subject = case.ref("Patient", reading.patient_id)
    common: Json = {
        "basedOn": [care_plan], "status": "final", "subject": subject, "performer": [subject],
        "effectiveDateTime": instant(reading.taken_at), "issued": instant(reading.recorded_at),
        "interpretation": [concept("", coding(_INTERPRETATION, *_LEVELS[reading.level]))],
    }
    if reading.task == Task.BLOOD_PRESSURE.value:
        components = [
            {"code": concept("", coding(LOINC, *pressure)), "valueQuantity": quantity(one.value, "mmHg", one.unit)}
            for pressure, one in zip(PRESSURES, content.components, strict=True)
        ]
        case.add("Observation", reading.id, category=[VITAL_SIGNS], code=BLOOD_PRESSURE, component=components, **common)
    else:
        one = content.components[0]
        code = concept("空腹血糖", coding(LOINC, one.code, "Fasting glucose [Moles/volume] in Serum or Plasma"))
        case.add("Observation", reading.id, category=[VITAL_SIGNS], code=code, valueQuantity=quantity(one.value, one.unit, one.unit), **common)


async def coverage(case: Case, work: Work, row: Consultation, encounter_ref: Json) -> None:
    """The insurance by which claims of this consultation were made, each claim, and the insurer's answer."""
    for claim in await Claim.filter(consultation_id=row.id).order_by("id"):
        view = await claim_view(work, claim)
        membership = await Membership.get(id=claim.membership_id)
        policy = policy_on(claim.scheme, claim.day)
        insurer = case.add(
            "Organization", f"insurer-{claim.scheme}", active=True, name="医保" if policy is None else policy.title,
            type_=[concept("", coding("http://terminology.hl7.org/CodeSystem/organization-type", "ins", "Insurance Company"))],
        )
        subject = case.ref("Patient", row.patient_id)
        covered = case.add(
            "Coverage", membership.id, status="active" if membership.ended_at is None else "cancelled", beneficiary=subject, payor=[insurer],
            type_=concept("" if policy is None else policy.title, coding(f"{OURS}:insurance-scheme", claim.scheme)),
            period=period(membership.recorded_at, membership.ended_at),
        )
        provider = await people.organisation(case, claim.organisation_id)
        kind = concept("", coding("http://terminology.hl7.org/CodeSystem/claim-type", "pharmacy" if view.lines[0].drug_class else "professional"))
        request = case.add(
            "Claim", claim.id, identifier=[identifier("claim", claim.code)], status="cancelled" if claim.state == "reversed" else "active",
            type_=kind, use="claim", patient=subject, created=instant(claim.submitted_at), insurer=insurer, provider=provider,
            priority=concept("", coding("http://terminology.hl7.org/CodeSystem/processpriority", "normal")),
            insurance=[{"sequence": 1, "focal": True, "coverage": covered}], total=money(claim.fee_fen),
            item=[
                {
                    "sequence": place,
                    "productOrService": concept(line.name, coding(f"{OURS}:service", line.service.value, SERVICE_LABELS[line.service])),
                    "servicedDate": day(claim.day), "net": money(line.fee_fen), "encounter": [encounter_ref],
                }
                for place, line in enumerate(view.lines, 1)
            ],
        )  # fmt: skip
        if claim.answered_at is None:
            continue
        paid = claim.state != "refused"
        case.add(
            "ClaimResponse", claim.id, identifier=[identifier("settlement", claim.insurer_number)] if claim.insurer_number else None,
            status="cancelled" if claim.state == "reversed" else "active", type_=kind, use="claim", patient=subject,
            created=instant(claim.answered_at), insurer=insurer, request=request, outcome="complete" if paid else "error",
            disposition=view.refusal or view.next,
            item=[
                {"itemSequence": place, "adjudication": [_amount("submitted", line.fee_fen), _amount("benefit", line.pays_fen if paid else 0)]}
                for place, line in enumerate(view.lines, 1)
            ],
            total=[_amount("submitted", claim.fee_fen), _amount("benefit", claim.pays_fen if paid else 0)],
            payment={
                "type": concept("", coding("http://terminology.hl7.org/CodeSystem/ex-paymenttype", "complete")),
                "amount": money(claim.pays_fen), "date": day(claim.day),
            } if paid else None,
        )  # fmt: skip


def _amount(category: str, fen: int) -> Json:
    return {"category": concept("", coding(_ADJUDICATION, category)), "amount": money(fen)}
