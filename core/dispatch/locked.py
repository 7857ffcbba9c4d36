"""会诊 for a patient whose record is locked because he wanted it gone: no case is made, but a danger is told all the same.

The lock ends the use of the record (个人信息保护法 article 47), not the care for somebody's life (article 13, item 4): what the doctor writes now is
hers, is told to whoever has duty, and opens nothing of what was written before.
"""

from __future__ import annotations

from core.dispatch.alerts import say_again
from core.dispatch.errors import LockedButTold
from core.foundation.keys import SubjectLocked
from core.foundation.work import Work
from core.intake.reported import report_danger, told_of
from core.people.service import practitioner_card
from nlp.interface.assessment import Assessment, Facts
from nlp.interface.urgency import Urgency

_NOTE = "病历已按本人要求锁定,要看请「紧急调阅」"


async def refused(
    work: Work, patient_id: str, text: str, *, facts: Facts, assessment: Assessment, level: Urgency, engine: str, rules_signed: bool
) -> SubjectLocked:
    """What the doctor is told of a danger, with who was told; what was written stays although her order is refused."""
    doctor = await practitioner_card(work, work.actor.practitioner_id or "")
    row, more = await report_danger(
        work, patient_id, f"村医 {doctor.called}报:{text}({_NOTE})", f"问{doctor.called},{doctor.organisation}", facts=facts,
        assessment=assessment, level=level, engine=engine, rules_signed=rules_signed,
    )  # fmt: skip
    if more:
        await say_again(work, row)
    told = await told_of(work, row)
    work.keep_what_is_written()
    return SubjectLocked() if told is None else LockedButTold(who=told.who, place=told.place)
