"""预约: departments and free times, one tap to book; my appointments; cancelling."""

from __future__ import annotations

from bot.channels.outgoing import Choice, Link, Text
from bot.dialogue.state import Asked
from bot.dialogue.turn import Reply, Turn
from core.appointments.commands import (
    AppointmentsView,
    AppointmentView,
    BookSlot,
    CancelAppointment,
    DepartmentsView,
    DepartmentsWithSlots,
    FreeSlots,
    MyAppointments,
    SlotsView,
)
from core.foundation.clock import shanghai, spoken
from core.foundation.errors import Conflict, NotFound
from core.intake.commands import CurrentIntake, IntakeView
from core.people.commands_views import Me, MeView, PatientView
from core.people.errors import ConsentMissing
from nlp.interface.departments import department
from nlp.interface.urgency import Urgency

SHOWN = 5
DEPARTMENT = "department"
"""In the detail of the free times on the screen: whose they are."""
_NONE = "-"
_REGISTER = Link(title="去小程序登记", url="mini:pages/web/web?to=register%3Frelation%3Dself")


async def slots(turn: Turn, department_code: str | None, intake_id: str = _NONE, *, unknown: str = "") -> Reply:
    """Free times of a department; without one, the departments that have any."""
    if department_code is None:
        return await _departments(turn, unknown)
    try:
        entry = department(department_code)
    except KeyError:
        return await _departments(turn, "")
    name = entry.name
    if not entry.bookable:
        return turn.say(f"{name}不用预约:急的话现在就去医院{name},走不动、一个人或者变重就打 120。\n不急、想约门诊,说「预约」看别的科。")
    found: SlotsView = await turn.ask(FreeSlots(department_code=department_code, limit=SHOWN))
    if not found.slots:
        return turn.say(f"{name}近几天没有空号了。可以说「预约」看别的科,急的话请直接去医院或打 120。")
    intake_id = intake_id if intake_id != _NONE else await running_intake(turn)
    choices = tuple(
        Choice(code=f"book:{slot.slot_id}:{intake_id}", label=f"{spoken(slot.starts_at)} {slot.practitioner} {slot.organisation}")
        for slot in found.slots
    )
    head = f"{name}可以约的时间:"
    if shanghai(found.slots[0].starts_at).date() > shanghai(turn.practice.clock.now()).date() and await today_at_the_latest(turn, intake_id):
        head = f"**今天没有号了,您的情况不要等到明天**:请现在去最近的卫生院或医院急诊。\n之后复诊,{head}"
    return turn.offer(head, choices, tail=await what_follows(turn), asked=Asked(kind="actions", detail={DEPARTMENT: department_code}))


async def what_follows(turn: Turn) -> str:
    """What stands between choosing a time and having it."""
    patients = await _patients(turn)
    if not patients:
        return "选一个,先登记再约上。"
    return "选一个就约上。" if any(not one.care_needs for one in patients) else "您还没有同意看病用的知情同意书:选一个,先看一眼同意书,再约上。"


async def _departments(turn: Turn, unknown: str) -> Reply:
    found: DepartmentsView = await turn.ask(DepartmentsWithSlots())
    if not found.departments:
        return turn.say("现在没有可以约的号。急的话请直接去医院或打 120。")
    choices = tuple(Choice(code=f"slots:{code}:{_NONE}", label=name) for code, name, _ in found.departments[:10])
    head = f"没有「{unknown}」。可以约这些科:" if unknown else "约哪个科?"
    return turn.offer(head, choices, tail="不知道看哪个科,直接告诉我哪里不舒服。")


async def today_at_the_latest(turn: Turn, intake_id: str) -> bool:
    """Whether the booking is for complaints that were found to need a doctor today or sooner."""
    if intake_id == _NONE:
        return False
    try:
        view: IntakeView = await turn.ask(CurrentIntake())
    except NotFound:
        return False
    level = view.assessment.level if view.assessment is not None else None
    return view.intake_id == intake_id and level in (Urgency.CRITICAL, Urgency.EMERGENT, Urgency.URGENT)


async def running_intake(turn: Turn) -> str:
    async def look_up() -> str:
        try:
            view: IntakeView = await turn.ask(CurrentIntake())
        except NotFound:
            return _NONE
        return view.intake_id

    chosen: str = await turn.settle("intake", look_up)
    return chosen


