"""What can be wrong with an order about images."""

from __future__ import annotations

from core.foundation.errors import Invalid, NotFound

IMAGE_CONFLICT = "image.conflict"
CONFLICT_SENTENCES = {
    "content": "库里已有同一编号的影像,内容不一样。没有覆盖,两份都留着,已交管理员核对。如果是补发,请从设备上重新导出。",
    "patient": "这份影像的编号已经属于另一位病人。没有收进来,已交管理员核对。请确认发的是这位病人的影像。",
}


class UploadUnknown(NotFound):
    code = "upload.unknown"
    sentence = "没有这次上传。请重新发一次文件。"


class ImageUnknown(NotFound):
    code = "image.unknown"
    sentence = "没有这份影像。请返回会诊,从影像列表里点开。"


class FrameUnknown(NotFound):
    code = "image.no_frame"
    sentence = "这份影像只有 {frames} 帧。请从第一帧看起。"


class NotAPicture(Invalid):
    code = "image.no_picture"
    sentence = "这份文件是报告或测量数据,里面没有图像,不能当图看。请看其他影像。"
