"""What can be asked of rosters, slots and bookings."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.clock import Moment
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Query, Result

Duty = Literal["expert", "duty_doctor", "scheduler", "pharmacist"]


class SlotView(Result):
    slot_id: Id
    department_code: str
    department: str
    practitioner: str
    title_name: str
    organisation: str
    starts_at: datetime
    ends_at: datetime


class SlotsView(Result):
    """``now``: the practice's time, by which today is today."""

    slots: tuple[SlotView, ...]
    now: datetime


class FreeSlots(Query):
    """Free slots of a department from ``after`` (default: now) on, soonest first."""

    name = "appointments.free_slots"
    title = "可约时间"
    access = (Grant(Role.VISITOR),)
    no_relation = "不含病人资料"
    gives = SlotsView
    department_code: str = Field(max_length=10)
    after: Moment | None = None
    limit: int = Field(default=20, ge=1, le=100)


class AppointmentView(Result):
    appointment_id: Id
    code: str
    state: Literal["booked", "cancelled", "fulfilled", "missed"]
    slot: SlotView
    patient_id: Id
    intake_id: Id | None
    booked_at: datetime


class BookSlot(Command):
    """Book a free slot for a patient who has consented to care; the booking carries the intake.

    SlotTaken (409, ``free``: up to five other slots of the department as JSON of :class:`SlotView`) when somebody was faster; SlotPast, SlotUnknown,
    DoctorAway (the doctor left, is absent then or his licence has ended), AlreadyBooked, IntakeNotTheirs, ConsentMissing.
    """

    name = "appointments.book"
    title = "预约"
    access = (Grant(Role.VISITOR, "own_patient"),)
    gives = AppointmentView
    slot_id: Id
    patient_id: Id
    intake_id: Id | None = None


class CancelAppointment(Command):
    name = "appointments.cancel"
    title = "取消预约"
    access = (Grant(Role.VISITOR, "own_appointment"),)
    gives = AppointmentView
    appointment_id: Id
    reason: str = Field(default="", max_length=200)


class ViewAppointment(Query):
    name = "appointments.view"
    title = "预约详情"
    access = (Grant(Role.SYSTEM), Grant(Role.VISITOR, "own_appointment"))
    gives = AppointmentView
    audited = True
    appointment_id: Id


class AppointmentsView(Result):
    appointments: tuple[AppointmentView, ...]


class MyAppointments(Query):
    """What the account booked and what is booked for those it speaks for, the latest first."""

    name = "appointments.mine"
    title = "我的预约"
    access = (Grant(Role.VISITOR),)
    no_relation = "只列他自己约的和替人约的"
    gives = AppointmentsView
    audited = True


class DepartmentsView(Result):
    departments: tuple[tuple[str, str, int], ...]
    """Code, name, free slots in the next seven days."""


class DepartmentsWithSlots(Query):
    name = "appointments.departments"
    title = "可约科室"
    access = (Grant(Role.VISITOR),)
    no_relation = "不含病人资料"
    gives = DepartmentsView


class SetShift(Command):
    """A weekly shift: on ``weekdays`` (0 = Monday) from ``start_minute`` to ``end_minute`` of the local day (end may pass midnight)."""

    name = "appointments.set_shift"
    title = "排班"
    access = (Grant(Role.SYSTEM), Grant(Role.SCHEDULER, "same_county"), Grant(Role.ADMINISTRATOR, "same_county"))
    practitioner_id: Id
    duty: Duty
    weekdays: tuple[int, ...]
    start_minute: int = Field(ge=0, lt=1440)
    end_minute: int = Field(gt=0, le=2880)


class SetAbsence(Command):
    name = "appointments.set_absence"
    title = "请假"
    access = (Grant(Role.SYSTEM), Grant(Role.EXPERT, "own_practitioner"), Grant(Role.SCHEDULER, "same_county"))
    practitioner_id: Id
    starts_at: Moment
    ends_at: Moment


class EndAbsence(Command):
    """An absence ends now, or, when it has not begun, does not take place. Slots that it closed stay closed. AbsenceOver when it has ended."""

    name = "appointments.end_absence"
    title = "销假"
    access = (Grant(Role.EXPERT, "own_absence"), Grant(Role.SCHEDULER, "same_county"))
    absence_id: Id


class ShiftView(Result):
    """One shift as it falls on the calendar. ``away``: an absence covers none, a part or the whole of it."""

    starts_at: datetime
    ends_at: datetime
    duty: str
    duty_label: str
    away: Literal["no", "part", "whole"]


class AbsenceView(Result):
    absence_id: Id
    starts_at: datetime
    ends_at: datetime
    running: bool


class RosterView(Result):
    """``shifts``: of the next two weeks, soonest first, the running one included. ``absences``: running and coming ones."""

    practitioner_id: Id
    now: datetime
    shifts: tuple[ShiftView, ...]
    absences: tuple[AbsenceView, ...]


class MyRoster(Query):
    name = "appointments.my_roster"
    title = "我的排班"
    access = (Grant(Role.EXPERT), Grant(Role.DUTY_DOCTOR), Grant(Role.PHARMACIST), Grant(Role.SCHEDULER))
    no_relation = "只有他自己的"
    gives = RosterView


class ShiftOnDay(Result):
    """One shift of somebody of the county as it falls on the calendar; ``away`` as in :class:`ShiftView`."""

    practitioner_id: Id
    who: str
    """"张医生(县医院急诊医学科)"."""
    duty: str
    duty_label: str
    starts_at: datetime
    ends_at: datetime
    away: Literal["no", "part", "whole"]


class Rosterable(Result):
    """Somebody of the county who can be put on the roster, with the duties that his roles allow and the absences that run or come."""

    practitioner_id: Id
    full_name: str
    called: str
    title_name: str
    department: str
    organisation: str
    who: str
    duties: tuple[Duty, ...]
    absences: tuple[AbsenceView, ...]


class CountyRosterView(Result):
    """``shifts``: those that touch the days asked for, soonest first. ``people``: everybody who can be put on the roster. ``own_department``: that
    of whoever asks, empty where he has none or is none of these people."""

    now: datetime
    first_day: date
    days: int
    shifts: tuple[ShiftOnDay, ...]
    people: tuple[Rosterable, ...]
    own_department: str


class CountyRoster(Query):
    """排班: who is on duty in the desk's county on ``days`` days from ``first_day`` (default: today, local) on."""

    name = "appointments.county_roster"
    title = "本县排班"
    access = (Grant(Role.SCHEDULER), Grant(Role.ADMINISTRATOR))
    no_relation = "只列本县机构的人员,不含病人资料"
    gives = CountyRosterView
    first_day: Annotated[date, Field(ge=date(2000, 1, 1), lt=date(2200, 1, 1))] | None = None
    days: int = Field(default=1, ge=1, le=14)


class OpenSlots(Command):
    """Open ``count`` slots of ``minutes`` each from ``starts_at``, and the same on the following days, ``days`` in all."""

    name = "appointments.open_slots"
    title = "开放号源"
    access = (Grant(Role.SYSTEM), Grant(Role.SCHEDULER, "same_county"), Grant(Role.ADMINISTRATOR, "same_county"))
    practitioner_id: Id
    starts_at: Moment
    minutes: int = Field(ge=5, le=120)
    count: int = Field(ge=1, le=48)
    days: int = Field(default=1, ge=1, le=31)
