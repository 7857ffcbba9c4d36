"""What can be wrong with plans, reminders and measured values."""

from __future__ import annotations

from core.foundation.errors import Conflict, Invalid, NotFound, Unavailable


class PlanUnknown(NotFound):
    code = "followups.plan_unknown"
    sentence = "没有这个随访计划。请找村医看看要不要建一个。"


class AlreadyFollowed(Conflict):
    code = "followups.already"
    sentence = "这位患者已经有{title}计划了。"


class ReadingUnknown(NotFound):
    code = "followups.reading_unknown"
    sentence = "没有这条记录。"


class Implausible(Invalid):
    """``said``: the value as it was understood."""

    code = "followups.implausible"
    sentence = (
        "{said} 不太像量出来的数,没有记下。人迷糊、冒冷汗、站不住或叫不醒,不用再量,马上打 120;"
        "没有,请歇 5 分钟再量一次,血压先写高压再写低压,比如 150/95。"
    )


class ReadingEmpty(Invalid):
    code = "followups.reading_empty"
    sentence = "没有看到数值。血压请写 150/95,血糖请写 血糖 6.8。"


class ReadingTime(Invalid):
    code = "followups.reading_time"
    sentence = "测量时间要在最近 7 天内,不能晚于现在。"


class TemplatesUnsigned(Unavailable):
    """Templates that no clinician signed make no plan outside the demonstration."""

    code = "followups.unsigned"
    sentence = "随访模板还没有经医院的临床负责人审定,暂时不能建计划。"
    retry_after_s = 3600
