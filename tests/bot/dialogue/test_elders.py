"""An old person who writes himself is asked in everyday words and may answer in them; his daughter is asked as ever."""

from __future__ import annotations

from tests.bot.dialogue.stage import Stage

OA = "official_account"


async def test_he_is_asked_in_everyday_words_and_answers_in_them(stage: Stage) -> None:
    await stage.say("stranger", OA, "我今年72,头痛三天了")
    asked = await stage.hears("stranger", OA, "看东西花")
    assert "呕吐" not in asked
    assert "模糊" not in asked
    await stage.say("stranger", OA, "看东西花")
    await stage.answer_until("stranger", OA, "紧急程度", ("没有",), "没有")
    heard = await stage.everything_heard("stranger", OA)
    assert "再问一次" not in heard, "what he typed was understood"
    assert "看东西花" in heard


async def test_his_daughter_is_asked_as_ever(stage: Stage) -> None:
    await stage.say("stranger", OA, "我妈72岁,头痛三天了")
    heard = await stage.answer_until("stranger", OA, "看东西模糊", ("是",), "是")
    assert "呕吐" in heard
    assert "您老" not in await stage.everything_heard("stranger", OA)
