"""The demonstration's one port, over real sockets on both sides."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from sanic import HTTPResponse, Request, Sanic
from sanic.response import empty, text
from sanic.response import json as answer

from miniprogram_api.app import proxy
from miniprogram_api.app.proxy import NotDemonstration, hand_to_simulator
from tests.miniprogram_api.app.serving import serving


class Platform:
    """What stands in the simulator's place: it tells what reached it, and streams when told to."""

    def __init__(self, name: str) -> None:
        self.next_event = asyncio.Event()
        self.stream_closed = asyncio.Event()
        self.app: Sanic[Any, Any] = Sanic(name, configure_logging=False)
        self.app.add_route(self.home, "/", methods=["GET", "HEAD"])
        self.app.add_route(self.echo, "/simulator/echo/<rest:path>", methods=["GET", "POST", "PUT", "DELETE"], unquote=False)
        self.app.add_route(self.events, "/simulator/events")
        self.app.add_route(self.cookies, "/simulator/cookies")
        self.app.add_route(self.moved, "/simulator/moved")
        self.app.add_route(self.breaks, "/simulator/breaks")

    async def home(self, request: Request) -> HTTPResponse:
        return text("page")

    async def echo(self, request: Request, rest: str) -> HTTPResponse:
        return answer(
            {
                "method": request.method,
                "target": request.raw_url.decode(),
                "headers": [list(pair) for pair in request.headers.items()],
                "body": request.body.decode(),
            }
        )

    async def events(self, request: Request) -> None:
        response = await request.respond(content_type="text/event-stream")
        try:
            for number in range(1000):
                await response.send(f"data: {number}\n\n")
                await self.next_event.wait()
                self.next_event.clear()
        finally:
            self.stream_closed.set()

    async def cookies(self, request: Request) -> HTTPResponse:
        response = empty()
        response.headers.add("set-cookie", "a=1; Path=/phone/a/")
        response.headers.add("set-cookie", "b=2; Path=/phone/b/")
        return response

    async def moved(self, request: Request) -> HTTPResponse:
        return HTTPResponse(status=302, headers={"location": "/h5/?code=1&state=%E4%BC%9A"})

    async def breaks(self, request: Request) -> None:
        response = await request.respond(content_type="text/plain", headers={"content-length": "100"})
        await response.send("half")
        transport: Any = request.transport
        await asyncio.sleep(0.05)
        transport.abort()


@pytest.fixture
async def platform(request: pytest.FixtureRequest) -> Platform:
    return Platform(f"platform_{abs(hash(request.node.name))}")


