"""A consultation as each reader may see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.consultations.commands import ConsultationStatus
from core.consultations.commands_case import TimelineEntryView
from core.consultations.models import Consultation, TimelineEntry
from core.consultations.picture import Picture
from core.consultations.relations import is_treating
from core.consultations.rules import TOLD_WITH_WORDS, Reader, Requirement, Standing, entry_label, missing_of, next_sentence
from core.consultations.workflow import STATE_LABELS, State
from core.foundation.clock import spoken
from core.foundation.work import Work
from core.intake.urgency import urgency
from core.people.cards import PatientCard, PractitionerCard, patient_cards, practitioner_cards

NAMED_TO = frozenset({Reader.VILLAGE_DOCTOR, Reader.EXPERT, Reader.PATIENT})
"""Who may read the patient's name (in a chat of his own or behind a login)."""


def missing(row: Consultation) -> tuple[Requirement, ...]:
    """What must still come."""
    return missing_of(
        patient_confirmed=row.patient_confirmed_at is not None, consented=row.consented_at is not None, material=row.material_at is not None
    )


async def status_of(work: Work, row: Consultation, reader: Reader, *, in_group: bool = False) -> ConsultationStatus:
    """Where ``row`` stands for ``reader``. The patient's name only for those who treat him or are he, never in a group."""
    return (await statuses_of(work, [(row, reader)], in_group=in_group))[0]


async def statuses_of(work: Work, seen: Sequence[tuple[Consultation, Reader]], *, in_group: bool = False) -> list[ConsultationStatus]:
    """The same for many, each with its reader, in their order: as many statements as for one."""
    expert_ids = {row.expert_id for row, _ in seen if row.expert_id is not None}
    experts = await practitioner_cards(work, expert_ids) if expert_ids else {}
    named = {row.patient_id for row, reader in seen if _is_named(reader, in_group)}
    patients = await patient_cards(work, named) if named else {}
    return [_status(row, reader, experts, patients, in_group=in_group) for row, reader in seen]


def _is_named(reader: Reader, in_group: bool) -> bool:
    return reader in NAMED_TO and not in_group


def _status(
    row: Consultation, reader: Reader, experts: dict[str, PractitionerCard], patients: dict[str, PatientCard], *, in_group: bool
) -> ConsultationStatus:
    expert = None if row.expert_id is None else experts[row.expert_id].introduced
    entry = urgency(row.urgency)
    standing = Standing(
        State(row.state), missing(row), row.experts_asked, row.alarmed_at is not None, expert, entry.minutes_to_expert,
        None if row.meets_at is None else spoken(row.meets_at),
    )
    group = in_group or reader is Reader.GROUP
    patient = patients[row.patient_id].full_name if _is_named(reader, in_group) else None
    return ConsultationStatus(
        consultation_id=row.id,
        code=row.code,
        state=State(row.state).value,
        state_label=STATE_LABELS[State(row.state)],
        urgency=row.urgency,
        urgency_label=entry.label,
        missing=missing(row),
        expert=expert,
        experts_asked=row.experts_asked,
        next=next_sentence(standing, Reader.GROUP if group and reader is Reader.VILLAGE_DOCTOR else reader),
        patient=patient,
        number=row.number if reader in (Reader.VILLAGE_DOCTOR, Reader.GROUP) else None,
        meets_at=row.meets_at,
    )


def reader_of(work: Work, row: Consultation) -> Reader:
    """As which of the staff the actor reads this consultation: the nearest relation counts, whatever other roles he holds."""
    if not is_treating(work, row):
        return Reader.DESK
    return Reader.VILLAGE_DOCTOR if row.village_doctor_id == work.actor.practitioner_id else Reader.EXPERT


async def picture_opened(work: Work, row: Consultation) -> Picture:
    sealer = await work.sealer("patient", row.patient_id)
    return Picture.model_validate_json(sealer.open("consultation", "picture", row.id, bytes(row.picture)))


async def complaint_opened(work: Work, row: Consultation) -> str:
    sealer = await work.sealer("patient", row.patient_id)
    return sealer.open("consultation", "complaint", row.id, bytes(row.complaint))


_STAFF_ONLY = frozenset({
    "offer.declined", "offer.deferred", "offers.expired", "material.conflict", "search.repaired", "facts.recorded", "prescription.proposed",
    "prescription.revised", "prescription.referred", "prescription.returned", "prescription.withdrawn", "dose.seen", "dose.not_given",
    "nudged", "offer.declined_why", "material.not_there",
})


async def entries_of(work: Work, row: Consultation, reader: Reader) -> tuple[TimelineEntryView, ...]:
    """The timeline for ``reader``: the patient is spared who of the experts could not come and what was weighed before a prescription stood."""
    entries = await TimelineEntry.filter(consultation_id=row.id).order_by("sequence")
    shown = [one for one in entries if reader is not Reader.PATIENT or one.kind not in _STAFF_ONLY]
    names = await _names(work, (one.practitioner_id for one in shown))
    return tuple([TimelineEntryView(at=one.at, kind=one.kind, label=await _label(work, row, reader, one), who=_who(one, names)) for one in shown])


async def _label(work: Work, row: Consultation, reader: Reader, entry: TimelineEntry) -> str:
    label = entry_label(entry.kind, entry.ids)
    if reader is Reader.DESK or entry.words is None or entry.kind not in TOLD_WITH_WORDS:
        return label
    return f"{label}:{(await work.sealer('patient', row.patient_id)).open('timeline_entry', 'words', entry.id, bytes(entry.words))}"


def _who(entry: TimelineEntry, names: dict[str, str]) -> str | None:
    if entry.kind.startswith(("offer.", "wave.", "offers.")) or entry.practitioner_id is None:
        return None
    return names.get(entry.practitioner_id)


async def _names(work: Work, ids: Iterable[str | None]) -> dict[str, str]:
    cards = await practitioner_cards(work, {one for one in ids if one is not None})
    return {practitioner_id: card.called for practitioner_id, card in cards.items()}
