"""Reading and setting up an account as an operator's tools do: rights, menu, templates, WeCom's app and its groups. No message is sent from here.

Each run fetches the account's token itself: the platforms give the one that is in force, so that a running house keeps its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.channels.api.errors import ApiError, ReceiverUnknown, Unreachable
from bot.channels.api.transport import Answer, Transport
from bot.channels.token import Fetch

Menu = dict[str, Any]

NO_MENU = 46003
NO_RIGHT = (48001, 76022)
NO_GROUP = (86001, 86003)
_NOBODY = "huizhen_nobody"
_LONG_TERM = 3
_FIELD = re.compile(r"\{\{\s*([A-Za-z_]+\d*)\.DATA\s*\}\}")
_SHOWN = ("name", "type", "key", "url", "appid", "pagepath")


@dataclass(frozen=True, slots=True)
class Template:
    """A template of an account and the names of the values that it shows. ``long_term``: may be sent again and again once a person agreed."""

    id: str
    title: str
    fields: frozenset[str]
    long_term: bool = False


@dataclass(frozen=True, slots=True)
class Quota:
    """Calls of one address: what the account has a day, and what is left today."""

    daily: int
    left: int


@dataclass(frozen=True, slots=True)
class Agent:
    """A WeCom app as its administrator set it."""

    name: str
    closed: bool
    visible_to_somebody: bool
    trusted_domain: str


@dataclass(frozen=True, slots=True)
class Group:
    """A group of members that a WeCom app made; ``owner`` and ``members`` by userid."""

    chatid: str
    name: str
    owner: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupChange:
    """What is to be different in a group; an empty text stays as it is."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    name: str = ""
    owner: str = ""

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.name or self.owner)


