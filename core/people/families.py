"""Families: the patient, or a minor's guardian, sees who speaks for him, limits it and ends it at once.

A guardian is not ended by the child, nor by the other guardian: the village doctor does it, who knows the family.
"""

from __future__ import annotations

from core.foundation.actor import Role
from core.foundation.errors import NotFound
from core.foundation.orders import Done, Order, answers, handles, relation
from core.foundation.work import Work
from core.people.accounts import account_phone
from core.people.commands_families import AllowSpeaker, EndSpeaker, Speakers, SpeakersView, SpeakerView
from core.people.errors_families import GuardianKept, OnlyThePatientConfirms, OwnRelationKept, RelationOver, ScopeEmpty, TermPast
from core.people.models import CareRelation, Patient
from core.people.names import surname
from core.people.relations import birth_dates, ever_spoke, guardians_of, live_relations
from core.people.scopes import SCOPE_LABELS, read, written
from core.people.standing import STANDING_LABELS, Standing, is_guardian, is_minor, standing_of
from core.people.telling import tell_person

LABELS = {"self": "本人", "father": "子女", "mother": "子女", "spouse": "配偶", "child": "父母", "other": "家人"}
"""What the speaker is to the patient, by what the patient is to him."""


@relation("own_say")
async def own_say(work: Work, order: Order) -> bool:
    """``order.patient_id`` is the actor himself, or a minor whose guardian he is."""
    patient_id = getattr(order, "patient_id", None)
    if patient_id is None:
        return False
    if await CareRelation.filter(account_id=work.actor.account_id, self_of_id=patient_id, ended_at__isnull=True).exists():
        return True
    return any(row.account_id == work.actor.account_id for row in await guardians_of(work, patient_id))


@relation("own_relation")
async def own_relation(work: Work, order: Order) -> bool:
    """``order.relation_id`` says that the actor speaks for somebody: he may always give it up."""
    relation_id = getattr(order, "relation_id", None)
    return relation_id is not None and await CareRelation.filter(id=relation_id, account_id=work.actor.account_id).exists()


@answers(Speakers)
async def speakers(work: Work, order: Speakers) -> SpeakersView:
    work.concerns("patient", order.patient_id)
    return await _view(work, order.patient_id)


@handles(AllowSpeaker)
async def allow_speaker(work: Work, order: AllowSpeaker) -> SpeakersView:
    row = await _relation(order.patient_id, order.relation_id)
    birth = (await birth_dates(work, {row.patient_id}))[row.patient_id]
    minor = is_minor(birth, work.now)
    if row.relation == "self":
        raise OwnRelationKept
    if minor and is_guardian(row, birth):
        raise GuardianKept
    if not order.scope:
        raise ScopeEmpty
    if order.until is not None and order.until <= work.now:
        raise TermPast
    himself = await CareRelation.filter(account_id=work.actor.account_id, self_of_id=row.patient_id).exists()
    if not minor and not himself:
        raise OnlyThePatientConfirms
    work.concerns("patient", row.patient_id, account=row.account_id, scope=written(order.scope))
    again = standing_of(row, birth, work.now) is not Standing.LIVE
    await row.change(
        scope=written(order.scope), until=order.until, guardian=False, confirmed_at=work.now if himself else row.confirmed_at,
        since=work.now if again else row.since, ended_at=None, ended_by="", end_reason="",
    )
    if again:
        await tell_person(work, row.account_id, "relation.granted", patient_id=row.patient_id, relation=row.relation)
    await work.emit("relation.changed", key=row.patient_id, patient_id=row.patient_id, relation_id=row.id)
    return await _view(work, row.patient_id)


@handles(EndSpeaker)
async def end_speaker(work: Work, order: EndSpeaker) -> Done:
    row = await _relation(order.patient_id, order.relation_id)
    by_village_doctor = work.role is Role.VILLAGE_DOCTOR
    his_own = row.account_id == work.actor.account_id
    if row.ended_at is not None:
        raise RelationOver
    if row.relation == "self" and not by_village_doctor:
        raise OwnRelationKept
    birth = (await birth_dates(work, {row.patient_id}))[row.patient_id]
    if is_guardian(row, birth) and is_minor(birth, work.now) and not (by_village_doctor or his_own):
        raise GuardianKept
    work.concerns("patient", row.patient_id, account=row.account_id, reason=order.reason)
    await row.change(ended_at=work.now, ended_by=work.actor.account_id, end_reason=order.reason, self_of_id=None)
    if not his_own:
        await tell_person(work, row.account_id, "relation.ended", patient_id=row.patient_id)
    await work.emit("relation.ended", key=row.patient_id, patient_id=row.patient_id, relation_id=row.id)
    return Done()


async def _relation(patient_id: str, relation_id: str) -> CareRelation:
    row = await CareRelation.get_or_none(id=relation_id, patient_id=patient_id)
    if row is None:
        raise NotFound
    return row


async def _view(work: Work, patient_id: str) -> SpeakersView:
    birth = (await birth_dates(work, {patient_id}))[patient_id]
    minor = is_minor(birth, work.now)
    rows = sorted(await ever_spoke(patient_id), key=lambda row: (row.ended_at is not None, row.relation != "self"))
    return SpeakersView(patient_id=patient_id, minor=minor, speakers=tuple([await _speaker(work, row, minor=minor) for row in rows]))


async def _speaker(work: Work, row: CareRelation, *, minor: bool) -> SpeakerView:
    birth = (await birth_dates(work, {row.patient_id}))[row.patient_id]
    standing = standing_of(row, birth, work.now)
    acting_guardian = is_guardian(row, birth) and minor
    mine = row.account_id == work.actor.account_id
    by_village_doctor = work.role is Role.VILLAGE_DOCTOR
    own = row.relation == "self"
    himself = await CareRelation.filter(account_id=work.actor.account_id, self_of_id=row.patient_id).exists()
    return SpeakerView(
        relation_id=row.id, called=await how_called(work, row.account_id),
        relation_label="监护人" if acting_guardian else LABELS.get(row.relation, "家人"),
        guardian=acting_guardian, scope=read(row.scope), scope_labels=tuple(SCOPE_LABELS[one] for one in read(row.scope)),
        since=row.since or row.created_at, until=row.until, ended_at=row.ended_at, standing=standing.value,
        standing_label=STANDING_LABELS[standing], mine=mine,
        may_end=row.ended_at is None and (by_village_doctor or (not own and (mine or not acting_guardian))),
        may_limit=not (own or acting_guardian or by_village_doctor) and (minor or himself),
    )


async def how_called(work: Work, account_id: str) -> str:
    """李女士(尾号 0011): enough for the patient, who knows her, and no more."""
    phone = await account_phone(work, account_id)
    tail = "" if phone is None else f"尾号 {phone[-4:]}"
    own = await live_relations(work, account_id=account_id)
    patient = await Patient.get(id=own[0].patient_id) if own and own[0].relation == "self" else None
    if patient is None:
        return f"微信用户{f'({tail})' if tail else ''}"
    name = (await work.sealer("patient", patient.id)).open("patient", "full_name", patient.id, bytes(patient.full_name))
    polite = f"{surname(name)}{'先生' if patient.sex == 'male' else '女士'}"
    return f"{polite}({tail})" if tail else polite
