"""A web process: accepts, checks, stores and answers. `python -m miniprogram_api.app.web`. It loads no dictionary, no model, no pixels."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
from functools import partial
from typing import Any

from sanic import Sanic

from bot.runtime import BotRuntime
from miniprogram_api.app import logging as house_logging
from miniprogram_api.app import settings as house_settings
from miniprogram_api.app.composition import open_house
from miniprogram_api.app.process import PROCESS_NAME, announce_ready, inherited_socket
from miniprogram_api.app.proxy import hand_to_simulator
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.tls import ServerTls
from miniprogram_api.http import (
    appointments,
    audit_heads,
    callbacks,
    calls,
    commands,
    consultations,
    coverage,
    demo,
    dispatch,
    fhir,
    followups,
    health,
    images,
    intakes,
    metrics,
    notifications,
    oauth,
    openapi,
    oversight,
    pages,
    people,
    prescriptions,
    proofs,
    second_factor,
    sessions,
    sign_in,
    staff,
    uploads,
)
from miniprogram_api.http.api import App, Problems, dumps
from miniprogram_api.http.headers import secure_headers
from miniprogram_api.http.limits import install_limits
from miniprogram_api.http.phone_mount import MountedRequest
from miniprogram_api.http.sessions import install_sessions
from miniprogram_api.realtime.signalling import install_signalling

LARGEST_BODY = 64 << 10
"""Bytes of a JSON body; uploads stream and count for themselves."""
LARGEST_HEADER = 8 << 10
"""Bytes of request line and headers together."""
GRACE_S = 5.0

RESOURCES = (
    appointments, audit_heads, callbacks, calls, commands, consultations, coverage, dispatch, fhir, followups, health, images, intakes,
    metrics, notifications, oauth, openapi, oversight, pages, people, prescriptions, proofs, second_factor, sessions, sign_in, staff, uploads,
)


def build_app(settings: Settings, name: str = "huizhen") -> App:
    """The Sanic app with every route. The house is opened when the server starts, in its own loop."""
    app: App = Sanic(name, error_handler=Problems(), dumps=partial(dumps, default=str), request_class=MountedRequest)
    app.config.update(
        REQUEST_MAX_SIZE=LARGEST_BODY, REQUEST_MAX_HEADER_SIZE=LARGEST_HEADER, GRACEFUL_SHUTDOWN_TIMEOUT=GRACE_S, AUTO_EXTEND=False,
        ACCESS_LOG=False, RESPONSE_TIMEOUT=120,
        KEEP_ALIVE_TIMEOUT=30, REAL_IP_HEADER=None,
    )
    app.ctx.demo = settings.demo
    app.ctx.public_url = settings.public_url
    app.ctx.metrics_token = settings.metrics_token.get_secret_value()
    app.ctx.witnessed_file = settings.witnessed_file
    for resource in RESOURCES:
        app.blueprint(resource.blueprint)
    if settings.demo:
        app.blueprint(demo.blueprint)
        app.ctx.demo_secret = (settings.secrets_dir / "demo.secret").read_text().strip()
        if settings.simulator_url:
            hand_to_simulator(app, settings.simulator_url, demo=True)
    house_logging.log_requests(app)
    install_sessions(app, settings.proxy_networks)
    install_limits(app)
    install_signalling(app)
    _open_and_close(app, settings)
    app.register_middleware(secure_headers, "response")
    return app


def _open_and_close(app: App, settings: Settings) -> None:
    stack = contextlib.AsyncExitStack()

    @app.before_server_start
    async def open_all(app: App) -> None:
        house = await stack.enter_async_context(open_house(settings))
        app.ctx.house = house
        app.ctx.practice = house.practice
        app.ctx.rates = house.practice.rates
        app.ctx.bot = BotRuntime(house.practice, house.channel_settings, house.channels, house.apis)

    @app.after_server_stop
    async def close_all(app: App) -> None:
        await stack.aclose()


def serve_tls(app: App, settings: Settings) -> ssl.SSLContext | None:
    """The context under which ``app`` serves, None where a reverse proxy ends TLS. A renewed certificate is taken up while serving."""
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    tls = ServerTls(settings.tls_certificate, settings.tls_key)
    following: list[asyncio.Task[None]] = []

    @app.after_server_start
    async def follow_certificate(app: App) -> None:
        following.append(asyncio.create_task(tls.follow(), name="follow certificate"))

    @app.before_server_stop
    async def let_the_certificate_be(_: App) -> None:
        # Not a task of Sanic's: those it cancels at the stop itself, and says so as if something had gone wrong.
        for task in following:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        following.clear()

    return tls.context


def main() -> None:
    settings = house_settings.read()
    app = build_app(settings)

    @app.after_server_start
    async def ready(app: Any) -> None:
        # A SIGTERM that comes before Sanic's handlers stand is lost; they stand a moment after the server started.
        asyncio.get_running_loop().call_later(0.05, announce_ready)

    tls = serve_tls(app, settings)
    descriptor = inherited_socket()
    if descriptor is None:
        app.run(settings.host, settings.port, ssl=tls, single_process=True, motd=False, access_log=False)
    else:
        app.run(sock=socket.socket(fileno=descriptor), ssl=tls, single_process=True, motd=False, access_log=False)


if __name__ == "__main__":
    house_logging.configure(os.environ.get(PROCESS_NAME, "web"))
    main()
