"""Why a record is not opened, or an opening not reviewed."""

from __future__ import annotations

from core.foundation.errors import Conflict, Invalid, NotAllowed, NotFound


class PatientUnknown(NotFound):
    """The same for a code or ID number that nobody has."""

    code = "oversight.patient_unknown"
    sentence = "没有找到这位病人的档案。请核对会诊编号或身份证号码;先救人,可以直接打 120 或问家属。"


class PatientNotNamed(Invalid):
    """Exactly one of patient, consultation code and ID number is needed."""

    code = "oversight.patient_not_named"
    sentence = "请写一个会诊编号,或病人的身份证号码。"


class WordsEmpty(Invalid):
    code = "oversight.words_empty"
    sentence = "请用自己的话写清为什么要紧急调阅,至少 {shortest} 个字。病人会收到通知,审查员会看。"


class InquiryOfLocked(Invalid):
    """What is not locked goes its ordinary way to an authority: by whoever treats the patient, or the house's archive."""

    code = "oversight.inquiry_of_locked"
    sentence = "这份病历没有锁定,不用紧急调阅。监管或司法机关要看,请由经治医生或病案室提供。"


class TooManyUnreviewed(Conflict):
    """With so many openings that nobody has reviewed, no further one."""

    code = "oversight.too_many_unreviewed"
    sentence = "您有 {count} 次紧急调阅还没有人审查,现在不能再调阅。请联系县里的审计员或管理员先审查;病人危急请打 120。"


class AlreadyReviewed(Conflict):
    code = "oversight.already_reviewed"
    sentence = "{code}已经审查过了,结论是「{verdict}」。"


class BreakGlassUnknown(NotFound):
    code = "oversight.unknown"
    sentence = "没有这次紧急调阅。发「调阅审查」看名单。"


class DisposalOver(Conflict):
    code = "oversight.disposal_over"
    sentence = "这份资料已经开始删除,或者又有了新的诊疗,不用再保留。请刷新看看。"


class NotHeld(Conflict):
    """It was never kept, or is being erased already."""

    code = "oversight.not_held"
    sentence = "这份资料没有设为继续保留,不用取消。请刷新看看。"


class NotYours(NotAllowed):
    """Who only helps somebody does not decide over his record."""

    code = "oversight.not_yours"
    sentence = "只有本人,或未成年人的监护人,可以要求删除。"


class CaseUnderWay(Conflict):
    """Erasing in the middle of a treatment would harm the patient: it can be asked for again when the case is closed."""

    code = "oversight.case_under_way"
    sentence = "还有没办完的会诊、处方、预约或随访,现在不能删除。请先取消或办完,再来注销;急着停用,可以先撤回授权。"


class ErasureSettled(Conflict):
    code = "oversight.erasure_settled"
    sentence = "这个删除申请已经有人决定了。请刷新看看。"


class KeysNotApart(Conflict):
    """Something that must stay is still under the account's own key, from before there were keys of its own."""

    code = "oversight.keys_not_apart"
    sentence = "有一份要依法保存的旧记录还没有单独的密钥。请管理员先运行 huizhen keys reencrypt,再注销。"
