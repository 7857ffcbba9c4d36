"""A Sanic application on a real socket in the test's own loop."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sanic import Sanic


@asynccontextmanager
async def serving(app: Sanic[Any, Any], listening: socket.socket) -> AsyncIterator[str]:
    """The origin that `app` answers at, on the bound socket, until the block ends."""
    # Sanic rewrites its own methods when an application starts and cannot do so twice in one process.
    app.config.TOUCHUP = False
    server: Any = await app.create_server(sock=listening, return_asyncio_server=True, access_log=False)
    await server.startup()
    await server.before_start()
    await server.start_serving()
    await server.after_start()
    try:
        host, port = listening.getsockname()
        yield f"http://{host}:{port}"
    finally:
        await server.before_stop()
        await server.close()
        for connection in list(server.connections or ()):
            connection.abort() if hasattr(connection, "abort") else connection.close()
        await server.after_stop()
