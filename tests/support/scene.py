"""A practice in which every relation of the access table is true for somebody and false for somebody of the same role, on real rows.

Two counties. At home: the woman's consultation with everything that hangs on it (offer, alert, intake, booking, images, call, opinion,
prescription, emergency dose, plan, reading, claim). Elsewhere: people of every role with a case of their own, who must see nothing of it.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tortoise.transactions import in_transaction

from core.appointments.commands import BookSlot, SetAbsence
from core.appointments.models import Absence, Appointment
from core.calls.commands import EnterCall, RequestSeat
from core.calls.commands_guests import InviteGuest, TakeInvitation
from core.calls.commands_rooms import AdmitToCall, Knock, ViewRoom
from core.calls.commands_talk import ShowInCall
from core.consultations.commands import ReturnConsultation
from core.consultations.commands_arranging import RequestMaterial
from core.consultations.commands_opinions import Decide, GiveOpinion
from core.consultations.models import TimeProposal
from core.coverage.commands import EnrolMember, ItemLine, RecordMembership, SubmitClaim
from core.coverage.policies import DrugClass, Service
from core.deidentification.commands import BeginCopy
from core.dispatch.commands import RequestConsultation
from core.dispatch.models import DangerAlert, ExpertOffer
from core.followups.commands import RecordReading, StartPlan
from core.followups.models import Occurrence
from core.foundation.actor import Actor, Role
from core.foundation.blobs import BlobStore
from core.foundation.clock import ManualClock
from core.foundation.database.connection import PRACTICE
from core.foundation.ids import Ids
from core.foundation.keys import KeyRing
from core.foundation.orders import Order
from core.foundation.practice import Engines, Practice
from core.foundation.signals import LocalSignals
from core.imaging.commands import FrameState, ShowFrame
from core.imaging.models import ImageConflict
from core.oversight.commands import BreakTheGlass
from core.oversight.models import Disposal, ErasureRequest
from core.people.commands_sessions import OpenSession
from core.people.models import CareRelation, JoinReview
from core.prescriptions.commands import Propose, Refer, Sign
from core.prescriptions.commands_doses import EmergencyDoses, OrderDose
from core.prescriptions.commands_facts import RecordFacts
from media.imaging import build
from tests.conftest import START
from tests.core.dispatch.test_with_intake import says_danger
from tests.core.dispatch.ward import EMERGENT, Ward, add_heart_expert, open_ward
from tests.core.imaging.test_uploads import send
from tests.core.prescriptions.pharmacy import add_staff, item
from tests.media.test_check import small_ct
from tests.support.county import NUMBER_WITH_WECHAT, SYSTEM, id_number
from tests.support.kept import same_master_keys
from tests.support.signing import factor_given

ELSEWHERE = "520402"
"""The other county's region code."""
MEMBER = "GZ520000112233"


@dataclass
class Scene:
    """``people``: everybody by the name that the tests use; ``values``: what an order's field of that name holds, ids of the home case;
    ``holds``: for whom each relation is true of the home case; ``secret``: what nobody without a relation may ever be told."""

    ward: Ward
    people: dict[str, Actor]
    values: dict[str, Any] = field(default_factory=dict)
    holds: dict[str, frozenset[str]] = field(default_factory=dict)
    secret: frozenset[str] = frozenset()

    def holding(self, relation: str, order: str) -> frozenset[str]:
        """For whom ``relation`` is true of what the example of ``order`` names."""
        if relation == "own_practitioner" and order == "people.enlist_patient":
            return frozenset({"village_doctor"})
        assert relation in self.holds, f"the scene does not say for whom {relation} is true"
        return self.holds[relation]

    def may(self, name: str, order: type[Order]) -> bool:
        """What the declared table and the truth of the scene say: whether this person may give the example of ``order``."""
        actor = self.people[name]
        return any(
            (actor.is_system if grant.role is Role.SYSTEM else actor.holds(grant.role))
            and (grant.relation == "any" or name in self.holding(grant.relation, order.name))
            for grant in order.access
        )

    @property
    def unconcerned(self) -> list[str]:
        """Those who have no part in the home case and do not work in its county."""
        return [name for name in self.people if name.startswith("away_") or name in ("stranger", "heart_expert")]

    @property
    def practice(self) -> Practice:
        return self.ward.practice


