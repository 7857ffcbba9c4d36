"""Ways out to one person: which platform account reaches him, and sending shapes there within what the platform allows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.channels.api.errors import AllowanceSpent, ApiError, ReceiverUnknown
from bot.channels.api.wecom import Sent
from bot.channels.connections import Apis, Channels
from bot.channels.message import ChannelName
from bot.channels.outgoing import Link, Outgoing
from bot.channels.settings import ChannelSettings
from core.conversations import allowance, inbound
from core.conversations.models import Conversation
from core.foundation.practice import Practice
from core.people.models import Identity
from core.people.service import live_account

Progress = Callable[[int], Awaitable[bool]]
"""Called before each message with its place; False when that one went out before (a repetition after a kill)."""


class NoWayOut(Exception):
    """Nothing reaches this person: no identity on a connected platform, or the platform lets nothing more through. ``code`` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Way:
    """One person on one channel: ``subject`` is his openid or userid there, ``identity_id`` the row that says so."""

    channel: ChannelName
    app: str
    subject: str
    account_id: str
    identity_id: str = ""


@dataclass(slots=True)
class Outlets:
    """Sends to people. Every method raises ApiError for what the platform refuses, NoWayOut where there is nobody to send to."""

    practice: Practice
    settings: ChannelSettings
    channels: Channels
    apis: Apis

    async def ways_to(self, account_id: str) -> list[Way]:
        """The ways to an account, best first: WeCom for staff, then the Official Account, then the mini program."""
        account = await live_account(account_id)
        apps = self.settings.apps()
        order = (ChannelName.WECOM_APP, ChannelName.OFFICIAL_ACCOUNT, ChannelName.MINI_PROGRAM)
        known = await Identity.filter(account_id=account.id).order_by("id")
        return [
            Way(channel, one.app, one.subject, account.id, one.id)
            for channel in order
            for one in known
            if apps.get(channel) == one.app and self._connected(channel)
        ]

    def _connected(self, channel: ChannelName) -> bool:
        match channel:
            case ChannelName.OFFICIAL_ACCOUNT:
                return self.channels.official_account is not None and self.apis.official_account is not None
            case ChannelName.MINI_PROGRAM:
                return self.channels.mini_program is not None and self.apis.mini_program is not None
            case _:
                return self.channels.wecom_app is not None and self.apis.wecom is not None

    async def conversation(self, way: Way) -> Conversation:
        """The single chat on this way, made on first sight."""
        return await inbound.conversation_of(self.practice, inbound.Chat(way.channel.value, way.app, way.subject, False, way.account_id))

    async def send(self, way: Way, shapes: Sequence[Outgoing], before: Progress | None = None, *, routine: bool = False) -> Sent | None:
        """Send ``shapes``; what the last card's sending gave back on WeCom. What is ``routine`` waits where the platform would soon drop it."""
        shapes = [self._with_address(shape) for shape in shapes]
        match way.channel:
            case ChannelName.WECOM_APP:
                return await self._to_wecom(way, shapes, before, routine)
            case ChannelName.OFFICIAL_ACCOUNT:
                assert self.channels.official_account is not None and self.apis.official_account is not None  # noqa: S101, PT018
                await self._by_service(
                    way, self.channels.official_account.push(shapes, way.subject), self.apis.official_account.custom_send, before
                )
            case ChannelName.MINI_PROGRAM:
                assert self.channels.mini_program is not None and self.apis.mini_program is not None  # noqa: S101, PT018
                await self._by_service(way, self.channels.mini_program.push(shapes, way.subject), self.apis.mini_program.custom_send, before)
            case _:
                raise NoWayOut("no_push")
        return None

    def _with_address(self, shape: Outgoing) -> Outgoing:
        """A page of ours is named by its path; people's browsers need the whole address."""
        if isinstance(shape, Link) and shape.url.startswith("/"):
            return shape.model_copy(update={"url": f"{self.settings.addresses.pages}{shape.url}"})
        return shape

    async def _to_wecom(self, way: Way, shapes: Sequence[Outgoing], before: Progress | None, routine: bool) -> Sent | None:
        assert self.channels.wecom_app is not None and self.apis.wecom is not None  # noqa: S101, PT018
        sent: Sent | None = None
        payloads = tuple(self.channels.wecom_app.push(shapes, [way.subject]))
        if self.apis.wecom_pace is not None:
            # For all of them before the first goes: what is begun is not cut off in the middle and begun again.
            await self.apis.wecom_pace.take(way.subject, len(payloads), routine=routine)
        for place, payload in enumerate(payloads):
            if before is None or await before(place):
                given = await self.apis.wecom.message_send(payload)
                sent = given if given.response_code or sent is None else sent
        return sent

    async def _by_service(
        self, way: Way, payloads: Sequence[Mapping[str, Any]], send: Callable[[Mapping[str, Any]], Awaitable[None]], before: Progress | None
    ) -> None:
        """Customer-service messages: each one is taken from the ledger first; when the platform says it is over, the ledger believes it."""
        conversation = await self.conversation(way)
        for place, payload in enumerate(payloads):
            if before is not None and not await before(place):
                continue
            if not await allowance.spend(conversation.id, self.practice.clock.real_now()):
                raise AllowanceSpent("custom_send")
            try:
                await send(payload)
            except (AllowanceSpent, ReceiverUnknown):
                await allowance.exhausted(conversation.id)
                raise

    async def upload_picture(self, way: Way, name: str, data: bytes) -> str:
        """The platform's id of a PNG handed to it, empty where this channel sends none."""
        if way.channel is ChannelName.OFFICIAL_ACCOUNT and self.apis.official_account is not None:
            return await self.apis.official_account.media_upload(name, data, "image/png")
        return ""


def is_final(error: ApiError) -> bool:
    """Whether sending again cannot help."""
    return not error.retryable
