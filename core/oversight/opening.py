"""紧急调阅: the record opens at once, the patient is told at once, and somebody looks at it afterwards."""

from __future__ import annotations

from typing import cast

from core.consultations.models import Consultation
from core.foundation.due import due
from core.foundation.locking import is_locked
from core.foundation.orders import answers, handles
from core.foundation.work import Work
from core.oversight.commands import BreakGlassList, BreakGlassView, BreakTheGlass, MyBreakGlasses, OpenedCase, RemindReview
from core.oversight.errors import InquiryOfLocked, PatientUnknown, TooManyUnreviewed
from core.oversight.models import BreakGlass
from core.oversight.named import patient_named, regions_of
from core.oversight.people_told import tell_patients_side, tell_reviewers
from core.oversight.rules import (
    MOST_UNREVIEWED,
    OPEN_FOR,
    REASONS,
    REVIEW_WITHIN,
    VERDICTS,
    Reason,
    Verdict,
    check_words,
    first_free,
)
from core.people.cards import PatientCard, patient_cards
from core.people.rules import county_of

REMIND = "oversight.remind"
SHOWN = 50
CASES = 10

due(REMIND, lambda row: RemindReview(break_glass_id=row.ref))


@handles(BreakTheGlass)
async def break_the_glass(work: Work, order: BreakTheGlass) -> BreakGlassView:
    check_words(order.words)
    patient = await patient_named(work, order)
    practitioner_id = work.actor.practitioner_id
    if patient is None or practitioner_id is None:
        raise PatientUnknown
    work.concerns("patient", patient.id, reason=order.reason)
    if order.reason == "inquiry" and not await is_locked(work, patient.id):
        raise InquiryOfLocked
    pair = f"{practitioner_id}:{patient.id}"
    last = await BreakGlass.get_or_none(live_for=pair)
    if last is not None and last.until > work.now:
        return await view_of(work, last)
    slot = await _free_slot(practitioner_id)
    if last is not None:
        await last.change(live_for=None)
    home = next(iter(await regions_of(patient)), "")
    houses = sorted(work.actor.organisations(work.role))
    row_id = work.new_id()
    sealer = await work.sealer("patient", patient.id)
    # Two at once meet in the unique columns; the one that loses is tried again and sees the other.
    row = await BreakGlass.create(
        id=row_id, organisation_id=houses[0] if houses else patient.organisation_id, code=work.new_code("J", 5), region_code=county_of(home),
        patient_id=patient.id, account_id=work.actor.account_id, practitioner_id=practitioner_id, role=work.role.value,
        channel=work.actor.channel, reason=order.reason, words=sealer.seal("break_glass", "words", row_id, order.words), opened_at=work.now,
        until=work.now + OPEN_FOR, live_for=pair, slot=slot,
    )
    work.concerns("patient", patient.id, reason=order.reason, opening=row.code)
    await work.schedule(REMIND, row.id, work.now + REVIEW_WITHIN)
    await tell_patients_side(work, row)
    await tell_reviewers(work, row, "break_glass.to_review")
    await work.emit("break_glass.opened", key=patient.id, break_glass_id=row.id)
    return await view_of(work, row)


async def _free_slot(practitioner_id: str) -> str:
    """One of the doctor's few places for openings that nobody has reviewed; :class:`TooManyUnreviewed` when all are taken."""
    taken = await BreakGlass.filter(practitioner_id=practitioner_id, slot__isnull=False).values_list("slot", flat=True)
    slot = first_free({str(one) for one in taken}, practitioner_id)
    if slot is None:
        raise TooManyUnreviewed(count=MOST_UNREVIEWED)
    return slot


@answers(MyBreakGlasses)
async def my_break_glasses(work: Work, order: MyBreakGlasses) -> BreakGlassList:
    work.concerns("account", work.actor.account_id)
    rows = await BreakGlass.filter(account_id=work.actor.account_id).order_by("-id").limit(SHOWN)
    return BreakGlassList(openings=tuple(await _views_of(work, rows)))


async def view_of(work: Work, row: BreakGlass) -> BreakGlassView:
    return (await _views_of(work, [row]))[0]


async def _views_of(work: Work, rows: list[BreakGlass]) -> list[BreakGlassView]:
    """In their order; the cases of all that are open with one statement."""
    live = {row.patient_id for row in rows if row.until > work.now}
    cases: dict[str, list[Consultation]] = {}
    for one in await Consultation.filter(patient_id__in=list(live)).order_by("-id") if live else ():
        cases.setdefault(one.patient_id, []).append(one)
    patients = await patient_cards(work, {row.patient_id for row in rows})
    called = {one: in_part(card) for one, card in patients.items()}
    return [_view(row, row.until > work.now, cases.get(row.patient_id, [])[:CASES], called.get(row.patient_id, "")) for row in rows]


def in_part(patient: PatientCard) -> str:
    """罗某 男 58 岁: enough to notice that it is somebody else."""
    return f"{patient.full_name[0]}某 {patient.sex_label} {patient.age_spoken}"


def _view(row: BreakGlass, live: bool, cases: list[Consultation], patient: str) -> BreakGlassView:
    return BreakGlassView(
        break_glass_id=row.id, code=row.code, patient_id=row.patient_id, patient=patient, reason=cast(Reason, row.reason),
        reason_label=REASONS[row.reason], opened_at=row.opened_at, until=row.until, live=live,
        reviewed=row.reviewed_at is not None, verdict_label=verdict_label(row),
        cases=tuple(OpenedCase(consultation_id=one.id, code=one.code) for one in cases) if live else (),
    )


def verdict_label(row: BreakGlass) -> str:
    return VERDICTS[cast(Verdict, row.verdict)] if row.verdict else "待审查"
