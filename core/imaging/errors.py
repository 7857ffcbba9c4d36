"""What can be wrong with an order about images."""

from __future__ import annotations

from core.foundation.errors import Conflict, Invalid, NotFound

IMAGE_CONFLICT = "image.conflict"
CONFLICT_SENTENCES = {
    "content": "库里已有同一编号的影像,内容不一样。没有覆盖,两份都留着,已交管理员核对。如果是补发,请从设备上重新导出。",
    "patient": "这份影像的编号已经属于另一位病人。没有收进来,已交管理员核对。请确认发的是这位病人的影像。",
}


class UploadUnknown(NotFound):
    code = "upload.unknown"
    sentence = "没有这次上传。请重新发一次文件。"


class ConflictUnknown(NotFound):
    code = "image.conflict_unknown"
    sentence = "没有这条待核对的影像。"


class ImageUnknown(NotFound):
    code = "image.unknown"
    sentence = "没有这份影像。请返回会诊,从影像列表里点开。"


class FrameUnknown(NotFound):
    code = "image.no_frame"
    sentence = "这份影像只有 {frames} 帧。请从第一帧看起。"


class NotAPicture(Invalid):
    code = "image.no_picture"
    sentence = "这份文件是报告或测量数据,里面没有图像,不能当图看。请看其他影像。"


class FileTooLarge(Invalid):
    code = "upload.too_large"
    status = 413
    sentence = "文件太大(上限 {limit} MB)。照片请压缩后再发,影像请分开上传。"


class FileEmpty(Invalid):
    code = "upload.empty"
    sentence = "没有收到文件内容,请重新选择文件再发。"


class PhotoExpected(Invalid):
    code = "upload.photo_expected"
    status = 415
    sentence = "请上传照片(JPEG 或 PNG)。"


class TooManyTransfers(Invalid):
    code = "upload.too_many"
    status = 429
    sentence = "没传完的文件太多了。请先把前面的传完,或者点「不传了」。"


class TooManyPictures(Invalid):
    code = "picture.too_many"
    status = 429
    sentence = "这次会诊您已经发了 {most} 张照片,够看了。还有要紧的,请当面给医生看。"


class OffsetMoved(Conflict):
    code = "upload.offset"
    sentence = "这一段和已经收到的接不上,请先问传到哪里了,再从那里接着传。"


class TransferEnded(NotFound):
    code = "upload.ended"
    status = 410
    sentence = "这次上传已经取消或过期了,请重新选择文件再传。"


class TransferClosed(Conflict):
    code = "upload.closed"
    sentence = "文件已经传完,不能再取消。"


TRANSFER_SENTENCES = {
    "upload.checksum": "传到的内容和您手机里的不一样,没有收下。请重新传一次。",
    "upload.lost_here": "文件传到了,但存在我们这边的一段读不出来了(系统已记录)。请再传一次;还不行,请联系管理员。",
    "upload.photo_expected": PhotoExpected.sentence,
    "consultation.consent_not_a_picture": PhotoExpected.sentence,
    "consultation.closed": "会诊已经结束,文件没有收下。需要的话请重新申请会诊,再传一次。",
}
NOT_TAKEN = "文件传到了,但没有收下。请在会诊里核对情况后再传一次。"
PICTURE_SENTENCES = {
    "": "照片没有收下:打不开,或者没有传完整。请重新拍一张再发。",
    "dicom.not_dicom": "发来的不是照片,没有收下。请拍照片(JPEG 或 PNG)再发。",
    "dicom.too_many_pixels": "照片太大,没有收下。请不要选「原图」,再发一次。",
    "dicom.too_large": "照片太大,没有收下。请不要选「原图」,再发一次。",
    "dicom.lost_here": "照片传到了,但我们这边没有存好(系统已记录)。请再发一次。",
    "picture.elsewhere": "这张照片没有收下。请给这位病人重新拍一张再发。",
}
"""For a patient: what is wrong with his photo, by refusal code."""
