"""What is known of the patient in this case: vital signs, allergies, the pre-consultation, images, consents, the appointment."""

from __future__ import annotations

import re

from core.appointments.models import Appointment, Slot
from core.consultations.models import Consultation
from core.consultations.service import picture_opened
from core.fhir import people
from core.fhir.elements import DICOM, LOINC, OURS, SNOMED, Case, Json, coding, concept, identifier, instant, period, quantity
from core.foundation.actor import Role
from core.foundation.work import Work
from core.imaging.models import ConsultationImage, Instance
from core.intake.models import Intake
from core.intake.record import read_lines
from core.people.models import Consent
from core.prescriptions.drugs import drug
from core.prescriptions.facts import facts_of
from core.prescriptions.knowledge_base import knowledge
from core.prescriptions.models import SafetyFacts

VITAL_SIGNS = concept("", coding("http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs", "Vital Signs"))
BLOOD_PRESSURE = concept("血压", coding(LOINC, "85354-9", "Blood pressure panel with all children optional"))
PRESSURES = (("8480-6", "Systolic blood pressure"), ("8462-4", "Diastolic blood pressure"))
VITALS = {
    "体温": ("8310-5", "Body temperature", "℃", "Cel"), "心率": ("8867-4", "Heart rate", "次/分", "/min"),
    "呼吸": ("9279-1", "Respiratory rate", "次/分", "/min"), "血氧": ("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry", "%", "%"),
    "血糖": ("15074-8", "Glucose [Moles/volume] in Blood", "mmol/L", "mmol/L"), "体重": ("29463-7", "Body weight", "kg", "kg"),
}  # fmt: skip
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_ALLERGY = "http://terminology.hl7.org/CodeSystem/allergyintolerance"
_CONSENT_SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
_PRIVACY = ("patient-privacy", "Privacy Consent")
_SCOPES = {"sensitive": _PRIVACY, "children": _PRIVACY, "recording": _PRIVACY, "teaching": _PRIVACY, "research": ("research", "Research")}


async def vital_signs(case: Case, work: Work, row: Consultation, encounter_ref: Json) -> None:
    """The vital signs that the request named, each with its code and unit."""
    for place, (label, said) in enumerate((await picture_opened(work, row)).vitals, 1):
        numbers = _NUMBER.findall(said)
        common = {
            "status": "preliminary", "category": [VITAL_SIGNS], "subject": case.ref("Patient", row.patient_id), "encounter": encounter_ref,
            "effectiveDateTime": instant(row.created_at), "performer": [await people.practitioner(case, work, row.village_doctor_id)],
        }
        if label == "血压" and numbers:
            components = [
                {"code": concept("", coding(LOINC, *pressure)), "valueQuantity": quantity(float(number), "mmHg", "mm[Hg]")}
                for pressure, number in zip(PRESSURES, numbers, strict=False)
            ]
            case.add("Observation", f"{row.id}-v{place}", code=BLOOD_PRESSURE, component=components, **common)
        elif label in VITALS and numbers:
            code, display, unit, ucum = VITALS[label]
            value = quantity(float(numbers[0]), unit, ucum)
            case.add("Observation", f"{row.id}-v{place}", code=concept(label, coding(LOINC, code, display)), valueQuantity=value, **common)


async def allergies(case: Case, work: Work, row: Consultation) -> None:
    """What the patient may not be given, as it was last recorded, for those who read it in its own room; that he was asked and named none, too."""
    known = await SafetyFacts.get_or_none(patient_id=row.patient_id)
    if known is None or work.role is Role.VISITOR:
        return
    facts, labels = await facts_of(work, row), knowledge().allergy_labels
    named = [concept(labels.get(one) or drug(one).name, coding(f"{OURS}:allergen", one)) for one in facts.allergies]
    if facts.allergy_words:
        named.append(concept(facts.allergy_words))
    if not named and facts.allergies_asked:
        named = [concept("没有已知的药物过敏", coding(SNOMED, "409137002", "No known drug allergy (situation)"))]
    for place, code in enumerate(named, 1):
        case.add(
            "AllergyIntolerance", f"{known.id}-{place}", clinicalStatus=concept("", coding(f"{_ALLERGY}-clinical", "active", "Active")),
            verificationStatus=concept("", coding(f"{_ALLERGY}-verification", "unconfirmed", "Unconfirmed")), code=code,
            category=["medication"] if "coding" in code else None,  # in his words it may be food as well
            patient=case.ref("Patient", row.patient_id), recordedDate=instant(known.recorded_at),
            recorder=await people.practitioner(case, work, known.practitioner_id),
        )


