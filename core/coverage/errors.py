"""What can be wrong with memberships, quotes and claims."""

from __future__ import annotations

from core.foundation.errors import Conflict, Invalid, NotFound, Unavailable


class MemberUnknown(Invalid):
    code = "coverage.member_unknown"
    sentence = "医保系统里没有这个号码。请核对参保类型和号码,或到村卫生室请村医帮您查。"


class MembershipUnknown(NotFound):
    code = "coverage.membership_unknown"
    sentence = "还没有登记医保。登记参保类型和号码后就能算报销。"


class MemberOfAnother(Conflict):
    """The number is already recorded for another patient."""

    code = "coverage.member_of_another"
    sentence = "这个医保号码已经登记在另一位患者名下。请核对号码;如果确实是您的,请联系卫生院。"


class ClaimUnknown(NotFound):
    code = "coverage.claim_unknown"
    sentence = "没有这笔报销。请核对后再试。"


class NothingToClaim(Conflict):
    """Nothing would be paid; ``why`` is the reason."""

    code = "coverage.nothing_to_claim"
    sentence = "这一笔没有可以报销的金额:{why}"


class ClaimDiffers(Conflict):
    """The same thing is claimed already, with other lines."""

    code = "coverage.claim_differs"
    sentence = "这一笔已经按别的金额报过了。要改,请先撤销原来的报销。"


class ClaimNotSettled(Conflict):
    code = "coverage.claim_not_settled"
    sentence = "这笔报销还没有结算,或已经撤销,现在不能撤。"


class InsurerAway(Unavailable):
    code = "coverage.insurer_away"
    sentence = "医保系统暂时连不上,稍后会自动再试。"
    retry_after_s = 30
