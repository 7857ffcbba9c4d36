"""People as other rooms need them: a practitioner or a patient, opened once, in plain values. Whoever asks has passed his own access check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from core.foundation.damage import tell_of_damage
from core.foundation.database.statements import find_all
from core.foundation.errors import NotFound
from core.foundation.keys import SealBroken, SubjectErased
from core.foundation.withheld import CANNOT_OPEN, Openable
from core.foundation.work import Work
from core.people.errors import PatientNotListed
from core.people.lists import own_list
from core.people.models import CareRelation, ListedPatient, Organisation, Patient, Practitioner
from core.people.names import called, displayed, short_department, short_hospital
from core.people.relations import live_relations
from core.people.rules import age_spoken, age_years, local_date
from core.people.scopes import Scope
from nlp.interface.departments import department


@dataclass(frozen=True, slots=True)
class PractitionerCard:
    """``called`` is how one addresses him (王主任); ``department`` the short name, empty without one."""

    practitioner_id: str
    account_id: str
    full_name: str
    called: str
    sex: str
    title_name: str
    organisation_id: str
    organisation: str
    organisation_kind: str
    region_code: str
    region_name: str
    department_code: str | None
    department: str
    expertise: tuple[str, ...]
    licence_valid_until: date
    years_of_practice: int
    active: bool

    @property
    def introduced(self) -> str:
        """王主任(省医心内): how he is named to others, who may know several of that name."""
        return f"{self.called}({short_hospital(self.organisation)}{short_department(self.department)})"


@dataclass(frozen=True, slots=True)
class PatientCard:
    """``age_spoken`` is "58 岁" or "8 个月"; ``has_wechat``: the patient has an account of his own."""

    patient_id: str
    organisation_id: str
    full_name: str
    sex: str
    birth_date: date
    age_years: int
    age_spoken: str
    phone: str | None
    has_wechat: bool
    real_name: str

    @property
    def sex_label(self) -> str:
        return "男" if self.sex == "male" else "女"


async def practitioner_card(work: Work, practitioner_id: str) -> PractitionerCard:
    """The practitioner; NotFound when there is none."""
    cards = await practitioner_cards(work, [practitioner_id])
    if not cards:
        raise NotFound
    return cards[practitioner_id]


async def practitioner_cards(work: Work, practitioner_ids: Iterable[str]) -> dict[str, PractitionerCard]:
    """Those of ``practitioner_ids`` that exist, by id."""
    rows = await find_all(Practitioner, order="id", id__in=list(practitioner_ids))
    organisations = {row.id: row for row in await find_all(Organisation, id__in=list({row.organisation_id for row in rows}))}
    return {row.id: await _practitioner_card(work, row, organisations[row.organisation_id]) for row in rows}


async def _practitioner_card(work: Work, row: Practitioner, organisation: Organisation) -> PractitionerCard:
    name = await practitioner_name(work, row)
    return PractitionerCard(
        practitioner_id=row.id,
        account_id=row.account_id,
        full_name=displayed(name, demonstration=row.demonstration),
        called=called(name, row.title_name),
        sex=row.sex,
        title_name=row.title_name,
        organisation_id=organisation.id,
        organisation=organisation.name,
        organisation_kind=organisation.kind,
        region_code=organisation.region_code,
        region_name=organisation.region_name,
        department_code=row.department_code,
        department="" if row.department_code is None else department(row.department_code).name,
        expertise=tuple(row.expertise),
        licence_valid_until=row.licence_valid_until,
        years_of_practice=row.years_of_practice,
        active=row.active,
    )


async def practitioner_name(work: Work, row: Practitioner) -> str:
    """The name, or in its place that there is none to be read: what he wrote about others must stay readable."""
    try:
        sealer = await work.sealer("practitioner", row.id)
        return sealer.open("practitioner", "full_name", row.id, bytes(row.full_name))
    except SubjectErased:
        return "(姓名已删除)"
    except SealBroken as broken:
        await tell_of_damage(work.practice, broken)
        return "(姓名读不出)"


async def patient_card(work: Work, patient_id: str) -> PatientCard:
    """The patient; NotFound when there is none."""
    cards = await patient_cards(work, [patient_id])
    if not cards and not cards.closed:
        raise NotFound
    return cards[patient_id]


async def patient_cards(work: Work, patient_ids: Iterable[str]) -> Openable[str, PatientCard]:
    """Those of ``patient_ids`` that exist, by id; those that do not open are among the closed."""
    rows = await Patient.filter(id__in=list(patient_ids)).order_by("id")
    ids = [row.id for row in rows]
    await work.practice.keys.fetch("patient", ids)
    with_wechat = {row.patient_id for row in await CareRelation.filter(self_of_id__in=ids)}
    cards: Openable[str, PatientCard] = Openable()
    for row in rows:
        try:
            cards[row.id] = await _patient_card(work, row, has_wechat=row.id in with_wechat)
        except CANNOT_OPEN as error:
            cards.closed[row.id] = error
    return cards


async def _patient_card(work: Work, row: Patient, *, has_wechat: bool) -> PatientCard:
    sealer = await work.sealer("patient", row.id)
    birth = date.fromisoformat(sealer.open("patient", "birth_date", row.id, bytes(row.birth_date)))
    today = local_date(work.now)
    return PatientCard(
        patient_id=row.id,
        organisation_id=row.organisation_id,
        full_name=displayed(sealer.open("patient", "full_name", row.id, bytes(row.full_name)), demonstration=row.demonstration),
        sex=row.sex,
        birth_date=birth,
        age_years=age_years(birth, today),
        age_spoken=age_spoken(birth, today),
        phone=None if row.phone is None else sealer.open("patient", "phone", row.id, bytes(row.phone)),
        has_wechat=has_wechat,
        real_name=row.real_name_state,
    )


async def listed_patient(work: Work, number: int) -> str:
    """The patient whom the actor knows as ``number`` on her list; :class:`PatientNotListed` when nobody is."""
    row = await own_list(work).get_or_none(number=number)
    if row is None:
        raise PatientNotListed(number=number)
    return row.patient_id


async def number_on_list(practitioner_id: str, patient_id: str) -> int | None:
    """Under which number this village doctor knows the patient, or None."""
    row = await ListedPatient.get_or_none(practitioner_id=practitioner_id, patient_id=patient_id)
    return None if row is None else row.number


async def patient_accounts(work: Work, patient_id: str, scope: Scope = Scope.NOTICES) -> list[str]:
    """The accounts that are told for the patient (may do ``scope`` for him), his own first."""
    return [row.account_id for row in await live_relations(work, patient_id=patient_id, scope=scope)]
