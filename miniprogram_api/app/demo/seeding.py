"""Makes the demonstration's county through the practice's own orders. Each carries a key, so that a run that was cut off is completed by the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from core.appointments.commands import OpenSlots, SetAbsence, SetShift
from core.coverage.commands import RecordMembership
from core.dispatch.commands import AcceptOffer, RequestConsultation
from core.dispatch.models import ExpertOffer
from core.foundation.actor import Actor, Role
from core.foundation.clock import SHANGHAI
from core.foundation.orders import Command
from core.foundation.practice import Practice
from core.matching.commands import RecordConflict
from core.people.accounts import actor_for
from core.people.commands import EnlistPatient, EnsureAccount, RegisterPatient, VerifyPhone
from core.people.commands_consents import GiveConsent
from core.people.commands_staff import RegisterOrganisation, RegisterPractitioner
from core.people.consent_texts import CURRENT
from core.people.models import Organisation
from core.people.purposes import care_purposes
from core.people.rules import ADULT_YEARS, local_date
from miniprogram_api.app.demo.county import plan_county
from miniprogram_api.app.demo.factors import enrol_signers
from miniprogram_api.app.demo.insurance import member
from miniprogram_api.app.demo.note import SeedNote
from miniprogram_api.app.demo.plan import CountyPlan, PlannedPatient, PlannedStaff
from miniprogram_api.app.demo.roster_file import lacks_keys, mini_program_openid, official_account_openid, unionid, write_roster

SYSTEM = Actor.system("seed")
SLOT_DAYS = 14
SLOT_MINUTES = 20
SLOTS_A_HALF_DAY = 6
MORNING, AFTERNOON = time(9, 0), time(14, 30)
Progress = Callable[[int, int, str], None]
"""(done, of all, what is being made)"""


@dataclass(frozen=True, slots=True)
class SeedReport:
    """``made``: something was made now (False: everything was there). Counts are of the whole county."""

    made: bool
    seed: int
    organisations: int
    practitioners: int
    experts: int
    patients: int
    slots_until: date


async def seed_county(
    practice: Practice, number: int, data_dir: Path, credentials: dict[str, Any], progress: Progress = lambda done, total, what: None
) -> SeedReport:
    """The county of ``number`` in ``practice``, and the simulator's roster in ``<data_dir>/simulator/people.json``.

    The first run notes number and day in ``simulator/seed.json``; a later run completes that county whatever ``number`` says, and opens the slots of
    the days that came meanwhile. ``credentials`` are those of channels.json: the apps that people's ids belong to.
    """
    roster, noted = data_dir / "simulator" / "people.json", data_dir / "simulator" / "seed.json"
    today = local_date(practice.clock.now())
    if not await Organisation.exists():  # A new database beside files of an old one: nothing of what they say was made here.
        roster.unlink(missing_ok=True)
        noted.unlink(missing_ok=True)
    note = SeedNote.of(noted, number, today)
    plan = plan_county(note.seed, note.today)
    maker = _Maker(practice, plan, credentials, progress)
    complete = roster.exists()
    if not complete:
        await maker.make_people()
    opened = await maker.open_slots(note, today)
    if not complete or lacks_keys(roster):
        write_roster(roster, plan, await enrol_signers(practice, plan, credentials["wecom"]["corpid"]))
    return SeedReport(
        made=not complete or opened,
        seed=plan.seed,
        organisations=len(plan.organisations),
        practitioners=len(plan.staff),
        experts=len(plan.of_role(Role.EXPERT)),
        patients=len(plan.patients),
        slots_until=note.slots_until,
    )


class _Maker:
    def __init__(self, practice: Practice, plan: CountyPlan, credentials: dict[str, Any], progress: Progress) -> None:
        self._practice = practice
        self._plan = plan
        self._official: str = credentials["official_account"]["appid"]
        self._mini: str = credentials["mini_program"]["appid"]
        self._corp: str = credentials["wecom"]["corpid"]
        self._progress = progress
        self._done = 0
        self._total = len(plan.organisations) + len(plan.staff) + len(plan.patients) + len(plan.conflicts)
        self._houses: dict[str, str] = {}
        self._practitioners: dict[str, str] = {}
        self._accounts: dict[str, str] = {}
        self._patients: dict[str, str] = {}

    async def make_people(self) -> None:
        plan = self._plan
        for house in plan.organisations:
            self._tick("机构")
            order = RegisterOrganisation(
                full_name=house.name, kind=house.kind, region_code=house.region_code, region_name=house.region_name,
                parent_id=None if house.parent is None else self._houses[house.parent], latitude=house.latitude, longitude=house.longitude,
            )
            self._houses[house.key] = (await self._do(f"house:{house.key}", order)).organisation_id
        for one in plan.staff:
            self._tick("医务人员和排班")
            await self._make_staff(one)
        for patient in plan.patients:
            self._tick("患者")
            await self._make_patient(patient)
        for expert, about in plan.conflicts:
            self._tick("回避")
            conflict = RecordConflict(practitioner_id=self._practitioners[expert], patient_id=self._patients[about])
            await self._do(f"conflict:{expert}:{about}", conflict)
        if self._practice.engines.clinical is not None:  # Reading what a village doctor writes takes the engine.
            for doctor, number, line in plan.running:
                await self._make_running_case(doctor, number, line)

    async def _make_running_case(self, doctor: str, number: int, line: str) -> None:
        """A consultation that an expert has taken already: he is busy from the first minute."""
        key = f"running:{doctor}:{number}"
        caller = await self._actor(doctor)
        asked = await self._do(key, RequestConsultation(number=number, text=line), caller)
        offer = await ExpertOffer.filter(consultation_id=asked.consultation_id).order_by("id").first()
        if offer is not None and offer.state in ("offered", "accepted"):
            expert = next(name for name, practitioner_id in self._practitioners.items() if practitioner_id == offer.practitioner_id)
            await self._do(f"{key}:taken", AcceptOffer(offer_id=offer.id), await self._actor(expert))

    async def _actor(self, staff: str) -> Actor:
        userid = next(one.userid for one in self._plan.staff if one.key == staff)
        account = await self._practice.execute(SYSTEM, EnsureAccount(app=self._corp, subject=userid))
        return await actor_for(account.account_id, "wecom_app", self._practice.clock.now())

    async def _make_staff(self, one: PlannedStaff) -> None:
        order = RegisterPractitioner(
            organisation_id=self._houses[one.organisation], full_name=one.name, sex=one.sex, title_name=one.title_name,
            licence_number=one.licence_number, licence_valid_until=one.licence_valid_until, department_code=one.department_code,
            expertise=one.expertise, years_of_practice=one.years, roles=(one.role,), app=self._corp, subject=one.userid,
        )
        practitioner_id = (await self._do(f"staff:{one.key}", order)).practitioner_id
        self._practitioners[one.key] = practitioner_id
        for number, shift in enumerate(one.shifts):
            set_shift = SetShift(
                practitioner_id=practitioner_id, duty=shift.duty, weekdays=shift.weekdays, start_minute=shift.start_minute,
                end_minute=shift.end_minute,
            )
            await self._do(f"shift:{one.key}:{number}", set_shift)
        if one.absent:
            start = self._at(self._plan.today, time(0, 0))
            absence = SetAbsence(practitioner_id=practitioner_id, starts_at=start, ends_at=start + timedelta(days=10))
            await self._do(f"absence:{one.key}", absence)

    async def _make_patient(self, one: PlannedPatient) -> None:
        account = await self._make_account(one) if one.account else None
        if one.listed is not None and one.number is not None:
            order = EnlistPatient(
                practitioner_id=self._practitioners[one.listed], number=one.number, full_name=one.name, id_number=one.id_number,
                phone=one.phone, account_id=account,
            )
            self._patients[one.key] = (await self._do(f"patient:{one.key}", order)).patient_id
            await self._insure(one)
        if account is not None and one.consents:
            himself = await actor_for(account, "mini_program", self._practice.clock.now())
            for purpose in care_purposes(ADULT_YEARS):
                given = GiveConsent(patient_id=self._patients[one.key], purpose=purpose, text_version=CURRENT[purpose])
                await self._do(f"consent:{one.key}" if purpose == "care" else f"consent:{one.key}:{purpose}", given, himself)
        if one.guardian is not None:
            child = RegisterPatient(relation="child", full_name=one.name, id_number=one.id_number)
            await self._do(f"child:{one.key}", child, await actor_for(self._accounts[one.guardian], "mini_program", self._practice.clock.now()))

    async def _insure(self, one: PlannedPatient) -> None:
        enrolled = member(one, self._plan.today)
        if enrolled is None:
            return
        await self._do(f"member:{one.key}", enrolled)
        recorded = RecordMembership(patient_id=self._patients[one.key], scheme=enrolled.scheme, member_number=enrolled.member_number)
        await self._do(f"membership:{one.key}", recorded)

    async def _make_account(self, one: PlannedPatient) -> str:
        seed = self._plan.seed
        union = unionid(seed, one.key)
        in_official = EnsureAccount(app=self._official, subject=official_account_openid(seed, one.key), unionid=union)
        account_id = str((await self._do(f"official:{one.key}", in_official)).account_id)
        await self._do(f"mini:{one.key}", EnsureAccount(app=self._mini, subject=mini_program_openid(seed, one.key), unionid=union))
        self._accounts[one.key] = account_id
        if one.phone is not None and one.listed is not None:
            await self._do(f"phone:{one.key}", VerifyPhone(account_id=account_id, phone=one.phone))
        return account_id

    async def open_slots(self, note: SeedNote, today: date) -> bool:
        """Slots of every department for the coming days; whether any were opened. A range once begun is completed before the next one."""
        opened = False
        while note.begin_range(today, SLOT_DAYS):
            givers = self._slot_givers()
            self._done, self._total = 0, len(givers)
            for one, begin in givers:
                self._tick("号源")
                await self._open(one, begin, note.slots_until + timedelta(days=1), note.opening_until)
            note.end_range()
            opened = True
        return opened

    async def _open(self, one: PlannedStaff, begin: time, first: date, last: date) -> None:
        if one.key not in self._practitioners:
            self._practitioners[one.key] = await self._registered(one)
        order = OpenSlots(
            practitioner_id=self._practitioners[one.key], starts_at=self._at(first, begin), minutes=SLOT_MINUTES, count=SLOTS_A_HALF_DAY,
            days=(last - first).days + 1,
        )
        await self._do(f"slots:{one.key}:{first.isoformat()}", order)

    async def _registered(self, one: PlannedStaff) -> str:
        """A practitioner made by an earlier run."""
        account = await self._practice.execute(SYSTEM, EnsureAccount(app=self._corp, subject=one.userid))
        actor = await actor_for(account.account_id, "system", self._practice.clock.now())
        if actor.practitioner_id is None:
            raise LookupError(one.key)
        return actor.practitioner_id

    def _slot_givers(self) -> list[tuple[PlannedStaff, time]]:
        """Two of each department who may practise, the county's own first: one in the morning, one in the afternoon."""
        by_department: dict[str, list[PlannedStaff]] = {}
        for one in sorted(self._plan.of_role(Role.EXPERT), key=lambda one: (one.organisation != "county", one.key)):
            if one.department_code is not None and one.may_practise(self._plan.today):
                by_department.setdefault(one.department_code, []).append(one)
        return [giver for experts in by_department.values() for giver in zip(experts, (MORNING, AFTERNOON), strict=False)]

    async def _do(self, key: str, order: Command, actor: Actor = SYSTEM) -> Any:
        return await self._practice.execute(actor, order, idempotency_key=f"seed:{self._plan.seed}:{key}")

    def _tick(self, what: str) -> None:
        self._done += 1
        self._progress(self._done, self._total, what)

    @staticmethod
    def _at(day: date, moment: time) -> datetime:
        return datetime.combine(day, moment, SHANGHAI)
