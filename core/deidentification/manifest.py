"""What lies beside a copy and says what it is: rules, counts, k, and what could not be masked. No key, no name, no id of the practice."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from core.deidentification.rules import COLUMNS, PURPOSE_LABELS, CopyPurpose, Levels
from core.foundation.practice import Practice
from core.people.rules import local_date

FORMAT = "huizhen-deidentified-copy/1"
RULES = {
    "pseudonyms": "HMAC-SHA256 under a key of this copy alone, destroyed when it was finished; doctors and houses are named anew for each patient",
    "dates": "moved back by 30 to 394 whole days, one shift a patient; intervals and times of day stay; no birth date",
    "ages": "bands; 90 and above is one group (HIPAA Safe Harbor, 45 CFR 164.514(b)(2)(i)(C), restated)",
    "places": "nothing below the prefecture (four digits of GB/T 2260)",
    "text": "masked: names, phones, ID numbers, cards, record numbers, WeChat and QQ names, addresses, houses, plates, links; "
    "days moved, the patient's age as his band",
    "left_out": "identifiers, names, telecoms, addresses, signatures, titles of doctors, every image unless asked for",
    "standards": "GB/T 37964-2019 信息安全技术 个人信息去标识化指南 (restated); 个人信息保护法 第七十三条: 去标识化的信息仍是个人信息",
    "images": "allow-list within DICOM PS3.15 annex E, Basic Application Confidentiality Profile, dates modified",
}  # fmt: skip
NOT_MASKED = (
    "绰号、小名、只写名不写姓(机构里没有登记的人)、拼音和字母写的名字",
    "不带省市县乡村路等字的小地名,例如「住在大井」",
    "绕着弯说的身份,例如「村长的小儿子」;罕见病、罕见事件本身可能认得出人",
    "没有说明是什么的六位以下号码;用隐语写的微信号",
    "紧跟在化验名称后面的八位以下数字(血小板 12000000)、化验单位前面的十位以下数字,当作化验数值留着;反过来,其他七位以上连写的数字都当号码遮掉",
    "亲属的资料已按规定删除、打不开的,他们的姓名和号码系统不再知道,原话里的只靠规则认",
    "病情原话里的其他人年龄(90 岁以下)、职业、民族",
    "同一患者的两份副本:内容相同,时间间隔相同,可凭内容对上",
    "影像:烧录在图上的文字和头部影像可重建的面容都没有去掉",
)


@dataclass
class Outcome:
    """How it came out."""

    candidates: int
    patients: int
    suppressed: int
    without_consent: int
    withdrawn: int
    unreadable: int
    k_before: int
    k_after: int
    resources: Counter[str] = field(default_factory=Counter)
    masked: Counter[str] = field(default_factory=Counter)
    images: Counter[str] = field(default_factory=Counter)


def manifest(
    code: str, purpose: CopyPurpose, k: int, levels: Levels, outcome: Outcome, files: dict[str, dict[str, Any]], practice: Practice
) -> dict[str, Any]:
    """``code``: by which the audit of the practice names the copy."""
    return {
        "format": FORMAT, "copy": code, "made_on": local_date(practice.clock.now()).isoformat(), "purpose": purpose,
        "purpose_label": PURPOSE_LABELS[purpose],
        "content": "FHIR R4 (4.0.1), newline-delimited JSON, one file a resource type; cohort.csv: one line a patient",
        "rules": RULES, "masker": practice.engines.masking.version,
        "k_anonymity": {
            "asked": k, "before": outcome.k_before, "after": outcome.k_after, "quasi_identifiers": list(COLUMNS),
            "levels": levels.model_dump(), "measured_by": "pyCANON",
        },
        "patients": {
            "considered": outcome.candidates, "in_copy": outcome.patients, "suppressed": outcome.suppressed,
            "without_consent": outcome.without_consent, "withdrawn": outcome.withdrawn, "unreadable": outcome.unreadable,
        },
        "resources": dict(sorted(outcome.resources.items())), "masked": dict(sorted(outcome.masked.items())),
        "images": dict(sorted(outcome.images.items())), "not_masked": list(NOT_MASKED), "files": files,
    }  # fmt: skip
