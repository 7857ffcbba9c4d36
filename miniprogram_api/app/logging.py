"""One line a fact, to standard error, as JSON: time, level, process, logger, message, request id. Never a body, a query, an id of a person.

Exceptions are told by type and place only: their texts may quote what a patient said. The supervisor files the lines.
"""

from __future__ import annotations

import errno
import itertools
import json
import logging
import re
import secrets
import sys
import time
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from miniprogram_api.http.platform_routes import is_platforms

if TYPE_CHECKING:  # most processes log and serve nothing
    from sanic import Request, Sanic

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The request this task serves; empty outside of one."""

LOUD_LIBRARIES = (
    "httpx", "httpcore", "sanic", "tortoise", "asyncio", "aiosqlite", "asyncmy", "urllib3", "websockets", "pydicom", "jieba", "aioice", "aiortc",
)
"""Libraries whose information lines hold addresses with tokens, statements with values, or nothing of use: warnings only."""

_STARTED = secrets.token_hex(4)
_numbers = itertools.count(1)
"""A request's id in the lines: this process's start and a number."""

SLOW_MS = 2000
PLACES = 6

_URI = re.compile(r"\b[a-z]+://\S+|\buri\b.*", re.IGNORECASE | re.DOTALL)

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_PLAIN = (str, int, float, bool, type(None))


class Lines(logging.Formatter):
    """A record as one line of JSON; what is given as `extra` becomes fields of their own."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": self._process,
            "logger": record.name,
            "message": _without_addresses(record),
        }
        if request_id.get():
            line["request"] = request_id.get()
        line |= {name: value for name, value in record.__dict__.items() if name not in _STANDARD and isinstance(value, _PLAIN)}
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = describe(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


def _of_use(record: logging.LogRecord) -> bool:
    """False for what says nothing of this house: Sanic forgets its task that still holds a message for a socket nobody reads any more, and
    asyncio calls that an error when the memory is cleared."""
    text = record.getMessage()
    return not (text.startswith("Task was destroyed but it is pending") and "WebsocketImplProtocol.async_" in text)


def _without_addresses(record: logging.LogRecord) -> str:
    """The message; from libraries without addresses, which carry tokens and what people typed (Sanic tells the address of a failed request)."""
    text = record.getMessage()
    return text if record.name.startswith("huizhen") else _URI.sub("(address)", text)


def configure(process: str, level: int = logging.INFO) -> None:
    """Set up logging of this process: every logger through one handler, libraries from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines(process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    _quieten_libraries()
    logging.getLogger("asyncio").addFilter(_of_use)
    logging.captureWarnings(True)


def _quieten_libraries() -> None:
    """No library writes past our handler, and the loud ones say warnings only; their child loggers have no level of their own."""
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        if name.partition(".")[0] in LOUD_LIBRARIES:
            logger.setLevel(logging.NOTSET)
    for name in LOUD_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)


def describe(error: BaseException) -> str:
    """Type and innermost places of an error and of what caused it, without its text: `ValueError at rules.py:12 choose < service.py:40 book`."""
    kind = type(error).__name__
    if isinstance(error, OSError) and error.errno is not None:
        kind += f" {errno.errorcode.get(error.errno, error.errno)}"
    frames = traceback.extract_tb(error.__traceback__)[-PLACES:]
    places = " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return f"{kind} at {places or '?'}" + (f"; from {describe(cause)}" if cause is not None and cause is not error else "")


def log_requests(app: Sanic[Any, Any]) -> None:
    """One line a request: method, route pattern, status, milliseconds. Refused and failed ones are no warnings: they are answers.

    A callback of a platform that went well and fast has no line: there are thousands of them, and ``GET /metrics`` counts them."""
    logger = logging.getLogger("huizhen.requests")
    _quieten_libraries()  # Sanic gave its loggers handlers of their own when `app` was made; they print whole addresses.

    async def begin(request: Request) -> None:
        # Not Sanic's own: that takes what a client calls its request, and asks the system for randomness otherwise.
        request_id.set(f"{_STARTED}-{next(_numbers):x}")
        request.ctx.began = time.perf_counter()

    async def end(request: Any, response: Any) -> None:
        took = round((time.perf_counter() - getattr(request.ctx, "began", time.perf_counter())) * 1000, 1)
        if response.status == 200 and took <= SLOW_MS and is_platforms(request):
            return
        pattern = f"/{request.route.path}" if request.route else "(no route)"
        level = logging.WARNING if response.status >= 500 and response.status != 503 else logging.INFO
        logger.log(level, "%s %s", request.method, pattern, extra={"status": response.status, "ms": took, "slow": took > SLOW_MS})

    app.register_middleware(begin, "request")
    app.register_middleware(end, "response")
