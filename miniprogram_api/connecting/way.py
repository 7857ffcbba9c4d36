"""The way from the world to one of our addresses, step by step as a platform goes it: name, connection, TLS, one request with its time."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

import httpx

CONNECT_S = 10.0
ANSWER_S = 20.0
"""Longer than any platform waits: what is only slow is told as slow."""
LARGEST = 64 << 10


class Broken(Exception):
    """The way ends here. ``what`` and ``then``: what an operator is told."""

    def __init__(self, what: str, then: str) -> None:
        super().__init__(what)
        self.what, self.then = what, then


@dataclass(frozen=True, slots=True)
class Got:
    """One answer; ``took_s`` from the first byte of a fresh connection to the last of the answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    took_s: float

    @property
    def html(self) -> bool:
        return "html" in self.headers.get("content-type", "") or self.body[:200].lstrip().lower().startswith((b"<!doctype", b"<html"))


_TLS: dict[int, tuple[str, str]] = {
    9: ("证书还没有生效", "检查服务器的时间;证书是刚签的,等它生效。"),
    10: ("证书过期了", "马上续期,让自动续期的任务跑起来;装好后重新载入反向代理。"),
    18: ("证书是自签名的", "微信只信公开的 CA:到云厂商或 Let's Encrypt 申请一张。"),
    19: ("证书由私有的 CA 签发", "微信只信公开的 CA:到云厂商或 Let's Encrypt 申请一张。"),
    20: ("证书链不完整,或由不公开的 CA 签发", "在反向代理上装完整的证书链(fullchain),不要只装域名那一张。"),
    21: ("证书链不完整", "在反向代理上装完整的证书链(fullchain),不要只装域名那一张。"),
    62: ("证书不是这个域名的", "证书要写着回调地址里的域名:换一张,或改回调地址。"),
    64: ("证书不是这个地址的", "回调地址要用域名,并用那个域名的证书。"),
}


async def resolved(host: str, port: int) -> list[str]:
    """The addresses that ``host`` has. Broken where it has none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Broken(f"域名 {host} 解析不了", "检查域名的 DNS 记录(A 或 AAAA)指向会诊的公网地址;刚加的记录要等几分钟。") from None
    return sorted({str(one[4][0]) for one in found})


def is_private(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_private


async def reached(host: str, port: int, tls: ssl.SSLContext | None) -> datetime | None:
    """Connect once; until when the certificate is good, None without TLS. Broken where it does not work."""
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(host, port, ssl=tls, server_hostname=host if tls else None)
        certificate = writer.get_extra_info("peercert") if tls else None
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC) if certificate else None
    except ssl.SSLCertVerificationError as error:
        raise Broken(*_TLS.get(error.verify_code, ("证书没有通过检查", "换一张公开的 CA 签发的、写着这个域名的证书。"))) from None
    except ssl.SSLError:
        raise Broken("TLS 握手失败", f"{port} 端口上不是 https,或只开了太老的协议:检查反向代理的 TLS 设置(1.2 和 1.3)。") from None
    except ConnectionRefusedError:
        raise Broken(f"连接被拒绝({host}:{port})", "那个端口没有程序在听:启动反向代理或会诊,检查监听的地址。") from None
    except TimeoutError:
        raise Broken(f"连接没有回应({host}:{port})", "防火墙或云的安全组没有放行这个端口,或解析到了别的机器。") from None
    except OSError:
        raise Broken(f"连不上 {host}:{port}", "检查网络、防火墙和域名解析;从外网换一台机器再试。") from None
    finally:
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError, TimeoutError):
                async with asyncio.timeout(2):
                    await writer.wait_closed()


async def asked(
    url: str, query: Mapping[str, str], tls: ssl.SSLContext, *, body: bytes | None = None, content_type: str = "text/xml; charset=utf-8"
) -> Got:
    """GET, or POST ``body``, on a connection of its own, following nothing. Broken where no answer comes."""
    loop = asyncio.get_running_loop()
    whole = f"{url}{'&' if '?' in url else '?'}{urlencode(query)}" if query else url
    headers = {"content-type": content_type} if body is not None else {}
    try:
        async with asyncio.timeout(ANSWER_S), httpx.AsyncClient(verify=tls, follow_redirects=False, trust_env=False, timeout=ANSWER_S) as client:
            begun = loop.time()
            async with client.stream("GET" if body is None else "POST", whole, content=body, headers=headers) as answer:
                parts, length = [], 0
                async for part in answer.aiter_bytes():
                    parts.append(part)
                    length += len(part)
                    if length > LARGEST:
                        break
                return Got(answer.status_code, answer.headers, b"".join(parts), loop.time() - begun)
    except (httpx.TimeoutException, TimeoutError):
        raise Broken(f"{ANSWER_S:.0f} 秒里没有回答", "看会诊是不是在运行(huizhen processes),反向代理转到了哪里。") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError):
        # Whatever httpx says of it holds the address, and with it a signature.
        raise Broken("连接中途断开,没有回答", "看反向代理的日志:多半是它转到的地方不对,或会诊没有在运行。") from None
