"""Access tokens of Official Account, mini program and WeCom (wechat-facts, 3.1 and 4.1)."""

import secrets
from typing import Any

from .calls import Body, Call, Endpoint, PlatformError
from .conditions import LOST_TOKENS
from .world import PeopleError, World

LIFETIME = 7200
OVERLAP = 300
PLAIN_DAILY = 2000
STABLE_DAILY, STABLE_MINUTE = 500_000, 10_000
FORCED_DAILY, FORCED_PAUSE = 20, 30


def check(world: World, token: str, host: str) -> str:
    """The account that this token speaks for. Host: weixin or wecom; each knows only its own tokens."""
    if not token:
        raise PlatformError(41001)
    row = world.store.row("SELECT * FROM tokens WHERE token = ?", token)
    if row is None or row["revoked"] or (row["account"] == "wecom") != (host == "wecom"):
        raise PlatformError(40014 if host == "wecom" else 40001)
    if row["expires_at"] <= world.now():
        raise PlatformError(42001)
    return str(row["account"])


def lose(world: World, errcode: Any) -> int:
    """Every token that was issued stops being valid now, as revoked (40001; WeCom says 40014) or as expired (42001); how many there were."""
    if isinstance(errcode, bool) or errcode not in LOST_TOKENS:
        raise PeopleError("tokens.invalid", 422, "令牌失效只能是 40001 或 42001")
    now = world.now()
    if errcode == 42001:
        return world.store.run("UPDATE tokens SET expires_at = ? WHERE revoked = 0 AND expires_at > ?", now, now)
    return world.store.run("UPDATE tokens SET revoked = 1 WHERE revoked = 0 AND expires_at > ?", now)


def _issue(world: World, account: str, kind: str) -> Body:
    token = secrets.token_urlsafe(100)
    now = world.now()
    world.store.run(
        "INSERT INTO tokens (token, account, kind, made_at, expires_at) VALUES (?, ?, ?, ?, ?)", token, account, kind, now, now + LIFETIME
    )
    world.store.run("DELETE FROM tokens WHERE expires_at < ?", now - 7 * 86400)
    return {"access_token": token, "expires_in": LIFETIME}


def _account(world: World, appid: object, secret: object) -> str:
    for name, account in (("official_account", world.platform.official_account), ("mini_program", world.platform.mini_program)):
        if appid == account.appid:
            if not isinstance(secret, str) or not secrets.compare_digest(secret.encode("utf-8", "replace"), account.secret.encode()):
                raise PlatformError(40125)
            return name
    raise PlatformError(40013)


def plain(call: Call) -> Body:
    """GET /cgi-bin/token: every call makes a new token and ends the earlier one."""
    if call.asked("grant_type") != "client_credential":
        raise PlatformError(40002)
    account = _account(call.world, call.asked("appid"), call.asked("secret"))
    if call.world.store.count(f"token:{account}", call.world.now(), 86400) > PLAIN_DAILY:
        raise PlatformError(45009)
    call.world.store.run("UPDATE tokens SET revoked = 1 WHERE account = ? AND kind = 'plain'", account)
    return _issue(call.world, account, "plain")


def stable(call: Call) -> Body:
    """POST /cgi-bin/stable_token: the same token until five minutes before its end, unless a refresh is forced."""
    world, now = call.world, call.world.now()
    if call.body.get("grant_type") != "client_credential":
        raise PlatformError(40002)
    forced = call.body.get("force_refresh", False)
    if not isinstance(forced, bool):
        raise PlatformError(47001, "force_refresh must be true or false")
    account = _account(world, call.body.get("appid"), call.body.get("secret"))
    if world.store.count(f"stable:day:{account}", now, 86400) > STABLE_DAILY:
        raise PlatformError(45009)
    if world.store.count(f"stable:minute:{account}", now, 60) > STABLE_MINUTE:
        raise PlatformError(45011)
    row = world.store.row("SELECT * FROM tokens WHERE account = ? AND kind = 'stable' AND revoked = 0 ORDER BY made_at DESC", account)
    fresh = row is not None and row["expires_at"] - now > OVERLAP
    # A forced refresh within 30 s of the last one gets the token that is there.
    if forced and not (fresh and row is not None and now - row["made_at"] < FORCED_PAUSE):
        if world.store.count(f"stable:forced:{account}", now, 86400) > FORCED_DAILY:
            raise PlatformError(45009, "force_refresh")
        world.store.run("UPDATE tokens SET revoked = 1 WHERE account = ? AND kind = 'stable'", account)
        return _issue(world, account, "stable")
    if fresh and row is not None:
        return {"access_token": row["token"], "expires_in": int(row["expires_at"] - now)}
    return _issue(world, account, "stable")


def wecom(call: Call) -> Body:
    """GET /cgi-bin/gettoken: one token for the app, the same until it expires."""
    world, now = call.world, call.world.now()
    if call.asked("corpid") != world.platform.wecom.corpid:
        raise PlatformError(40013, "corpid")
    if not secrets.compare_digest(call.asked("corpsecret").encode("utf-8", "replace"), world.platform.wecom.app.secret.encode()):
        raise PlatformError(40001, "invalid corpsecret")
    if world.store.count("gettoken:minute", now, 60) > STABLE_MINUTE:
        raise PlatformError(45009)
    row = world.store.row("SELECT * FROM tokens WHERE account = 'wecom' AND revoked = 0 AND expires_at > ? ORDER BY made_at DESC", now)
    if row is not None:
        issued: Body = {"access_token": row["token"], "expires_in": int(row["expires_at"] - now)}
    else:
        issued = _issue(world, "wecom", "plain")
    return {"errcode": 0, "errmsg": "ok", **issued}


WEIXIN = {"/cgi-bin/token": Endpoint(plain, "GET"), "/cgi-bin/stable_token": Endpoint(stable, "POST")}
WECOM = {"/cgi-bin/gettoken": Endpoint(wecom, "GET")}
