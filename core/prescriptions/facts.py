"""What must be known of a patient before he is given drugs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from core.consultations.models import Consultation
from core.consultations.service import consultation_of, note, picture_opened
from core.consultations.workflow import CLOSED_STATES, State
from core.foundation.orders import answers, handles
from core.foundation.work import Work
from core.people.cards import PatientCard, patient_card, patient_cards
from core.people.rules import local_date
from core.prescriptions.asked_again import ask_again
from core.prescriptions.commands_facts import FactsView, FillFact, ReadFacts, RecordFacts
from core.prescriptions.drugs import catalogue
from core.prescriptions.errors import FactKnown, FactsChanged, FactsClosed, FactUnknown
from core.prescriptions.fact_ages import Moment, counted, in_use, renewed
from core.prescriptions.items import Facts, Person, Recorded
from core.prescriptions.knowledge_base import knowledge
from core.prescriptions.models import Prescription, SafetyFacts
from core.prescriptions.moments import may_be_prescribed_from
from core.prescriptions.workflow import OPEN_STATES

_ANSWERS: dict[str, tuple[str, dict[str, Any]]] = {
    "no_allergy": ("过敏史", {"allergies_asked": True, "allergies": (), "allergy_words": ""}),
    "not_pregnant": ("怀孕情况", {"pregnancy": "no"}),
}
"""What one answer says in all the fields that it is about."""


@handles(RecordFacts)
async def record_facts(work: Work, order: RecordFacts) -> FactsView:
    row = await _opened(work, order.consultation_id)
    facts = Facts.model_validate(order.model_dump(exclude={"consultation_id", "version"}))
    _check(facts)
    known, recorded = await _recorded(work, row.patient_id)
    if (0 if known is None else known.version) != order.version:
        raise FactsChanged
    await _write(work, row, known, recorded, facts)
    return await _view(work, row)


@handles(FillFact)
async def fill_fact(work: Work, order: FillFact) -> FactsView:
    """An old button may be pressed at any time: what was learned since then stands."""
    row = await _opened(work, order.consultation_id)
    known, recorded = await _recorded(work, row.patient_id)
    used, _ = in_use(recorded, await _moment(work, row))
    name, values = _ANSWERS[order.fact]
    if all(getattr(used, key) == value for key, value in values.items()):
        return await _view(work, row)
    if any(getattr(used, key) != getattr(Facts(), key) for key in values):
        raise FactKnown(what=name)
    await _write(work, row, known, recorded, used.model_copy(update=values))
    return await _view(work, row)


@answers(ReadFacts)
async def read_facts(work: Work, order: ReadFacts) -> FactsView:
    row = await consultation_of(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    return await _view(work, row)


async def facts_of(work: Work, row: Consultation) -> Facts:
    """What counts for this consultation of what was recorded, measured with its request, and follows from it."""
    return (await known_of(work, [row]))[row.id][1]


async def facts_without_case(work: Work, patient_id: str) -> Facts | None:
    """What counts now of what was recorded of the patient, in whatever case; None where nothing was."""
    known, recorded = await _recorded(work, patient_id)
    if known is None:
        return None
    return in_use(recorded, Moment(person=await person_of(work, patient_id), since=work.now, now=work.now))[0]


async def known_of(work: Work, rows: Iterable[Consultation]) -> dict[str, tuple[Person, Facts]]:
    """By consultation, who the patient is and what counts for it (as :func:`facts_of`); with as many statements for many as for one."""
    cases = list(rows)
    cards = await patient_cards(work, {row.patient_id for row in cases})
    known = {one.patient_id: one for one in await SafetyFacts.filter(patient_id__in=list(cards))} if cards else {}
    found: dict[str, tuple[Person, Facts]] = {}
    for row in cases:
        person = _person(cards[row.patient_id], work.now)
        recorded = await _opened_facts(work, known.get(row.patient_id))
        vitals = dict((await picture_opened(work, row)).vitals)
        measured = {"systolic": _number(vitals.get("血压", "").split("/")[0]), "heart_rate": _number(vitals.get("心率", ""))}
        found[row.id] = person, counted(recorded, Moment(person=person, since=row.created_at, now=work.now), measured)
    return found


async def _write(work: Work, row: Consultation, known: SafetyFacts | None, recorded: Recorded, facts: Facts) -> None:
    """Over what was read; :class:`FactsChanged` where somebody was faster. Who could not sign for what was missing is asked again."""
    before = await facts_of(work, row)
    facts_id = known.id if known is not None else work.new_id()
    body = renewed(recorded, facts, await _moment(work, row))
    sealer = await work.sealer("patient", row.patient_id)
    values: dict[str, Any] = {
        "body": sealer.seal("safety_facts", "body", facts_id, body.model_dump_json()), "practitioner_id": work.actor.practitioner_id,
        "recorded_at": work.now,
    }
    if known is not None:
        await known.change(conflict=FactsChanged(), **values)
    else:
        await SafetyFacts.create(id=facts_id, patient_id=row.patient_id, **values)
    await ask_again(work, row, await person_of(work, row.patient_id), before, await facts_of(work, row))


async def _opened(work: Work, consultation_id: str) -> Consultation:
    """The consultation, held, with what is done entered; :class:`FactsClosed` where it is too late to record anything in it."""
    row = await note(work, consultation_id, "facts.recorded")
    work.concerns("patient", row.patient_id, consultation=row.code)
    if not await _is_open(work, row):
        raise FactsClosed(code=row.code)
    return row


async def _is_open(work: Work, row: Consultation) -> bool:
    """Before its end, and after it as long as drugs may come of it."""
    if State(row.state) not in CLOSED_STATES or may_be_prescribed_from(row, work.now):
        return True
    return await Prescription.filter(consultation_id=row.id, state__in=[one.value for one in OPEN_STATES]).exists()


async def _view(work: Work, row: Consultation) -> FactsView:
    known, recorded = await _recorded(work, row.patient_id)
    version, at = (0, None) if known is None else (known.version, known.recorded_at)
    used, outdated = in_use(recorded, await _moment(work, row))
    return FactsView(
        patient_id=row.patient_id, facts=await facts_of(work, row), recorded=used, outdated=outdated, open=await _is_open(work, row),
        version=version, recorded_at=at,
    )


async def _recorded(work: Work, patient_id: str) -> tuple[SafetyFacts | None, Recorded]:
    known = await SafetyFacts.get_or_none(patient_id=patient_id)
    return known, await _opened_facts(work, known)


async def _opened_facts(work: Work, known: SafetyFacts | None) -> Recorded:
    if known is None:
        return Recorded()
    sealer = await work.sealer("patient", known.patient_id)
    return Recorded.model_validate_json(sealer.open("safety_facts", "body", known.id, bytes(known.body)))


async def _moment(work: Work, row: Consultation) -> Moment:
    return Moment(person=await person_of(work, row.patient_id), since=row.created_at, now=work.now)


async def person_of(work: Work, patient_id: str) -> Person:
    """Age in completed months and sex."""
    return _person(await patient_card(work, patient_id), work.now)


def _person(card: PatientCard, now: datetime) -> Person:
    today, birth = local_date(now), card.birth_date
    months = (today.year - birth.year) * 12 + today.month - birth.month - (today.day < birth.day)
    return Person(age_months=max(months, 0), sex=card.sex)


def _check(facts: Facts) -> None:
    known = knowledge()
    for allowed, values in (
        (set(known.allergy_labels) | set(catalogue()), facts.allergies),
        (set(catalogue()), facts.current),
        (set(known.condition_labels), facts.conditions),
    ):
        for value in values:
            if value not in allowed:
                raise FactUnknown(value=value)


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        return None
