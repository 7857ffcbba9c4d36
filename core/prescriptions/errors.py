"""What can be wrong with an order about a prescription. Findings travel as a field; no sentence names a patient."""

from __future__ import annotations

from core.foundation.errors import Conflict, Invalid, NotAllowed, NotFound


class DrugUnknown(Invalid):
    code = "prescription.drug_unknown"
    sentence = "药品目录里没有这个药,请从目录里选。"


class PrescriptionUnknown(NotFound):
    code = "prescription.unknown"
    sentence = "没有这张处方。请核对编号。"


class NothingToPrescribeFor(Conflict):
    """The consultation has no signed opinion of this expert yet, or is over."""

    code = "prescription.no_opinion"
    sentence = "会诊 {code} 还没有签名的专家意见,先写意见再开方。"


class AlreadyProposed(Conflict):
    """The same drugs, in the same doses, already stand on an open prescription of the consultation: ``code``, ``prescription_id``."""

    code = "prescription.already_proposed"
    sentence = "这次会诊已有一张同样的处方 {code}({state_label}),没有再开。要改,请改那一张。"


class TooLateToPrescribe(Conflict):
    """The consultation has been over for too long."""

    code = "prescription.too_late"
    sentence = "会诊 {code} 结束已满 {days} 天,不能再据它开方、改方。还要用药,请重新发起会诊。"


class FactsClosed(Conflict):
    """Nothing can be prescribed from the consultation any more, and nothing that was waits to be handed out."""

    code = "prescription.facts_closed"
    sentence = "会诊 {code} 已经结束,用药安全资料没有改动。请在新的会诊里记录。"


class FactUnknown(Invalid):
    """An allergy, condition or drug that the lists do not name."""

    code = "prescription.fact_unknown"
    sentence = "“{value}”不在可选项里;不在目录里的请写在文字栏。"


class FactsChanged(Conflict):
    """Somebody recorded facts after they were read: nothing of his is overwritten unseen."""

    code = "prescription.facts_changed"
    sentence = "刚刚有人记录过用药安全资料,您的没有存,免得盖掉他的。请看过最新的再改。"


class FactKnown(Conflict):
    """The one answer stands on record already, and says something else."""

    code = "prescription.fact_known"
    sentence = "{what}已经记录过,和这个按钮说的不一样,没有改动。要改,请到页面上看过再改。"


class PrescriptionBlocked(Conflict):
    """The safety check found what cannot be signed; ``findings`` says what, ``what`` in words."""

    code = "prescription.blocked"
    sentence = "这张处方不能签:{what}。要请专家修改。"


class DispenseBlocked(PrescriptionBlocked):
    """What stops it became known after the release."""

    code = "prescription.dispense_blocked"
    sentence = "这张处方现在不能发药:{what}。请点「收回放行」写明原因,请专家修改。"


class WarningsAfterSignature(Conflict):
    """A warning that the signer had not before him, so that nobody gave a reason; ``keys`` names each, ``what`` in words."""

    code = "prescription.warnings_after_signature"
    sentence = "签名以后又多了提醒:{what}。请退回,医生看过、写了理由再签。"


class PrescriptionOver(Conflict):
    code = "prescription.over"
    sentence = "签名已满三天,这张处方不能用了。还要用药,请专家重新开。"


class ReasonMissing(Invalid):
    """Every warning needs its own reason; ``keys`` names those without."""

    code = "prescription.reason_missing"
    sentence = "有提醒还没有写理由:{what}。逐条写明理由后再签。"


class OutsideLicence(NotAllowed):
    """The signer may not prescribe one of the drugs; ``what`` says which and why."""

    code = "prescription.outside_licence"
    sentence = "超出您的处方权限:{what}。请转给上级医生签名。"


class LicenceExpired(NotAllowed):
    code = "prescription.licence_expired"
    sentence = "您的执业证已过有效期,不能签处方。请联系管理员核对。"


class FourEyes(NotAllowed):
    """Proposing, signing and reviewing are three people's, whatever roles one of them holds."""

    code = "prescription.four_eyes"
    sentence = "开方、签名、审方不能是同一个人,请别的同事来做这一步。"


class NotProposerOrSigner(NotAllowed):
    """After the signature it is theirs alone to withdraw; everybody else asks them, or the pharmacist."""

    code = "prescription.not_proposer_or_signer"
    sentence = "签了名的处方,只有开方的专家和签名的医生能撤回。请告诉他们,或请药师收回。"


class NobodyToSign(Conflict):
    """No licensed doctor above the clinic is on duty or on record."""

    code = "prescription.nobody_to_sign"
    sentence = "上级机构现在没有值班医生可以签名,请打电话给卫生院。"


class OverridesNotSeen(Invalid):
    """A prescription signed over warnings is released only by a pharmacist who has read the reasons."""

    code = "prescription.overrides_not_seen"
    sentence = "这张处方带着 {count} 条提醒签的,请先看医生写的理由,再确认放行。"


class SignatureBroken(Conflict):
    """What stands in the rows is not what the doctor, or the pharmacist, signed."""

    code = "prescription.signature_broken"
    sentence = "处方内容和签名对不上,不能继续。请联系管理员,并请专家重新开方。"


class DispenseCodeWrong(Invalid):
    code = "prescription.dispense_code_wrong"
    sentence = "取药码和这张处方对不上,没有发药。请让患者再出示一次,并核对处方编号。"


class DecisionMissing(Conflict):
    """An emergency dose rests on the inviting side's decision, and there is none (or it disagrees)."""

    code = "emergency_dose.no_decision"
    sentence = "急用一剂要以您签名的决定(同意或部分同意)为依据,请先决定。"


class DoseUnknown(NotFound):
    code = "emergency_dose.unknown"
    sentence = "急用目录里没有这一剂。"


class DoseGiven(Conflict):
    """One single dose a consultation."""

    code = "emergency_dose.given"
    sentence = "这次会诊已经下过一次急用医嘱,再用药请开处方。"


class DoseNotNow(Conflict):
    """Only while the consultation runs: the decision is about the patient as he was then."""

    code = "emergency_dose.not_now"
    sentence = "会诊现在是“{state_label}”,不能再下急用医嘱。病人有危险马上打 120,并重新呼叫专家。"


class ContraindicationsOpen(Invalid):
    """Not every contraindication was shown and ruled out."""

    code = "emergency_dose.contraindications"
    sentence = "请逐条看过并排除禁忌:{what}。"


class DoseRefused(Conflict):
    code = "emergency_dose.refused"
    sentence = "这一剂现在不能用:{what}。请马上和专家商量。"
