"""Addresses of the authorise pages, inside WeChat and inside WeCom."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlencode

from bot.channels.settings import checked_base

_STATE = re.compile(r"[0-9A-Za-z]{1,128}", re.ASCII)


def official_account_authorize_url(
    open_base: str,
    appid: str,
    redirect_uri: str,
    state: str,
    scope: Literal["snsapi_base", "snsapi_userinfo"] = "snsapi_base",
) -> str:
    """Where a page sends somebody inside WeChat. ValueError for a state the platform would not carry back."""
    return _address(open_base, {"appid": appid, "redirect_uri": redirect_uri, "response_type": "code", "scope": scope, "state": state})


def wecom_authorize_url(
    open_base: str,
    corpid: str,
    agentid: int,
    redirect_uri: str,
    state: str,
    scope: Literal["snsapi_base", "snsapi_privateinfo"] = "snsapi_base",
) -> str:
    """Where a page sends somebody inside WeCom. ValueError for a state the platform would not carry back."""
    query = {"appid": corpid, "redirect_uri": redirect_uri, "response_type": "code", "scope": scope, "state": state, "agentid": str(agentid)}
    return _address(open_base, query)


def _address(open_base: str, query: dict[str, str]) -> str:
    if not _STATE.fullmatch(query["state"]):
        raise ValueError("state has 1 to 128 letters and digits")
    # The platform reads the parameters in this order and wants this fragment.
    return f"{checked_base(open_base)}/connect/oauth2/authorize?{urlencode(query)}#wechat_redirect"
