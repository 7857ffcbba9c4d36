"""What can stand in the way of a signature's second factor."""

from __future__ import annotations

from core.foundation.errors import Conflict, Invalid, NotAllowed, NotFound


class SecondFactorNeeded(NotAllowed):
    """Nothing was signed: the factor was not given here within the last half hour."""

    code = "signing.second_factor_needed"
    sentence = "签名前请输入动态码(手机验证器上现在的 6 位数字)。"


class SecondFactorMissing(NotAllowed):
    """Nothing was signed: the practitioner has no factor yet."""

    code = "signing.second_factor_missing"
    sentence = "签名要用动态码,您还没有绑定。请打开「动态码」页面,用手机验证器扫码绑定(一分钟),再来签名。"


class CodeWrong(Invalid):
    """``left``: tries before it is locked."""

    code = "people.factor_code_wrong"
    sentence = "动态码不对,还可以试 {left} 次。请看验证器上现在的 6 位数字再输一次。"


class CodeUsed(Conflict):
    code = "people.factor_code_used"
    sentence = "这个动态码已经用过,请等验证器换下一个(最多 30 秒)再输。"


class FactorLocked(NotAllowed):
    code = "people.factor_locked"
    status = 429
    sentence = "动态码连着错了 5 次,请 {minutes} 分钟后再试。不是您本人操作的,请马上联系管理员。"


class FactorNotBegun(Conflict):
    """There is no new secret waiting for its first code, or it waited too long."""

    code = "people.factor_not_begun"
    sentence = "二维码已经过期,请重新点「绑定」再扫一次。"


class OldCodeNeeded(Invalid):
    code = "people.factor_old_code_needed"
    sentence = "您已经绑定过动态码。换手机请先输入旧验证器上的动态码;旧手机不在了,请管理员重置。"


class OwnFactor(NotAllowed):
    code = "people.factor_own_reset"
    sentence = "不能给自己重置动态码,请另一位管理员来做。"


class FactorAbsent(NotFound):
    code = "people.factor_absent"
    sentence = "这位医务人员还没有绑定动态码,不用重置。"
