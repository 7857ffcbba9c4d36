"""The platforms' side as addresses: token, quota and method checked here, everything answered with HTTP 200 and errcode."""

import asyncio
import contextlib
import json
import logging
from html import escape
from typing import Any
from urllib.parse import urlencode

from sanic import Blueprint, Request, html, raw, redirect
from sanic.response import HTTPResponse
from sanic.response import json as answer

from . import account_api, faults, group_webhook, media, mini_program_api, oauth, official_account_api, outbox, tokens, wecom_api
from .calls import Body, Call, Endpoint, PlatformError
from .deliveries import Courier
from .world import PeopleError, World, clip, instant

log = logging.getLogger(__name__)
WEIXIN = {**tokens.WEIXIN, **official_account_api.WEIXIN, **mini_program_api.WEIXIN, **oauth.WEIXIN, **account_api.WEIXIN}
WECOM = {**tokens.WECOM, **wecom_api.WECOM_API, **group_webhook.WECOM_API, **account_api.WECOM}
WITHOUT_TOKEN = ("/cgi-bin/aibot/response", *group_webhook.WECOM_API)
MEDIA_APIS = ("/cgi-bin/media/get", "/cgi-bin/media/upload")
APIS = frozenset({*WEIXIN, *WECOM, *MEDIA_APIS})
HANGS_S = 60.0
"""How long a platform that hangs keeps a call; who waits longer finds the connection closed."""
MEDIA_TYPES = {"image": 10 << 20, "voice": 2 << 20, "video": 10 << 20, "thumb": 64 << 10, "file": 20 << 20}
SECRETS = ("access_token", "secret", "corpsecret", "code", "js_code", "response_code", "key")


def build(world: World, courier: Courier) -> Blueprint:
    """The blueprint of the three hosts."""
    hosts = Blueprint("platform", url_prefix="/simulator")

    async def weixin(request: Request, path: str) -> HTTPResponse:
        return await _serve(world, courier, request, "weixin", f"/{path}")

    async def qyapi(request: Request, path: str) -> HTTPResponse:
        if path.startswith("files/"):
            content = media.linked(world, path.removeprefix("files/"))
            return raw(content or b"", status=200 if content is not None else 404)
        return await _serve(world, courier, request, "wecom", f"/{path}")

    @hosts.get("/open.weixin.qq.com/connect/oauth2/authorize")
    async def authorise(request: Request) -> HTTPResponse:
        if world.conditions.platform_down:
            return await _down(world, request)
        try:
            return redirect(oauth.authorise(world, _query(request)))
        except oauth.WhoIsIt as page:
            links = "".join(f'<p><a href="{escape(address)}">{escape(name)}</a></p>' for address, name in page.choices)
            return html(PAGE.format(sentence=f"{page}{links}"))
        except oauth.AuthorisePage as page:
            return html(PAGE.format(sentence=page))

    hosts.add_route(weixin, "/api.weixin.qq.com/<path:path>", methods=["GET", "POST"], name="weixin")
    hosts.add_route(qyapi, "/qyapi.weixin.qq.com/<path:path>", methods=["GET", "POST"], name="qyapi")
    return hosts


PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>微信</title><body style="font:17px/1.6 sans-serif;text-align:center;padding:20vh 24px"><p>{sentence}</p></body></html>"""
BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>"


def _query(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in request.args.items() if values}


async def _serve(world: World, courier: Courier, request: Request, host: str, path: str) -> HTTPResponse:
    await asyncio.sleep(world.conditions.delay_ms / 1000)
    query = _query(request)
    if world.conditions.platform_down in ("hang", "refuse"):
        _unanswered(world, request, host, path, query)
        return await _down(world, request)
    try:
        if path in MEDIA_APIS:
            return _media(world, request, host, path, query)
        endpoint = (WECOM if host == "wecom" else WEIXIN).get(path)
        if endpoint is None:
            raise PlatformError(40066)
        return answer(_call(world, courier, request, endpoint, host, path, query))
    except PlatformError as exc:
        return answer({"errcode": exc.errcode, "errmsg": exc.errmsg})
    except PeopleError:
        return answer({"errcode": 40029, "errmsg": "invalid code"})
    except faults.HttpFault as fault:
        return html(BAD_GATEWAY, status=fault.status)
    except Exception:
        log.exception("a platform call failed: %s", path)
        return answer({"errcode": -1, "errmsg": "system error"})


async def _down(world: World, request: Request) -> HTTPResponse:
    """No answer: an HTTP error of what stands in front of the platform, or the connection ends, at once or after a long silence."""
    if world.conditions.platform_down == "http":
        return html(BAD_GATEWAY, status=faults.BAD_GATEWAY)
    if world.conditions.platform_down == "hang":
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HANGS_S):
                await world.up.wait()
    if isinstance(request.transport, asyncio.WriteTransport):
        request.transport.abort()
    return html("", status=faults.BAD_GATEWAY)


def _authorised(world: World, host: str, path: str, query: dict[str, str], endpoint: Endpoint) -> str:
    """The faults asked for, then token, account and daily quota; the account of the call."""
    faults.strike(world, path, gives_token=not endpoint.accounts and path not in WITHOUT_TOKEN)
    if not endpoint.accounts:
        return ""
    if query.get("access_token"):
        faults.lose_token(world, host)
    account = tokens.check(world, query.get("access_token", ""), host)
    if account not in endpoint.accounts:
        raise PlatformError(48001)
    if world.store.count(f"day:{account}:{path}", world.now(), 86400) > endpoint.daily:
        raise PlatformError(45009)
    return account


def _call(world: World, courier: Courier, request: Request, endpoint: Endpoint, host: str, path: str, query: dict[str, str]) -> Body:
    if request.method != endpoint.method:
        raise PlatformError(43002 if endpoint.method == "POST" else 43001)
    started = asyncio.get_running_loop().time()
    call = Call(world, query, {})
    if endpoint.recorded:
        call.exchange = _opened(world, host, path)
    result: Body = {}
    status = 200
    try:
        if endpoint.method == "POST":
            call.body = _json(request)
        call.account = _authorised(world, host, path, query, endpoint)
        with world.store.transaction():
            result = endpoint.handle(call)
    except PlatformError as exc:
        # Nothing of a refused call stays.
        call.announce, call.changed, call.deliver = [], [], []
        result = {"errcode": exc.errcode, "errmsg": exc.errmsg}
        raise
    except faults.HttpFault as fault:
        result, status = {"errmsg": f"HTTP {fault.status}, {faults.ASKED_FOR}"}, fault.status
        raise
    finally:
        if endpoint.recorded:
            _record(world, request, call, path, query, (status, result), started)
    world.announce(*call.announce)
    world.announce(*call.changed, changed=True)
    courier.dispatch(*call.deliver)
    return result


def _opened(world: World, host: str, path: str) -> str:
    channel = {"/cgi-bin/message/subscribe/send": "mini_program", "/cgi-bin/aibot/response": "wecom_robot"}.get(path)
    return world.open_exchange("api", channel or ("wecom_app" if host == "wecom" else "official_account"), "", f"{host}{path}")


def _unanswered(world: World, request: Request, host: str, path: str, query: dict[str, str]) -> None:
    """Put on record what was tried while nobody answers."""
    endpoint = (WECOM if host == "wecom" else WEIXIN).get(path)
    if endpoint is None or not endpoint.recorded:
        return
    call = Call(world, query, {}, exchange=_opened(world, host, path))
    with contextlib.suppress(PlatformError):
        call.body = _json(request)
    _record(world, request, call, path, query, (0, {"errmsg": f"no answer, {faults.ASKED_FOR}"}), asyncio.get_running_loop().time())


def _record(world: World, request: Request, call: Call, path: str, query: dict[str, str], answered: tuple[int, Body], started: float) -> None:
    status, result = answered
    shown = {name: "…" if name in SECRETS else value for name, value in query.items()}
    sent = {"method": request.method, "url": f"{path}?{urlencode(shown, safe='…')}", "raw": clip(request.body), "decrypted": ""}
    told = json.dumps({k: "…" if k in SECRETS else v for k, v in result.items()}, ensure_ascii=False)
    got = {"status": status, "raw": told if status == 200 else BAD_GATEWAY, "decrypted": ""} if status else None
    good = status == 200 and result.get("errcode", 0) == 0 and bool(result)
    took = round((asyncio.get_running_loop().time() - started) * 1000)
    attempt = {"number": 1, "at": instant(world.now()), "took_ms": took, "duplicate": False, "outcome": "answered" if good else "error",
               "reason": "" if good else result.get("errmsg", "system error"), "request": sent, "answer": got}  # fmt: skip
    world.note(call.exchange, attempt, call.warnings, outcome=attempt["outcome"], reason=attempt["reason"], errcode=result.get("errcode"),
               status=status, **outbox.addressed(world, call.body))  # fmt: skip


def _json(request: Request) -> Body:
    if not request.body:
        raise PlatformError(44002)
    try:
        value: Any = json.loads(request.body.decode("utf-8"))
        # Lone surrogates are JSON, but not text.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise PlatformError(47001) from None
    if not isinstance(value, dict):
        raise PlatformError(47001)
    return value


def _media(world: World, request: Request, host: str, path: str, query: dict[str, str]) -> HTTPResponse:
    accounts = frozenset({"wecom"} if host == "wecom" else {"official_account", "mini_program"})
    getting = path.endswith("/get")
    if request.method != ("GET" if getting else "POST"):
        raise PlatformError(43001 if getting else 43002)
    account = _authorised(world, host, path, query, Endpoint(lambda _: {}, "GET", accounts))
    if getting:
        row = media.known(world, query.get("media_id", ""), account)
        if row is None:
            raise PlatformError(40007)
        headers = {"Content-Disposition": f'attachment; filename="{row["id"]}"'}
        return raw(media.path(world, row["id"]).read_bytes(), content_type=row["content_type"], headers=headers)
    kind = query.get("type", "")
    file = request.files.get("media") if request.files else None
    if kind not in MEDIA_TYPES or (kind == "file" and host != "wecom"):
        raise PlatformError(40004, "type")
    if file is None or not file.body:
        raise PlatformError(41005, "media data missing")
    if len(file.body) > MEDIA_TYPES[kind]:
        raise PlatformError(40006, "media size")
    ident = media.keep(world, account, kind, (file.name or kind)[:120], file.type or "application/octet-stream", file.body)
    made = int(world.now())
    if host == "wecom":
        return answer({"errcode": 0, "errmsg": "ok", "type": kind, "media_id": ident, "created_at": str(made)})
    return answer({"type": kind, "media_id": ident, "created_at": made})
