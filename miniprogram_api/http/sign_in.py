"""Sign-in of the mini program: wx.login's code becomes a session, the phone button's code a verified number, and a page it opens takes over."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import json as json_response

from bot.channels.api.errors import ApiError, CodeInvalid
from core.foundation.errors import Invalid, Unavailable
from core.people import commands as people
from core.people import commands_sessions as sessions
from core.people import commands_views as views
from core.people.service import session_actor
from miniprogram_api.http.api import actor_of, by_order, carry_out, dumps, house_of, json_object, practice_of, public
from miniprogram_api.http.sessions import PROCESS, device_of, refuse_foreign_site, set_session_cookies, tokens_of

blueprint = Blueprint("sign_in", url_prefix="/v1/mini-program")


class CodeRefused(Invalid):
    code = "sign_in.code_refused"
    sentence = "登录没有成功(微信的登录码过期了),请退出小程序再进一次。"


class PlatformAway(Unavailable):
    code = "sign_in.platform_away"
    sentence = "微信暂时没有响应,请过几秒再试一次。"


class Code(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: str = Field(min_length=1, max_length=200)


@blueprint.post("/sign-in")
@public("nobody is signed in yet; WeChat vouches for the one-time code")
async def sign_in(request: Request) -> HTTPResponse:
    practice = practice_of(request)
    code = Code.model_validate(json_object(request)).code
    house = house_of(request)
    try:
        session = await house.apis.mini_program.code2session(code)
    except ApiError as error:
        raise refused(error) from None
    identity = people.EnsureAccount(app=house.channel_settings.mini_program.appid, subject=session.openid, unionid=session.unionid or None)
    account = await practice.execute(PROCESS, identity)
    opened = await practice.execute(PROCESS, sessions.OpenSession(account_id=account.account_id, kind="mini_program", device=device_of(request)))
    actor = await session_actor(opened.token, "mini_program", practice.clock.real_now(), practice.clock.now())
    me = await practice.ask(actor, views.Me()) if actor is not None else None
    answer = {**tokens_of(request, opened), "me": None if me is None else me.model_dump(mode="json")}
    return json_response(answer, 201, dumps=dumps)


@blueprint.post("/phone")
@by_order(people.VerifyPhone)
async def verify_phone(request: Request) -> HTTPResponse:
    actor = actor_of(request)
    code = Code.model_validate(json_object(request)).code
    try:
        phone = await house_of(request).apis.mini_program.phone_number(code)
    except ApiError as error:
        raise refused(error) from None
    await practice_of(request).execute(PROCESS, people.VerifyPhone(account_id=actor.account_id, phone=phone.number))
    return json_response({"done": True}, dumps=dumps)


@blueprint.post("/hand-over")
@by_order(sessions.HandOverSession)
async def hand_over(request: Request) -> HTTPResponse:
    """``code`` for the page that the mini program is about to open, for the session that asks."""
    return json_response((await carry_out(request, sessions.HandOverSession(), keyed=False)).model_dump(mode="json"), 201, dumps=dumps)


@blueprint.post("/hand-over/redeem")
@public("the page is not signed in yet; the one-time code that the mini program gave it vouches")
async def redeem_hand_over(request: Request) -> HTTPResponse:
    """The page's session as its cookie; no script ever holds it."""
    refuse_foreign_site(request)
    practice = practice_of(request)
    opened = await practice.execute(PROCESS, sessions.RedeemHandOver(code=Code.model_validate(json_object(request)).code))
    response = json_response({"expires_at": opened.expires_at.isoformat()}, 201, dumps=dumps)
    set_session_cookies(request, response, opened)
    return response


def refused(error: ApiError) -> CodeRefused | PlatformAway:
    """A code that is wrong or used is the person's affair, everything else the platform's."""
    return CodeRefused() if isinstance(error, CodeInvalid) else PlatformAway()
