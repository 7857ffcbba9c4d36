"""Cutting and dressing words."""

from __future__ import annotations

import random

from bot.channels.outgoing import Choice, Image, Link, Menu, Stream, Text
from bot.channels.words import THING, as_words, gather, markdown, plain, split_text, whole_clauses


def test_pieces_are_within_the_limit_and_lose_nothing_but_blanks() -> None:
    rng = random.Random(3)
    letters = "咳嗽发烧a1 。!?\n.😷"
    for _ in range(500):
        text = "".join(rng.choice(letters) for _ in range(rng.randrange(200)))
        limit = rng.randint(4, 60)
        pieces = split_text(text, limit)
        assert all(0 < len(piece.encode()) <= limit for piece in pieces)
        assert "".join("".join(pieces).split()) == "".join(text.split())


def test_cuts_fall_after_sentences() -> None:
    sentences = ["今天看医生" + "\u3002", "先做心电图" + "\uff01", "有没有喘不上气" + "\uff1f"]
    assert split_text("".join(sentences), 40) == ["".join(sentences[:2]), sentences[2]]


def test_emphasis_and_markup() -> None:
    assert plain("**马上打 120** 不要等") == "马上打 120 不要等"
    assert plain("2 ** 3 < 9") == "2 ** 3 < 9"
    assert "<a" not in plain("< a href=x>").replace(" ", "")
    assert markdown("**急** <90") == "**急** <90"


def test_every_shape_has_words() -> None:
    menu = Menu(head="选", choices=(Choice(code="a", label="甲"),), tail="或者直接说")
    assert as_words(menu) == "选\n1 甲\n或者直接说"
    assert as_words(Link(title="进入", url="https://x")) == "进入\nhttps://x"
    assert as_words(Stream(text="还没好", finish=False)) == ""
    assert as_words(Image(media_id="m")) == "[图片]"


def test_gathering_leaves_over_what_does_not_fit() -> None:
    shapes = [Text(text="一" * 10), Text(text="二" * 10), Text(text="三" * 10)]
    assert gather(shapes, 70, plain) == ("一" * 10 + "\n\n" + "二" * 10, (shapes[2],))
    first, rest = gather([Text(text="一" * 30), shapes[1]], 30, plain)
    assert (first, rest) == ("一" * 10, (Text(text="一" * 10), Text(text="一" * 10), shapes[1]))
    assert gather([], 30, plain) == ("", ())


def test_a_field_of_a_template_ends_with_a_whole_clause() -> None:
    for text, shown in (
        ("已请 3 位专家,一般 15 分钟内有人接。", "已请 3 位专家"),
        ("专家和村医正在会诊,有结果马上告诉您。", "专家和村医正在会诊,有结果马上告诉您"),
        ("王建国主任医师从省人民医院心血管内科的门诊那里回话了", "王建国主任医师从省人民医院心血管内科的…"),
        ("**好**", "好"),
        ("", ""),
    ):
        assert whole_clauses(text) == shown
    chance = random.Random(3)
    for _ in range(2000):
        text = "".join(chance.choice("会诊专家,。;ab 1") for _ in range(chance.randrange(60)))
        assert len(whole_clauses(text)) <= THING
