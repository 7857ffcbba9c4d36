"""Why a de-identified copy is not made, or not this one."""

from __future__ import annotations

from core.foundation.errors import Conflict, Invalid, NotAllowed, Unavailable


class NeedsAdministrator(NotAllowed):
    code = "deidentification.needs_administrator"
    sentence = "测试用的副本不凭患者同意,要由管理员本人负责:请加 --by 管理员姓名。研究和教学的副本只含同意了的患者。"


class TooFewPatients(Invalid):
    code = "deidentification.too_few"
    sentence = "可用的患者只有 {count} 位,少于 k={k},怎样概括都认得出人,没有生成副本。等同意的患者多了再做,或减小 --k。"


class CheckMissing(Unavailable):
    code = "deidentification.check_missing"
    sentence = "没有安装 pycanon,不能检查 k-匿名,没有生成副本。请先运行 tools/install.sh copies"


class CopyFinished(Conflict):
    code = "deidentification.finished"
    sentence = "副本 {code} 已经完成,它的假名密钥已销毁,不能再往里添。请另开一份。"


class OtherCopy(Conflict):
    code = "deidentification.other_copy"
    sentence = "这个文件夹里是另一份副本({what}),没有动它。请换一个空文件夹,或用原来的参数继续。"


class CopyOverdue(Conflict):
    code = "deidentification.overdue"
    sentence = "副本 {code} 写好后中断超过 1 小时,其间可能有人撤回了同意,已经销毁,没有交出。请重新做一份。"
