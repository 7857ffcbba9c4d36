"""Greetings and thanks, and what is said to them: whoever says them says nothing else."""

from __future__ import annotations

from bot.phrases.text import tidy

GREETING = (
    "您好,我是会诊助手,不是医生,可以帮您判断急不急、该看哪个科、约医生。\n"
    "哪里不舒服,直接说就行,比如「咳嗽三天,发烧38度5」。\n喘不上气、剧烈胸痛、叫不醒、大出血,请马上打 **120**。"
)

GREETINGS = frozenset({"你好", "您好", "在吗", "在不在", "有人吗", "hi", "hello", "喂", "早上好", "上午好", "下午好", "晚上好", "医生你好"})
THANKS = frozenset({"谢谢", "谢谢你", "谢谢您", "感谢", "多谢", "辛苦了", "再见", "拜拜", "好的谢谢", "好,谢谢", "没事了"})


def courtesy(text: str) -> str:
    """The answer to a greeting or to thanks; empty for everything else."""
    said = tidy(text).lower()
    if said in GREETINGS:
        return GREETING
    return "不客气。有不舒服随时说;变重了不要等,马上打 **120**。" if said in THANKS else ""
