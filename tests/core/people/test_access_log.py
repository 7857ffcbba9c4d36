"""What the patient reads of who looked: nothing that counts hides behind something that does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.foundation.models import AuditEntry
from core.foundation.orders import BREAK_GLASS
from core.people.access_log import _visits

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
