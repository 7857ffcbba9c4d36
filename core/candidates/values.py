"""Values and signs that a doctor adds to a case, and what else is on record of the case in numbers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import Field

from core.candidates.commands import AddedValue
from core.candidates.errors import ValueImpossible, ValueUnknown
from core.candidates.models import CaseValues
from core.consultations.hooks import told_of_case
from core.consultations.models import Consultation
from core.consultations.service import picture_opened
from core.foundation.work import Work
from core.people.rules import local_date
from nlp.interface.case_values import DERIVED, case_signs, case_values
from nlp.interface.reading import Value

AT_HOME = timedelta(days=7)
"""So long a value measured at home counts for what is complained of today."""
FOUR_WEEKS = timedelta(days=28)
HIGH = (140, 90)
"""中国高血压防治指南 2024: in an office, upper and lower."""


class Added(Value):
    """As it is sealed. ``examined``: True there, False looked for and not there."""

    values: dict[str, float] = Field(default_factory=dict)
    examined: dict[str, bool] = Field(default_factory=dict)


def check(added: Added) -> None:
    """ValueUnknown or ValueImpossible for what cannot be."""
    for code, value in added.values.items():
        known = case_values().get(code)
        if known is None or code in DERIVED:
            raise ValueUnknown(given=code)
        if not known.is_possible(value):
            raise ValueImpossible(label=known.label, low=f"{known.low:g}", high=f"{known.high:g}", unit=known.unit)
    for code in added.examined:
        if code not in case_signs():
            raise ValueUnknown(given=code)


async def added_to(work: Work, row: Consultation) -> Added:
    """What was added to this case; empty where nothing was."""
    kept = await CaseValues.get_or_none(consultation_id=row.id)
    if kept is None:
        return Added()
    sealer = await work.sealer("patient", row.patient_id)
    return Added.model_validate_json(sealer.open("case_values", "body", kept.id, bytes(kept.body)))


async def keep(work: Work, row: Consultation, added: Added, conflict: Exception) -> None:
    """In the place of what was added before."""
    kept = await CaseValues.get_or_none(consultation_id=row.id)
    row_id = work.new_id() if kept is None else kept.id
    sealer = await work.sealer("patient", row.patient_id)
    values: dict[str, Any] = {
        "body": sealer.seal("case_values", "body", row_id, added.model_dump_json()), "practitioner_id": work.actor.practitioner_id,
        "recorded_at": work.now,
    }
    if kept is None:
        await CaseValues.create(id=row_id, consultation_id=row.id, patient_id=row.patient_id, **values)
    else:
        await kept.change(conflict=conflict, **values)


async def known_values(work: Work, row: Consultation) -> dict[str, float]:
    """What is on record beside the words of the case: measured at home, and on how many days of four weeks the pressure was high in a clinic."""
    found: dict[str, float] = {}
    for at, name, said in (await told_of_case(work, row)).measured:
        if at < row.created_at - AT_HOME:
            continue
        numbers = [_number(part) for part in said.split()[0].split("/")]
        if name == "血压" and len(numbers) == 2 and None not in numbers:
            found |= {"systolic_home": numbers[0] or 0.0, "diastolic_home": numbers[1] or 0.0}
        elif name == "空腹血糖" and numbers[0] is not None:
            found["glucose_fasting"] = numbers[0]
    days = await _high_days(work, row)
    return found if days is None else found | {"high_pressure_days": float(days)}


async def _high_days(work: Work, row: Consultation) -> int | None:
    """Different days on which a clinic measured a high pressure, this case's own included; None where none was measured at all."""
    rows = await Consultation.filter(
        patient_id=row.patient_id, created_at__gt=row.created_at - FOUR_WEEKS, created_at__lte=row.created_at
    ).order_by("-id").limit(28)
    measured, high = False, set()
    for one in rows:
        pressure = dict((await picture_opened(work, one)).vitals).get("血压", "")
        numbers = [_number(part) for part in pressure.split("/")]
        if numbers[0] is None:
            continue
        measured = True
        if numbers[0] >= HIGH[0] or (len(numbers) > 1 and numbers[1] is not None and numbers[1] >= HIGH[1]):
            high.add(local_date(one.created_at))
    return len(high) if measured else None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def value_lines(added: Added) -> tuple[AddedValue, ...]:
    """Every value that can be added, with what is on record."""
    return tuple(
        AddedValue(code=one.code, label=one.label, unit=one.unit, low=one.low, high=one.high, value=added.values.get(one.code))
        for one in case_values().values() if one.code not in DERIVED
    )


def sign_lines(added: Added) -> tuple[AddedValue, ...]:
    """Every sign that can be looked for, the same way."""
    return tuple(
        AddedValue(code=code, label=term, unit="", low=0, high=1, value=None if code not in added.examined else float(added.examined[code]))
        for code, term in case_signs().items()
    )
