"""Log lines: one line of JSON a fact, and nothing that a person said in them."""

import asyncio
import gc
import io
import json
import logging
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sanic import Request, Sanic
from sanic.response import json as answer
from sanic.server.websockets.impl import WebsocketImplProtocol
from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol

from miniprogram_api.app.logging import Lines, configure, describe, log_requests, request_id
from tests.miniprogram_api.app.serving import serving


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the logging of this process writes, set up as in a real one; pytest's own handlers come back after."""
    root = logging.getLogger()
    kept, level = root.handlers[:], root.level
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure("web-1")
    yield stream
    root.handlers[:] = kept
    root.setLevel(level)
    logging.captureWarnings(False)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_fact_is_one_line_with_its_fields(written: io.StringIO) -> None:
    token = request_id.set("r-1")
    logging.getLogger("huizhen.inbox").info("message %s", "kept\nby two", extra={"channel": "wecom_app", "took": 1.5, "hidden": object()})
    request_id.reset(token)
    (line,) = lines(written)
    assert line["message"] == "message kept\nby two"
    assert (line["process"], line["level"], line["logger"], line["request"]) == ("web-1", "info", "huizhen.inbox", "r-1")
    assert (line["channel"], line["took"]) == ("wecom_app", 1.5)
    assert "hidden" not in line
    assert line["at"].endswith("+00:00")


def test_an_error_is_told_by_type_and_place_without_its_text(written: io.StringIO) -> None:
    try:
        try:
            raise ValueError("我胸口疼")
        except ValueError as error:
            raise RuntimeError("李秀英 19900000000") from error
    except RuntimeError:
        logging.getLogger("huizhen.x").exception("did not work")
    (line,) = lines(written)
    assert "胸口" not in written.getvalue()
    assert "1990" not in written.getvalue()
    assert line["error"].startswith("RuntimeError at test_logging.py:")
    assert "; from ValueError at test_logging.py:" in line["error"]


def test_an_error_of_the_system_keeps_its_number() -> None:
    with pytest.raises(FileNotFoundError) as raised:
        Path("/nowhere/at/all").read_bytes()
    assert describe(raised.value).startswith("FileNotFoundError ENOENT at pathlib.py:")


def test_addresses_with_tokens_stay_out(written: io.StringIO) -> None:
    logging.getLogger("httpx").info("HTTP Request: GET https://api/cgi-bin?access_token=SECRET")
    logging.getLogger("sanic.access").info("GET http://127.0.0.1/h5?openid=SECRET")
    assert written.getvalue() == ""
    logging.getLogger("sanic.error").error("Exception occurred while handling uri: %s", "'http://127.0.0.1/h5?openid=SECRET'")
    logging.getLogger("websockets").warning("cannot open wss://host/room?ticket=SECRET again")
    assert "SECRET" not in written.getvalue()
    assert [line["message"] for line in lines(written)] == ["Exception occurred while handling (address)", "cannot open (address) again"]


def test_an_application_gets_no_way_past_our_lines(written: io.StringIO) -> None:
    app: Sanic[Any, Any] = Sanic("log_handlers_test")
    log_requests(app)
    for name in ("sanic.root", "sanic.server", "sanic.error", "sanic.access"):
        assert logging.getLogger(name).handlers == []
        logging.getLogger(name).info("GET http://127.0.0.1/h5?openid=SECRET")
        logging.getLogger(name).error("failed at http://127.0.0.1/h5?openid=SECRET")
    assert "SECRET" not in written.getvalue()
    assert [line["message"] for line in lines(written)] == ["failed at (address)"] * 4


async def test_a_request_is_logged_by_its_pattern() -> None:
    app: Sanic[Any, Any] = Sanic("log_requests_test", configure_logging=False)
    log_requests(app)

    @app.get("/v1/patients/<patient_id:str>")
    async def one(request: Request, patient_id: str) -> Any:
        logging.getLogger("huizhen.inside").info("inside")
        return answer({})

    records: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(Lines("web-1").format(record))

    keep = Keep()
    loggers = [logging.getLogger("huizhen.requests"), logging.getLogger("huizhen.inside")]
    for logger in loggers:
        logger.addHandler(keep)
        logger.setLevel(logging.INFO)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        async with serving(app, listening) as origin, httpx.AsyncClient(trust_env=False) as client:
            await client.get(f"{origin}/v1/patients/01PATIENTID", params={"name": "李秀英"})
            await client.get(f"{origin}/v1/nothing/here")
    for logger in loggers:
        logger.removeHandler(keep)
    await asyncio.sleep(0)
    inside, found, missed = (json.loads(record) for record in records)
    assert found["message"] == "GET /v1/patients/<patient_id:str>"
    assert (found["status"], missed["status"]) == (200, 404)
    assert missed["message"] == "GET (no route)"
    assert inside["request"] == found["request"]
    assert "01PATIENTID" not in "".join(records)
    assert "李秀英" not in "".join(records)


async def test_a_message_that_nobody_fetched_from_a_socket_is_no_error(written: io.StringIO) -> None:
    """When memory is cleared while Sanic's own task still holds the message; a forgotten task of anybody else is told."""
    socket_gone = WebsocketImplProtocol(ServerProtocol())
    asyncio.get_running_loop().create_task(socket_gone.async_data_received([], [Frame(Opcode.TEXT, b"never fetched")]))
    asyncio.get_running_loop().create_task(asyncio.Event().wait(), name="ours")
    await asyncio.sleep(0)
    del socket_gone
    gc.collect()
    destroyed = [line["message"] for line in lines(written) if "Task was destroyed" in line["message"]]
    assert len(destroyed) == 1
    assert "name='ours'" in destroyed[0]
