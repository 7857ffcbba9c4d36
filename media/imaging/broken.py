"""Why a file is not taken as an image: a stable code and a Chinese sentence that says what to do."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterator
from typing import Final

REASONS: Final[dict[str, str]] = {
    "empty": "文件是空的,请重新导出再发一次。",
    "too_large": "文件太大(超过 512 MB),请分开导出,一份一份发。",
    "not_dicom": "这不是 DICOM 影像,也不是照片(JPEG、PNG)。请在影像设备或工作站上选“导出 DICOM(.dcm)”再发,纸上的心电图可以拍照。",
    "truncated": "文件不完整,可能没有传完。请重新发一次。",
    "malformed": "文件内部已经损坏,读不出来。请从设备上重新导出。",
    "missing_uids": "文件缺少影像编号(UID),不能入库。请从设备上重新导出,不要用截图或转换过的文件。",
    "unknown_syntax": "文件的压缩方式不认识,请导出为标准 DICOM(不压缩或 JPEG、JPEG-LS、JPEG 2000、RLE)。",
    "too_many_pixels": "影像尺寸或帧数超出可以处理的范围,请分开导出。",
    "pixel_length": "影像数据的长度和尺寸对不上,文件可能损坏或没有传完。请重新导出再发。",
    "expands": "压缩文件解开后过大,不能接收。请导出为不压缩的 DICOM。",
    "undecodable": "影像的像素解不开,可能在设备上就存坏了。请从设备上重新导出再传。",
    "not_shown": "这种压缩方式在这里还显示不出来,文件已完好保存。要在这里看,请另导出一份(不压缩或 JPEG、JPEG-LS、JPEG 2000、RLE)再传。",
    "no_picture": "这份文件是报告或测量数据,里面没有图像,不能当图看。请看其他影像。",
    "video": "这是一段录像,这里只能看单帧图像。请从设备上导出关键帧再传。",
    "no_frame": "这份影像没有这一帧,请从第一帧看起。",
    "too_slow": "这一帧太大,在规定时间里没有画出来。请从设备上导出小一点的图再传。",
    "lost_here": "这份文件存在我们这边,现在读不出来了(系统已记录)。请再传一次;还不行,请联系管理员。",
    "decoder_away": "看图的程序这会儿没有起来,文件完好。请过一会儿再点开;一直不行,请联系管理员。",
    "directory": "这是光盘目录文件(DICOMDIR),不是影像。请发其中的影像文件。",
}


class BrokenDicom(Exception):
    """``code`` is one of :data:`REASONS`, ``sentence`` says to a person what is wrong and what to do. Holds nothing of the file's content.

    ``place``: for our log, the kind of the error behind it and where in the code it arose; "" where the file itself was judged."""

    def __init__(self, code: str, place: str = "") -> None:
        self.code = code
        self.sentence = REASONS[code]
        self.place = place
        super().__init__(code)


@contextlib.contextmanager
def only_broken(code: str) -> Iterator[None]:
    """Whatever reading a damaged file raises (pydicom and the decoders know two dozen kinds) as :class:`BrokenDicom` of ``code``: who sent it can do
    one thing about any of them. Its kind and place are kept, its words are not: they quote the file."""
    try:
        yield
    except BrokenDicom:
        raise
    except MemoryError:
        raise BrokenDicom("too_many_pixels") from None
    except Exception as error:
        raise BrokenDicom(code, _place_of(error)) from None


def _place_of(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {last.filename.rpartition('/')[2]}:{last.lineno}"
