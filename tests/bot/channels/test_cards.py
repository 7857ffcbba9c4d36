"""A menu as a WeCom card: its heading is the question's own, whatever its length."""

from __future__ import annotations

import random

from bot.channels.cards import SUB_TITLE_LIMIT, TITLE_LIMIT, menu_card
from bot.channels.outgoing import Choice, Menu

CHOICES = (Choice(code="a", label="没有"), Choice(code="b", label="有"))


def test_a_short_question_is_the_heading_and_a_long_one_is_broken_at_a_stop() -> None:
    bleeding = "活动性出血、近期脑出血或消化道出血、三周内做过大手术"
    cases = {
        "要下哪一剂?": ("要下哪一剂?", "", ""),
        f"2/5 病人有没有:**{bleeding}**": ("2/5 病人有没有", bleeding, ""),
        "急用一剂:**阿司匹林肠溶片 300 mg**(胸痛,像心梗的)": ("急用一剂:阿司匹林肠溶片 300 mg", "(胸痛,像心梗的)", ""),
    }
    for head, (title, said, before) in cases.items():
        made = menu_card(Menu(head=head, choices=CHOICES, menu_id="m1"))
        assert made is not None
        assert (made[1].title, made[1].sub_title, made[0]) == (title, said, before)


def test_a_text_too_long_for_a_card_stands_before_it_and_the_card_keeps_its_heading() -> None:
    head = "会诊 **C-7K2M**:张医生的意见(第 1 版)\n" + "考虑急性下壁心梗,马上转院。" * 12 + "\n看过无误请点「确认签名」。"
    made = menu_card(Menu(head=head, choices=CHOICES, menu_id="m1"))
    assert made is not None
    before, card = made
    assert before == head
    assert card.title == "会诊 C-7K2M:张医生的意见(第 1 版)"


def test_no_heading_is_empty_too_long_or_without_context() -> None:
    chance = random.Random(8)
    for _ in range(3000):
        head = "".join(chance.choice("会诊胸痛 ab12:,。;?**、\n") for _ in range(chance.randrange(1, 260)))
        made = menu_card(Menu(head=head, choices=CHOICES, menu_id="m1"))
        assert made is not None
        card = made[1]
        assert 1 <= len(card.title) <= TITLE_LIMIT
        assert len(card.sub_title) <= SUB_TITLE_LIMIT
        if head.replace("*", "").strip():
            assert card.title != "请选择"
