"""Which engine carries the calls, and which relays clients may use, as the settings say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from media.calls.engine import Engine, Tell
from media.calls.turn import Relays
from miniprogram_api.app.settings import Settings

SHORTEST_SECRET = 16
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class UnusableJanusFile(ValueError):
    """The file with the Janus servers is missing or is none. Holds nothing of it."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"没有可用的 Janus 名单 {path}:请按 docs/calls.md 填写(地址用 wss://,密码 {SHORTEST_SECRET} 位以上;本机可以用 ws://)。")


class UnusableTurnSecret(ValueError):
    """Relays are named, and the secret that they are used with is missing or too short."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"没有可用的中继密码 {path}:请按 docs/calls.md 写上与 coturn 相同的密码({SHORTEST_SECRET} 位以上)。")


def _socket_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "wss" and not (parts.scheme == "ws" and parts.hostname in LOOPBACK):
        raise ValueError("not wss")
    return url


SocketUrl = Annotated[str, AfterValidator(_socket_url)]


class JanusEntry(BaseModel):
    """One Janus in the file, as `media.calls.janus.JanusAddress` takes it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9\-]{0,40}$")
    url: SocketUrl
    api_secret: str = Field(min_length=SHORTEST_SECRET, max_length=200)
    admin_url: SocketUrl | None = None
    admin_secret: str = Field(default="", max_length=200)
    weight: float = Field(default=60.0, gt=0, le=10_000)
    ca: str = ""


_entries = TypeAdapter(Annotated[list[JanusEntry], Field(min_length=1, max_length=64)])


def janus_entries(path: Path) -> list[JanusEntry]:
    """The Janus servers in the file. :class:`UnusableJanusFile`."""
    try:
        entries = _entries.validate_json(path.read_bytes())
    except (OSError, ValidationError):
        raise UnusableJanusFile(path) from None
    if len({one.name for one in entries}) != len(entries):
        raise UnusableJanusFile(path)
    return entries


def engine_of(settings: Settings, redis: Any, node: str) -> tuple[Callable[[Tell], Engine], Callable[[], Awaitable[None]] | None]:
    """How the media process `node` makes its engine, and what it does with every beat. :class:`UnusableJanusFile`."""
    if settings.call_engine == "python":
        from media.calls.bandwidth import Bandwidth
        from media.calls.forwarding import PythonEngine

        return lambda tell: PythonEngine(tell, steering=Bandwidth()), None
    from media.calls.janus import JanusAddress, JanusEngine, maintenance

    entries = janus_entries(settings.janus_file)
    addresses = [
        JanusAddress(one.name, one.url, one.api_secret, one.admin_url or "", one.admin_secret, one.weight, one.ca) for one in entries
    ]
    made: list[JanusEngine] = []

    def make(tell: Tell) -> Engine:
        made.append(JanusEngine(tell, addresses))
        return made[0]

    async def beat() -> None:
        await maintenance.follow(made[0], redis, node)

    return make, beat


def relays_of(settings: Settings) -> Relays:
    """The relays that clients are told of. :class:`UnusableTurnSecret`."""
    uris = settings.relay_uris
    secret = settings.turn_secret.get_secret_value()
    if any(one.startswith("turn") for one in uris):
        if not secret:
            try:
                secret = settings.turn_secret_path.read_text("utf-8").strip()
            except (OSError, ValueError):
                raise UnusableTurnSecret(settings.turn_secret_path) from None
        if len(secret) < SHORTEST_SECRET:
            raise UnusableTurnSecret(settings.turn_secret_path)
    return Relays(uris, secret)
