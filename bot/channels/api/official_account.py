"""The Official Account's API, as far as it is used here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.channels.api.errors import SnapshotUser
from bot.channels.api.transport import MEDIA_LIMIT, File, Transport, text_of
from bot.channels.api.values import fitting_values
from bot.channels.settings import OfficialAccountSettings
from bot.channels.token import TokenProvider, with_token


@dataclass(frozen=True, slots=True)
class Follower:
    """What the account may know of a person. `unionid` is empty where no open-platform account binds the accounts."""

    openid: str = field(repr=False)
    subscribed: bool
    unionid: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class WebUser:
    """Who opened a page inside WeChat."""

    openid: str = field(repr=False)
    unionid: str = field(default="", repr=False)


class OfficialAccountApi:
    """Calls of one Official Account. Every method raises ApiError and nothing else."""

    def __init__(self, transport: Transport, settings: OfficialAccountSettings, tokens: TokenProvider) -> None:
        self._transport = transport
        self._settings = settings
        self._tokens = tokens

    async def custom_send(self, payload: Mapping[str, Any]) -> None:
        """Send one customer-service message (`OfficialAccount.push` makes them). AllowanceSpent where the window is over."""
        await self._post("/cgi-bin/message/custom/send", payload, "custom_send")

    async def template_send(
        self,
        openid: str,
        template_id: str,
        data: Mapping[str, str],
        *,
        url: str = "",
        mini_program: Mapping[str, str] | None = None,
        client_msg_id: str = "",
    ) -> str:
        """Send a template message; gives its msgid, to which the result event refers. `client_msg_id` (at most
        32 characters) prevents doubles. ValueRefused before anything is sent where a value breaks the rule of its field."""
        body: dict[str, Any] = {"touser": openid, "template_id": template_id, "data": fitting_values(data, "template_send")}
        body |= {name: value for name, value in (("url", url), ("miniprogram", mini_program), ("client_msg_id", client_msg_id)) if value}
        answer = await self._post("/cgi-bin/message/template/send", body, "template_send")
        return str(answer.get("msgid", ""))

    async def media_get(self, media_id: str, limit: int = MEDIA_LIMIT) -> File:
        """The bytes of a picture or recording that somebody sent (kept three days by the platform)."""

        async def fetch(token: str) -> File:
            query = {"access_token": token, "media_id": media_id}
            return await self._transport.fetch("/cgi-bin/media/get", query, call="media_get", limit=limit)

        return await with_token(self._tokens, fetch)

    async def media_upload(self, name: str, data: bytes, media_type: str) -> str:
        """Hand the platform a picture (kept three days); its media_id."""

        async def send(token: str) -> dict[str, Any]:
            query = {"access_token": token, "type": "image"}
            return await self._transport.upload("/cgi-bin/media/upload", query, ("media", name, data, media_type), call="media_upload")

        return text_of(await with_token(self._tokens, send), "media_id", "media_upload")

    async def user_info(self, openid: str) -> Follower:
        """Whether a person follows, and the unionid."""

        async def ask(token: str) -> dict[str, Any]:
            query = {"access_token": token, "openid": openid, "lang": "zh_CN"}
            return await self._transport.get("/cgi-bin/user/info", query, call="user_info")

        answer = await with_token(self._tokens, ask)
        return Follower(openid, answer.get("subscribe") == 1, str(answer.get("unionid") or ""))

    async def menu_create(self, menu: Mapping[str, Any]) -> None:
        """Replace the account's menu."""
        await self._post("/cgi-bin/menu/create", menu, "menu_create")

    async def web_user(self, code: str) -> WebUser:
        """Who came back from the authorise page. CodeInvalid for a used or old code, SnapshotUser for a preview."""
        settings = self._settings
        query = {
            "appid": settings.appid,
            "secret": settings.secret.get_secret_value(),
            "code": code,
            "grant_type": "authorization_code",
        }
        answer = await self._transport.get("/sns/oauth2/access_token", query, call="web_user")
        if answer.get("is_snapshotuser") in (1, "1", True):
            raise SnapshotUser("web_user", note="preview account")
        return WebUser(text_of(answer, "openid", "web_user"), str(answer.get("unionid") or ""))

    async def _post(self, path: str, body: Mapping[str, Any], call: str) -> dict[str, Any]:
        return await with_token(self._tokens, lambda token: self._transport.post(path, {"access_token": token}, body, call=call))
