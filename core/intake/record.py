"""The record of one intake: sealing and opening its facts and lines."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel

from core.foundation.encryption.erasure import erased_with
from core.foundation.keys import Sealer
from core.foundation.work import Work
from core.intake.commands import AlertTold, IntakeLine, IntakeView
from core.intake.models import KIND, Intake, IntakeEntry
from core.intake.rules import danger_stands
from core.intake.stood import NO_LINES, STOOD, UNDONE, Stood
from core.intake.wording import complaints
from nlp.interface.assessment import Assessment, Facts, Question

V = TypeVar("V", bound=BaseModel)


async def sealed(work: Work, intake_id: str, column: str, value: BaseModel | str) -> bytes:
    """``value`` sealed for ``column`` of a new intake, under its own key."""
    sealer = await work.sealer(KIND, intake_id)
    return sealer.seal("intake", column, intake_id, value if isinstance(value, str) else value.model_dump_json())


async def seal_column(work: Work, row: Intake, column: str, value: BaseModel | str | None) -> bytes | None:
    """``value`` sealed for ``column`` of ``row``, None for None."""
    if value is None:
        return None
    sealer = await _sealer(work, row, row.own_key)
    return sealer.seal("intake", column, row.id, value if isinstance(value, str) else value.model_dump_json())


async def _sealer(work: Work, row: Intake, own_key: str | None) -> Sealer:
    """The sealer of a row of the intake, or of one of its lines, that has this key of its own, or none."""
    return await (work.sealer("account", row.sealed_under) if own_key is None else work.sealer(KIND, own_key))


async def opened(work: Work, row: Intake, column: str, kind: type[V]) -> V | None:
    """What ``column`` holds, as ``kind``; None when it is empty."""
    text = await opened_text(work, row, column)
    return None if text is None else kind.model_validate_json(text)


async def opened_text(work: Work, row: Intake, column: str) -> str | None:
    value: bytes | None = getattr(row, column)
    if value is None:
        return None
    sealer = await _sealer(work, row, row.own_key)
    return sealer.open("intake", column, row.id, bytes(value))


async def write_lines(work: Work, row: Intake, first: int, lines: list[tuple[str, str]]) -> None:
    """Append (kind, text) lines to the record, numbered from ``first``."""
    sealer = await work.sealer(KIND, row.id)
    entries = []
    for number, (kind, text) in enumerate(lines, first):
        entry_id = work.new_id()
        entries.append(
            IntakeEntry(
                id=entry_id,
                intake_id=row.id,
                number=number,
                kind=kind,
                at=work.now,
                own_key=row.id,
                text=sealer.seal("intake_entry", "text", entry_id, text),
            )
        )
    await IntakeEntry.bulk_create(entries)


async def read_lines(work: Work, row: Intake, *kinds: str) -> tuple[IntakeLine, ...]:
    """The lines of the record in order, all or those of these kinds."""
    entries = IntakeEntry.filter(intake_id=row.id)
    wanted = entries.filter(kind__in=kinds) if kinds else entries.exclude(kind__in=NO_LINES)
    lines = []
    for entry in await wanted.order_by("number"):
        text = await _entry_text(work, row, entry)
        lines.append(IntakeLine.model_validate({"at": entry.at, "kind": entry.kind, "text": text}))
    return tuple(lines)


async def _entry_text(work: Work, row: Intake, entry: IntakeEntry) -> str:
    return (await _sealer(work, row, entry.own_key)).open("intake_entry", "text", entry.id, bytes(entry.text))


async def spoken_words(work: Work, row: Intake) -> tuple[str, ...]:
    """Everything the speaker said, in order: for those who are alerted. What he took back is said to be so, never left out: it may have been true."""
    lines = await read_lines(work, row, "said", "taken_back")
    return tuple(line.text if line.kind == "said" else f"{line.text}(后来收回)" for line in lines)


async def last_answer(work: Work, row: Intake) -> tuple[Stood, str, int] | None:
    """Where the intake stood before the last sentence that was taken in and stands, the words of that sentence, and its number; None at the first."""
    before = await IntakeEntry.filter(intake_id=row.id, kind=STOOD).order_by("-number").first()
    if before is None:
        return None
    said = await IntakeEntry.get(intake_id=row.id, number=before.number + 1)
    return Stood.model_validate_json(await _entry_text(work, row, before)), await _entry_text(work, row, said), said.number


async def mark_taken_back(work: Work, row: Intake, number: int) -> None:
    """The sentence stays in the record as one that was taken back; what it was kept beside is not gone back to again."""
    await IntakeEntry.filter(intake_id=row.id, number=number, kind="said").update(kind="taken_back")
    await IntakeEntry.filter(intake_id=row.id, number=number - 1, kind=STOOD).update(kind=UNDONE)


async def place_of(work: Work, row: Intake) -> str | None:
    """Where the speaker said the patient is, or None."""
    return await opened_text(work, row, "place")


async def view_of(work: Work, row: Intake, *, understood: tuple[str, ...] = (), not_understood: bool = False, remark: str = "") -> IntakeView:
    """``row`` as its speaker sees it: the assessment, while a question is open, only where danger stands; never what is for doctors alone."""
    question = await opened(work, row, "question", Question)
    facts = await opened(work, row, "facts", Facts)
    assessment = await opened(work, row, "assessment", Assessment)
    if question is not None and (assessment is None or not danger_stands(assessment)):
        assessment = None
    if assessment is not None:
        assessment = assessment.for_patient()
    return IntakeView.model_validate(
        {
            "intake_id": row.id,
            "state": row.state,
            "understood": understood,
            "not_understood": not_understood,
            "about": () if facts is None else complaints(facts),
            "remark": remark,
            "question": question,
            "assessment": assessment,
            "alert": await opened(work, row, "alert", AlertTold),
            "patient_id": row.patient_id,
            "relation": row.relation,
            "child_speaking": facts is not None and facts.person.child_speaking,
            "rules_signed": row.rules_signed,
            "updated_at": row.updated_at,
        }
    )


@erased_with("patient")
async def intakes_of(work: Work, patient_id: str) -> list[str]:
    """What was said about the patient before anybody saw him goes with his record, whoever said it."""
    return [f"{KIND}:{one}" for one in await Intake.filter(patient_id=patient_id).values_list("id", flat=True)]
