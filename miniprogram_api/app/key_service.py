"""A key service of the house's own: keeps the master keys on a machine apart and wraps data keys for whoever shows the token.

The contract is that of ``core.foundation.encryption.key_service``. It knows no database and no patient: what it is asked to wrap is a data key
and the name of its place. Its own key file is the same as the house's (``MasterKeys``). Strict: whatever does not fit the contract is refused,
and nothing of a request is logged but its path and outcome.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import logging
import ssl
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sanic import Sanic
from sanic.request import Request
from sanic.response import HTTPResponse, json

from core.foundation.encryption.master_keys import MasterKeyMissing, MasterKeys
from core.foundation.encryption.sealer import SealBroken
from core.foundation.encryption.suites import SUITES

logger = logging.getLogger("huizhen.key_service")

SHORTEST_TOKEN = 32
LARGEST_BODY = 4096


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Wrap(_Body):
    master: str = Field(min_length=1, max_length=16)
    context: str = Field(min_length=1, max_length=200)
    key: str = Field(min_length=4, max_length=200)


class Unwrap(_Body):
    master: str = Field(min_length=1, max_length=16)
    context: str = Field(min_length=1, max_length=200)
    wrapped: str = Field(min_length=4, max_length=400)


class NewVersion(_Body):
    suite: str


class Destroy(_Body):
    master: str = Field(min_length=1, max_length=16)


class Nothing(_Body):
    pass


class UnsafeToken(ValueError):
    """The token is too short to be a secret."""


def build(key_file: Path, token_file: Path, name: str = "huizhen-key-service") -> Sanic[Any, Any]:
    """The app. FileNotFoundError, UnusableMasterKeys; :class:`UnsafeToken` for a token below 32 characters."""
    token = token_file.read_text().strip()
    if len(token) < SHORTEST_TOKEN:
        raise UnsafeToken("the token of the key service is too short")
    keys = MasterKeys.load(key_file)
    changing = asyncio.Lock()
    app: Sanic[Any, Any] = Sanic(name, configure_logging=False)
    app.config.update(REQUEST_MAX_SIZE=LARGEST_BODY, ACCESS_LOG=False, REQUEST_TIMEOUT=5, RESPONSE_TIMEOUT=5, MOTD=False)

    @app.on_request
    async def authenticate(request: Request) -> HTTPResponse | None:
        shown = request.headers.get("Authorization", "")
        if hmac.compare_digest(shown.encode(), f"Bearer {token}".encode()):
            return None
        logger.warning("%s refused: token", request.path)
        return json({}, 401)

    @app.exception(ValidationError, binascii.Error)
    async def unfit(request: Request, _: Exception) -> HTTPResponse:
        return _answer(request, {}, 400)

    @app.exception(MasterKeyMissing)
    async def missing(request: Request, _: Exception) -> HTTPResponse:
        return _answer(request, {}, 404)

    @app.exception(SealBroken)
    async def broken(request: Request, _: Exception) -> HTTPResponse:
        return _answer(request, {}, 422)

    @app.post("/v1/current")
    async def current(request: Request) -> HTTPResponse:
        Nothing.model_validate_json(request.body)
        return _answer(request, {"master": keys.newest})

    @app.post("/v1/wrap")
    async def wrap(request: Request) -> HTTPResponse:
        asked = Wrap.model_validate_json(request.body)
        wrapped = await keys.wrap(asked.master, asked.context, base64.b64decode(asked.key, validate=True))
        return _answer(request, {"wrapped": base64.b64encode(wrapped).decode()})

    @app.post("/v1/unwrap")
    async def unwrap(request: Request) -> HTTPResponse:
        asked = Unwrap.model_validate_json(request.body)
        key = await keys.unwrap(asked.master, asked.context, base64.b64decode(asked.wrapped, validate=True))
        return _answer(request, {"key": base64.b64encode(key).decode()})

    @app.post("/v1/versions")
    async def versions(request: Request) -> HTTPResponse:
        asked = NewVersion.model_validate_json(request.body)
        if asked.suite not in SUITES:
            return _answer(request, {}, 400)
        async with changing:
            return _answer(request, {"master": await keys.new_version(SUITES[asked.suite])})

    @app.post("/v1/destroy")
    async def destroy(request: Request) -> HTTPResponse:
        asked = Destroy.model_validate_json(request.body)
        async with changing:
            if asked.master == keys.newest:
                return _answer(request, {}, 409)
            if asked.master not in keys.keys:
                return _answer(request, {}, 404)
            await keys.remove_version(asked.master)
        return _answer(request, {})

    return app


def _answer(request: Request, body: dict[str, str], status: int = 200) -> HTTPResponse:
    logger.log(logging.INFO if status == 200 else logging.WARNING, "%s %d", request.path, status)
    return json(body, status, headers={"Cache-Control": "no-store"})


def run(key_file: Path, token_file: Path, host: str, port: int, tls: ssl.SSLContext | None) -> None:
    """Serve until a signal ends it."""
    build(key_file, token_file).run(host, port, single_process=True, motd=False, access_log=False, ssl=tls)
