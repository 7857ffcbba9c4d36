"""A small county for tests, made through the same orders as the real one: three houses and a clinic, ten people, two patients, some slots."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from core.appointments.commands import FreeSlots, OpenSlots, SetShift
from core.foundation.actor import Actor, Role
from core.foundation.practice import Practice
from core.people.accounts import actor_for
from core.people.commands import EnlistPatient, EnsureAccount, VerifyPhone
from core.people.commands_consents import GiveConsent
from core.people.commands_staff import RegisterOrganisation, RegisterPractitioner
from core.people.consent_texts import CURRENT
from core.people.id_numbers import check_character
from tests.support.kept import once

SYSTEM = Actor.system("test")
CORP = "wwtest"
OFFICIAL_ACCOUNT = "wxofficial"
WHOLE_WEEK = (0, 1, 2, 3, 4, 5, 6)
NUMBER_WITHOUT_WECHAT = 3
NUMBER_WITH_WECHAT = 5


def id_number(birth: date, sequence: int, region: str = "522727") -> str:
    """A valid ID number; an odd ``sequence`` (0..999) is a man."""
    first = f"{region}{birth:%Y%m%d}{sequence:03d}"
    return first + check_character(first)


@dataclass
class SmallCounty:
    """``experts``: two cardiologists, one chest physician, one neurologist, all on duty round the clock. ``slots``: four of the chest physician's,
    tomorrow from 9:00 in Shanghai. ``old_man`` is number 3 of the village doctor, 58, without WeChat, no consent; ``woman`` is number 5, has an
    account and has consented to care."""

    provincial_hospital: str
    county_hospital: str
    township_centre: str
    clinic: str
    village_doctor: Actor
    duty_doctor: Actor
    scheduler: Actor
    administrator: Actor
    pharmacist: Actor
    auditor: Actor
    experts: tuple[Actor, ...]
    old_man: str
    woman: str
    woman_account: Actor
    stranger: Actor
    slots: tuple[str, ...]


async def seed_small(practice: Practice) -> SmallCounty:
    """The small county in ``practice``, which must be empty."""
    return copy(await once("small county", practice, _seed))


async def _seed(practice: Practice) -> SmallCounty:
    maker = _Maker(practice)
    provincial = await maker.organisation("贵州省人民医院", "provincial_hospital", "520103", "贵阳市云岩区")
    county = await maker.organisation("平塘县人民医院", "county_hospital", "522727", "平塘县")
    township = await maker.organisation("塘边镇卫生院", "township_centre", "522727102", "平塘县塘边镇", county)
    clinic = await maker.organisation("新塘村卫生室", "village_clinic", "522727102201", "平塘县塘边镇新塘村", township)
    village_doctor = await maker.practitioner(clinic, "吴秀芳", "乡村医生", Role.VILLAGE_DOCTOR)
    duty_doctor = await maker.practitioner(county, "张建国", "主治医师", Role.DUTY_DOCTOR, department_code="20", duty="duty_doctor")
    scheduler = await maker.practitioner(county, "刘敏", "", Role.SCHEDULER, duty="scheduler")
    administrator = await maker.practitioner(county, "何平", "", Role.ADMINISTRATOR)
    pharmacist = await maker.practitioner(county, "陈静", "主管药师", Role.PHARMACIST, duty="pharmacist")
    auditor = await maker.practitioner(county, "孙立", "", Role.AUDITOR)
    experts = (
        await maker.practitioner(provincial, "王志远", "主任医师", Role.EXPERT, "03.04", ("I20-I25", "I50"), duty="expert"),
        await maker.practitioner(provincial, "李文博", "副主任医师", Role.EXPERT, "03.04", ("I20-I25",), duty="expert"),
        await maker.practitioner(county, "赵晓岚", "副主任医师", Role.EXPERT, "03.01", ("J12-J18", "J44"), duty="expert"),
        await maker.practitioner(provincial, "周明", "主任医师", Role.EXPERT, "03.03", ("I60-I69",), duty="expert"),
    )
    old_man = await maker.patient(village_doctor, NUMBER_WITHOUT_WECHAT, "罗大山", date(1968, 3, 9), 11, None)
    woman_account = await maker.person("o-woman", "19900000011")
    woman = await maker.patient(village_doctor, NUMBER_WITH_WECHAT, "李秀英", date(1975, 7, 1), 22, woman_account)
    await consent_to_care(practice, woman_account, woman)
    return SmallCounty(
        provincial, county, township, clinic, village_doctor, duty_doctor, scheduler, administrator, pharmacist, auditor, experts,
        old_man, woman, woman_account, await maker.person("o-stranger", None), await maker.slots(experts[2]),
    )


async def consent_to_care(practice: Practice, actor: Actor, patient_id: str) -> None:
    """What booking and follow-up need of a grown-up: the general consent, and the separate one for what is sensitive."""
    await practice.execute(actor, GiveConsent(patient_id=patient_id, purpose="care", text_version=CURRENT["care"]))
    await practice.execute(actor, GiveConsent(patient_id=patient_id, purpose="sensitive", text_version=CURRENT["sensitive"]))


class _Maker:
    def __init__(self, practice: Practice) -> None:
        self.practice = practice
        self.made = 0

    async def organisation(
        self,
        name: str,
        kind: Literal["provincial_hospital", "county_hospital", "township_centre", "village_clinic"],
        region: str,
        region_name: str,
        parent: str | None = None,
    ) -> str:
        order = RegisterOrganisation(full_name=name, kind=kind, region_code=region, region_name=region_name, parent_id=parent)
        return str((await self.practice.execute(SYSTEM, order)).organisation_id)

    async def practitioner(
        self,
        organisation: str,
        name: str,
        title: str,
        role: Role,
        department_code: str | None = None,
        expertise: tuple[str, ...] = (),
        duty: Literal["expert", "duty_doctor", "scheduler", "pharmacist"] | None = None,
    ) -> Actor:
        self.made += 1
        order = RegisterPractitioner(
            organisation_id=organisation, full_name=name, sex="female", title_name=title, licence_number=f"1152000000{self.made:05d}",
            licence_valid_until=date(2030, 1, 1), department_code=department_code, expertise=expertise, years_of_practice=15, roles=(role,),
            app=CORP, subject=f"staff{self.made:02d}",
        )
        registered = await self.practice.execute(SYSTEM, order)
        if duty is not None:
            await self.practice.execute(
                SYSTEM,
                SetShift(practitioner_id=registered.practitioner_id, duty=duty, weekdays=WHOLE_WEEK, start_minute=0, end_minute=1440),
            )
        return await actor_for(registered.account_id, "wecom_app", self.practice.clock.now())

    async def person(self, openid: str, phone: str | None) -> Actor:
        account = await self.practice.execute(SYSTEM, EnsureAccount(app=OFFICIAL_ACCOUNT, subject=openid, unionid=f"u-{openid}"))
        if phone is not None:
            await self.practice.execute(SYSTEM, VerifyPhone(account_id=account.account_id, phone=phone))
        return await actor_for(account.account_id, "official_account", self.practice.clock.now())

    async def patient(self, doctor: Actor, number: int, name: str, birth: date, sequence: int, account: Actor | None) -> str:
        order = EnlistPatient(
            practitioner_id=doctor.practitioner_id or "", number=number, full_name=name, id_number=id_number(birth, sequence),
            account_id=None if account is None else account.account_id,
        )
        return str((await self.practice.execute(SYSTEM, order)).patient_id)

    async def slots(self, expert: Actor) -> tuple[str, ...]:
        tomorrow = self.practice.clock.now().replace(hour=1, minute=0) + timedelta(days=1)
        await self.practice.execute(
            SYSTEM, OpenSlots(practitioner_id=expert.practitioner_id or "", starts_at=tomorrow, minutes=30, count=4)
        )
        account = await self.practice.execute(SYSTEM, EnsureAccount(app=OFFICIAL_ACCOUNT, subject="o-stranger", unionid="u-o-stranger"))
        visitor = await actor_for(account.account_id, "mini_program", self.practice.clock.now())
        view = await self.practice.ask(visitor, FreeSlots(department_code="03.01"))
        return tuple(slot.slot_id for slot in view.slots)
