"""The menus that are published: those of the phrases, where they are defined; else one button that opens our pages."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

_DEFINED = "bot.phrases.menu"


def official_account_menu(page_url: str, mini_appid: str) -> dict[str, Any]:
    """The Official Account's menu, as `/cgi-bin/menu/create` takes it. ``page_url``: our origin; ``mini_appid``: "" without a mini program."""
    if importlib.util.find_spec(_DEFINED) is not None:
        menu: dict[str, Any] = importlib.import_module(_DEFINED).official_account_menu(page_url, mini_appid)
        return menu
    page = f"{page_url}/h5/mini/"
    if mini_appid:
        return {"button": [{"name": "打开会诊", "type": "miniprogram", "url": page, "appid": mini_appid, "pagepath": "pages/web/web"}]}
    return {"button": [{"name": "打开会诊", "type": "view", "url": page}]}


def wecom_menu(page_url: str) -> dict[str, Any]:
    """The WeCom app's menu, as its `/cgi-bin/menu/create` takes it."""
    if importlib.util.find_spec(_DEFINED) is not None:
        menu: dict[str, Any] = importlib.import_module(_DEFINED).wecom_menu(page_url)
        return menu
    return {"button": [{"name": "工作台", "type": "view", "url": f"{page_url}/h5/desk/"}]}
