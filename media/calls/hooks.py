"""All that is used of aiortc (1.16.0), aioice (0.13.0) and pylibsrtp (1.0.0) beyond what they publish, in one place. `self_check` says at start-up
what has changed.

aiortc keeps ICE, DTLS, SRTP keys and SDP. Its senders and receivers, which encode, decode and poll, are made inert; the sockets are taken over from
the event loop, so that RTP and RTCP are decrypted and encrypted here and everything else goes where it always went.
"""

from __future__ import annotations

import importlib.metadata
import inspect
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pylibsrtp
from aioice import ice
from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCRtpSender, RTCRtpTransceiver, codecs, rtcrtpreceiver, rtcrtpsender
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsTransport
from aiortc.rtcdtlstransport import State as DtlsState
from aiortc.rtcicetransport import RTCIceGatherer, RTCIceTransport
from aiortc.rtcrtpparameters import RTCRtcpFeedback, RTCRtpHeaderExtensionParameters
from pylibsrtp import _binding

_DECODER, _ENCODER = "get_decoder", "get_encoder"
VERSIONS = {"aiortc": "1.16.0", "aioice": "0.13.0", "pylibsrtp": "1.0.0"}


class HooksBroken(Exception):
    """aiortc, aioice or pylibsrtp is not the one this was written for; `problems` says which hook changed."""

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


cipher: Any = getattr(_binding, "lib", None)
"""libsrtp as pylibsrtp carries it: called where a packet lies, without the copies that its Session makes."""
cipher_ffi: Any = getattr(_binding, "ffi", None)

TRANSPORT_NUMBER = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
MID, STREAM_NAME = "urn:ietf:params:rtp-hdrext:sdes:mid", "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_NAME = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
WANTED_EXTENSIONS = (TRANSPORT_NUMBER, SEND_TIME, MID, STREAM_NAME, REPAIRED_NAME)
_ADDED = {"audio": ((3, SEND_TIME), (5, TRANSPORT_NUMBER)), "video": ((5, TRANSPORT_NUMBER), (6, STREAM_NAME), (7, REPAIRED_NAME))}


def extend_negotiation() -> None:
    """Let aiortc agree on transport-wide feedback, times of sending, names of simulcast layers and forward error correction of the sound.
    Once for a process."""
    for kind, added in _ADDED.items():
        known = {one.uri for one in codecs.HEADER_EXTENSIONS[kind]}
        codecs.HEADER_EXTENSIONS[kind] += [RTCRtpHeaderExtensionParameters(id=number, uri=uri) for number, uri in added if uri not in known]
        for codec in codecs.CODECS[kind]:
            wanted = [RTCRtcpFeedback("transport-cc"), *([RTCRtcpFeedback("ccm", "fir")] if kind == "video" else [])]
            if codec.name.lower() in ("opus", "vp8", "h264"):
                codec.rtcpFeedback += [one for one in wanted if one not in codec.rtcpFeedback]
            if codec.name.lower() == "opus":
                codec.parameters = {"minptime": 10, "useinbandfec": 1}


def keep_extensions(transceiver: RTCRtpTransceiver) -> dict[str, int]:
    """Between the remote offer and the answer: agree on those extensions only that are used here; their numbers by name."""
    transceiver._headerExtensions = [one for one in transceiver._headerExtensions if one.uri in WANTED_EXTENSIONS]
    return extensions_of(transceiver)


def extensions_of(transceiver: RTCRtpTransceiver) -> dict[str, int]:
    """Agreed header extensions: number by name."""
    return {one.uri: one.id for one in transceiver._headerExtensions}


def transport_of(connection: RTCPeerConnection) -> RTCDtlsTransport:
    """The one transport of a bundled connection."""
    return connection.getTransceivers()[0].receiver.transport


