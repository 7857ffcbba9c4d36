"""What can be wrong with an order about a consultation."""

from __future__ import annotations

from core.foundation.errors import Conflict, Invalid, NotFound


class ConsultationUnknown(NotFound):
    code = "consultation.unknown"
    sentence = "没有这份会诊。请核对编号,或发「进度」看看您的会诊。"


class ConsultationClosed(Conflict):
    """Nothing can be added to a closed consultation."""

    code = "consultation.closed"
    sentence = "会诊 {code} {state_label},不能再补资料。"


class TimeNotToBeMoved(Conflict):
    """It was not taken yet, has begun, or cannot wait."""

    code = "consultation.time_not_to_be_moved"
    sentence = "会诊 {code} 不能改时间:{why}"


class TimeOutOfRange(Invalid):
    code = "consultation.time_out_of_range"
    sentence = "时间要在现在以后、{days} 天以内,请换一个时间。"


class ProposalOver(Conflict):
    code = "consultation.proposal_over"
    sentence = "会诊 {code} 的这个提议已经不算了(换了时间、时间过了,或者是您自己提的)。发「进度」看看现在的。"


class MaterialNotToBeAsked(Conflict):
    code = "consultation.material_not_to_be_asked"
    sentence = "会诊 {code} {state_label},接诊以后、完成以前才能要资料。"


class TooManyRequests(Conflict):
    code = "consultation.too_many_requests"
    sentence = "会诊 {code} 已经有 5 项资料在要,等村医答复了再要。"


class RequestOver(Conflict):
    code = "consultation.request_over"
    sentence = "会诊 {code} 要的这项资料已经有答复了,不用再回。"


class ConsentNotAPicture(Invalid):
    code = "consultation.consent_not_a_picture"
    sentence = "知情同意请拍照发图片(JPG 或 PNG)。"


class WritingIsTheExperts(Invalid):
    """Only the expert can say that he works in writing."""

    code = "consultation.writing_is_the_experts"
    sentence = "书面会诊由专家开始。您已经和专家通上话,请选视频或电话。"


class OpinionMissing(Conflict):
    code = "consultation.opinion_missing"
    sentence = "会诊 {code} 还没有专家意见,请等专家写好再决定。"


class OpinionReplaced(Conflict):
    """The opinion that was read is not the latest one."""

    code = "consultation.opinion_replaced"
    sentence = "专家刚刚改过意见,请看第 {revision} 版再决定。"


class AlreadyDecided(Conflict):
    code = "consultation.decided"
    sentence = "这一版意见您已经决定过:{choice}。"


class ReasonNeeded(Invalid):
    code = "consultation.reason_needed"
    sentence = "部分同意或不同意,请写明理由,专家和病历都要看。"


class ConsentNotOnRecord(Conflict):
    """Remote consultation asks for the patient's written informed consent, obtained by the inviting side, and for knowing who he is
    (远程医疗服务管理规范(试行) 2018; read as a summary only). What was left out in an emergency is made up for, or its lack explained."""

    code = "consultation.consent_not_on_record"
    sentence = "会诊 {code} 还差{wanted},完成以后就不能补了。请先补上;确实补不了,请写明原因再完成。"


class NotDecided(Conflict):
    code = "consultation.not_decided"
    sentence = "会诊 {code} 还不能完成:要先有专家意见,再由您签名决定(同意/部分同意/不同意)。"


class NotCompleted(Conflict):
    code = "consultation.not_completed"
    sentence = "会诊 {code} 还没有完成,完成后再评价。"


class AlreadyRated(Conflict):
    code = "consultation.rated"
    sentence = "您已经评价过这次会诊,谢谢您。"