class AccountApi:
    """Calls of one account. Every method raises ApiError and nothing else; `open` comes first."""

    def __init__(self, transport: Transport, fetch: Fetch) -> None:
        self._transport = transport
        self._fetch = fetch
        self._token = ""

    async def open(self) -> None:
        """Fetch the account's token: whether its credentials are right, and whether the platform takes calls from here."""
        self._token = (await self._fetch(False)).token

    async def may_read_followers(self) -> bool:
        """Whether the Official Account has the right to a follower's openid and unionid: asked about nobody, which changes nothing."""
        try:
            await self._get("/cgi-bin/user/info", {"openid": _NOBODY, "lang": "zh_CN"}, "user_info")
        except ReceiverUnknown:
            return True
        except ApiError as error:
            if error.code in NO_RIGHT:
                return False
            raise
        return True

    async def quota(self, path: str) -> Quota | None:
        """What the account may call `path` a day; None where it has no right to it at all."""
        try:
            answer = (await self._post("/cgi-bin/openapi/quota/get", {"cgi_path": path}, "quota_get")).get("quota")
        except ApiError as error:
            if error.code in NO_RIGHT:
                return None
            raise
        if not isinstance(answer, dict):
            raise Unreachable("quota_get", "no quota in the answer", sent=True)
        daily, left = answer.get("daily_limit"), answer.get("remain")
        if not isinstance(daily, int) or not isinstance(left, int):
            raise Unreachable("quota_get", "quota is no number", sent=True)
        return Quota(daily, left)

    async def official_templates(self) -> dict[str, Template]:
        """The Official Account's message templates, by id."""
        answer = await self._get("/cgi-bin/template/get_all_private_template", {}, "templates")
        return _templates(answer.get("template_list"), "template_id")

    async def subscription_templates(self) -> dict[str, Template]:
        """The mini program's subscription templates, by id."""
        answer = await self._get("/wxaapi/newtmpl/gettemplate", {}, "subscription_templates")
        return _templates(answer.get("data"), "priTmplId")

    async def menu(self, agentid: int | None = None) -> Menu | None:
        """The menu that people see, in the words it is created with; None where there is none. `agentid`: of a WeCom app."""
        try:
            answer = await self._get("/cgi-bin/menu/get", {} if agentid is None else {"agentid": str(agentid)}, "menu_get")
        except ApiError as error:
            if error.code == NO_MENU:
                return None
            raise
        found = answer.get("menu", answer)
        return shown_menu(found) if isinstance(found, dict) and found.get("button") else None

    async def create_menu(self, menu: Mapping[str, Any], agentid: int | None = None) -> None:
        """Put `menu` in the place of the one that is there."""
        await self._post("/cgi-bin/menu/create", menu, "menu_create", {} if agentid is None else {"agentid": str(agentid)})

    async def agent(self, agentid: int) -> Agent:
        """The WeCom app itself."""
        answer = await self._get("/cgi-bin/agent/get", {"agentid": str(agentid)}, "agent_get")
        seen = [_list_in(answer, "allow_userinfos", "user"), _list_in(answer, "allow_partys", "partyid"), _list_in(answer, "allow_tags", "tagid")]
        return Agent(str(answer.get("name", "")), answer.get("close") == 1, any(seen), str(answer.get("redirect_domain") or ""))

    async def group(self, chatid: str) -> Group | None:
        """The group that this app made; None where there is none under that chatid."""
        try:
            answer = await self._get("/cgi-bin/appchat/get", {"chatid": chatid}, "appchat_get")
        except ApiError as error:
            if error.code in NO_GROUP:
                return None
            raise
        info = answer.get("chat_info")
        members = info.get("userlist") if isinstance(info, dict) else None
        if not isinstance(info, dict) or not isinstance(members, list):
            raise Unreachable("appchat_get", "no members in the answer", sent=True)
        return Group(chatid, str(info.get("name") or ""), str(info.get("owner") or ""), tuple(str(one) for one in members))

    async def create_group(self, group: Group) -> None:
        """Make `group` under its own chatid. The platform refuses one that is there."""
        body = {"name": group.name, "owner": group.owner, "userlist": list(group.members), "chatid": group.chatid}
        await self._post("/cgi-bin/appchat/create", body, "appchat_create")

    async def change_group(self, chatid: str, change: GroupChange) -> None:
        """Change a group that this app made."""
        new = {"name": change.name, "owner": change.owner, "add_user_list": list(change.added), "del_user_list": list(change.removed)}
        await self._post("/cgi-bin/appchat/update", {"chatid": chatid, **{key: value for key, value in new.items() if value}}, "appchat_update")

    async def _get(self, path: str, query: Mapping[str, str], call: str) -> Answer:
        return await self._transport.get(path, {"access_token": self._token, **query}, call=call)

    async def _post(self, path: str, body: Mapping[str, Any], call: str, query: Mapping[str, str] | None = None) -> Answer:
        return await self._transport.post(path, {"access_token": self._token, **(query or {})}, body, call=call)


def shown_menu(menu: Mapping[str, Any]) -> Menu:
    """A menu as far as people see it: platforms add empty lists and fields of their own when they give it back."""
    return {"button": _buttons(menu.get("button"))}


def _buttons(listed: object) -> list[Menu]:
    return [_button(one) for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _button(button: Mapping[str, Any]) -> Menu:
    below = button.get("sub_button")
    # Older answers wrap the list once more.
    below = below.get("list") if isinstance(below, dict) else below
    if below:
        return {"name": button.get("name"), "sub_button": _buttons(below)}
    return {name: button[name] for name in _SHOWN if button.get(name)}


def _templates(listed: object, id_name: str) -> dict[str, Template]:
    found = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    templates = [
        Template(str(one.get(id_name, "")), str(one.get("title", "")), fields_of(str(one.get("content", ""))), one.get("type") == _LONG_TERM)
        for one in found
    ]
    return {one.id: one for one in templates if one.id}


def fields_of(content: str) -> frozenset[str]:
    """The names in a template's text: ``编号:{{character_string1.DATA}}``."""
    return frozenset(_FIELD.findall(content))


def _list_in(answer: Mapping[str, Any], outer: str, inner: str) -> list[Any]:
    found = answer.get(outer)
    found = found.get(inner) if isinstance(found, dict) else None
    return found if isinstance(found, list) else []
