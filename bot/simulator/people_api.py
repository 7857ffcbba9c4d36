"""The people's side as addresses: JSON in, JSON out, errors as {"error": code, "message": a Chinese sentence}."""

import json
from operator import itemgetter
from typing import Any
from urllib.parse import unquote

from sanic import Blueprint, Request, raw
from sanic.response import HTTPResponse
from sanic.response import json as answer

from . import authenticator, media, outbox, refusals, talking, taps, tokens
from .conditions import ConditionsError, checked
from .deliveries import Courier
from .parcels import verify
from .platform_api import APIS
from .world import Chat, PeopleError, World

Body = dict[str, Any]
HEARTBEAT = 15.0
PAGE = 500
LONGEST_SHIFT = 5 * 366 * 86400


def body_of(request: Request) -> Body:
    """The JSON object of a request; an empty body is an empty object."""
    try:
        value = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        raise PeopleError("body.invalid", 400, "请求不是正确的 JSON") from None
    if not isinstance(value, dict):
        raise PeopleError("body.invalid", 400, "请求必须是一个 JSON 对象")
    return value


def listed(world: World, chat: Chat) -> Body:
    """One chat in the list of a phone."""
    row = world.store.row("SELECT * FROM messages WHERE conversation = ? ORDER BY seq DESC LIMIT 1", chat.conversation)
    shown: Body = {"id": chat.id, "title": chat.title, "last": world.view(row, chat.person) if row else None}
    if chat.id == "official_account":
        shown |= {"following": world.follows(chat.person), "menu": world.store.fact("menu", [])}
    if chat.group:
        group = world.group(chat.group)
        shown["robot"] = world.platform.wecom.robot.name if world.platform.wecom.robot.configured else ""
        shown["members"] = [person.name for person in world.members(group)] if group else []
    return shown