async def scene_in(folder: Path) -> Scene:
    """A scene in a practice of its own, to be kept for many tests; the tables must be empty, and are to be emptied afterwards."""
    clock, rng = ManualClock(START), random.Random(4)
    keys = KeyRing(same_master_keys(folder / "keyring.key"), clock)
    practice = Practice(
        clock=clock, ids=Ids(clock.real_now, rng), rng=rng, keys=keys, blobs=BlobStore(folder / "blobs", keys), signals=LocalSignals(),
        engines=Engines(), demo=True,
    )
    with factor_given():
        return await open_scene(practice)


class _Undo(Exception):
    pass


@asynccontextmanager
async def undone() -> AsyncIterator[None]:
    """Whatever is done inside is taken back."""
    try:
        async with in_transaction(PRACTICE):
            yield
            raise _Undo
    except _Undo:
        pass


async def open_scene(practice: Practice) -> Scene:
    """About sixty orders, all of them real ones."""
    practice.engines.imaging = build()
    ward = await open_ward(practice, hearts=4)
    scene = Scene(ward, await _people(ward))
    await _elsewhere(scene)
    await _woman(scene)
    await _case(scene)
    await _medicines(scene)
    await _around(scene)
    await _emergencies(scene)
    scene.holds = _holds()
    return scene


async def _people(ward: Ward) -> dict[str, Actor]:
    county = ward.county
    maker_house = await _houses(ward)
    people = {
        "village_doctor": county.village_doctor, "duty_doctor": county.duty_doctor, "pharmacist": county.pharmacist,
        "scheduler": county.scheduler, "administrator": county.administrator, "auditor": county.auditor,
        "chest_expert": county.experts[2], "nerve_expert": county.experts[3], "woman": county.woman_account, "stranger": county.stranger,
        "colleague": await add_staff(ward, county.clinic, Role.VILLAGE_DOCTOR, "乡村医生", 31),
        "duty_off": await _off_duty(ward, county.county_hospital),
        "system": SYSTEM,
    }
    away = {
        "away_village_doctor": (Role.VILLAGE_DOCTOR, "clinic"), "away_duty_doctor": (Role.DUTY_DOCTOR, "hospital"),
        "away_pharmacist": (Role.PHARMACIST, "hospital"), "away_scheduler": (Role.SCHEDULER, "hospital"),
        "away_administrator": (Role.ADMINISTRATOR, "hospital"), "away_auditor": (Role.AUDITOR, "hospital"),
    }
    for number, (name, (role, house)) in enumerate(away.items(), 40):
        title = "主管药师" if role is Role.PHARMACIST else "主治医师"
        people[name] = await add_staff(ward, maker_house[house], role, title, number)
    people["away_expert"] = await add_heart_expert(
        ward.practice, county, 60, organisation_id=maker_house["hospital"], department_code="03.01", expertise=("J44",), subject="awayexpert"
    )
    return people


async def _houses(ward: Ward) -> dict[str, str]:
    from core.people.commands_staff import RegisterOrganisation

    async def house(name: str, kind: Any, region: str, parent: str | None = None) -> str:
        order = RegisterOrganisation(full_name=name, kind=kind, region_code=region, region_name="西秀区", parent_id=parent)
        return str((await ward.practice.execute(SYSTEM, order)).organisation_id)

    hospital = await house("西秀区人民医院", "county_hospital", ELSEWHERE)
    centre = await house("宁谷镇卫生院", "township_centre", f"{ELSEWHERE}101", hospital)
    return {"hospital": hospital, "clinic": await house("潘孟村卫生室", "village_clinic", f"{ELSEWHERE}101201", centre)}


async def _off_duty(ward: Ward, house: str) -> Actor:
    """A duty doctor of the same hospital whose shift is another one."""
    actor = await add_staff(ward, house, Role.DUTY_DOCTOR, "主治医师", 32)
    now = ward.clock.now()
    await ward.practice.execute(SYSTEM, SetAbsence(
        practitioner_id=actor.practitioner_id or "", starts_at=now - timedelta(hours=1), ends_at=now + timedelta(days=20)
    ))
    return actor


async def _elsewhere(scene: Scene) -> None:
    """The other county's own patient and case: its people do have relations, only not to what is ours."""
    from core.people.commands import EnlistPatient

    practice, doctor = scene.practice, scene.people["away_village_doctor"]
    await practice.execute(SYSTEM, EnlistPatient(
        practitioner_id=doctor.practitioner_id or "", number=3, full_name="陶国庆", id_number=id_number(date(1960, 10, 1), 33, ELSEWHERE)
    ))
    asked = await practice.execute(doctor, RequestConsultation(number=3, text="咳嗽 三天 紧急"))
    for offer in await scene.ward.offers(asked.consultation_id):
        who = next((one for one in scene.people.values() if one.practitioner_id == offer.practitioner_id), None)
        if who is not None:
            from core.dispatch.commands import AcceptOffer

            await practice.execute(who, AcceptOffer(offer_id=offer.id))
            break


