"""意见, 开方, 改方 in words: one intention is one opinion or prescription, however often its button is tapped."""

from __future__ import annotations

from bot.channels.outgoing import Menu
from core.consultations.models import Opinion
from core.foundation.actor import Actor
from core.prescriptions.models import Prescription
from tests.bot.dialogue.stage import Stage
from tests.bot.dialogue.test_deciding import advised
from tests.bot.dialogue.test_opinions import taken

LINE = "高血压:氨氯地平 5mg 每日一次 7天"


async def _button(stage: Stage, who: Actor, words: str) -> str:
    """The key of the first button under the answer to ``words``, said at the terminal."""
    shapes = await stage.runtime.say(who.account_id, words)
    assert shapes is not None
    return next(shape.choices[0].code for shape in shapes if isinstance(shape, Menu))


async def _said(stage: Stage, who: Actor, button: str) -> str:
    shapes = await stage.runtime.say(who.account_id, "", button=button)
    assert shapes is not None
    return "\n".join(getattr(shape, "text", "") for shape in shapes)


async def test_one_button_tapped_twice_proposes_and_revises_once(stage: Stage) -> None:
    await advised(stage, "调整降压药,两周后复诊")
    expert = stage.county.experts[0]
    propose = await _button(stage, expert, f"开方 {LINE}")
    first, second = await _said(stage, expert, propose), await _said(stage, expert, propose)
    assert "已提交(第 1 版)" in first
    assert "已提交(第 1 版)" in second
    row = await Prescription.get()

    revise = await _button(stage, expert, f"改方 R-{row.code.removeprefix('R-')} {LINE.replace('5mg', '2.5mg')}")
    assert "已提交(第 2 版)" in await _said(stage, expert, revise)
    assert "已提交(第 2 版)" in await _said(stage, expert, revise)
    assert (await Prescription.get()).revision == 2

    again = await _button(stage, expert, "开方 糖尿病:二甲双胍 500mg 每日一次 7天")
    assert "已提交(第 1 版)" in await _said(stage, expert, again)
    assert await Prescription.all().count() == 2


async def test_a_refusal_asks_for_what_its_reason_asks_for(stage: Stage) -> None:
    await advised(stage, "调整降压药,两周后复诊")
    expert = stage.county.experts[0].account_id
    for words, asked in (("氨氯地平 50mg 每日一次 7天", "请改剂量,"), ("氨氯地平 5mg 每日一次 90天", "请改天数,")):
        shapes = await stage.runtime.say(expert, f"开方 高血压:{words}")
        assert shapes is not None
        said = "\n".join(getattr(shape, "text", "") for shape in shapes)
        assert asked in said
        assert "换药" not in said
    assert await Prescription.all().count() == 0


async def test_one_opinion_signed_twice_is_one_revision(stage: Stage) -> None:
    code = await taken(stage)
    expert = stage.county.experts[0]
    sign = await _button(stage, expert, f"意见 {code} 调整降压药,两周后复诊")
    assert "第 1 版" in await _said(stage, expert, sign)
    assert "第 1 版" in await _said(stage, expert, sign)
    assert await Opinion.all().count() == 1
