"""A gateway for SMS over signed HTTP. It takes a code as a value and nothing else: no word of an illness, a name or a place gets into an SMS."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum

from bot.channels.api.errors import ApiError
from bot.channels.api.transport import Transport
from bot.channels.settings import SmsSettings

_CODE = re.compile(r"[A-Z]{1,3}-[0-9A-Z]{2,12}|-", re.ASCII)
"""As ours are made: C-7K2M. A number of eleven digits is none."""
_PHONE = re.compile(r"1[0-9]{10}", re.ASCII)


class Taken(StrEnum):
    """What became of one SMS."""

    OK = "ok"
    REFUSED = "refused"
    """For good: the number, the template or the account is not taken."""
    BUSY = "busy"
    """Not now: too many to this number, or the gateway does not answer."""


class NotForSms(ValueError):
    """A value that has no place in an SMS. The value does not stand in it."""


def sms_values(values: Mapping[str, str]) -> dict[str, str]:
    """The values of an SMS: a code and nothing else. NotForSms for any other name or anything that is no code."""
    if set(values) != {"code"} or not _CODE.fullmatch(values["code"]):
        raise NotForSms("an SMS takes a code and nothing else")
    return dict(values)


class HttpSms:
    """A gateway that takes signed JSON: POST ``/v1/messages`` {key, time, once, phone, template, values}, header ``X-Signature``.

    The signature is HMAC-SHA256 (hex) of the body's bytes under the secret. Answer: {"code": "ok" | "busy.…" | "refused.…"}.
    """

    def __init__(self, transport: Transport, settings: SmsSettings, now: Callable[[], datetime]) -> None:
        self._transport = transport
        self._settings = settings
        self._now = now

    async def send(self, phone: str, template: str, values: Mapping[str, str], once: str) -> Taken:
        """Send our ``template`` to ``phone`` (11 digits). ``once``: the same again is sent once only. Raises NotForSms, nothing else."""
        checked = sms_values(values)
        template_id = self._settings.templates.get(template)
        if template_id is None or not _PHONE.fullmatch(phone):
            return Taken.REFUSED
        body = {
            "key": self._settings.key, "time": int(self._now().timestamp()), "once": once, "phone": phone, "template": template_id, "values": checked,
        }  # fmt: skip
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
        signature = hmac.new(self._settings.secret.get_secret_value().encode(), content, hashlib.sha256).hexdigest()
        try:
            answer = await self._transport.post_signed("/v1/messages", content, {"x-signature": signature}, call="sms")
        except ApiError:
            return Taken.BUSY
        code = str(answer.get("code", ""))
        return Taken.OK if code == "ok" else Taken.BUSY if code.startswith("busy") else Taken.REFUSED
