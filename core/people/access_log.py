"""Who looked at a patient's record: the audit, as the patient may read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from core.foundation.actor import ROLE_LABELS, Role
from core.foundation.models import AuditEntry
from core.foundation.orders import BREAK_GLASS, answers, order_named
from core.foundation.work import Work
from core.people.cards import practitioner_cards
from core.people.commands import AccessLogEntry, AccessLogView, WhoLookedAtMyRecord
from core.people.models import Practitioner
from core.people.relations import ever_spoke

SHOWN = 200
"""The newest entries shown."""
READ = 10 * SHOWN
ONE_VISIT = timedelta(hours=1)
"""Who looks at the same again within it is shown once: thirty frames of one image are one look, and push nobody else off the list."""
_RELATION_LABELS = {"self": "本人", "father": "子女", "mother": "子女", "spouse": "配偶", "child": "父母", "other": "家属"}
"""What the speaker is to the patient, by what the patient is to the speaker."""


@answers(WhoLookedAtMyRecord)
async def access_log(work: Work, order: WhoLookedAtMyRecord) -> AccessLogView:
    found = await AuditEntry.filter(subject_kind="patient", subject_id=order.patient_id, outcome="done").order_by("-id").limit(READ)
    entries = list(_visits(found))[:SHOWN]
    names = await _names(work, order.patient_id, {entry.account_id for entry in entries})
    work.concerns("patient", order.patient_id)
    return AccessLogView(
        entries=tuple(
            AccessLogEntry(
                at=entry.at,
                who=names.get(entry.account_id, "系统" if entry.account_id.startswith("system:") else "其他账号"),
                role="本人或家人" if entry.role == Role.VISITOR else ROLE_LABELS[Role(entry.role)],
                action=_title(entry.action) + ("(紧急调阅)" if entry.relation == BREAK_GLASS else ""),
            )
            for entry in entries
        )
    )


def _visits(entries: Iterable[AuditEntry]) -> Iterator[AuditEntry]:
    """Newest first; of the same thing done to the same thing by the same person over and over, the newest of each hour. A look by another right
    (a record opened in an emergency) is another look."""
    shown: dict[tuple[str, str, str, str, tuple[tuple[str, str], ...]], datetime] = {}
    for entry in entries:
        what = (entry.account_id, entry.role, entry.relation, entry.action, tuple(sorted((entry.detail or {}).items())))
        later = shown.get(what)
        if later is None or later - entry.at > ONE_VISIT:
            shown[what] = entry.at
            yield entry


async def _names(work: Work, patient_id: str, account_ids: set[str]) -> dict[str, str]:
    practitioners = {row.id: row.account_id for row in await Practitioner.filter(account_id__in=account_ids)}
    cards = await practitioner_cards(work, practitioners)
    names = {card.account_id: f"{card.called}({card.organisation})" for card in cards.values()}
    for row in await ever_spoke(patient_id):
        names[row.account_id] = _RELATION_LABELS.get(row.relation, "家属")
    return names


def _title(action: str) -> str:
    order = order_named(action)
    return action if order is None else order.title
