"""长辈模式: four choices at once and 其他, for the account on every channel; and back."""

from __future__ import annotations

from bot.dialogue.elder import MOST
from core.intake.commands import CurrentIntake
from core.people.commands_views import Me
from tests.bot.dialogue.stage import Stage, buttons

OA = "official_account"


async def _choices(stage: Stage) -> list[str]:
    said = [message for message in await stage.messages("stranger", OA) if message["from"] == "service"]
    return [label for _, label in buttons(said[-1])]


async def _until_others(stage: Stage) -> list[str]:
    """Answer what rules out dangers until a question comes that has more choices than are shown at once."""
    for _ in range(8):
        shown = await _choices(stage)
        if "其他" in shown:
            return shown
        await stage.tap("stranger", OA, shown[0])
        await stage.hears("stranger", OA)
    raise AssertionError("no question with many choices")


async def test_fewer_choices_at_once_and_the_others_behind_one(stage: Stage) -> None:
    await stage.say("stranger", OA, "字大一点")
    await stage.hears("stranger", OA, "长辈模式打开了")
    assert (await stage.practice.ask(stage.county.stranger, Me())).elder is True
    await stage.say("stranger", OA, "咳嗽三天了")
    await stage.hears("stranger", OA, "咳嗽", "不清楚")
    shown = await _until_others(stage)
    assert shown[MOST:] == ["其他", "返回上一题"], "four answers, the way to the others, and the way back"
    await stage.say("stranger", OA, "5")
    await stage.hears("stranger", OA, "不清楚")
    hidden = await _choices(stage)
    assert hidden
    assert not set(hidden) & set(shown)
    await stage.tap("stranger", OA, "不清楚")
    heard = await stage.hears("stranger", OA)
    assert "已经过去" not in heard


async def test_what_rules_out_a_danger_is_shown_whole(stage: Stage) -> None:
    """都没有 denies all of them: none may stand where it is not seen."""
    await stage.say("stranger", OA, "长辈模式")
    await stage.hears("stranger", OA, "长辈模式打开了")
    await stage.say("stranger", OA, "头痛三天了")
    await stage.hears("stranger", OA, "头痛", "不清楚")
    whole = await _choices(stage)
    assert len(whole) > MOST + 1
    assert "其他" not in whole
    view = await stage.practice.ask(stage.county.stranger, CurrentIntake())
    assert view.question is not None
    assert view.question.rules_out_danger


async def test_and_back_to_all_of_them(stage: Stage) -> None:
    await stage.say("stranger", OA, "长辈模式")
    await stage.hears("stranger", OA, "长辈模式打开了")
    await stage.say("stranger", OA, "普通模式")
    await stage.hears("stranger", OA, "普通模式")
    assert (await stage.practice.ask(stage.county.stranger, Me())).elder is False
    await stage.say("stranger", OA, "头痛三天了")
    await stage.hears("stranger", OA, "头痛", "不清楚")
    assert "其他" not in await _choices(stage)
