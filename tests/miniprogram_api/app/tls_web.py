"""The web process's own `main` around one route: `python -m tests.miniprogram_api.app.tls_web`, settings and socket as the supervisor gives them."""

from __future__ import annotations

from typing import Any

from sanic import Sanic
from sanic.response import text

from miniprogram_api.app import tls, web
from miniprogram_api.app.settings import Settings


def build_app(settings: Settings, name: str = "tls") -> Any:
    app: Any = Sanic(name)

    @app.get("/")
    async def hello(request: Any) -> Any:
        return text(f"{request.scheme} 您好")

    return app


if __name__ == "__main__":
    tls.LOOK_EVERY_S = 0.2
    web.build_app = build_app
    web.main()
