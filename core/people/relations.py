"""Who speaks for whom: one account, one own record; one record, one account of its own. Every room asks here, none reads the rows.

What a relation may do and whether it still holds is decided when it is asked, so that an end counts from the same moment on.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from core.foundation.database.statements import find_all
from core.foundation.withheld import CANNOT_OPEN, Openable
from core.foundation.work import Work
from core.people.errors import OwnRecordExists, PatientTaken
from core.people.errors_families import GuardianOfAdult
from core.people.models import CareRelation, Patient
from core.people.scopes import WHOLE, Scope, read, written
from core.people.standing import Standing, is_guardian, is_minor, may_be_guardian, standing_of


async def live_relations(
    work: Work, *, account_id: str | None = None, patient_id: str | None = None, scope: Scope | None = None
) -> list[CareRelation]:
    """The relations that hold now and open ``scope`` (None: anything), the account's own record first, then by age."""
    whose: dict[str, Any] = {name: value for name, value in (("account_id", account_id), ("patient_id", patient_id)) if value is not None}
    rows = sorted(await find_all(CareRelation, ended_at=None, **whose), key=lambda row: (row.created_at, row.id))
    found = [row for row in rows if scope is None or scope in read(row.scope)]
    births = await birth_dates(work, {row.patient_id for row in found if may_be_guardian(row)})
    found = [row for row in found if row.patient_id not in births.closed]
    live = [row for row in found if standing_of(row, births.get(row.patient_id), work.now) is Standing.LIVE]
    return sorted(live, key=lambda row: row.relation != "self")


async def speaks_for(work: Work, patient_id: str, scope: Scope | None = None) -> bool:
    """The actor is the patient, or speaks for him in ``scope``."""
    return bool(await live_relations(work, account_id=work.actor.account_id, patient_id=patient_id, scope=scope))


async def spoken_for(work: Work, scope: Scope | None = None, *, account_id: str | None = None) -> list[str]:
    """The patients for whom the actor (``account_id``) speaks, himself first."""
    rows = await live_relations(work, account_id=account_id or work.actor.account_id, scope=scope)
    return [row.patient_id for row in rows]


async def ever_spoke(patient_id: str) -> list[CareRelation]:
    """Everybody who ever spoke for the patient, for what looks back: who was told, who looked, who is kin. It opens nothing."""
    return await CareRelation.filter(patient_id=patient_id).order_by("created_at", "id")


async def guardians_of(work: Work, patient_id: str) -> list[CareRelation]:
    """Those who act as the minor's guardians now; of an adult none."""
    birth = (await birth_dates(work, {patient_id})).get(patient_id)
    return [row for row in await live_relations(work, patient_id=patient_id) if birth is not None and is_guardian(row, birth)]


async def birth_dates(work: Work, patient_ids: Iterable[str]) -> Openable[str, date]:
    """By patient; asked of the database only when somebody is named. One whose date does not open is among the closed."""
    ids = list(patient_ids)
    births: Openable[str, date] = Openable()
    for row in await Patient.filter(id__in=ids) if ids else ():
        try:
            sealer = await work.sealer("patient", row.id)
            births[row.id] = date.fromisoformat(sealer.open("patient", "birth_date", row.id, bytes(row.birth_date)))
        except CANNOT_OPEN as error:
            births.closed[row.id] = error
    return births


async def check_own(account_id: str, patient: Patient | None) -> None:
    """One account, one own record; one record, one account of its own."""
    await check_no_other_own(account_id, patient)
    if patient is not None:
        other = await CareRelation.get_or_none(self_of_id=patient.id)
        if other is not None and other.account_id != account_id:
            raise PatientTaken


async def check_no_other_own(account_id: str, patient: Patient | None) -> None:
    """:class:`OwnRecordExists` when the account is already somebody else's own. It tells nothing of ``patient``."""
    own = await CareRelation.get_or_none(account_id=account_id, self_of_id__isnull=False)
    if own is not None and (patient is None or own.patient_id != patient.id):
        raise OwnRecordExists


async def check_guardian(work: Work, birth: date, *, guardian: bool) -> None:
    """:class:`GuardianOfAdult` when somebody wants to be the guardian of who is of age."""
    if guardian and not is_minor(birth, work.now):
        raise GuardianOfAdult


async def speak_for(
    work: Work, account_id: str, patient_id: str, relation: str, *, guardian: bool = False, scope: tuple[Scope, ...] | None = None,
    until: datetime | None = None,
) -> None:
    """Let the account speak for the patient, in ``scope`` (None: everything) and until then; a parent of a minor does so as his guardian, in
    everything. An ended relation is taken up anew."""
    birth = (await birth_dates(work, {patient_id}))[patient_id]
    acts_as_guardian = relation != "self" and (guardian or relation == "child") and is_minor(birth, work.now)
    self_of = patient_id if relation == "self" else None
    bound = not acts_as_guardian and relation != "self"
    allowed, until = written(scope if bound and scope is not None else WHOLE), until if bound else None
    row = await CareRelation.get_or_none(account_id=account_id, patient_id=patient_id)
    if row is None:
        await CareRelation.create(
            id=work.new_id(), account_id=account_id, patient_id=patient_id, relation=relation, self_of_id=self_of, guardian=acts_as_guardian,
            scope=allowed, since=work.now, until=until, created_at=work.now,
        )
    elif standing_of(row, birth, work.now) is not Standing.LIVE:
        await row.change(
            relation=relation, self_of_id=self_of, guardian=acts_as_guardian, scope=allowed, since=work.now, until=until, ended_at=None,
            ended_by="", end_reason="",
        )


async def become_guardian(work: Work, account_id: str, patient_id: str) -> None:
    """Somebody who may confirm it said that he who speaks for the minor is his guardian."""
    birth = (await birth_dates(work, {patient_id}))[patient_id]
    row = await CareRelation.get(account_id=account_id, patient_id=patient_id)
    if is_minor(birth, work.now) and not row.guardian:
        await row.change(guardian=True, scope=written(WHOLE), until=None)