async def book(turn: Turn, slot_id: str, intake_id: str, patient_id: str | None) -> Reply:
    async def registered() -> list[str]:
        return [patient.patient_id for patient in await _patients(turn)]

    if patient_id is None:
        known: list[str] = await turn.settle("patients", registered)
        if not known:
            return _sign_in_first(turn, f"book:{slot_id}:{intake_id}")
        if len(known) > 1:
            return await _for_whom(turn, slot_id, intake_id)
        patient_id = known[0]
    order = BookSlot(slot_id=slot_id, patient_id=patient_id, intake_id=None if intake_id == _NONE else intake_id)
    try:
        made: AppointmentView = await turn.execute(order)
    except ConsentMissing as refusal:
        return _sign_in_first(turn, f"book:{slot_id}:{intake_id}:{patient_id}", refusal.message)
    except Conflict as refusal:
        return turn.say(f"{refusal.message}\n说「预约」看还有哪些时间。")
    turn.state = turn.state.asking(None).showing("appointment.booked", made.appointment_id)
    return turn.say(booked_words(made))


async def _for_whom(turn: Turn, slot_id: str, intake_id: str) -> Reply:
    patients = await _patients(turn)
    choices = tuple(Choice(code=f"book:{slot_id}:{intake_id}:{patient.patient_id}", label=patient.full_name) for patient in patients[:8])
    return turn.offer("给谁约?", choices)


async def _patients(turn: Turn) -> tuple[PatientView, ...]:
    me: MeView = await turn.ask(Me())
    return me.patients


def _sign_in_first(turn: Turn, wanted: str, because: str = "约号要先实名。") -> Reply:
    """``wanted``: the button that books what he chose, to be tapped when he comes back."""
    head = f"{because}\n点下面打开小程序「会诊」:填姓名和身份证号 → 同意知情书,一分钟就好。回来点这里,就约您刚才选的时间(号不留着,被约走就再选一个):"
    chosen = turn.offer(head, (Choice(code=wanted, label="登记好了,约刚才选的"),))
    return Reply((*chosen.shapes, _REGISTER), chosen.state)


def booked_words(made: AppointmentView) -> str:
    slot = made.slot
    return (
        f"**约好了**({made.code})\n{spoken(slot.starts_at)}\n{slot.organisation} {slot.department} {slot.practitioner}({slot.title_name})\n"
        "请带身份证,提前 15 分钟到。去不了请说「取消预约」。变重了不要等,马上打 120。"
    )


async def mine(turn: Turn) -> Reply:
    found: AppointmentsView = await turn.ask(MyAppointments())
    coming = [appointment for appointment in found.appointments if appointment.state == "booked"]
    if not coming:
        return turn.say("您现在没有预约。说「预约」可以约医生。")
    return turn.say("\n\n".join(_line(appointment) for appointment in coming[:5]) + "\n去不了请说「取消预约」。")


def _line(appointment: AppointmentView) -> str:
    slot = appointment.slot
    return f"**{appointment.code}** {spoken(slot.starts_at)}\n{slot.organisation} {slot.department} {slot.practitioner}"


async def cancel(turn: Turn, *, code: str | None = None, appointment_id: str | None = None) -> Reply:
    async def look_up() -> list[str]:
        found: AppointmentsView = await turn.ask(MyAppointments())
        return [one.appointment_id for one in found.appointments if one.state == "booked" and code in (None, one.code)]

    if appointment_id is None:
        fitting: list[str] = await turn.settle("appointments", look_up)
        if not fitting:
            return turn.say("没有找到可以取消的预约。说「我的预约」看看。")
        if len(fitting) > 1:
            return await _which(turn, fitting)
        appointment_id = fitting[0]
    gone: AppointmentView = await turn.execute(CancelAppointment(appointment_id=appointment_id))
    turn.state = turn.state.asking(None).showing("appointment.cancelled", gone.appointment_id)
    return Reply((Text(text=f"已取消:{spoken(gone.slot.starts_at)} {gone.slot.department}。需要时再说「预约」。"),), turn.state)


async def _which(turn: Turn, fitting: list[str]) -> Reply:
    found: AppointmentsView = await turn.ask(MyAppointments())
    choices = tuple(
        Choice(code=f"cancel_appointment:{one.appointment_id}", label=f"{spoken(one.slot.starts_at)} {one.slot.department}")
        for one in found.appointments
        if one.appointment_id in fitting
    )
    return turn.offer("取消哪一个?", choices)
