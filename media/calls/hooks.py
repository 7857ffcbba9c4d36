"""All that is used of aiortc (1.16.0) and aioice (0.13.0) beyond what they publish, in one place. `self_check` says at start-up what has changed.

aiortc keeps ICE, DTLS, SRTP keys and SDP. Its senders and receivers, which encode, decode and poll, are made inert; RTP and RTCP are taken where
they come out of decryption and handed in where they go into encryption.
"""

from __future__ import annotations

import importlib.metadata
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pylibsrtp
from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCRtpSender, RTCRtpTransceiver, rtcrtpreceiver, rtcrtpsender
from aiortc.rtcdtlstransport import RTCDtlsTransport

_DECODER, _ENCODER = "get_decoder", "get_encoder"
VERSIONS = {"aiortc": "1.16.0", "aioice": "0.13.0"}

OnRtp = Callable[[bytes], Awaitable[None]]


class HooksBroken(Exception):
    """aiortc or aioice is not the one this was written for; `problems` says which hook changed."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class InertReceiver(RTCRtpReceiver):
    """Starts no decoder, no report task and no route: what arrives is taken before it."""

    async def receive(self, parameters: Any) -> None:
        return None

    async def stop(self) -> None:
        return None

    def _handle_disconnect(self) -> None:
        return None


class InertSender(RTCRtpSender):
    """Starts no encoder and sends no reports of its own (they would carry zero times)."""

    async def send(self, parameters: Any) -> None:
        return None

    async def stop(self) -> None:
        return None


def make_inert(transceiver: RTCRtpTransceiver) -> None:
    """Before the connection is up: afterwards the threads run already."""
    transceiver.receiver.__class__ = InertReceiver
    transceiver.sender.__class__ = InertSender


def take_media(connection: RTCPeerConnection, on_rtp: OnRtp, on_rtcp: OnRtp) -> RTCDtlsTransport:
    """From now on decrypted packets of `connection` (bundled on one transport) go to the two callbacks; the transport to send on."""
    transport: Any = connection.getTransceivers()[0].receiver.transport

    async def rtp(data: bytes, arrival_time_ms: int) -> None:
        await on_rtp(data)

    transport._handle_rtp_data = rtp
    transport._handle_rtcp_data = on_rtcp
    return transport  # type: ignore[no-any-return]


async def send(transport: RTCDtlsTransport, data: bytes) -> bool:
    """Encrypt and send; False when the connection is not (or no longer) there, or the packet is too old for the cipher's window."""
    try:
        await transport._send_rtp(data)
    except (ConnectionError, OSError, pylibsrtp.Error):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Codec:
    """A negotiated codec and, if there is one, the payload type of its retransmissions."""

    name: str
    payload_type: int
    clock_rate: int
    again_payload_type: int | None


def codec_of(transceiver: RTCRtpTransceiver, name: str) -> Codec | None:
    """What was agreed on for `name` (opus, VP8), by name: payload types differ from leg to leg."""
    codecs: list[Any] = transceiver._codecs
    chosen = next((one for one in codecs if one.name.lower() == name.lower()), None)
    if chosen is None:
        return None
    again = next((one.payloadType for one in codecs if one.name.lower() == "rtx" and one.parameters.get("apt") == chosen.payloadType), None)
    return Codec(chosen.name, chosen.payloadType, chosen.clockRate, again)


def ssrcs_of(sender: RTCRtpSender) -> tuple[int, int]:
    """The SSRC in the offer, and that of its retransmissions."""
    return sender._ssrc, sender._rtx_ssrc


def name_stream(sender: RTCRtpSender, stream: str) -> None:
    """What the offer calls the sender's stream: sound and picture of one stream are played together."""
    sender._stream_id = stream


class CodecCount:
    """Counts every decoder and encoder that aiortc makes in this process: forwarding makes none."""

    def __init__(self) -> None:
        self.decoders = 0
        self.encoders = 0

    def watch(self) -> None:
        """Once for the process."""
        get_decoder, get_encoder = getattr(rtcrtpreceiver, _DECODER), getattr(rtcrtpsender, _ENCODER)

        def decoder(codec: Any) -> Any:
            self.decoders += 1
            return get_decoder(codec)

        def encoder(codec: Any) -> Any:
            self.encoders += 1
            return get_encoder(codec)

        for module, name, counting in ((rtcrtpreceiver, _DECODER, decoder), (rtcrtpsender, _ENCODER, encoder)):
            setattr(module, name, counting)


_EXPECTED: tuple[tuple[Any, str, tuple[str, ...]], ...] = (
    (RTCDtlsTransport, "_handle_rtp_data", ("self", "data", "arrival_time_ms")),
    (RTCDtlsTransport, "_handle_rtcp_data", ("self", "data")),
    (RTCDtlsTransport, "_send_rtp", ("self", "data")),
    (RTCRtpReceiver, "receive", ("self", "parameters")),
    (RTCRtpReceiver, "_handle_disconnect", ("self",)),
    (RTCRtpReceiver, "stop", ("self",)),
    (RTCRtpSender, "send", ("self", "parameters")),
    (RTCRtpSender, "stop", ("self",)),
    (rtcrtpreceiver, _DECODER, ("codec",)),
    (rtcrtpsender, _ENCODER, ("codec",)),
)
_USED = (
    (RTCDtlsTransport._recv_next, ("_handle_rtp_data", "_handle_rtcp_data")),
    (RTCRtpSender.__init__, ("_ssrc", "_rtx_ssrc", "_stream_id")),
    (RTCRtpTransceiver.__init__, ("_codecs",)),
)


def self_check() -> None:
    """Raise HooksBroken unless versions and every hook are as written for."""
    problems = [
        f"{package} is {found}, not {wanted}"
        for package, wanted in VERSIONS.items()
        if (found := importlib.metadata.version(package)) != wanted
    ]
    for owner, name, parameters in _EXPECTED:
        function = getattr(owner, name, None)
        if function is None or tuple(inspect.signature(function).parameters) != parameters:
            problems.append(f"{getattr(owner, '__name__', owner)}.{name} changed")
    for function, names in _USED:
        known = {*function.__code__.co_names}
        problems += [f"{function.__qualname__} no longer uses {name}" for name in names if name not in known]
    if problems:
        raise HooksBroken(problems)
