"""A person is asked for: which words ask for one, and the honest sentence where nobody is on record who could be told."""

from __future__ import annotations

from bot.phrases.text import tidy

_HUMAN = (
    "现在没有人工坐席,助手不能替您转接,说声抱歉。\n着急的话请直接打 **120**,或去最近的卫生院;"
    "想看医生可以说「预约」,也可以请您的村医在「会诊助手」里为您请专家。"
)
_VILLAGE_DOCTOR = (
    "请把这段对话给您的村医看,或者打电话告诉他。\n村医在「会诊助手」里写「会诊」、您在他名单上的编号和病情,"
    "就会有专家一起看。病情变重时不要等,马上打 **120**。"
)
GUIDANCE: dict[str, str] = {"human": _HUMAN, "village_doctor": _VILLAGE_DOCTOR}

_WORDS = {
    "转人工": "human", "人工": "human", "人工客服": "human", "找人工": "human", "客服": "human", "真人": "human", "找真人": "human",
    "请村医一起看": "village_doctor", "请村医": "village_doctor", "找村医": "village_doctor", "村医一起看": "village_doctor",
}  # fmt: skip


def guidance_for(text: str) -> str | None:
    """The topic of a text that asks for one of these, or None."""
    return _WORDS.get(tidy(text))