async def _woman(scene: Scene) -> None:
    """Her own account has told of a danger and booked; her daughter speaks for her too."""
    ward, county, practice = scene.ward, scene.ward.county, scene.practice
    daughter = await _account(practice, "o-daughter")
    speaks = await CareRelation.create(
        id=practice.ids.new(), account_id=daughter.account_id, patient_id=county.woman, relation="mother", created_at=ward.clock.now()
    )
    scene.people["daughter"] = daughter
    intake = await says_danger(ward)
    for _ in range(2):
        await ward.pass_time(seconds=61)
    alert = await DangerAlert.get(source_id=intake.intake_id)
    booked = await practice.execute(county.woman_account, BookSlot(slot_id=county.slots[0], patient_id=county.woman))
    await Appointment.filter(id=booked.appointment_id).update(intake_id=intake.intake_id)
    now = ward.clock.now()
    chest = scene.people["chest_expert"].practitioner_id or ""
    await practice.execute(SYSTEM, SetAbsence(practitioner_id=chest, starts_at=now + timedelta(days=9), ends_at=now + timedelta(days=10)))
    absence = await Absence.filter(practitioner_id=chest).first()
    assert absence is not None
    opened = await practice.execute(SYSTEM, OpenSession(account_id=county.woman_account.account_id, kind="terminal"))
    scene.values |= {
        "patient_id": county.woman, "intake_id": intake.intake_id, "alert_id": alert.id, "appointment_id": booked.appointment_id,
        "slot_id": county.slots[1], "absence_id": absence.id, "practitioner_id": chest, "account_id": county.woman_account.account_id,
        "organisation_id": county.clinic, "parent_id": county.county_hospital, "token": opened.token, "relation_id": speaks.id,
    }


async def _account(practice: Practice, openid: str) -> Actor:
    from core.people.accounts import actor_for
    from core.people.commands import EnsureAccount
    from tests.support.county import OFFICIAL_ACCOUNT

    account = await practice.execute(SYSTEM, EnsureAccount(app=OFFICIAL_ACCOUNT, subject=openid, unionid=f"u-{openid}"))
    return await actor_for(account.account_id, "mini_program", practice.clock.now())


async def _case(scene: Scene) -> None:
    """Asked for, taken by one who gave it back, taken by another who has written his opinion; an image, a call, a decision."""
    ward, county, practice = scene.ward, scene.ward.county, scene.practice
    asked = await ward.request(EMERGENT, number=NUMBER_WITH_WECHAT)
    first = (await ward.offers(asked.consultation_id))[0]
    await ward.accept(first)
    scene.people["former_expert"] = ward.who(first)
    await practice.execute(ward.who(first), ReturnConsultation(consultation_id=asked.consultation_id, reason="临时有急诊手术"))
    second = (await ExpertOffer.filter(consultation_id=asked.consultation_id, state="offered").exclude(practitioner_id=first.practitioner_id))[0]
    await ward.accept(second)
    scene.people["expert"] = expert = ward.who(second)
    scene.people["heart_expert"] = next(
        one for one in ward.hearts if one.practitioner_id not in (first.practitioner_id, second.practitioner_id)
    )
    upload = await send(ward, asked.consultation_id, small_ct())
    await send(ward, asked.consultation_id, small_ct(PixelData=b"\x01" * 128))
    await practice.execute(county.village_doctor, ShowFrame(image_id=upload.instance_id, frame=1))
    shown = await practice.ask(county.village_doctor, FrameState(image_id=upload.instance_id, frame=1))
    entered = await practice.execute(county.village_doctor, EnterCall(
        ticket=(await practice.execute(county.village_doctor, RequestSeat(consultation_id=asked.consultation_id))).ticket
    ))
    ticket = await practice.execute(county.village_doctor, RequestSeat(consultation_id=asked.consultation_id))
    await _guest(scene, asked.consultation_id, entered.call_id, upload.instance_id)
    wanted = await practice.execute(expert, RequestMaterial(consultation_id=asked.consultation_id, wanted="调整降压药前的心电图"))
    proposal = await TimeProposal.create(
        id=practice.ids.new(), consultation_id=asked.consultation_id, at=ward.clock.now() + timedelta(hours=2), proposed_by="expert",
        account_id=expert.account_id, state="open", proposed_at=ward.clock.now(),
    )
    opinion = await practice.execute(expert, GiveOpinion(consultation_id=asked.consultation_id, advice="调整降压药,一周后复诊", confirm=True))
    await practice.execute(county.village_doctor, Decide(
        consultation_id=asked.consultation_id, opinion_id=opinion.opinion_id, choice="agree", confirm=True
    ))
    scene.values |= {
        "consultation_id": asked.consultation_id, "offer_id": second.id, "upload_id": upload.upload_id, "image_id": upload.instance_id,
        "frame_id": shown.frame_id, "ticket": ticket.ticket, "attendance_id": entered.attendance_id, "call_id": entered.call_id,
        "opinion_id": opinion.opinion_id, "request_id": wanted.request_id, "proposal_id": proposal.id, "conflict_id": (await ImageConflict.get()).id,
    }
    scene.secret = frozenset({"李秀英", asked.consultation_id, asked.code, county.woman, "调整降压药"})


