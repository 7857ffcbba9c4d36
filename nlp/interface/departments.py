"""The one list of departments: 医疗机构诊疗科目名录 (卫医发〔1994〕第27号, with 疼痛科 2007 and 重症医学科 2009), as far as the county uses it.

Codes are kept as the list prints them ("03.04" 心血管内科专业); ``local`` are the names people and hospitals use for the same thing.
"""

from __future__ import annotations

from .reading import Value


class DepartmentEntry(Value):
    code: str
    name: str
    """The short name shown to people."""
    local: tuple[str, ...] = ()
    bookable: bool = True
    """False: one goes there at once (急诊科) or is taken there (重症医学科), nobody makes an appointment."""


DEPARTMENTS: tuple[DepartmentEntry, ...] = (
    DepartmentEntry(code="02", name="全科", local=("全科医疗", "全科门诊", "普通内科")),
    DepartmentEntry(code="03.01", name="呼吸内科", local=("呼吸科", "呼吸与危重症医学科")),
    DepartmentEntry(code="03.02", name="消化内科", local=("消化科", "肠胃科", "胃肠科")),
    DepartmentEntry(code="03.03", name="神经内科", local=("神经科", "脑科")),
    DepartmentEntry(code="03.04", name="心血管内科", local=("心内科", "心内", "心脏科")),
    DepartmentEntry(code="03.05", name="血液内科", local=("血液科",)),
    DepartmentEntry(code="03.06", name="肾内科", local=("肾病科", "肾脏科")),
    DepartmentEntry(code="03.07", name="内分泌科", local=("内分泌", "糖尿病科")),
    DepartmentEntry(code="03.08", name="风湿免疫科", local=("免疫科", "风湿科")),
    DepartmentEntry(code="03.10", name="老年病科", local=("老年科",)),
    DepartmentEntry(code="04.01", name="普外科", local=("普通外科", "外科", "肛肠科")),
    DepartmentEntry(code="04.02", name="神经外科", local=("脑外科",)),
    DepartmentEntry(code="04.03", name="骨科", local=("骨伤科", "创伤骨科")),
    DepartmentEntry(code="04.04", name="泌尿外科", local=("泌尿科", "男科")),
    DepartmentEntry(code="04.05", name="胸外科"),
    DepartmentEntry(code="04.07", name="烧伤科"),
    DepartmentEntry(code="05.01", name="妇科", local=("妇产科",)),
    DepartmentEntry(code="05.02", name="产科"),
    DepartmentEntry(code="07", name="儿科", local=("小儿科", "小儿内科", "儿内科")),
    DepartmentEntry(code="08", name="小儿外科"),
    DepartmentEntry(code="10", name="眼科"),
    DepartmentEntry(code="11", name="耳鼻咽喉科", local=("耳鼻喉科", "五官科")),
    DepartmentEntry(code="12", name="口腔科", local=("牙科",)),
    DepartmentEntry(code="13", name="皮肤科", local=("皮肤性病科",)),
    DepartmentEntry(code="15", name="精神科", local=("精神心理科", "心理科")),
    DepartmentEntry(code="16", name="感染科", local=("传染科", "发热门诊", "肝病科")),
    DepartmentEntry(code="17", name="结核病科"),
    DepartmentEntry(code="19", name="肿瘤科"),
    DepartmentEntry(code="20", name="急诊科", local=("急诊", "急诊医学科"), bookable=False),
    DepartmentEntry(code="21", name="康复医学科", local=("康复科",)),
    DepartmentEntry(code="27", name="疼痛科"),
    DepartmentEntry(code="28", name="重症医学科", local=("ICU", "重症监护室"), bookable=False),
    DepartmentEntry(code="32", name="医学影像科", local=("影像科", "放射科")),
    DepartmentEntry(code="50", name="中医科"),
)

_BY_CODE = {entry.code: entry for entry in DEPARTMENTS}
_BY_NAME = {name: entry for entry in DEPARTMENTS for name in (entry.name, *entry.local)}


def department(code: str) -> DepartmentEntry:
    """The entry of ``code``; KeyError when the list has no such code."""
    return _BY_CODE[code]


def department_named(name: str) -> DepartmentEntry | None:
    """The entry that people call ``name`` (exact), or None."""
    return _BY_NAME.get(name.strip())
