"""What can be wrong with an order about a consultation."""

from __future__ import annotations

from core.foundation.errors import Conflict, Invalid, NotFound


class ConsultationUnknown(NotFound):
    code = "consultation.unknown"
    sentence = "没有这份会诊。请核对编号,或发「进度」看看您的会诊。"


class ConsultationClosed(Conflict):
    """Nothing can be added to a closed consultation."""

    code = "consultation.closed"
    sentence = "会诊 {code} 已经{state_label},不能再补资料。"


class ConsentNotAPicture(Invalid):
    code = "consultation.consent_not_a_picture"
    sentence = "知情同意请拍照发图片(JPG 或 PNG)。"
