"""What a patient is told of a value he measured, as data: signed with the templates (a change of any word needs a new signature).

Never to stop a prescribed drug for good; what must be taken now, what must not be swallowed, when 120 is called. ``sources`` are keys of ``SOURCES``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.followups.sources import DIABETES_GUIDE, GENERAL, PUBLIC_HEALTH, TRIAGE, Source


class Meaning(StrEnum):
    """What a value is, finer than its level: which way it is out, and of what."""

    NORMAL = "normal"
    HIGH_PRESSURE = "high_pressure"
    LOW_PRESSURE = "low_pressure"
    HIGH_GLUCOSE = "high_glucose"
    VERY_HIGH_PRESSURE = "very_high_pressure"
    VERY_LOW_PRESSURE = "very_low_pressure"
    VERY_HIGH_GLUCOSE = "very_high_glucose"
    VERY_LOW_GLUCOSE = "very_low_glucose"


@dataclass(frozen=True, slots=True)
class Advice:
    """``text``: what is told. ``ask``: whether there are signs of danger, where that is asked; ``if_not``: what is answered to 没有."""

    text: str
    sources: tuple[Source, ...]
    ask: str = ""
    if_not: str = ""


_SIGNS = "头晕、胸痛、看东西模糊吗?"
ADVICE: dict[Meaning, Advice] = {
    Meaning.NORMAL: Advice("在目标范围里,继续保持。", (GENERAL,)),
    Meaning.HIGH_PRESSURE: Advice(
        "偏高。按医嘱吃药,歇一歇再量一次。", (GENERAL,), ask=_SIGNS, if_not="好的。按时吃药,别自己加减;不舒服随时说。"
    ),
    Meaning.LOW_PRESSURE: Advice(
        "偏低。先坐下或躺下,叫人陪着,歇一歇再量一次,并告诉医生。眼前发黑站不住、冒冷汗、手脚冰凉、胸痛:**马上打 120**。"
        "吃着降压药的,下一次吃之前先问医生。",
        (TRIAGE, GENERAL),
    ),
    Meaning.HIGH_GLUCOSE: Advice("偏高。按医嘱吃药,注意饮食;下次还是早饭前测。", (GENERAL,)),
    Meaning.VERY_HIGH_PRESSURE: Advice(
        "这个血压很危险。有头晕头痛得厉害、胸痛胸闷、看东西模糊、说话不清或手脚没力,或叫不醒,**马上打 120**;"
        "没有,也请现在就去看医生,别自己加药停药。",
        (PUBLIC_HEALTH, GENERAL), ask=_SIGNS, if_not="好的。也请现在就去看医生;按时吃药,别自己加减。不舒服随时说。",
    ),
    Meaning.VERY_LOW_PRESSURE: Advice(
        "这个血压太低,很危险。先躺下、腿垫高,叫人陪着。头晕眼前发黑、冒冷汗、手脚冰凉、胸痛、喘不上气、吐血拉黑便或叫不醒,**马上打 120**;"
        "没有,就躺着再量一次:还这么低,也打 120;升上来了,也请今天就去看医生。下一次吃降压药之前先问医生。",
        (TRIAGE, GENERAL),
    ),
    Meaning.VERY_HIGH_GLUCOSE: Advice(
        "这个血糖太高,很危险。恶心呕吐、肚子痛、喘得又深又快、嘴里有烂苹果味、迷糊犯困或叫不醒,**马上打 120**;"
        "没有,也请现在就去看医生。人清醒就多喝白开水;打着胰岛素的不要自己停,别自己加药停药。",
        (PUBLIC_HEALTH, GENERAL),
    ),
    Meaning.VERY_LOW_GLUCOSE: Advice(
        "这个血糖太低,很危险。人清醒、能咽:**马上吃 15–20 克糖**(4 块方糖或半杯甜饮料),15 分钟后再测,好了吃点饭。"
        "叫不醒、说胡话或抽筋:**马上打 120**,侧躺,嘴里什么都不要喂。这一顿先不要再吃降糖药,先问医生。",
        (PUBLIC_HEALTH, DIABETES_GUIDE, GENERAL),
    ),
}
