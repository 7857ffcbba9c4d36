"""What can be wrong with an answer to an offer or an alert."""

from __future__ import annotations

from core.foundation.errors import Conflict, NotFound
from core.foundation.keys import SubjectLocked


class OfferUnknown(NotFound):
    code = "offer.unknown"
    sentence = "没有这份会诊邀请。发「进度」看看现在的会诊。"


class OfferTaken(Conflict):
    """Somebody was faster; he is named."""

    code = "offer.taken"
    sentence = "{taker}已接诊,谢谢您。"


class OfferExpired(Conflict):
    code = "offer.expired"
    sentence = "这份邀请已经到时,转请了别的专家。谢谢您。"


class OfferClosed(Conflict):
    """Withdrawn or already answered."""

    code = "offer.closed"
    sentence = "这份邀请已经结束({why}),不用再处理。"


class OfferReplaced(Conflict):
    """The desk has asked the same expert again: the newer card counts."""

    code = "offer.replaced"
    sentence = "值班台后来又请了您一次,这一张已经不用了。请在新的那张会诊邀请上答复,或发「我的邀请」。"


class ExpertBusy(Conflict):
    """One open consultation an expert."""

    code = "offer.expert_busy"
    sentence = "您还有会诊 {code} 没有结束,先处理那一份;这一份已在请别的专家。"


class NothingToAsk(Conflict):
    """The consultation is not looking for an expert."""

    code = "dispatch.nothing_to_ask"
    sentence = "会诊 {code} 现在不在找专家。发「进度」看看。"


class ExpertExcluded(Conflict):
    code = "dispatch.expert_excluded"
    sentence = "不能请这位专家:{why}。请换一位。"


class NothingToReassign(Conflict):
    """Nobody has it, or it has begun; also said to the second of two who reassign at once."""

    code = "dispatch.nothing_to_reassign"
    sentence = "会诊 {code} 不能改派:{why}"


class SameExpert(Conflict):
    code = "dispatch.same_expert"
    sentence = "会诊 {code} 现在就是{expert}接的,请换一位。"


class NudgedJustNow(Conflict):
    """Once in two minutes is enough; ``seconds`` until the next may be sent."""

    code = "dispatch.nudged_just_now"
    sentence = "会诊 {code} 刚催过,请过 {seconds} 秒再催。危急时请直接打电话。"


class NobodyToNudge(Conflict):
    code = "dispatch.nobody_to_nudge"
    sentence = "会诊 {code} 现在没有要催的人:{why}"


class AlertUnknown(NotFound):
    code = "alert.unknown"
    sentence = "没有这条提醒。"


class AlertTaken(Conflict):
    code = "alert.taken"
    sentence = "{taker}已接手。"


class AlertOver(Conflict):
    code = "alert.over"
    sentence = "这条提醒已经结束,不用再处理。"


class LockedButTold(SubjectLocked):
    """The patient's record is locked, so that no case is made; but what was written tells of danger, and ``who`` was told."""

    code = "subject.locked_told"
    sentence = "本人已要求删除这份病历,会诊没有建;但病情危急,已告诉{who}({place})。救治急需看病历,请写明理由「紧急调阅」。"
