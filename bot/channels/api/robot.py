"""What the robot can do beside answering: one late answer a message, and fetching what people sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from bot.channels.api.errors import AddressRefused, Unreachable
from bot.channels.api.transport import MEDIA_LIMIT, File, Transport
from bot.channels.crypto import decrypt_file
from bot.channels.refused import Refused
from bot.channels.settings import WeComRobotSettings

_PLATFORM_DOMAINS = ("weixin.qq.com", "work.weixin.qq.com", "myqcloud.com", "qpic.cn")


class RobotApi:
    """Late answers and files of one robot. Every method raises ApiError and nothing else."""

    def __init__(self, transport: Transport, settings: WeComRobotSettings) -> None:
        self._transport = transport
        self._settings = settings

    async def respond(self, response_url: str, payload: Mapping[str, Any]) -> None:
        """Post the one late answer (`WeComRobot.late_answer` makes it). It works once, within an hour."""
        self._check(response_url, "respond")
        await self._transport.post_to(response_url, payload, call="respond")

    async def download(self, url: str, limit: int = MEDIA_LIMIT, key: str = "") -> File:
        """A picture or file somebody sent, decrypted with its own ``key`` or with the callback's. The address lives five minutes."""
        self._check(url, "download")
        file = await self._transport.fetch_from(url.strip(), call="download", limit=limit)
        try:
            content = decrypt_file(key.rstrip("=") or self._settings.encoding_aes_key.get_secret_value(), file.content)
        except ValueError:
            raise Unreachable("download", "no key of a file", sent=True) from None
        except Refused:
            content = self._with_previous_key(file.content)
        return File(content, file.content_type, file.name)

    def _with_previous_key(self, content: bytes) -> bytes:
        previous = self._settings.previous_encoding_aes_key
        if previous is not None:
            try:
                return decrypt_file(previous.get_secret_value(), content)
            except Refused:
                pass
        raise Unreachable("download", "file does not open with our key", sent=True)

    def _check(self, address: str, call: str) -> None:
        """Addresses come inside messages: only the platform's own are called, so that nobody can make us call others."""
        if len(address) > 4096 or not is_platform_address(address.strip(), self._transport.base):
            raise AddressRefused(call, note="not an address of the platform")


def is_platform_address(address: str, base: str) -> bool:
    """Whether an address is below the configured base's origin, or https below the platform's own domains."""
    try:
        parts, own = urlsplit(address), urlsplit(base)
        port, own_port = parts.port, own.port
    except ValueError:
        return False
    host = (parts.hostname or "").lower()
    if parts.username or parts.password or not host:
        return False
    if (parts.scheme, host, port) == (own.scheme, own.hostname, own_port):
        return True
    at_home = any(host == domain or host.endswith("." + domain) for domain in _PLATFORM_DOMAINS)
    return parts.scheme == "https" and port in (None, 443) and at_home
