"""Links to our own pages: completed by the account that sends them, words alone where it cannot."""

from __future__ import annotations

from bot.channels.outgoing import Link, Text
from bot.channels.own_pages import addressed
from bot.channels.weixin import tappable_words
from bot.channels.words import as_words

PAGE = Link(title="传影像", url="page:/h5/doctor/cases/")
MINI = Link(title="去登记", url="mini:pages/register/index?relation=self")
CALLBACK = "https://huizhen.example.cn/callback/wecom-app"


def test_a_page_opens_at_the_origin_of_the_account_s_own_callback() -> None:
    (link,) = addressed([PAGE], CALLBACK)
    assert isinstance(link, Link)
    assert link.url == "https://huizhen.example.cn/h5/doctor/cases/"
    assert addressed([link], "https://elsewhere.example.cn/callback") == (link,)


def test_a_page_of_the_mini_program_is_a_tap_in_the_official_account() -> None:
    (link,) = addressed([MINI], CALLBACK, "wx123")
    said = tappable_words(link)
    assert 'data-miniprogram-appid="wx123" data-miniprogram-path="pages/register/index?relation=self"' in said
    assert said.endswith(">去登记</a>")


def test_without_address_or_mini_program_the_words_stay() -> None:
    assert addressed([Text(text="好"), PAGE, MINI], "") == (Text(text="好"), Text(text="传影像"), Text(text="去登记"))


def test_nobody_reads_an_address_that_is_none() -> None:
    assert (as_words(PAGE), as_words(MINI)) == ("传影像", "去登记")