@pytest.fixture
async def front(platform: Platform, request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the web process that hands on to `platform`."""
    app: Sanic[Any, Any] = Sanic(f"front_{abs(hash(request.node.name))}", configure_logging=False)
    with socket.socket() as behind, socket.socket() as before:
        behind.bind(("127.0.0.1", 0))
        before.bind(("127.0.0.1", 0))
        hand_to_simulator(app, f"http://127.0.0.1:{behind.getsockname()[1]}", demo=True)
        async with serving(platform.app, behind), serving(app, before) as origin, httpx.AsyncClient(base_url=origin, trust_env=False) as client:
            yield client


async def test_what_was_asked_arrives_unchanged(front: httpx.AsyncClient) -> None:
    path = "/simulator/echo/api.weixin.qq.com/cgi-bin/%E4%BC%9A%2F%20?access_token=a%2Bb&x=%E4%BC%9A&x=2&empty="
    told = (await front.get(path, headers={"x-own": "1", "connection": "x-secret", "x-secret": "no", "te": "trailers"})).json()
    assert told["target"] == path
    headers = dict(told["headers"])
    assert headers["x-own"] == "1"
    assert headers["host"] == front.base_url.netloc.decode()
    assert not {"x-secret", "te", "transfer-encoding"} & set(headers)


async def test_pages_come_from_the_root_and_head_has_no_body(front: httpx.AsyncClient) -> None:
    assert (await front.get("/")).text == "page"
    head = await front.head("/")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "4")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_bodies_travel_with_a_length_and_in_pieces(front: httpx.AsyncClient, method: str) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield "会诊".encode()

    whole = (await front.request(method, "/simulator/echo/x", content="会诊" * 3)).json()
    cut = (await front.request(method, "/simulator/echo/x", content=pieces())).json()
    assert whole["body"] == cut["body"] == "会诊" * 3
    assert whole["method"] == method
    assert dict(whole["headers"])["content-length"] == "18"


async def test_an_announced_body_of_no_bytes_is_no_complaint(front: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        answered = await front.post("/simulator/echo/x", headers={"Content-Length": "0"})
        assert answered.status_code == 200
        assert answered.json()["body"] == ""
    assert not [record for record in caplog.records if record.name.startswith("sanic")]


async def test_a_body_beyond_the_limit_is_refused(front: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "LARGEST_BODY", 1000)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 100

    assert (await front.post("/simulator/echo/x", content=b"x" * 1000)).status_code == 200
    assert (await front.post("/simulator/echo/x", content=b"x" * 1001)).status_code == 413
    assert (await front.post("/simulator/echo/x", content=pieces())).status_code == 413


async def test_events_arrive_one_by_one_and_the_stream_ends_with_its_reader(front: httpx.AsyncClient, platform: Platform) -> None:
    async with asyncio.timeout(10), front.stream("GET", "/simulator/events") as events:
        assert events.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in events.headers
        lines = events.aiter_lines()
        for number in range(3):
            # The next is not sent before this one was read: nothing is held back on the way.
            assert await anext(lines) == f"data: {number}"
            assert await anext(lines) == ""
            platform.next_event.set()
    async with asyncio.timeout(10):
        while not platform.stream_closed.is_set():
            platform.next_event.set()
            await asyncio.sleep(0.02)


async def test_repeated_headers_stay_repeated_and_redirects_are_the_browser_s(front: httpx.AsyncClient) -> None:
    cookies = await front.get("/simulator/cookies")
    assert cookies.status_code == 204
    assert cookies.headers.get_list("set-cookie") == ["a=1; Path=/phone/a/", "b=2; Path=/phone/b/"]
    moved = await front.get("/simulator/moved")
    assert (moved.status_code, moved.headers["location"]) == (302, "/h5/?code=1&state=%E4%BC%9A")


async def test_an_answer_that_breaks_off_is_not_completed(front: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await front.get("/simulator/breaks")


async def test_a_simulator_that_is_away_is_503_with_what_to_do() -> None:
    app: Sanic[Any, Any] = Sanic("front_alone", configure_logging=False)
    with socket.socket() as nobody, socket.socket() as before:
        nobody.bind(("127.0.0.1", 0))
        before.bind(("127.0.0.1", 0))
        hand_to_simulator(app, f"http://127.0.0.1:{nobody.getsockname()[1]}", demo=True)
        async with serving(app, before) as origin, httpx.AsyncClient(base_url=origin, trust_env=False) as client:
            away = await client.get("/simulator/people")
    assert away.status_code == 503
    assert away.headers["retry-after"] == "1"
    assert away.headers["content-type"] == "application/problem+json"
    told = json.loads(away.content)
    assert told["code"] == "simulator.away"
    assert "再试" in told["detail"]


async def test_a_simulator_that_does_not_answer_is_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "FIRST_ANSWER_LIMIT", 0.2)
    app: Sanic[Any, Any] = Sanic("front_unanswered", configure_logging=False)
    with socket.socket() as mute, socket.socket() as before:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        before.bind(("127.0.0.1", 0))
        hand_to_simulator(app, f"http://127.0.0.1:{mute.getsockname()[1]}", demo=True)
        async with serving(app, before) as origin, httpx.AsyncClient(base_url=origin, trust_env=False) as client:
            assert (await client.get("/")).status_code == 503


@pytest.mark.parametrize(("url", "demo"), [("http://127.0.0.1:1", False), ("", True)])
def test_outside_the_demonstration_there_is_no_such_address(url: str, demo: bool) -> None:
    app: Sanic[Any, Any] = Sanic(f"front_{demo}", configure_logging=False)
    with pytest.raises(NotDemonstration):
        hand_to_simulator(app, url, demo=demo)
    assert not app.router.routes
    with suppress(KeyError):
        Sanic.unregister_app(app)