async def _guest(scene: Scene, consultation_id: str, call_id: str, image_id: str) -> None:
    """An interpreter was invited into the call and let in, and all were shown the image."""
    practice, doctor = scene.practice, scene.people["village_doctor"]
    scene.people["guest"] = guest = await _account(practice, "o-guest")
    invited = await practice.execute(doctor, InviteGuest(call_id=call_id, seat="interpreter", called="杨翻译"))
    await practice.execute(guest, TakeInvitation(invitation_id=invited.invitation_id))
    await practice.execute(guest, Knock(consultation_id=consultation_id))
    [waiting] = (await practice.ask(doctor, ViewRoom(call_id=call_id))).waiting
    await practice.execute(doctor, AdmitToCall(call_id=call_id, place_id=waiting.place_id))
    seat = await practice.execute(guest, RequestSeat(consultation_id=consultation_id))
    await practice.execute(guest, EnterCall(ticket=seat.ticket))
    await practice.execute(doctor, ShowInCall(call_id=call_id, image_id=image_id))
    scene.values |= {"invitation_id": invited.invitation_id, "place_id": waiting.place_id}


async def _medicines(scene: Scene) -> None:
    """A prescription that the duty doctor above signed, an emergency dose that no pharmacist has seen yet."""
    practice, people = scene.practice, scene.people
    consultation_id, doctor = scene.values["consultation_id"], people["village_doctor"]
    await practice.execute(doctor, RecordFacts(consultation_id=consultation_id, allergies_asked=True, pregnancy="no", systolic=130))
    drugs = (item("amlodipine", "5"),)
    proposed = await practice.execute(people["expert"], Propose(consultation_id=consultation_id, diagnosis="高血压", items=drugs))
    await practice.execute(doctor, Refer(prescription_id=proposed.prescription_id))
    signed = await practice.execute(people["duty_doctor"], Sign(prescription_id=proposed.prescription_id, revision=1, confirm=True))
    assert signed.state == "SIGNED"
    doses = await practice.ask(doctor, EmergencyDoses())
    dose = next(one for one in doses.doses if one.code == "aspirin_chewed")
    given = await practice.execute(doctor, OrderDose(
        consultation_id=consultation_id, dose=dose.code, ruled_out=tuple(dose.contraindications), confirm=True
    ))
    scene.values |= {"prescription_id": proposed.prescription_id, "dose_id": given.dose_id}


async def _around(scene: Scene) -> None:
    """A follow-up plan with a reading, and a claim."""
    practice, county, woman = scene.practice, scene.ward.county, scene.people["woman"]
    plan = await practice.execute(county.village_doctor, StartPlan(patient_id=county.woman, template="hypertension"))
    reading = await practice.execute(woman, RecordReading(patient_id=county.woman, systolic=150, diastolic=95))
    occurrence = await Occurrence.filter(plan_id=plan.plan_id).first()
    await practice.execute(SYSTEM, EnrolMember(
        scheme="residents", member_number=MEMBER, valid_from=date(2026, 1, 1), valid_until=date(2027, 12, 31)
    ))
    await practice.execute(SYSTEM, RecordMembership(patient_id=county.woman, scheme="residents", member_number=MEMBER))
    line = ItemLine(ref="1", name="氨氯地平片 5mg", service=Service.DRUG, fee_fen=86_40, drug_class=DrugClass.A)
    claim = await practice.execute(SYSTEM, SubmitClaim(patient_id=county.woman, ref=practice.ids.new(), items=(line,)))
    assert occurrence is not None
    scene.values |= {
        "plan_id": plan.plan_id, "reading_id": reading.reading.reading_id, "occurrence_id": occurrence.id, "claim_id": claim.claim_id,
        "items": (line,),
    }


