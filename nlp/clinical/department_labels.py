"""What other lists of departments call ours: names in the open data, on hospitals' signs and in files to evaluate on."""

from __future__ import annotations

from functools import cache

from nlp.interface.departments import DEPARTMENTS, department_named

_MEDICINE = ("02", "03.01", "03.02", "03.03", "03.04", "03.05", "03.06", "03.07", "03.08", "03.10")
_SURGERY = ("04.01", "04.02", "04.03", "04.04", "04.05", "04.07")
_WIDER: dict[str, tuple[str, ...]] = {
    "内科": _MEDICINE,
    "大内科": _MEDICINE,
    "外科": _SURGERY,
    "妇产科": ("05.01", "05.02"),
    "五官科": ("11", "10", "12"),
    "头颈外科": ("04.01", "11"),
    "肛肠科": ("04.01",),
    "肝胆外科": ("04.01",),
    "乳腺外科": ("04.01",),
    "乳腺科": ("04.01",),
    "甲状腺外科": ("04.01",),
    "血管外科": ("04.01",),
    "胃肠外科": ("04.01",),
    "心脏外科": ("04.05",),
    "心胸外科": ("04.05",),
    "生殖医学科": ("05.01", "04.04"),
    "不孕不育科": ("05.01", "04.04"),
    "变态反应科": ("13", "11", "03.01"),
    "营养科": ("03.07",),
    "风湿科": ("03.08",),
    "新生儿科": ("07",),
    "小儿科": ("07",),
    "儿科": ("07", "08"),
    "儿外科": ("08",),
    "皮肤性病科": ("13",),
    "性病科": ("13",),
    "眼耳鼻喉科": ("10", "11"),
    "耳鼻喉头颈外科": ("11",),
    "口腔颌面外科": ("12",),
    "心理咨询科": ("15",),
    "精神病科": ("15",),
    "艾滋病科": ("16",),
    "肝病科": ("16",),
    "感染内科": ("16",),
    "肿瘤内科": ("19",),
    "肿瘤外科": ("19",),
    "放疗科": ("19",),
    "整形外科": ("04.07", "13"),
    "理疗科": ("21",),
    "中西医结合科": ("50",),
}


@cache
def codes_of(label: str) -> tuple[str, ...]:
    """The codes that ``label`` may mean, the likeliest first; empty when no list that we know has it. A wide label (内科) means every part of it."""
    name = label.strip()
    if name in _WIDER:
        return _WIDER[name]
    if any(entry.code == name for entry in DEPARTMENTS):
        return (name,)
    entry = department_named(name)
    return (entry.code,) if entry else ()