async def pre_consultation(case: Case, work: Work, row: Consultation, encounter_ref: Json) -> None:
    """The intake as questions and answers, for those who read its words with the case: the expert, and the account that spoke."""
    intake = None if row.intake_id is None else await Intake.get_or_none(id=row.intake_id)
    if intake is None or not (case.whole or work.role is Role.EXPERT or intake.account_id == work.actor.account_id):
        return
    items: list[Json] = []
    question = "主诉"
    for line in await read_lines(work, intake):
        if line.kind == "asked":
            question = line.text
        elif line.kind == "said":
            items.append({"linkId": str(len(items) + 1), "text": question, "answer": [{"valueString": line.text}]})
            question = "补充"
    case.add(
        "QuestionnaireResponse", intake.id, status="in-progress" if intake.state == "open" else "completed",
        subject=case.ref("Patient", row.patient_id), encounter=encounter_ref, authored=instant(intake.updated_at), item=items,
    )


async def imaging_studies(case: Case, row: Consultation, encounter_ref: Json) -> None:
    """One ImagingStudy a study, under the identifiers that the images came with."""
    shown = await ConsultationImage.filter(consultation_id=row.id).order_by("added_at", "id")
    studies: dict[str, list[Instance]] = {}
    for instance in await Instance.filter(id__in=[one.instance_id for one in shown]).order_by("id"):
        studies.setdefault(instance.study_instance_uid, []).append(instance)
    for uid, instances in studies.items():
        series: dict[str, list[Instance]] = {}
        for one in instances:
            series.setdefault(one.series_instance_uid, []).append(one)
        case.add(
            "ImagingStudy", instances[0].id, identifier=[{"system": "urn:dicom:uid", "value": f"urn:oid:{uid}"}], status="available",
            subject=case.ref("Patient", row.patient_id), encounter=encounter_ref, started=instant(instances[0].received_at),
            modality=[coding(DICOM, code) for code in dict.fromkeys(one.modality for one in instances)], numberOfSeries=len(series),
            numberOfInstances=len(instances), series=[_series(uid, ones) for uid, ones in series.items()],
        )


def _series(uid: str, instances: list[Instance]) -> Json:
    return {
        "uid": uid, "modality": coding(DICOM, instances[0].modality), "numberOfInstances": len(instances),
        "instance": [
            {"uid": one.sop_instance_uid, "sopClass": coding("urn:ietf:rfc:3986", f"urn:oid:{one.sop_class_uid}")} for one in instances
        ],
    }


async def consents(case: Case, row: Consultation) -> None:
    """The patient's consents, also withdrawn ones, with the hash of the text that was agreed to."""
    for consent in await Consent.filter(patient_id=row.patient_id).order_by("given_at", "id"):
        case.add(
            "Consent", consent.id, status="inactive" if consent.withdrawn_at else "active",
            scope=concept("", coding(_CONSENT_SCOPE, *_SCOPES.get(consent.purpose, ("treatment", "Treatment")))),
            category=[concept(consent.purpose, coding(LOINC, "59284-0", "Consent Document"))], patient=case.ref("Patient", row.patient_id),
            dateTime=instant(consent.given_at), organization=[await people.organisation(case, consent.organisation_id)],
            policyRule=concept(
                f"知情同意书 {consent.purpose} {consent.text_version}", coding(f"{OURS}:consent-text-sha256", consent.text_sha256)
            ),
            provision={"type": "permit", "period": period(consent.given_at, consent.withdrawn_at)},
        )


_APPOINTMENT_STATUS = {"booked": "booked", "cancelled": "cancelled", "fulfilled": "fulfilled", "missed": "noshow"}


async def appointments(case: Case, work: Work, row: Consultation) -> None:
    """Appointments made from the same pre-consultation."""
    if row.intake_id is None:
        return
    for made in await Appointment.filter(intake_id=row.intake_id, patient_id=row.patient_id).order_by("id"):
        slot = await Slot.get(id=made.slot_id)
        doctor = await people.practitioner(case, work, slot.practitioner_id)
        patient = case.ref("Patient", row.patient_id)
        case.add(
            "Appointment", made.id, identifier=[identifier("appointment", made.code)], status=_APPOINTMENT_STATUS[made.state],
            start=instant(slot.starts_at), end=instant(slot.ends_at), created=instant(made.booked_at),
            basedOn=[case.ref("ServiceRequest", row.id)],
            participant=[{"actor": who, "required": "required", "status": "accepted"} for who in (patient, doctor)],
        )