async def _emergencies(scene: Scene) -> None:
    """One doctor of each kind without a part in it has opened her record in an emergency."""
    for name in ("colleague", "duty_off", "nerve_expert"):
        opened = await scene.practice.execute(scene.people[name], BreakTheGlass(
            patient_id=scene.values["patient_id"], reason="unconscious", words="病人送来时昏迷,家属不在,急查用药史"
        ))
        scene.values["break_glass_id"] = opened.break_glass_id
    now = scene.ward.clock.now()
    over = await Disposal.create(
        id=scene.practice.ids.new(), kind="record", subject_id=scene.values["patient_id"], state="announced", announced_at=now,
        due_at=now + timedelta(days=30),
    )  # fmt: skip
    scene.values["disposal_id"] = over.id
    asked = await ErasureRequest.create(
        id=scene.practice.ids.new(), account_id=scene.people["woman"].account_id, region_code="522727", question="dispute", state="asked",
        asked_at=now,
    )  # fmt: skip
    older, newer = sorted((scene.people["woman"].account_id, scene.people["daughter"].account_id))
    joined = await JoinReview.create(
        id=scene.practice.ids.new(), older_id=older, newer_id=newer, reason="two_wechats", created_at=now
    )
    scene.values |= {"request_id": asked.id, "review_id": joined.id}
    named = scene.people["administrator"].practitioner_id
    begun = await scene.practice.execute(SYSTEM, BeginCopy(purpose="tests", reason="给测试环境用", administrator_id=named))
    scene.values["copy_id"] = begun.copy_id


def _holds() -> dict[str, frozenset[str]]:
    """For whom each relation is true of the home case, in words of the scene, written by hand: the code does not get to say it."""
    hers = {"woman", "daughter"}
    home = {"duty_doctor", "duty_off", "pharmacist", "scheduler", "administrator", "auditor"}
    written: dict[str, set[str]] = {
        "own_patient": hers, "own_appointment": hers, "own_patient_consultation": hers, "own_patient_image": hers,
        "own_patient_prescription": hers, "own_plan": hers, "own_reading": hers, "own_claim": hers, "own_intake": {"woman"},
        "listed_patient": {"village_doctor"}, "listed_plan": {"village_doctor"}, "listed_reading": {"village_doctor"},
        "listed_claim": {"village_doctor"}, "own_practitioner": {"chest_expert"}, "own_absence": {"chest_expert"},
        "own_say": {"woman"}, "own_relation": {"daughter"},
        "same_county": home, "booked_intake": {"chest_expert"},
        "holds_ticket": {"village_doctor"}, "own_attendance": {"village_doctor"}, "sits_in_call": {"village_doctor", "guest"},
        "invited_to_call": {"guest"}, "shown_in_call": {"village_doctor", "guest"}, "own_upload": {"village_doctor"},
        "own_consultation": {"village_doctor"}, "own_image": {"village_doctor"},
        "conflict_of_county": {"administrator"}, "judges_accounts": {"administrator"}, "inviting_prescription": {"village_doctor"},
        "assigned_consultation": {"expert"}, "assigned_intake": {"expert"}, "assigned_image": {"expert"}, "offered": {"expert"},
        "proposed_prescription": {"expert"}, "own_dose": {"village_doctor", "expert"},
        "alerted": {"duty_doctor", "scheduler", "administrator"}, "alerted_intake": {"duty_doctor", "scheduler", "administrator"},
        "referred_prescription": {"duty_doctor", "duty_off"}, "signed_prescription": {"pharmacist"}, "prescribed_consultation": {"pharmacist"},
        "break_glass": {"colleague", "duty_off", "nerve_expert"}, "reviewer": {"auditor", "administrator"},
        "at_the_place": {"village_doctor", "colleague"}, "own_or_ward": {"woman"},
        "referred_consultation": {"duty_doctor"}, "on_duty_above": {"duty_doctor"}, "wrote_opinion": {"expert"}, "dose_to_see": {"pharmacist"},
    }
    return {name: frozenset(people) for name, people in written.items()}
