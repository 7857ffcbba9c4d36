"""What a member sends, for a recorder: Janus forwards it as SRTP to a port of this process, and nothing of it ever lies on a disk.

VideoRoom could also write files of its own (.mjr); they would be unencrypted, on another machine, and readable only once they are closed.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import secrets
from collections.abc import Callable

import pylibsrtp

from media.calls.janus.line import Body
from media.calls.janus.requests import Feed
from media.calls.rtp import read_packet

SUITE = 80
"""AES_CM_128_HMAC_SHA1_80 (RFC 4568, 6.2.1): 16 bytes of key, 14 of salt."""
KEY_BYTES = 30


class Tap(asyncio.DatagramProtocol):
    """One stream of one member. `take` gets each packet, decrypted."""

    def __init__(self, feed: Feed, take: Callable[[bytes], None]) -> None:
        self.feed, self._take = feed, take
        self._key = secrets.token_bytes(KEY_BYTES)
        profile = pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80
        policy = pylibsrtp.Policy(key=self._key, ssrc_type=pylibsrtp.Policy.SSRC_ANY_INBOUND, srtp_profile=profile)
        policy.allow_repeat_tx = False
        policy.window_size = 1024
        self._session = pylibsrtp.Session(policy=policy)
        self._transport: asyncio.DatagramTransport | None = None
        self.stream = 0
        """Janus's number of the forwarding."""

    async def open(self, address: str) -> None:
        """Listen at `address`, on a port that is free. OSError when it cannot."""
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, local_addr=(address, 0))

    def request(self, room: int, secret: str, address: str) -> Body:
        """What has Janus forward to here."""
        assert self._transport is not None  # noqa: S101 - opened just before
        stream = {"mid": self.feed.mid, "port": self._transport.get_extra_info("sockname")[1]}
        return {
            "request": "rtp_forward", "room": room, "secret": secret, "publisher_id": self.feed.publisher, "host": address, "streams": [stream],
            "srtp_suite": SUITE, "srtp_crypto": base64.b64encode(self._key).decode(),  # beside the streams: within one it is read and not used
        }

    def stopping(self, room: int, secret: str) -> Body:
        return {
            "request": "stop_rtp_forward", "room": room, "secret": secret, "publisher_id": self.feed.publisher, "stream_id": self.stream,
        }

    def datagram_received(self, data: bytes, addr: object) -> None:
        try:
            packet = self._session.unprotect(data)
        except pylibsrtp.Error:
            return  # not from our Janus, or once more
        if read_packet(packet) is not None:
            self._take(packet)

    def close(self) -> None:
        if self._transport is not None:
            with contextlib.suppress(OSError):
                self._transport.close()
            self._transport = None
