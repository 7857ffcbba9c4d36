"""Web sign-in (wechat-facts, 3b): the authorise page, which plays the phone, and the exchange of the code."""

import re
import secrets
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from .calls import Body, Call, Endpoint, check_code_grant
from .codes import detail, issue, redeem
from .settings import Person
from .world import World

PHONE = re.compile(r"/phone/([0-9A-Za-z_.\-]{1,64})/")
STATE = re.compile(r"[0-9A-Za-z]{0,128}")


class AuthorisePage(Exception):
    """Nothing to redirect to: the person sees this Chinese sentence instead."""


class WhoIsIt(AuthorisePage):
    """Alone there are no phones that open pages: the browser is asked whose it is. `choices` are (address, name)."""

    def __init__(self, choices: list[tuple[str, str]]) -> None:
        super().__init__("以谁的身份打开?")
        self.choices = choices


def authorise(world: World, query: dict[str, str]) -> str:
    """The address to redirect the browser to. Whose phone this is stands in the redirect_uri: /phone/<key>/…"""
    redirect = query.get("redirect_uri", "")
    appid = query.get("appid", "")
    wecom = appid == world.platform.wecom.corpid
    if not wecom and appid != world.platform.official_account.appid:
        raise AuthorisePage("appid 参数错误(10013)")
    if query.get("response_type") != "code":
        raise AuthorisePage("response_type 参数错误")
    scope = query.get("scope", "")
    if scope not in (("snsapi_base", "snsapi_privateinfo") if wecom else ("snsapi_base", "snsapi_userinfo")):
        raise AuthorisePage("scope 参数错误或没有 scope 权限(10005)")
    if not STATE.fullmatch(query.get("state", "")):
        raise AuthorisePage("state 参数错误:只能是 128 个以内的字母和数字")
    if wecom and scope != "snsapi_base" and query.get("agentid") != str(world.platform.wecom.app.agentid):
        raise AuthorisePage("agentid 参数错误")
    if not world.platform.may_redirect_to(redirect):
        raise AuthorisePage("redirect_uri 与配置的可信域名不一致(50001)" if wecom else "redirect_uri 参数错误(10003)")
    person = _phone(world, redirect) or (world.people.get(query.get("as", "")) if world.alone else None)
    if person is None and world.alone:
        known = [one for one in world.roster.people if (one.userid if wecom else one.official_account_openid)]
        raise WhoIsIt([("?" + urlencode({**query, "as": one.key}), one.name) for one in known])
    if person is None:
        raise AuthorisePage("请在微信客户端打开链接")
    if wecom and not person.userid:
        raise AuthorisePage("您不是该企业的成员,请用企业微信打开")
    if not wecom and not person.official_account_openid:
        raise AuthorisePage("请在微信客户端打开链接")
    code = issue(world, "wecom_oauth" if wecom else "official_oauth", person.key, {"scope": scope})
    parts = urlsplit(redirect)
    extra = [("code", code)] + ([("state", query["state"])] if query.get("state") else [])
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query, keep_blank_values=True), *extra])))


def _phone(world: World, redirect: str) -> Person | None:
    found = PHONE.match(urlsplit(redirect).path)
    return world.people.get(found.group(1)) if found else None


def exchange_code(call: Call) -> Body:
    """GET /sns/oauth2/access_token: another kind of token than the API's; unionid only with snsapi_userinfo."""
    world, account = call.world, call.world.platform.official_account
    check_code_grant(call, account.appid, account.secret)
    code = redeem(world, "official_oauth", call.asked("code"))
    person, scope = world.person(code["subject"]), detail(code)["scope"]
    answer: Body = {"access_token": secrets.token_urlsafe(60), "expires_in": 7200, "refresh_token": secrets.token_urlsafe(60),
                    "openid": person.official_account_openid, "scope": scope}  # fmt: skip
    if scope == "snsapi_userinfo" and person.unionid:
        answer["unionid"] = person.unionid
    if person.preview:
        answer["is_snapshotuser"] = 1
    return answer


WEIXIN = {"/sns/oauth2/access_token": Endpoint(exchange_code, "GET", daily=5_000_000)}
