"""Why a seat is not given."""

from __future__ import annotations

from core.foundation.errors import Conflict, NotAllowed


class NoCallYet(Conflict):
    code = "call.not_yet"
    sentence = "还没有专家接诊,现在不能视频。专家一接诊,会马上通知您。"


class NoCallAnyMore(Conflict):
    code = "call.over"
    sentence = "这次会诊已经结束,不能再视频。需要时请重新发起会诊。"


class SeatTaken(Conflict):
    """Another account of the same side sits there."""

    code = "call.seat_taken"
    sentence = "“{seat}”的位置已经有人在视频里。请和他一起用一部手机,或等他退出。"


class TicketUsed(NotAllowed):
    code = "call.ticket_used"
    sentence = "这张入场券已经用过。请回到视频页,再点一次「加入」。"


class TicketExpired(NotAllowed):
    code = "call.ticket_expired"
    sentence = "入场券过期了。请回到视频页,再点一次「加入」。"
