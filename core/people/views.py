"""People as they are shown to whom it concerns: oneself with those for whom one speaks, and a village doctor's list."""

from __future__ import annotations

from datetime import timedelta

from core.foundation.actor import ROLE_LABELS
from core.foundation.orders import answers
from core.foundation.withheld import Withheld, shown
from core.foundation.work import Work
from core.people.cards import patient_cards, practitioner_card
from core.people.commands_views import EndedView, HeldRoleView, LockedPatient, Me, MeView, MyPatientList, PatientListView, PatientView
from core.people.consents import care_needs, consent_views
from core.people.lists import own_list
from core.people.models import Account, CareRelation, ListedPatient, Organisation
from core.people.relations import live_relations
from core.people.scopes import Scope, read

TOLD_FOR = timedelta(days=30)
"""So long the page tells that somebody ended one's right; own choice."""


@answers(Me)
async def me(work: Work, order: Me) -> MeView:
    account = await Account.get_or_none(id=work.actor.account_id)
    organisations = {row.id: row for row in await Organisation.filter(id__in=[held.organisation_id for held in work.actor.roles])}
    patients, withheld = await _own_patients(work)
    name = next((patient.full_name for patient in patients if patient.relation == "self"), None)
    if work.actor.practitioner_id is not None:
        name = (await practitioner_card(work, work.actor.practitioner_id)).full_name
    work.concerns("account", work.actor.account_id)
    return MeView(
        account_id=work.actor.account_id,
        display_name=name,
        roles=tuple(
            HeldRoleView(
                role=held.role.value,
                label=ROLE_LABELS[held.role],
                organisation_id=held.organisation_id,
                organisation=organisations[held.organisation_id].name,
                region_code=organisations[held.organisation_id].region_code,
            )
            for held in work.actor.roles
            if held.organisation_id in organisations
        ),
        practitioner_id=work.actor.practitioner_id,
        phone_verified=account is not None and account.phone is not None,
        patients=patients,
        withheld=withheld,
        ended=await _ended(work),
        elder=None if account is None else account.elder,
    )


async def _ended(work: Work) -> tuple[EndedView, ...]:
    mine, since = work.actor.account_id, work.now - TOLD_FOR
    rows = await CareRelation.filter(account_id=mine, ended_at__gte=since).exclude(ended_by__in=("", mine)).order_by("-ended_at")
    return tuple(EndedView(relation=row.relation, ended_at=row.ended_at) for row in rows if row.ended_at is not None)


async def care_relations(work: Work, account_id: str) -> list[tuple[str, str]]:
    """For whom the account may act: (relation, patient id), himself first, then in the order they were registered."""
    return [(row.relation, row.patient_id) for row in await live_relations(work, account_id=account_id, scope=Scope.BOOK)]


async def _own_patients(work: Work) -> tuple[tuple[PatientView, ...], tuple[Withheld, ...]]:
    """Those for whom the actor speaks, himself first."""

    async def lines(some: list[CareRelation]) -> list[PatientView]:
        views = await patient_views(work, [row.patient_id for row in some])
        return [
            view.model_copy(update={"relation": row.relation, "relation_id": row.id, "scope": read(row.scope), "guardian": bool(row.guardian)})
            for row, view in zip(some, views, strict=True)
        ]

    return await shown(work, await live_relations(work, account_id=work.actor.account_id), lines)


@answers(MyPatientList)
async def my_patient_list(work: Work, order: MyPatientList) -> PatientListView:
    if work.actor.practitioner_id is None:
        return PatientListView(patients=())
    rows = await own_list(work).order_by("number")
    work.concerns("practitioner", work.actor.practitioner_id)
    return await listed(work, rows)


async def listed(work: Work, rows: list[ListedPatient]) -> PatientListView:
    """The patients of these lines of a list, with the numbers under which they stand there."""

    async def lines(some: list[ListedPatient]) -> list[PatientView]:
        views = await patient_views(work, [row.patient_id for row in some])
        return [view.model_copy(update={"number": row.number}) for row, view in zip(some, views, strict=True)]

    patients, withheld = await shown(work, rows, lines)
    closed = {one.id for one in withheld if one.reason == "locked"}
    locked = tuple(LockedPatient(number=row.number, patient_id=row.patient_id) for row in rows if row.id in closed)
    return PatientListView(patients=patients, withheld=withheld, locked=locked)


async def patient_views(work: Work, patient_ids: list[str]) -> list[PatientView]:
    """The patients in this order, however many in a few questions to the database."""
    cards = await patient_cards(work, patient_ids)
    consents = await consent_views(patient_ids)
    return [
        PatientView(
            patient_id=card.patient_id,
            full_name=card.full_name,
            sex="male" if card.sex == "male" else "female",
            birth_date=card.birth_date,
            age_years=card.age_years,
            phone=card.phone,
            has_wechat=card.has_wechat,
            real_name=card.real_name,
            consents=consents.get(card.patient_id, ()),
            care_needs=care_needs(consents.get(card.patient_id, ()), card.age_years),
        )
        for card in (cards[patient_id] for patient_id in patient_ids)
    ]
