"""A danger that staff write of a patient whose record may not be used: kept as a pre-consultation of its own, told at once, and put away.

It is nobody's running talk: nothing is asked, and it goes with the patient's record like whatever else was said of him.
"""

from __future__ import annotations

from datetime import timedelta

from core.foundation.work import Work
from core.intake.commands import AlertTold
from core.intake.danger import on_danger
from core.intake.errors import IntakeMoved
from core.intake.models import Intake
from core.intake.record import seal_column, sealed, spoken_words, view_of, write_lines
from core.people.models import Patient
from nlp.interface.assessment import Assessment, Facts
from nlp.interface.urgency import Urgency

REPORTED = "reported"
"""Why it is closed from its beginning."""
SAME_FOR = timedelta(hours=1)
"""So long what the same doctor writes of the same patient is the same danger; own choice."""


async def report_danger(
    work: Work, patient_id: str, said: str, where: str, *, facts: Facts, assessment: Assessment, level: Urgency, engine: str, rules_signed: bool
) -> tuple[Intake, bool]:
    """The danger as it is kept now with who was told, and whether these are new words of one that was told before."""
    patient = await Patient.filter(id=patient_id).select_for_update().get()
    known = Intake.filter(account_id=work.actor.account_id, patient_id=patient_id, close_reason=REPORTED, updated_at__gt=work.now - SAME_FOR)
    row = await known.order_by("-id").first()
    if row is not None:
        if said in await spoken_words(work, row):
            return row, False
        await row.change(conflict=IntakeMoved(), lines=row.lines + 1, updated_at=work.now)
        await write_lines(work, row, row.lines, [("said", said)])
        return row, True
    intake_id = work.new_id()
    row = await Intake.create(
        id=intake_id, organisation_id=patient.organisation_id, account_id=work.actor.account_id, sealed_under=work.actor.account_id,
        own_key=intake_id, patient_id=patient_id, state="closed", close_reason=REPORTED, level=level.value,
        emergency_rule="" if assessment.emergency is None else assessment.emergency.rule,
        facts=await sealed(work, intake_id, "facts", facts), assessment=await sealed(work, intake_id, "assessment", assessment),
        place=await sealed(work, intake_id, "place", where), engine=engine, rules_signed=rules_signed, lines=1, opened_at=work.now,
        updated_at=work.now, closed_at=work.now,
    )  # fmt: skip
    await write_lines(work, row, 1, [("said", said)])
    told = await on_danger(work, row)
    if told is not None:
        await row.change(conflict=IntakeMoved(), alert=await seal_column(work, row, "alert", told), alert_id=told.alert_id)
    return row, False


async def told_of(work: Work, row: Intake) -> AlertTold | None:
    """Who was told of it."""
    return (await view_of(work, row)).alert
