"""Who looked at a patient's record: the audit, as the patient may read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tortoise.expressions import Q, Subquery
from tortoise.functions import Max
from tortoise.queryset import QuerySet

from core.foundation.actor import ROLE_LABELS, Role
from core.foundation.models import AuditEntry, AuditSubject
from core.foundation.orders import BREAK_GLASS, answers, order_named
from core.foundation.work import Work
from core.people.cards import practitioner_cards
from core.people.commands_views import AccessLogEntry, AccessLogView, WhoLookedAtMyRecord
from core.people.models import Practitioner
from core.people.relations import ever_spoke

SHOWN = 200
"""The newest looks shown."""
READ = 10 * SHOWN
"""The newest entries in which looks are told apart by the hour. Of what lies before them each person's last look of each kind is shown, so that
nobody pushes himself or others off the list."""
ONE_VISIT = timedelta(hours=1)
"""Who looks at the same again within it is shown once: thirty frames of one image are one look, and push nobody else off the list."""
_RELATION_LABELS = {"self": "本人", "father": "子女", "mother": "子女", "spouse": "配偶", "child": "父母", "other": "家属"}
"""What the speaker is to the patient, by what the patient is to the speaker."""


@answers(WhoLookedAtMyRecord)
async def access_log(work: Work, order: WhoLookedAtMyRecord) -> AccessLogView:
    newest = await _looks(order.patient_id).order_by("-id").limit(READ)
    entries = list(_visits(newest))[:SHOWN]
    if len(newest) == READ:
        entries += await _last_of_each(order.patient_id, before=newest[-1].id, shown=entries)
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


def _looks(patient_id: str) -> QuerySet[AuditEntry]:
    """The entries that name the patient, and those of lists in which he stood."""
    listed = Subquery(AuditSubject.filter(patient_id=patient_id).values("entry_id"))
    return AuditEntry.filter(Q(subject_kind="patient", subject_id=patient_id) | Q(id__in=listed), outcome="done")


async def _last_of_each(patient_id: str, *, before: str, shown: list[AuditEntry]) -> list[AuditEntry]:
    """Of the entries older than ``before`` the newest of each person, right and kind that is not shown yet, newest first."""
    who = ("account_id", "role", "relation", "action")
    known = {tuple(getattr(entry, name) for name in who) for entry in shown}
    groups = await _looks(patient_id).filter(id__lt=before).annotate(last=Max("id")).group_by(*who).values(*who, "last")
    ids = [group["last"] for group in groups if tuple(group[name] for name in who) not in known]
    return await AuditEntry.filter(id__in=ids).order_by("-id")


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
