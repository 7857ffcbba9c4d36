"""The menus under the chats, as data: what stands in them and which phrase a click says. Whoever publishes them takes the platform's form here.

A click's key is the key of a phrase (``Phrase.menu_key``): clicked, it is as if the phrase had been said. Limits of both platforms (the narrower
one): 1 to 3 buttons with 1 to 5 below each, a button's name at most 16 bytes of UTF-8 (five Chinese characters), one below at most 40, a key
at most 128, an address at most 1,024.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bot.phrases.definitions import BY_KEY

SHELL = "pages/web/web"
"""The page of the mini program that shows ours."""


@dataclass(frozen=True, slots=True)
class Entry:
    """``key``: the phrase that a click says. ``page``: instead of it, the path of a page of ours; ``mini``: and of the mini program's page."""

    name: str
    key: str = ""
    page: str = ""
    mini: str = ""


PATIENTS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    ("问诊", (
        Entry("说哪里不舒服", "tell"), Entry("点人体图", "body_map"), Entry("为什么这样建议", "why"), Entry("换一件事", "change_subject"),
        Entry("帮助", "help"),
    )),
    ("预约", (Entry("预约医生", "slots"), Entry("我的预约", "appointments"), Entry("取消预约", "cancel_appointment"))),
    ("我的", (
        Entry("我的处方", "prescriptions"), Entry("会诊进度", "progress"), Entry("我的授权", "consents"), Entry("停止提醒", "stop_reminders"),
        Entry("打开小程序", page="/h5/mini/", mini=SHELL),
    )),
)  # fmt: skip
"""Of the Official Account."""

STAFF: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    ("会诊", (
        Entry("会诊进度", "progress"), Entry("我的邀请", "offers"), Entry("请会诊", "consult"), Entry("我的病人", "patients"),
        Entry("会诊台", page="/h5/desk/"),
    )),
    ("处方随访", (Entry("看处方", "prescriptions"), Entry("审方", "review"), Entry("随访名单", "follow"))),
    ("更多", (
        Entry("帮助", "help"), Entry("我的设备", "devices"), Entry("村医页面", page="/h5/doctor/"), Entry("紧急调阅", page="/h5/emergency/"),
        Entry("绑定动态码", page="/h5/factor/"),
    )),
)  # fmt: skip
"""Of the WeCom app."""

MENUS = {"official_account": PATIENTS, "wecom": STAFF}


def official_account_menu(page_url: str, mini_appid: str = "") -> dict[str, Any]:
    """The body of POST /cgi-bin/menu/create. ``page_url``: https address of our pages, of which only the origin counts. Without ``mini_appid``
    the entry of the mini program opens the page."""
    return _menu(PATIENTS, page_url, mini_appid)


def wecom_menu(page_url: str) -> dict[str, Any]:
    """The body of POST /cgi-bin/menu/create?agentid=. ``page_url``: https address of our pages, of which only the origin counts."""
    return _menu(STAFF, page_url, "")


def _menu(menu: tuple[tuple[str, tuple[Entry, ...]], ...], page_url: str, mini_appid: str) -> dict[str, Any]:
    parts = urlsplit(page_url)
    if not parts.scheme or not parts.netloc:
        raise ValueError("page_url is no address")
    origin = f"{parts.scheme}://{parts.netloc}"
    return {"button": [{"name": name, "sub_button": [_button(entry, origin, mini_appid) for entry in below]} for name, below in menu]}


def _button(entry: Entry, origin: str, mini_appid: str) -> dict[str, str]:
    if entry.key:
        return {"type": "click", "name": entry.name, "key": BY_KEY[entry.key].menu_key}
    button = {"type": "view", "name": entry.name, "url": f"{origin}{entry.page}"}
    return button | {"type": "miniprogram", "appid": mini_appid, "pagepath": entry.mini} if entry.mini and mini_appid else button