def build(world: World, courier: Courier) -> Blueprint:
    """The blueprint of /simulator/… for people."""
    people = Blueprint("people", url_prefix="/simulator")

    def chat_at(key: str, chat_id: str) -> Chat:
        # Browsers write the colon of a group's chat as %3A; the router hands it over as it was written.
        return world.chat(unquote(key), unquote(chat_id))

    @people.get("/people")
    async def roster(_: Request) -> HTTPResponse:
        shown = [{"key": p.key, "name": p.name, "role": p.role, "title": p.title, "place": p.place, "authenticator": bool(p.authenticator),
                  "chats": [listed(world, chat) for chat in world.chats(p)]} for p in world.roster.people]  # fmt: skip
        return answer({"people": shown, "alone": world.alone})

    @people.get("/people/<key:str>/chats/<chat_id:str>/messages")
    async def messages(request: Request, key: str, chat_id: str) -> HTTPResponse:
        chat = chat_at(key, chat_id)
        after = request.args.get("after") or "0"
        if not after.isascii() or not after.isdigit() or len(after) > 18:
            raise PeopleError("after.invalid", 422, "after 应该是消息序号")
        # Who has nothing yet wants the end of the chat; who has something wants what follows it.
        order = "seq" if int(after) else "seq DESC"
        found = f"SELECT * FROM messages WHERE conversation = ? AND seq > ? ORDER BY {order} LIMIT ?"  # noqa: S608 - one of two words of ours
        rows = sorted(world.store.rows(found, chat.conversation, int(after), PAGE), key=itemgetter("seq"))
        return answer([world.view(row, chat.person) for row in rows])

    @people.post("/people/<key:str>/chats/<chat_id:str>/messages")
    async def write(request: Request, key: str, chat_id: str) -> HTTPResponse:
        return answer(talking.write(world, courier, chat_at(key, chat_id), body_of(request)), status=201)

    @people.post("/people/<key:str>/chats/<chat_id:str>/taps")
    async def tap(request: Request, key: str, chat_id: str) -> HTTPResponse:
        return answer(taps.tap(world, courier, chat_at(key, chat_id), body_of(request)), status=201)

    @people.post("/people/<key:str>/chats/<chat_id:str>/enter")
    async def enter(_: Request, key: str, chat_id: str) -> HTTPResponse:
        return answer(talking.enter(world, courier, chat_at(key, chat_id)), status=201)

    @people.get("/people/<key:str>/identity-card")
    async def identity_card(_: Request, key: str) -> HTTPResponse:
        person = world.person(unquote(key))
        if not person.id_number:
            raise PeopleError("identity_card.none", 404, "这个人没有带身份证")
        return answer({"full_name": person.full_name, "id_number": person.id_number})

    @people.get("/people/<key:str>/authenticator")
    async def one_time_code(_: Request, key: str) -> HTTPResponse:
        return answer(authenticator.shown(world, unquote(key)), headers={"Cache-Control": "no-store"})

    @people.post("/people/<key:str>/authenticator")
    async def scan(request: Request, key: str) -> HTTPResponse:
        return answer(authenticator.scan(world, unquote(key), body_of(request).get("address")), status=201)

    @people.post("/people/<key:str>/mini-program/login")
    async def login(_: Request, key: str) -> HTTPResponse:
        return answer(talking.mini_program_code(world, unquote(key), "mini_login"))

    @people.post("/people/<key:str>/mini-program/phone")
    async def phone(_: Request, key: str) -> HTTPResponse:
        return answer(talking.mini_program_code(world, unquote(key), "mini_phone"))

    @people.post("/people/<key:str>/mini-program/subscribe")
    async def subscribe(request: Request, key: str) -> HTTPResponse:
        return answer(talking.subscribe(world, courier, unquote(key), body_of(request).get("templates")))

    @people.post("/people/<key:str>/official-account/<step:follow|unfollow>")
    async def follow(request: Request, key: str, step: str) -> HTTPResponse:
        scene = body_of(request).get("scene", "")
        if not isinstance(scene, str):
            raise PeopleError("scene.invalid", 422, "二维码不对")
        return answer(talking.follow(world, courier, chat_at(key, "official_account"), step == "follow", scene))

    @people.get("/exchanges/<exchange:str>")
    async def exchange(_: Request, exchange: str) -> HTTPResponse:
        found = world.exchange(exchange)
        if found is None:
            raise PeopleError("exchange.unknown", 404, "没有这条往来记录,可能已经清理")
        return answer(found)

    @people.get("/exchanges")
    async def recent(_: Request) -> HTTPResponse:
        rows = world.store.rows("SELECT body FROM exchanges ORDER BY number DESC LIMIT 50")
        return answer([{name: value for name, value in json.loads(row["body"]).items() if name != "attempts"} for row in rows])

    @people.get("/media/<ident:str>")
    async def picture(_: Request, ident: str) -> HTTPResponse:
        row = media.stored(world, ident)
        if row is None:
            raise PeopleError("media.unknown", 404, "文件不存在")
        kind = row["content_type"]
        headers = {"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff"}
        if not kind.startswith("image/"):
            headers["Content-Disposition"] = "attachment"
        return raw(media.path(world, row["id"]).read_bytes(), content_type=kind, headers=headers)

    @people.get("/conditions")
    async def conditions(_: Request) -> HTTPResponse:
        return answer(world.conditions.as_json())

    @people.put("/conditions")
    async def set_conditions(request: Request) -> HTTPResponse:
        try:
            world.set_conditions(checked(body_of(request), world.conditions, APIS))
        except ConditionsError as exc:
            raise PeopleError("conditions.invalid", 422, exc.sentence) from None
        return answer(world.conditions.as_json())

    @people.post("/tokens/lost")
    async def lose_tokens(request: Request) -> HTTPResponse:
        return answer({"lost": tokens.lose(world, body_of(request).get("errcode", 40001))})

    @people.get("/people/<key:str>/refusals")
    async def person_refusals(_: Request, key: str) -> HTTPResponse:
        return answer(refusals.shown(world, unquote(key)))

    @people.put("/people/<key:str>/refusals")
    async def refuse(request: Request, key: str) -> HTTPResponse:
        return answer(refusals.choose(world, courier, unquote(key), body_of(request)))

    @people.get("/outbox")
    async def sent(request: Request) -> HTTPResponse:
        return answer(outbox.listed(world, request.args.get("person") or "", request.args.get("outcome") or ""))

    @people.put("/clock")
    async def set_clock(request: Request) -> HTTPResponse:
        offset = body_of(request).get("offset_s")
        if not isinstance(offset, int) or isinstance(offset, bool) or not 0 <= offset <= LONGEST_SHIFT:
            raise PeopleError("clock.invalid", 422, "offset_s 是 0 或更多的整秒数")
        world.shift(offset)
        return answer({"offset_s": offset})

    @people.post("/verifications")
    async def verifications(_: Request) -> HTTPResponse:
        return answer(await verify(world, courier.client))

    return people