async def close(connection: RTCPeerConnection) -> None:
    """Close it, even when a description of nonsense took its transport away: aiortc stumbles over that, and the connection would stay."""
    transceivers = connection.getTransceivers()
    whole = next((one.receiver.transport for one in transceivers if one.receiver.transport is not None), None)
    if whole is None and transceivers:
        whole = RTCDtlsTransport(RTCIceTransport(RTCIceGatherer(iceServers=[])), [RTCCertificate.generateCertificate()])
    for one in transceivers:
        if one.receiver.transport is None:
            one.receiver.setTransport(whole)
    await connection.close()


def take_sockets(transport: RTCDtlsTransport, make: Callable[[Any, socket.socket], Any]) -> list[Any]:
    """Take the sockets of a connection whose candidates are gathered away from the event loop; `make` is given the protocol and the socket and
    returns what aioice then uses as transport. The loop's own transport is closed, the socket lives on."""
    taken = []
    for protocol in ice_of(transport)._protocols:
        theirs: Any = protocol.transport
        descriptor = os.dup(theirs.get_extra_info("socket").fileno())
        ours = socket.socket(fileno=descriptor)
        ours.setblocking(False)
        theirs.close()
        protocol.transport = make(protocol, ours)
        taken.append(protocol.transport)
    return taken


def context_of(session: pylibsrtp.Session) -> Any:
    """What libsrtp itself knows a cipher by; valid while the session lives."""
    return session._srtp[0]


def ice_of(transport: RTCDtlsTransport) -> Any:
    return transport.transport._connection


def path_of(transport: RTCDtlsTransport) -> tuple[Any, Any, Any] | None:
    """The pair of addresses that ICE has chosen (with `protocol` and `remote_addr`), and the ciphers for what arrives and for what leaves; None
    before both are there. Asked of every connection twenty times a second."""
    receiving, sending, pair = transport._rx_srtp, transport._tx_srtp, transport.transport._connection._nominated.get(1)
    if pair is None or receiving is None or sending is None or transport._state is not DtlsState.CONNECTED:
        return None
    return pair, receiving, sending


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
    (ice.StunProtocol, "datagram_received", ("self", "data", "addr")),
    (ice.StunProtocol, "connection_lost", ("self", "exc")),
    (RTCRtpReceiver, "receive", ("self", "parameters")),
    (RTCRtpReceiver, "_handle_disconnect", ("self",)),
    (RTCRtpReceiver, "stop", ("self",)),
    (RTCRtpSender, "send", ("self", "parameters")),
    (RTCRtpSender, "stop", ("self",)),
    (rtcrtpreceiver, _DECODER, ("codec",)),
    (rtcrtpsender, _ENCODER, ("codec",)),
)
USED: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (ice.Connection.__init__, ("_protocols", "_nominated")),
    (ice.Connection.sendto, ("_nominated", "protocol", "remote_addr")),
    (ice.StunProtocol.close, ("transport", "close")),
    (ice.StunProtocol.send_stun, ("transport", "sendto")),
    (RTCIceTransport.__init__, ("_connection",)),
    (RTCDtlsTransport._setup_srtp, ("_rx_srtp", "_tx_srtp")),
    (RTCDtlsTransport._set_state, ("_state",)),
    (pylibsrtp.Session.__init__, ("_srtp",)),
    (RTCRtpSender.__init__, ("_ssrc", "_rtx_ssrc", "_stream_id")),
    (RTCRtpTransceiver.__init__, ("_codecs", "_headerExtensions")),
)
_CIPHER = ("srtp_protect", "srtp_protect_rtcp", "srtp_unprotect", "srtp_unprotect_rtcp")


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
    for function, names in USED:
        known = {*function.__code__.co_names}
        problems += [f"{function.__qualname__} no longer uses {name}" for name in names if name not in known]
    problems += [f"pylibsrtp no longer carries {name}" for name in _CIPHER if not hasattr(cipher, name)]
    if not {"audio", "video"} <= codecs.HEADER_EXTENSIONS.keys() & codecs.CODECS.keys():
        problems.append("aiortc.codecs lists media kinds otherwise")
    if problems:
        raise HooksBroken(problems)
