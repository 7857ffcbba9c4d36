"""After the advice nothing that a patient says leads nowhere, and who wants a diagnosis hears what happens instead."""

from __future__ import annotations

import pytest

from bot.phrases.after_advice import After, after_advice
from tests.bot.dialogue.stage import Stage, buttons

OA = "official_account"


@pytest.mark.parametrize(
    ("text", "wants"),
    [
        ("好的", After.HEARD), ("嗯嗯", After.HEARD), ("知道了", After.HEARD), ("行吧", After.HEARD), ("晓得了", After.HEARD),
        ("那我现在怎么办", After.WHAT_NOW), ("咋办", After.WHAT_NOW), ("然后呢", After.WHAT_NOW), ("接下来做什么", After.WHAT_NOW),
        ("那我该去哪里看", After.WHAT_NOW), ("我还有个问题", After.MORE), ("想问一下", After.MORE), ("还有个事", After.MORE),
        ("那个嘛这个嘛", None), ("头还是痛", None),
    ],
)  # fmt: skip
def test_plain_words(text: str, wants: After | None) -> None:
    assert after_advice(text) is wants


async def advised(stage: Stage) -> None:
    await stage.say("stranger", OA, "咳嗽三天,我35岁,没有别的病")
    await stage.answer_until("stranger", OA, "紧急程度", (), "没有")


async def labels(stage: Stage) -> str:
    return "".join(label for message in (await stage.messages("stranger", OA))[-1:] for _, label in buttons(message))


async def test_every_plain_word_shows_a_next_step(stage: Stage) -> None:
    await advised(stage)
    answers = {"好的": "就照上面说的做", "我还有个问题": "您说,我在听", "那个嘛这个嘛": "这句我没听懂", "是不是肺炎啊": "不能说是什么病"}
    for said, heard in answers.items():
        await stage.say("stranger", OA, said)
        await stage.hears("stranger", OA, heard)
        shown = await labels(stage)
        assert all(word in shown for word in ("预约", "请村医一起看", "转人工", "重新说")), (said, shown)
    await stage.say("stranger", OA, "那我现在怎么办")
    again = await stage.hears("stranger", OA, "紧急程度", "建议科室")
    assert "为什么" in again
    assert "请村医一起看" in await labels(stage)
    await stage.tap("stranger", OA, "预约")
    await stage.hears("stranger", OA, "可以约的时间")


async def test_a_department_may_be_named_in_words(stage: Stage) -> None:
    await stage.say("stranger", OA, "预约")
    await stage.hears("stranger", OA, "约哪个科", "呼吸内科")
    await stage.say("stranger", OA, "呼吸内科")
    await stage.hears("stranger", OA, "呼吸内科可以约的时间")


async def test_what_now_in_danger_is_told_again(stage: Stage) -> None:
    await stage.say("stranger", OA, "俺爹半拉身子不听使唤,嘴也歪了")
    await stage.hears("stranger", OA, "中风", "平躺")
    await stage.say("stranger", OA, "那我现在怎么办")
    await stage.hears("stranger", OA, "中风", "平躺")


@pytest.mark.parametrize("said", ["是不是肺炎啊", "这是什么病"])
async def test_who_wants_a_diagnosis_is_told_and_asked_on(stage: Stage, said: str) -> None:
    await stage.say("stranger", OA, said)
    await stage.hears("stranger", OA, "不能说是什么病", "急不急、该看哪个科", "最不舒服的是哪里")
    await stage.say("stranger", OA, "咳嗽三天")
    await stage.hears("stranger", OA, "喘不上气")
    await stage.say("stranger", OA, said)
    await stage.hears("stranger", OA, "不能说是什么病", "喘不上气")
