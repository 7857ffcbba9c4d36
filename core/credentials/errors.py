"""What can be wrong with credentials, with showing them, and with what is shown."""

from __future__ import annotations

from core.foundation.errors import Conflict, Invalid, NotFound, Unavailable


class NotInsured(Conflict):
    """``why``: what the insurer said, one sentence."""

    code = "credentials.not_insured"
    sentence = "现在不能证明参保:{why}"


class BirthNotChecked(Conflict):
    code = "credentials.birth_not_checked"
    sentence = "登记的出生日期还没有和身份证核对过,不能拿来证明年龄。请到村卫生室核对身份证。"


class NotOfAge(Conflict):
    code = "credentials.not_of_age"
    sentence = "还没满 18 岁,不能办、也不能出示这项证明。"


class CredentialMissing(NotFound):
    code = "credentials.missing"
    sentence = "还没有这项证明。请先点「办理」。"


class CredentialBeingMade(Unavailable):
    code = "credentials.being_made"
    sentence = "证明正在制作,请等几秒再点一次。"
    retry_after_s = 3


class OfferUnknown(NotFound):
    code = "credentials.offer_unknown"
    sentence = "没有这个证明号,或者已经过了两分钟。请对方重新出示。"


class OfferUsed(Conflict):
    code = "credentials.offer_used"
    sentence = "这个证明号已经用过一次了。请对方重新出示。"


class NonceUnknown(NotFound):
    code = "credentials.nonce_unknown"
    sentence = "没有这次查验,或者已经过期。请重新开始查验。"


class NonceUsed(Conflict):
    code = "credentials.nonce_used"
    sentence = "这次查验已经用过了,同一份证明不能再交一次。请重新开始查验。"


class IssuerUnknown(NotFound):
    code = "credentials.issuer_unknown"
    sentence = "这个县没有出具过证明。"


class RegistryFull(Conflict):
    """No place left in the newest revocation registry of the county; another one is made."""

    code = "credentials.registry_full"
    sentence = "证明正在制作,请等几秒再点一次。"


REASONS = {
    "form": "不是一份能读懂的证明",
    "issuer": "不是这个县出具的",
    "signature": "签名不对,可能被改过",
    "holder": "出示的人不是证明的持有人",
    "nonce": "不是为这次查验出示的",
    "audience": "不是出示给您的",
    "expired": "证明过期了",
    "revoked": "证明已经作废",
    "stale": "查验用的公开资料过期了,请重新取一份",
    "moved": "证明和公开资料不是同一时刻的",
    "predicate": "证明的内容不是要查的那一项",
}


class ProofRefused(Invalid):
    """``reason``: a key of :data:`REASONS`; ``why``: the same in words."""

    code = "credentials.proof_refused"
    sentence = "查验没有通过:{why}。请对方重新出示,或者看原件。"

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason, why=REASONS[reason])
        self.reason = reason
