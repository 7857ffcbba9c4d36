"""What every route shares: who asks, how a request becomes an order, and how errors become problem+json (RFC 9457) in one place."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from typing import Any, get_origin

from pydantic import ValidationError
from sanic import Blueprint, HTTPResponse, Request, Sanic
from sanic.exceptions import RequestCancelled, SanicException
from sanic.handlers import ErrorHandler
from sanic.response import json as json_response

from core.foundation.actor import Actor
from core.foundation.audit.origin import network_of
from core.foundation.database.away import AWAY
from core.foundation.errors import DomainError, Invalid, NotAllowed, NotFound, Unavailable
from core.foundation.orders import Command, Order, Query
from core.foundation.practice import Practice
from miniprogram_api.http.explaining import explain

logger = logging.getLogger("huizhen.http")

App = Sanic[Any, Any]

LENIENT = "handling=lenient"
"""RFC 7240: what is not there is answered with 204 and nothing, not with a refusal that every browser writes into its console."""
DEEPEST = 16
"""Levels of a JSON body; ours have five at most."""
dumps = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))


class SignInNeeded(NotAllowed):
    code = "session.missing"
    status = 401
    sentence = "请先登录(从微信里打开),再做这一步。"


class SessionStale(NotAllowed):
    """The access token has run out, the sign-in has not: the program that asks fetches a new one and asks again."""

    code = "session.stale"
    status = 401
    sentence = "登录要更新一下,请再点一次。"


class EngineElsewhere(Invalid):
    code = "command.needs_words"
    sentence = "这一步要先理解文字,请用 text 提交整句话。"


@dataclass(frozen=True, slots=True)
class RouteAccess:
    """Why a route may be called: by the access entry of ``order``, or for everybody for the stated ``reason``."""

    order: type[Order] | None = None
    reason: str = ""
    status: int = 200
    """Of the answer when all went well."""
    query_names: Mapping[str, str] = field(default_factory=dict)
    """Query parameter → the order's field, where they differ."""
    plain: bool = False
    """Fields in, result out, as JSON. Else the route takes and answers in its own way."""


Handler = Callable[..., Awaitable[HTTPResponse]]


def public(reason: str) -> Callable[[Handler], Handler]:
    """Declares a route that needs no signed-in person, and why that is right."""

    def declare(handler: Handler) -> Handler:
        handler.access = RouteAccess(reason=reason)  # type: ignore[attr-defined]
        return handler

    return declare


def by_order(order: type[Order]) -> Callable[[Handler], Handler]:
    """Declares a route of its own that gives ``order``."""

    def declare(handler: Handler) -> Handler:
        handler.access = RouteAccess(order=order)  # type: ignore[attr-defined]
        return handler

    return declare


def practice_of(request: Request) -> Practice:
    practice: Practice = request.app.ctx.practice
    return practice


def house_of(request: Request) -> Any:
    """What the process works with (``miniprogram_api.app.composition.House``)."""
    return request.app.ctx.house


def actor_of(request: Request) -> Actor:
    """The signed-in person, with the network he asks from; SignInNeeded when there is none, SessionStale when his token has run out."""
    actor: Actor | None = request.ctx.actor
    if actor is None:
        raise SignInNeeded if request.ctx.signed_in is None else SessionStale
    return replace(actor, address=network_of(getattr(request.ctx, "address", "")))


def problem(status: int, code: str, detail: str, fields: dict[str, Any] | None = None, headers: dict[str, str] | None = None) -> HTTPResponse:
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": code, "detail": detail, "fields": fields or {}}
    return HTTPResponse(dumps(body, default=str), status, headers, content_type="application/problem+json")


def refusal(error: DomainError) -> HTTPResponse:
    """The answer to a refused order. Named fields travel along (who has it, what else is free), as the error's class chose them."""
    wait_s = getattr(error, "retry_after_s", None)
    headers = None if wait_s is None else {"Retry-After": str(wait_s)}
    fields = {name: _plain(value) for name, value in error.fields.items()}
    return problem(error.status, error.code, error.message, fields, headers)


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


class Problems(ErrorHandler):
    """Every error as problem+json. What a person typed is never echoed; an unforeseen error is logged by type and place and told as such."""

    def default(self, request: Request, exception: Exception) -> HTTPResponse:
        if isinstance(exception, DomainError):
            if isinstance(exception, NotFound) and request.method == "GET" and LENIENT in request.headers.get("prefer", ""):
                # Whoever asks whether there is one takes "none" for an answer.
                return HTTPResponse(status=204, headers={"Preference-Applied": LENIENT})
            answer = refusal(exception)
            if not request.path.startswith("/h5/"):
                return answer
            page = explain("现在打不开", exception.message, exception.status)
            page.headers.update({name: value for name, value in answer.headers.items() if name.lower() == "retry-after"})
            return page
        if isinstance(exception, ValidationError):
            errors = exception.errors(include_url=False, include_input=False, include_context=False)
            places = [{"field": ".".join(str(part) for part in error["loc"]), "problem": error["type"]} for error in errors]
            return problem(422, "invalid", "有的内容缺少或格式不对,请检查标出的几项。", {"errors": places})
        if isinstance(exception, RequestCancelled):
            # Who asked has hung up; nobody reads this.
            return problem(408, "http.408", _HTTP_SENTENCES[408])
        if isinstance(exception, SanicException) and exception.status_code == 404 and _wants_page(request):
            return explain("没有这一页", "地址可能写错了,或者这一页已经改了地方。", 404, home=_home(request))
        if isinstance(exception, SanicException) and exception.status_code < 500:
            return problem(exception.status_code, f"http.{exception.status_code}", _HTTP_SENTENCES.get(exception.status_code, "请求不对,请检查。"))
        if isinstance(exception, SanicException) and exception.status_code == 503:
            return problem(503, "unavailable", Unavailable.sentence, headers={"Retry-After": "3"})
        if isinstance(exception, AWAY):
            logger.warning("database away on %s", request.route.path if request.route else "?", exc_info=exception)
            return refusal(Unavailable())
        logger.error("unforeseen %s on %s", type(exception).__name__, request.route.path if request.route else "?", exc_info=exception)
        return problem(500, "unforeseen", "系统出了意外,已经记录。请稍后再试;着急请打电话给卫生院或 120。")


