"""What can be wrong with an order to the pre-consultation."""

from __future__ import annotations

from core.foundation.errors import Conflict, Invalid, NotFound, Unavailable


class IntakeUnknown(NotFound):
    code = "intake.unknown"
    sentence = "还没有说过症状。直接说哪里不舒服、多久了,我来帮您。"


class IntakeClosed(Conflict):
    code = "intake.closed"
    sentence = "这次问诊已经结束。直接再说一遍哪里不舒服,就会重新开始。"


class IntakeMoved(Conflict):
    """Two messages changed the intake at the same moment and this one lost."""

    code = "intake.moved"
    sentence = "刚才那句还在记,请把这句再发一次。"


class NothingToTakeBack(Conflict):
    """Only the first sentence stands: whoever wants that otherwise begins anew."""

    code = "intake.nothing_to_take_back"
    sentence = "这已经是开头了,前面没有问题了。"


class AdviceStands(Conflict):
    """He was told to go now: no 返回 makes that unsaid."""

    code = "intake.advice_stands"
    sentence = "已经请您现在就去医院,这个建议不能退回。前面说错了,直接把对的说一遍。变重了马上打 120。"


class ChoiceUnknown(Invalid):
    """A tapped choice that the open question does not have."""

    code = "intake.choice_unknown"
    sentence = "这个按钮是前面那个问题的。请回答最新的问题,或者直接打字说。"


class NothingSaid(Invalid):
    code = "intake.nothing_said"
    sentence = "没有收到内容。请用一句话说说哪里不舒服。"


class RulesUnsigned(Unavailable):
    """Rules of care that no clinician has signed run only in the demonstration."""

    code = "rules.unsigned"
    sentence = "分诊规则还没有经医院的临床负责人审定,暂时不能使用。急事请直接打 120,或联系卫生院。"
    retry_after_s = 3600
