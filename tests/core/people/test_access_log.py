"""What the patient reads of who looked: nothing that counts hides behind something that does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.foundation.models import AuditEntry, AuditSubject
from core.foundation.orders import BREAK_GLASS
from core.foundation.practice import Practice
from core.foundation.work import shown_digest
from core.people import access_log
from core.people.access_log import _visits
from core.people.commands_views import MyPatientList, WhoLookedAtMyRecord
from tests.support.county import seed_small

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


def look(minutes: int, **facts: str) -> AuditEntry:
    values = {"account_id": "doctor", "role": "expert", "relation": "assigned_expert", "action": "consultations.case", **facts}
    return AuditEntry(at=NOW - timedelta(minutes=minutes), detail={}, **values)


def test_a_record_opened_in_an_emergency_does_not_hide_behind_an_ordinary_look() -> None:
    entries = [look(1), look(2), look(5, relation=BREAK_GLASS), look(9), look(70)]
    assert [entry.relation for entry in _visits(entries)] == ["assigned_expert", BREAK_GLASS, "assigned_expert"]


def test_another_account_role_or_deed_is_another_line() -> None:
    entries = [look(1), look(2, account_id="proxy"), look(3, role="village_doctor"), look(4, action="imaging.show_frame"), look(5)]
    assert len(list(_visits(entries))) == 4


@pytest.mark.storage
async def test_whose_names_stood_in_a_list_is_told_that_they_were_read(practice: Practice) -> None:
    county = await seed_small(practice)
    await practice.ask(county.village_doctor, MyPatientList())
    entry = await AuditEntry.get(action="people.my_patient_list")
    both = [county.old_man, county.woman]
    assert set(await AuditSubject.filter(entry_id=entry.id).values_list("patient_id", flat=True)) == set(both)
    assert entry.detail == {"patients": "2", "shown": shown_digest(both)}
    seen = await practice.ask(county.woman_account, WhoLookedAtMyRecord(patient_id=county.woman))
    assert "我的病人" in {one.action for one in seen.entries}
    assert await AuditSubject.all().count() == 2


@pytest.mark.storage
async def test_no_number_of_looks_pushes_another_off_the_list(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "READ", 20)
    monkeypatch.setattr(access_log, "SHOWN", 5)
    county = await seed_small(practice)
    await practice.ask(county.village_doctor, MyPatientList())
    for _ in range(40):
        await practice.ask(county.woman_account, WhoLookedAtMyRecord(patient_id=county.woman))
    seen = await practice.ask(county.woman_account, WhoLookedAtMyRecord(patient_id=county.woman))
    assert [one.role for one in seen.entries].count("村医") == 1
    assert len(seen.entries) < 10
