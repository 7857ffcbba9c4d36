"""The list as those who treat see it, and what they add to the case."""

from __future__ import annotations

from core.candidates.commands import UNSIGNED, CandidatesView, CandidateView, CaseCandidates, RecordValues
from core.candidates.errors import ValuesChanged, ValuesClosed
from core.candidates.models import CandidateList
from core.candidates.values import Added, added_to, check, keep, sign_lines, value_lines
from core.candidates.working_out import STALE, latest_list, opened_list
from core.consultations.models import Consultation
from core.consultations.service import consultation_of, hold
from core.consultations.workflow import OPEN_STATES, State
from core.foundation.actor import Role
from core.foundation.orders import answers, handles
from core.foundation.work import Work
from nlp.interface.candidates import Candidate

_WRITING = (Role.VILLAGE_DOCTOR, Role.EXPERT)


@answers(CaseCandidates)
async def case_candidates(work: Work, order: CaseCandidates) -> CandidatesView:
    row = await consultation_of(order.consultation_id)
    found = await latest_list(row.id)
    shown = {} if found is None else {"list": found.id}
    work.concerns("patient", row.patient_id, consultation=row.code, **shown)
    return await _view(work, row, found)


@handles(RecordValues)
async def record_values(work: Work, order: RecordValues) -> CandidatesView:
    row = await hold(order.consultation_id)
    work.concerns("patient", row.patient_id, consultation=row.code)
    if State(row.state) not in OPEN_STATES:
        raise ValuesClosed(code=row.code)
    added = Added(values=order.values, examined=order.examined)
    check(added)
    if await added_to(work, row) != added:
        await keep(work, row, added, ValuesChanged())
        await work.emit(STALE, key=row.id, consultation_id=row.id)
    return await _view(work, row, await latest_list(row.id))


async def _view(work: Work, row: Consultation, found: CandidateList | None) -> CandidatesView:
    added = await added_to(work, row)
    lists = () if found is None else (await opened_list(work, found)).candidates.found
    return CandidatesView(
        consultation_id=row.id,
        state="working" if found is None else "ready" if lists else "none",
        candidates=tuple(_line(one) for one in lists),
        note="" if found is not None and found.rules_signed else UNSIGNED,
        model="" if found is None else found.model,
        digest="" if found is None else found.digest,
        made_at=None if found is None else found.made_at,
        values=value_lines(added),
        signs=sign_lines(added),
        open=State(row.state) in OPEN_STATES and work.role in _WRITING,
    )


def _line(one: Candidate) -> CandidateView:
    return CandidateView(
        code=one.code, name=one.name, icd10=one.icd10, rank=one.rank, grade=one.grade.value, grade_label=one.grade.label,
        strength=one.grade.strength, danger=one.is_danger, basis=one.basis.label, speaks_for=one.speaks_for, speaks_against=one.speaks_against,
        missing=one.missing, cautions=one.cautions, rule_out=one.rule_out, checks=one.checks,
    )
