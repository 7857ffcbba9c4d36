"""Links to pages of ours, which only the account that sends them can complete.

The dialogue knows a page by its path: ``page:/h5/...`` opens in the browser of WeChat or WeCom, ``mini:pages/...`` in the mini program.
An account has its origin from its callback address and the mini program's appid from the settings; where these are missing the title stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from bot.channels.outgoing import Link, Outgoing, Text

PAGE, MINI = "page:", "mini:"


def addressed(shapes: Sequence[Outgoing], callback_url: str, mini_program: str = "") -> tuple[Outgoing, ...]:
    """The same shapes with every link to a page of ours completed: ``https://<origin>/h5/...`` and ``mini:<appid>/pages/...``."""
    parts = urlsplit(callback_url)
    origin = f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
    return tuple(_addressed(shape, origin, mini_program) if isinstance(shape, Link) else shape for shape in shapes)


def _addressed(link: Link, origin: str, mini_program: str) -> Link | Text:
    if link.url.startswith(PAGE):
        return link.model_copy(update={"url": origin + link.url.removeprefix(PAGE)}) if origin else Text(text=link.title)
    if link.url.startswith(MINI):
        return link.model_copy(update={"url": f"{MINI}{mini_program}/{link.url.removeprefix(MINI)}"}) if mini_program else Text(text=link.title)
    return link
