"""A recogniser of speech as strict as the real ones: real HTTP, the key, the form's fields, a file that is AMR; else an error."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from sanic import HTTPResponse, Request, Sanic
from sanic.response import json, raw

KEY = "key-of-the-recogniser"


@dataclass
class Recogniser:
    """``answers``: what it gives next, in order, the last one again and again: words, or a status with a body; ``seconds``: how long it thinks."""

    url: str
    answers: list[str | tuple[int, bytes]] = field(default_factory=lambda: [""])
    seconds: float = 0.0
    asked: int = 0
    refused: list[str] = field(default_factory=list)
    files: list[tuple[str, str, bytes]] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, Any]:
        return {"speech": {"url": self.url, "model": "small", "key": KEY}}


@contextlib.asynccontextmanager
async def recogniser() -> AsyncIterator[Recogniser]:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(16)
    it = Recogniser(f"http://127.0.0.1:{sock.getsockname()[1]}")
    app: Any = Sanic(f"recogniser-{random.randrange(10**9)}", configure_logging=False)
    app.config.update(AUTO_EXTEND=False, TOUCHUP=False)

    def wrong(request: Request) -> str:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return "key"
        if not str(request.headers.get("content-type", "")).startswith("multipart/form-data; boundary="):
            return "form"
        if request.form is None or request.form.get("model") != "small" or request.form.get("language") != "zh":
            return "fields"
        file = request.files.get("file") if request.files else None
        return "" if file is not None and file.name.endswith(".amr") and file.body.startswith(b"#!AMR\n") else "file"

    async def handle(request: Request) -> HTTPResponse:
        it.asked += 1
        problem = wrong(request)
        if problem:
            it.refused.append(problem)
            return json({"error": {"message": problem}}, status=400)
        file = request.files.get("file")
        it.files.append((file.name, file.type, file.body))
        answer = it.answers.pop(0) if len(it.answers) > 1 else it.answers[0]
        await asyncio.sleep(it.seconds)
        if isinstance(answer, tuple):
            return raw(answer[1], status=answer[0], content_type="application/json")
        return json({"text": answer})

    app.add_route(handle, "/v1/audio/transcriptions", methods=["POST"])
    server = await app.create_server(sock=sock, return_asyncio_server=True, access_log=False)
    await server.startup()
    await server.before_start()
    await server.start_serving()
    try:
        yield it
    finally:
        await server.before_stop()
        await server.close()
        await server.after_stop()
