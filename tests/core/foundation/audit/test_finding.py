"""Finding an entry to prove: by patient, act and time; ids, times and acts come out, and the search leaves its own entry."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.foundation.audit.finding import FindEntries
from core.foundation.models import AuditEntry, AuditSubject
from tests.core.foundation.audit.stage import write_entries

pytestmark = pytest.mark.storage


async def test_entries_are_found_by_patient_act_and_time(practice: Any, system: Any) -> None:
    patient = practice.ids.new()
    before = await write_entries(practice, 3)
    practice.clock.advance(hours=1)
    later = await write_entries(practice, 4)
    await AuditEntry.filter(id=before[0]).update(subject_kind="patient", subject_id=patient, action="people.me")
    await AuditEntry.filter(id=later[1]).update(subject_kind="patient", subject_id=patient, action="calls.join")
    await AuditSubject.create(id=practice.ids.new(), entry_id=later[2], patient_id=patient)

    async def found(**asked: Any) -> list[str]:
        return [one.entry_id for one in (await practice.ask(system, FindEntries(**asked))).entries]

    assert await found(patient_id=patient) == [before[0], later[1], later[2]]
    assert await found(patient_id=patient, since=practice.clock.now() - timedelta(minutes=1), action="calls") == [later[1]]
    assert await found(action="people.me") == [before[0]]
    assert await found(action="peopl") == []
    search = await AuditEntry.filter(action="audit.find").order_by("id").first()
    assert search is not None
    assert (search.subject_kind, search.subject_id) == ("patient", patient)
