"""What can be wrong with an order to rosters, slots and bookings."""

from __future__ import annotations

from core.foundation.errors import Conflict, Invalid, NotFound


class SlotUnknown(NotFound):
    code = "appointments.slot_unknown"
    sentence = "没有这个号。请重新看一下可约的时间。"


class SlotTaken(Conflict):
    """Somebody was faster. ``free``: other slots of the department, soonest first; ``instead``: the same in words."""

    code = "appointments.slot_taken"
    sentence = "这个时间刚刚被约走了。{instead}"


class SlotPast(Conflict):
    code = "appointments.slot_past"
    sentence = "这个时间已经过了,请选后面的时间。"


class DoctorAway(Conflict):
    """The slot's doctor is absent then, has left, or may not practise any more. ``free`` and ``instead`` as in :class:`SlotTaken`."""

    code = "appointments.doctor_away"
    sentence = "这位医生那个时间不出诊了。{instead}"


class AlreadyBooked(Conflict):
    """The patient already has a booking at that time."""

    code = "appointments.already_booked"
    sentence = "这个时间您已经有预约 {code}。要换时间,请先取消原来的。"


class IntakeNotTheirs(Conflict):
    """The intake is not the actor's, or it is about another patient."""

    code = "appointments.intake_not_theirs"
    sentence = "这次问诊说的是另一位患者。请选对就诊人,或者不带问诊记录直接预约。"


class AppointmentOver(Conflict):
    code = "appointments.over"
    sentence = "这个预约已经取消或已过时间,不用再取消了。"


class ShiftInvalid(Invalid):
    code = "appointments.shift_invalid"
    sentence = "排班时间不对:星期用 0 到 6,结束要晚于开始,一班不超过 24 小时。"


class AbsenceInvalid(Invalid):
    code = "appointments.absence_invalid"
    sentence = "请假的结束时间要晚于开始时间。"


class AbsenceUnknown(NotFound):
    code = "appointments.absence_unknown"
    sentence = "没有这次请假,请刷新后再看。"


class AbsenceOver(Conflict):
    code = "appointments.absence_over"
    sentence = "这次请假已经结束,不用再销假。"


class NoDepartment(Invalid):
    """Slots need a department, this practitioner has none."""

    code = "appointments.no_department"
    sentence = "这位医生还没有登记科室,不能开放号源。"


class SlotsOverlap(Conflict):
    code = "appointments.slots_overlap"
    sentence = "这段时间已经有号源了,请换一段时间。"


class PractitionerUnknown(NotFound):
    code = "appointments.practitioner_unknown"
    sentence = "没有这位医务人员,请核对后再试。"
