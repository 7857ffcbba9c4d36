"""A danger that is told without its name: asked about before anything else, in plain words, and never said to be what it sounds like."""

from __future__ import annotations

from tests.bot.dialogue.stage import Stage

OA = "official_account"
SAID = "我爹端饭碗端不住,筷子老往地上掉,怪得很"


async def test_what_sounds_like_danger_is_asked_about(stage: Stage) -> None:
    await stage.say("stranger", OA, SAID)
    asked = await stage.hears("stranger", OA, "嘴歪")
    assert "中风" not in asked
    await stage.tap("stranger", OA, "嘴歪")
    first = await stage.hears("stranger", OA, "中风")
    assert first.startswith("这可能是中风,请马上打 120")


async def test_denied_it_goes_on_with_what_is_the_matter(stage: Stage) -> None:
    await stage.say("stranger", OA, SAID)
    await stage.hears("stranger", OA, "嘴歪")
    await stage.say("stranger", OA, "没有")
    await stage.answer_until("stranger", OA, "现在最不舒服的是哪里", ("没有",), "没有")
    heard = await stage.everything_heard("stranger", OA)
    assert "请马上打 120" not in heard
    assert "再问一次" not in heard


async def test_a_level_that_nobody_was_told_is_settled_by_what_is_answered(stage: Stage) -> None:
    """A baby that brings up milk is urgent until it is said that it feeds and plays as ever: he hears the last word alone."""
    await stage.say("stranger", OA, "宝宝两个月,吃完奶老往外漾一口")
    await stage.hears("stranger", OA, "宝宝,对吗?")
    await stage.tap("stranger", OA, "是")
    told = await stage.answer_until("stranger", OA, "紧急程度", ("不是喷出来的,没有绿的没有血", "精神好,吃奶有劲"), "没有")
    assert "可以先在家观察" in told
