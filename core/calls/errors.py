"""Why a seat is not given."""

from __future__ import annotations

from core.foundation.errors import Conflict, NotAllowed, NotFound


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


class MustWait(Conflict):
    """A guest, or whoever is new in a locked call: the moderator lets him in."""

    code = "call.must_wait"
    sentence = "要等主持人请您进来。"


class NotModerator(NotAllowed):
    code = "call.not_moderator"
    sentence = "这一步由主持人来做。"


class NotThatSeat(Conflict):
    code = "call.not_that_seat"
    sentence = "这一步不能用在这个位置上。"


class NobodyThere(Conflict):
    code = "call.nobody_there"
    sentence = "这个位置上现在没有人。"


class NobodyWaits(Conflict):
    code = "call.nobody_waits"
    sentence = "他已经不在门外等了。"


class SeatInvited(Conflict):
    """There is a guest on that seat, or an invitation to it."""

    code = "call.seat_invited"
    sentence = "“{seat}”已经邀请过一位了。要换人,请先收回那份邀请。"


class InvitationUnknown(NotFound):
    code = "call.invitation_unknown"
    sentence = "没有这份邀请。请让邀请您的医生重新发一份链接。"


class InvitationOver(NotAllowed):
    code = "call.invitation_over"
    sentence = "这份邀请已经失效。需要的话,请让邀请您的医生重新发一份。"


class InvitationTaken(NotAllowed):
    code = "call.invitation_taken"
    sentence = "这份邀请已经有人用了,每份只能一个人用。请让邀请您的医生给您单独发一份。"


class OwnSeat(Conflict):
    code = "call.own_seat"
    sentence = "您在这次会诊里有自己的位置,不用邀请。请从自己的消息里进入视频。"


class ListensOnly(NotAllowed):
    code = "call.listens_only"
    sentence = "旁听的学员只能看和听。"


class TooMuchSaid(Conflict):
    code = "call.too_much_said"
    sentence = "这次视频里写的字已经很多了,请直接说,或写进会诊意见里。"


class NotOfTheCase(NotFound):
    code = "call.not_of_the_case"
    sentence = "这张图不在这次会诊里。请先上传到会诊,再给大家看。"
