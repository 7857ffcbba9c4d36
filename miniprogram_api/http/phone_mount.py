"""In the demonstration every address may carry a prefix ``/phone/<person>``: one browser then plays several phones, each with its own session
cookie (scoped to that path). Everything behind the prefix is the same."""

from __future__ import annotations

import re
from typing import Any

from sanic import Request

_PREFIX = re.compile(r"^/phone/([a-z0-9-]{1,40})(/.*)$")


class MountedRequest(Request[Any, Any]):
    """A request whose ``path`` is without the prefix; ``mount`` is the prefix ("" outside the demonstration or without one)."""

    @property
    def mount(self) -> str:
        match = self._match()
        return f"/phone/{match.group(1)}" if match else ""

    @property
    def path(self) -> str:
        match = self._match()
        return match.group(2) if match else super().path

    def __repr__(self) -> str:
        # Sanic puts this into its logs; an address may hold what a person typed, the route's pattern does not.
        return f"<{self.method} {f'/{self.route.path}' if self.route else '(no route)'}>"

    def _match(self) -> re.Match[str] | None:
        if not self.app.ctx.demo:
            return None
        path = super().path
        # Only pages and their API: callbacks, the simulator and health have one address.
        match = _PREFIX.match(path)
        return match if match and match.group(2).startswith(("/h5/", "/v1/", "/fhir/")) else None
