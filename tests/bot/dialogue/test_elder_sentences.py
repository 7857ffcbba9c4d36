"""长辈模式, walked: in the usual conversations no sentence is longer than twenty characters, and not much stands before the choices.

Exempt, and by name: what rules out a danger, what names 120, and the clinician's advice; these are said whole to everybody.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from bot.channels.outgoing import Text
from bot.dialogue.intake_words import assessed
from bot.sending.notice import Notice
from bot.sending.notifications import as_he_chose
from core.followups.templates import REMINDERS, Task
from core.foundation.errors import NotFound
from core.foundation.practice import Practice
from core.intake.commands import CurrentIntake
from core.people.commands_reading import ChooseReading
from nlp.interface.assessment import Assessment, Reason
from nlp.interface.urgency import Urgency
from tests.bot.dialogue.stage import Stage, words_of
from tests.bot.phrases.test_shorter import LONGEST, length, sentences
from tests.support.county import seed_small

OA = "official_account"
MOST_LINES = 7
"""Before the first choice."""
PATIENT = (
    "你好", "问诊", "咳嗽三天了", "没有", "返回", "返回", "没有", "听错了", "问诊", "没有", "没有", "没有", "没有", "没有", "没有", "没有", "没有",
    "为什么", "那怎么办", "好的", "啦啦啦", "谢谢", "请村医一起看", "转人工", "我的预约", "取消预约", "我的处方", "停止提醒", "恢复提醒",
    "收到的通知", "附近的卫生院", "换一件事", "取消", "返回", "重来", "帮助", "是什么病", "普通模式", "长辈模式",
)  # fmt: skip
BOOKING = ("预约", "【呼吸内科", "返回", "预约 呼吸内科", "【11月", "我的预约", "取消预约", "转人工", "预约 肾内科")


def of_danger(line: str, whole: set[str]) -> bool:
    return "120" in line or any(line.replace("**", "") in text or text in line for text in whole)


class Listener:
    """What was said to one person, each text once, with what may be long among it."""

    def __init__(self, stage: Stage, person: str, account: Any) -> None:
        self.stage, self.person, self.account = stage, person, account
        self.whole: set[str] = set()
        self.seen = 0
        self.wrong: list[str] = []

    async def does(self, what: str) -> None:
        if what.startswith("【"):
            await self.stage.press(self.person, OA, what[1:])
        else:
            await self.stage.say(self.person, OA, what)
        await self.stage.hears(self.person, OA)
        await self._exempt()

    async def _exempt(self) -> None:
        try:
            view = await self.stage.practice.ask(self.account, CurrentIntake())
        except NotFound:
            return
        if view.question is not None and view.question.rules_out_danger:
            self.whole.add(view.question.text.replace("**", ""))
        if view.assessment is not None:
            self.whole |= set(view.assessment.advice)

    async def judge(self) -> int:
        """How many texts were heard; what is too long goes to ``wrong``."""
        heard = [words_of(one) for one in await self.stage.messages(self.person, OA) if one["from"] == "service"]
        for text in heard:
            lines = [line for line in text.splitlines() if line and not re.match(r"【|\d+ ", line)]
            before = re.split(r"^(?:1 |【)", text, maxsplit=1, flags=re.MULTILINE)[0] if "【" in text else ""
            plain = [line for line in before.splitlines() if line and not of_danger(line, self.whole)]
            if len(plain) > MOST_LINES:
                self.wrong.append(f"{len(plain)} lines: {text}")
            for line in lines:
                if not of_danger(line, self.whole):
                    # 记下了 reads back what was said, one thing after the other.
                    parts = line.split("、") if line.startswith(("记下了", "听到了")) else [line]
                    self.wrong += [one for part in parts for one in sentences(part) if length(one) > LONGEST]
        return len(heard)


async def test_of_somebody_who_tells_what_is_wrong(stage: Stage) -> None:
    listener = Listener(stage, "stranger", stage.county.stranger)
    await listener.does("长辈模式")
    for what in PATIENT:
        await listener.does(what)
    assert await listener.judge() > len(PATIENT)
    assert listener.wrong == []
    assert listener.whole, "a question that rules out a danger was among them, and was said whole"
    everything = await stage.everything_heard("stranger", OA)
    assert "您现在有没有喘不上气、胸口痛、要晕倒,或者一边手脚没力?" in everything
    assert "喘不上气、剧烈胸痛、叫不醒、大出血,请马上打 120" in everything


async def test_of_somebody_who_books(stage: Stage) -> None:
    listener = Listener(stage, "woman", stage.county.woman_account)
    await listener.does("长辈模式")
    for what in BOOKING:
        await listener.does(what)
    assert await listener.judge() > len(BOOKING)
    assert listener.wrong == []


async def test_help_shows_a_few_things_and_more_shows_all(stage: Stage) -> None:
    await stage.say("stranger", OA, "帮助")
    await stage.hears("stranger", OA, "人体图", "我的授权", "120")
    await stage.say("stranger", OA, "长辈模式")
    await stage.hears("stranger", OA, "长辈模式打开了")
    await stage.say("stranger", OA, "帮助")
    short = await stage.hears("stranger", OA, "预约", "取药", "转人工", "更多", "喘不上气、剧烈胸痛、叫不醒、大出血,请马上打 120")
    assert "我的授权" not in short
    await stage.say("stranger", OA, "更多")
    await stage.hears("stranger", OA, "人体图", "我的授权", "120")


async def test_others_hear_it_as_ever(stage: Stage) -> None:
    await stage.say("stranger", OA, "你好")
    await stage.hears("stranger", OA, "可以帮您判断急不急、该看哪个科、约医生")
    await stage.say("stranger", OA, "长辈模式")
    await stage.hears("stranger", OA, "长辈模式打开了")
    await stage.say("stranger", OA, "你好")
    heard = await stage.hears("stranger", OA, "我帮您看急不急", "120")
    assert "可以帮您判断" not in heard


async def test_what_comes_by_itself_too(practice: Practice) -> None:
    county = await seed_small(practice)
    await practice.execute(county.stranger, ChooseReading(elder=True))
    usual = Notice((Text(text=REMINDERS[Task.VISIT]),))
    (short,) = (await as_he_chose(usual, county.stranger.account_id)).shapes
    assert isinstance(short, Text)
    assert max(length(one) for one in sentences(short.text)) <= LONGEST
    assert await as_he_chose(usual, county.woman_account.account_id) == usual


@pytest.mark.parametrize("level", Urgency)
def test_one_reason_is_enough_where_it_can_wait(level: Urgency) -> None:
    reasons = tuple(Reason(text=text, rule="r", source="s") for text in ("咳嗽 3 天", "没有问清楚「胸痛」,按可能有来算"))
    said = assessed(Assessment(level=level, complete=True, reasons=reasons), signed=True, brief=True)
    assert "咳嗽 3 天" in said
    assert ("没有问清楚" in said) is (level not in (Urgency.ROUTINE, Urgency.SELF_CARE)), "what may be dangerous is always told"
    flagged = Assessment(level=level, complete=True, reasons=reasons, red_flag="r")
    assert assessed(flagged, signed=True, brief=True) == assessed(flagged, signed=True)
