"""An alert as its receiver sees it. The words stay in the record they belong to and are opened when somebody reads them."""

from __future__ import annotations

from typing import Literal, cast

from core.consultations.rules import Reader
from core.consultations.service import consultation_of, picture_opened
from core.consultations.views import status_of
from core.dispatch.commands import Alert, AlertView, DeskCase, DeskCaseView
from core.dispatch.errors import AlertUnknown
from core.dispatch.models import DangerAlert
from core.dispatch.people_told import Link
from core.foundation.orders import answers
from core.foundation.work import Work
from core.intake.models import Intake
from core.intake.record import opened, place_of, spoken_words
from core.intake.urgency import urgency
from core.people.models import Organisation, Practitioner
from core.people.service import patient_card, practitioner_card
from nlp.interface.assessment import Assessment
from nlp.interface.urgency import Urgency


@answers(Alert)
async def alert(work: Work, order: Alert) -> AlertView:
    row = await DangerAlert.get_or_none(id=order.alert_id)
    if row is None:
        raise AlertUnknown
    await concerns_alert(work, row)
    return await alert_view(work, row)


async def concerns_alert(work: Work, row: DangerAlert) -> None:
    """The entry names the patient, as soon as he is known."""
    source = await Intake.get(id=row.source_id) if row.kind == "intake" else await consultation_of(row.source_id)
    patient_id: str | None = source.patient_id
    if patient_id is None:
        work.concerns("alert", row.id)
    else:
        work.concerns("patient", patient_id, alert=row.id)


async def alert_view(work: Work, row: DangerAlert) -> AlertView:
    """Whatever ``row`` is about, in the words of its own record."""
    suspected, said, where = await (_of_intake(work, row) if row.kind == "intake" else _of_consultation(work, row))
    return AlertView(
        alert_id=row.id,
        state=cast(Literal["raised", "acknowledged", "closed"], row.state),
        urgency_label=urgency(row.urgency).label,
        suspected=suspected,
        said=said,
        where=where,
        raised_at=row.raised_at,
        taken_by=None if row.taken_by is None else await called_account(work, row.taken_by),
        taken_by_account=row.taken_by,
        critical=row.urgency == Urgency.CRITICAL,
        intake_id=row.source_id if row.kind == "intake" else None,
        consultation_id=row.source_id if row.kind == "desk" else None,
    )


async def _of_intake(work: Work, row: DangerAlert) -> tuple[str, str, str]:
    intake = await Intake.get(id=row.source_id)
    assessment = await opened(work, intake, "assessment", Assessment)
    suspected = "" if assessment is None else _suspected(assessment)
    where = await place_of(work, intake) or await _home(intake, row)
    return suspected, " / ".join(await spoken_words(work, intake)), where


def _suspected(assessment: Assessment) -> str:
    """What is suspected; where no emergency has a name, why he must be seen now."""
    if assessment.emergency is not None and assessment.emergency.suspected:
        return assessment.emergency.suspected
    return next((reason.text for reason in assessment.reasons if reason.rule == assessment.red_flag), "")


async def _home(intake: Intake, row: DangerAlert) -> str:
    """Where the patient is listed, when nobody said where he is."""
    if intake.patient_id is not None:
        return f"签约在{Link.restored(row.links[0]).place}"
    return "还不知道,正在问" if row.urgency == Urgency.CRITICAL else "还不知道"


async def _of_consultation(work: Work, row: DangerAlert) -> tuple[str, str, str]:
    consultation = await consultation_of(row.source_id)
    picture = await picture_opened(work, consultation)
    clinic = await Organisation.get(id=consultation.organisation_id)
    doctor = await practitioner_card(work, consultation.village_doctor_id)
    patient = await patient_card(work, consultation.patient_id)
    said = f"{consultation.code} {picture.headline}({patient.age_spoken},{patient.sex_label})没有专家应答"
    return picture.suspected, said, f"{clinic.region_name or clinic.name} · 村医 {doctor.called}"


@answers(DeskCase)
async def desk_case(work: Work, order: DeskCase) -> DeskCaseView:
    row = await consultation_of(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    picture = await picture_opened(work, row)
    clinic = await Organisation.get(id=row.organisation_id)
    doctor = await practitioner_card(work, row.village_doctor_id)
    patient = await patient_card(work, row.patient_id)
    status = await status_of(work, row, Reader.DESK)
    return DeskCaseView(
        code=row.code,
        urgency_label=status.urgency_label,
        headline=picture.headline,
        patient=f"{patient.age_spoken} {patient.sex_label}",
        vitals=" ".join(f"{label} {value}" for label, value in picture.vitals),
        place=clinic.region_name or clinic.name,
        doctor=f"{doctor.called}({clinic.name})",
        next=status.next,
    )


async def called_account(work: Work, account_id: str) -> str:
    """How one addresses the practitioner behind the account."""
    practitioner = await Practitioner.get_or_none(account_id=account_id)
    return "同事" if practitioner is None else (await practitioner_card(work, practitioner.id)).called