_FOR_PROGRAMS = ("/v1/", "/fhir/", "/callback/")
_DOCUMENT = re.compile(r"^/h5/(desk|doctor|emergency|factor|mini|pharmacy|sign|staff|verify)(?:/|$)")


def _wants_page(request: Request) -> bool:
    """A browser that opens an address says so; programs, and pages that fetch, do not."""
    return request.method == "GET" and "text/html" in request.headers.get("accept", "") and not request.path.startswith(_FOR_PROGRAMS)


def _home(request: Request) -> str:
    """The beginning of the pages among which the address lies, the patient's where it lies among none."""
    found = _DOCUMENT.match(request.path)
    return f"{getattr(request, 'mount', '')}/h5/{'mini' if found is None else found.group(1)}/"


_HTTP_SENTENCES = {
    400: "请求的格式不对。",
    401: "请先登录。",
    404: "没有这个地址。请返回首页。",
    405: "这个地址不支持这样访问。",
    408: "网络太慢,请求没有收全,请再试一次。",
    413: "文件太大了,请压缩后再发。",
    414: "地址太长。",
    415: "不支持这种文件。",
    417: "请求的格式不对。",
    429: "太频繁了,请过一会儿再试。",
}


def order_route(
    blueprint: Blueprint,
    method: str,
    uri: str,
    order: type[Order],
    *,
    query_names: dict[str, str] | None = None,
    status: int = 200,
) -> None:
    """A route that is an order: path parameters, then body (or query, for GET) give its fields; the result is the answer.

    ``query_names`` renames query parameters to the order's fields. A command takes ``Idempotency-Key``.
    """

    async def handle(request: Request, **path: str) -> HTTPResponse:
        values = _fields(request, method, order, query_names or {})
        if values.keys() & path.keys():
            raise Invalid
        asked = order.model_validate({**values, **path})
        result = await carry_out(request, asked)
        return json_response(result.model_dump(mode="json"), status=status, dumps=dumps)

    handle.access = RouteAccess(order=order, status=status, query_names=query_names or {}, plain=True)  # type: ignore[attr-defined]
    name = f"{method.lower()}_{order.name.replace('.', '_')}"
    blueprint.add_route(handle, uri, methods=[method], name=name)


async def carry_out(request: Request, order: Order, *, keyed: bool = True) -> Any:
    """Give ``order`` for the signed-in person. Not ``keyed``: a repetition is not the same order (a file that came again), and does no harm."""
    practice, actor = practice_of(request), actor_of(request)
    if isinstance(order, Query):
        return await practice.ask(actor, order)
    if isinstance(order, Command):
        if order.needs_engine:
            raise EngineElsewhere
        return await practice.execute(actor, order, idempotency_key=request.headers.get("idempotency-key") if keyed else None)
    raise TypeError(order.name)


def json_object(request: Request) -> dict[str, Any]:
    """The body as a JSON object; an empty body is an empty object; Invalid for anything else."""
    if not request.body:
        return {}
    try:
        values = json.loads(request.body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Invalid from None
    if not isinstance(values, dict) or _deeper_than(values, DEEPEST):
        raise Invalid
    return values


def _refuse_constant(name: str) -> None:
    """NaN and Infinity are no JSON, and nothing behind this expects them."""
    raise ValueError(name)


def _deeper_than(value: Any, levels: int) -> bool:
    """Level by level, so that no depth costs stack."""
    level = [value]
    for _ in range(levels):
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one) if isinstance(inner, dict | list)]
        if not level:
            return False
    return True


def _fields(request: Request, method: str, order: type[Order], renamed: dict[str, str]) -> dict[str, Any]:
    """Of a query each parameter's first value; of a field that takes several, all: ``?states=SIGNED&states=RELEASED``."""
    if method == "GET":
        arguments: dict[str, list[str]] = request.args
        several = {name for name, field in order.model_fields.items() if get_origin(field.annotation) is tuple}
        named = {renamed.get(name, name): values for name, values in arguments.items()}
        return {name: values if name in several else values[0] for name, values in named.items()}
    return json_object(request)
