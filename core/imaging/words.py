"""Modalities and parts of the body in people's words. DICOM defined terms: PS3.3 C.7.3.1.1.1 and PS3.16 annex L."""

from __future__ import annotations

from typing import Final

_MODALITIES: Final = {
    "CT": "CT", "MR": "磁共振", "CR": "X 线片", "DX": "X 线片", "RG": "X 线片", "IO": "牙片", "PX": "口腔全景片", "MG": "乳腺 X 线片",
    "US": "超声", "IVUS": "血管内超声", "XA": "血管造影", "RF": "透视", "ECG": "心电图", "NM": "核医学", "PT": "PET", "ES": "内镜",
    "OP": "眼底照", "OPT": "眼科断层", "GM": "镜下照片", "SM": "病理切片", "XC": "照片", "SC": "截图", "OT": "图像", "SR": "报告",
    "DOC": "文件", "PR": "显示设置", "KO": "标记", "SEG": "分割图", "RTIMAGE": "放疗图像", "RTDOSE": "放疗剂量", "RTPLAN": "放疗计划",
    "RTSTRUCT": "放疗轮廓", "BMD": "骨密度", "HD": "心电监测",
}  # fmt: skip
_PARTS: Final = {
    "CHEST": "胸部", "LUNG": "肺", "THORAX": "胸部", "HEAD": "头部", "BRAIN": "脑", "SKULL": "头颅", "NECK": "颈部", "HEADNECK": "头颈部",
    "ABDOMEN": "腹部", "ABDOMENPELVIS": "腹盆部", "PELVIS": "盆部", "HEART": "心脏", "LIVER": "肝", "KIDNEY": "肾", "BREAST": "乳腺",
    "SPINE": "脊柱", "CSPINE": "颈椎", "TSPINE": "胸椎", "LSPINE": "腰椎", "SSPINE": "骶椎", "HIP": "髋", "KNEE": "膝", "ANKLE": "踝",
    "FOOT": "足", "HAND": "手", "WRIST": "腕", "ELBOW": "肘", "SHOULDER": "肩", "ARM": "上臂", "FOREARM": "前臂", "LEG": "小腿",
    "THIGH": "大腿", "EXTREMITY": "四肢", "JAW": "颌骨", "EYE": "眼", "WHOLEBODY": "全身", "UTERUS": "子宫", "THYROID": "甲状腺",
    "RIB": "肋骨", "SINUS": "鼻窦", "AORTA": "主动脉",
}  # fmt: skip


def modality_words(code: str) -> str:
    return _MODALITIES.get(code, "图像")


def part_words(code: str) -> str:
    """ "" for a part that has no word here: a code helps nobody."""
    return _PARTS.get(code.replace(" ", "").replace("-", "").replace("_", ""), "")
