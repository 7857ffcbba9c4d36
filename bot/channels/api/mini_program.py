"""The mini program's API, as far as it is used here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import SecretStr

from bot.channels.api.errors import CodeInvalid, Unreachable
from bot.channels.api.transport import MEDIA_LIMIT, File, Transport, text_of
from bot.channels.api.values import fitting_values
from bot.channels.settings import MiniProgramSettings
from bot.channels.token import TokenProvider, with_token


@dataclass(frozen=True, slots=True)
class Session:
    """Who called wx.login. The session key never leaves the server and is stored encrypted, if at all."""

    openid: str = field(repr=False)
    session_key: SecretStr
    unionid: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone number that WeChat has verified: `number` without, `full_number` with country code."""

    number: str = field(repr=False)
    full_number: str = field(repr=False)
    country_code: str


class MiniProgramApi:
    """Calls of one mini program. Every method raises ApiError and nothing else."""

    def __init__(self, transport: Transport, settings: MiniProgramSettings, tokens: TokenProvider) -> None:
        self._transport = transport
        self._settings = settings
        self._tokens = tokens

    async def code2session(self, code: str) -> Session:
        """Who called wx.login. CodeInvalid for a wrong, used or old code."""
        query = {
            "appid": self._settings.appid,
            "secret": self._settings.secret.get_secret_value(),
            "js_code": code,
            "grant_type": "authorization_code",
        }
        answer = await self._transport.get("/sns/jscode2session", query, call="code2session")
        key = SecretStr(text_of(answer, "session_key", "code2session"))
        return Session(text_of(answer, "openid", "code2session"), key, str(answer.get("unionid") or ""))

    async def phone_number(self, code: str) -> Phone:
        """The number behind the phone button's code (another code than wx.login's)."""
        answer = await self._post("/wxa/business/getuserphonenumber", {"code": code}, "phone_number")
        info = answer.get("phone_info")
        if not isinstance(info, dict):
            raise Unreachable("phone_number", "no phone_info in the answer", sent=True)
        watermark = info.get("watermark")
        if isinstance(watermark, dict) and watermark.get("appid") not in (None, self._settings.appid):
            raise CodeInvalid("phone_number", note="code of another mini program")
        # countryCode is documented as a text and printed as a number.
        return Phone(
            text_of(info, "purePhoneNumber", "phone_number"), text_of(info, "phoneNumber", "phone_number"), str(info.get("countryCode") or "86")
        )

    async def subscribe_send(
        self,
        openid: str,
        template_id: str,
        data: Mapping[str, str],
        *,
        page: str = "",
        state: Literal["developer", "trial", "formal"] = "formal",
    ) -> str:
        """Send a subscription message; gives its msgid ("" where the platform gives none).

        ValueRefused before anything is sent where a value breaks its rule; AllowanceSpent (43101) where the person has
        not allowed it.
        """
        body: dict[str, Any] = {
            "touser": openid,
            "template_id": template_id,
            "data": fitting_values(data, "subscribe_send"),
            "miniprogram_state": state,
            "lang": "zh_CN",
        }
        if page:
            body["page"] = page
        answer = await self._post("/cgi-bin/message/subscribe/send", body, "subscribe_send")
        return str(answer.get("msgid") or "")

    async def custom_send(self, payload: Mapping[str, Any]) -> None:
        """Send one customer-service message (`MiniProgram.push` makes them)."""
        await self._post("/cgi-bin/message/custom/send", payload, "custom_send")

    async def media_get(self, media_id: str, limit: int = MEDIA_LIMIT) -> File:
        """The bytes of a picture that somebody sent in the mini program's customer-service window (kept three days by the platform)."""

        async def fetch(token: str) -> File:
            query = {"access_token": token, "media_id": media_id}
            return await self._transport.fetch("/cgi-bin/media/get", query, call="media_get", limit=limit)

        return await with_token(self._tokens, fetch)

    async def _post(self, path: str, body: Mapping[str, Any], call: str) -> dict[str, Any]:
        return await with_token(self._tokens, lambda token: self._transport.post(path, {"access_token": token}, body, call=call))
