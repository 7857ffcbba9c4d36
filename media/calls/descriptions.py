"""Session descriptions as text, where aiortc has no word for it: which codecs a picture may have, simulcast (RFC 8853, RFC 8851), and a picture that
is refused while the sound is taken (RFC 3264, 6). Pure; what a stranger wrote is looked at, never believed to be whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

PREFERRED = ("VP8", "H264")
"""Codecs of pictures, the first that everybody has. H.264: constrained baseline, packetization mode 1."""
MOST_LAYERS = 3
_NAME = re.compile(r"[A-Za-z0-9_-]{1,16}")
_TRANSPORT = ("a=ice-", "a=fingerprint:", "a=setup:", "a=candidate:", "a=end-of-candidates", "c=")


def _split(sdp: str) -> list[list[str]]:
    """Lines of the session, then of each media section."""
    parts: list[list[str]] = [[]]
    for line in sdp.splitlines():
        if line.startswith("m="):
            parts.append([])
        parts[-1].append(line)
    return parts


def _join(parts: list[list[str]]) -> str:
    return "".join(line + "\r\n" for part in parts for line in part)


def _is_picture(part: list[str]) -> bool:
    return bool(part) and part[0].startswith("m=video ")


def codecs_of(sdp: str) -> frozenset[str] | None:
    """The codecs of `PREFERRED` that its pictures may have; None when it has no section for pictures."""
    pictures = [part for part in _split(sdp) if _is_picture(part)]
    return None if not pictures else frozenset.union(*(_codecs(part) for part in pictures))


def _codecs(part: list[str]) -> frozenset[str]:
    found = set()
    for line in part:
        number, _, name = line.removeprefix("a=rtpmap:").partition(" ")
        if not line.startswith("a=rtpmap:"):
            continue
        if name.upper().startswith("VP8/90000"):
            found.add("VP8")
        elif name.upper().startswith("H264/90000") and _common_h264(part, number):
            found.add("H264")
    return frozenset(found)


def _common_h264(part: list[str], number: str) -> bool:
    settings = "".join(line for line in part if line.startswith(f"a=fmtp:{number} ")).lower()
    profile = re.search(r"profile-level-id=42([0-9a-f]{2})", settings)
    return "packetization-mode=1" in settings and profile is not None and bool(int(profile[1], 16) & 0x40)


def agree(now: str | None, everybody: Sequence[frozenset[str] | None], newcomer: frozenset[str] | None) -> str | None:
    """The codec of a room's pictures when somebody comes who can do `newcomer` (None: he shows nothing, and says nothing of it): that of now if it
    serves all, else the first that all have, else that of now if at least he has it, else None: he has sound alone. Whoever has none of ours
    has sound alone in any case, and takes nobody else's picture away."""
    sets = [one for one in (*everybody, newcomer) if one is not None and one & {*PREFERRED}]
    if newcomer is not None and newcomer not in sets:
        return None
    wanted = PREFERRED if now is None or not everybody else (now, *PREFERRED)
    shared = next((one for one in wanted if all(one in others for others in sets)), None)
    return shared or (now if now is not None and (newcomer is None or now in newcomer) else None)


def layers_of(offer: str) -> tuple[str, ...]:
    """Names of the simulcast layers that are offered, in their order (the smallest first, as our own page lists them); empty without simulcast."""
    for part in filter(_is_picture, _split(offer)):
        named = {line.split()[0].removeprefix("a=rid:") for line in part if line.startswith("a=rid:") and line.endswith(" send")}
        for line in part:
            sending = re.match(r"a=simulcast:\s*send (\S+)", line)
            if sending is not None:
                layers = [one.split(",")[0].lstrip("~") for one in sending[1].split(";")]
                known = all(one in named and _NAME.fullmatch(one) for one in layers)
                if known and 2 <= len(layers) <= MOST_LAYERS and len(set(layers)) == len(layers):
                    return tuple(layers)
    return ()


def accept_layers(answer: str, layers: Sequence[str]) -> str:
    """The answer with all these layers taken."""
    parts = _split(answer)
    for part in filter(_is_picture, parts):
        part += [f"a=rid:{one} recv" for one in layers]
        part.append(f"a=simulcast:recv {';'.join(layers)}")
    return _join(parts)


def hide_picture(offer: str) -> str:
    """The offer with a picture that can be negotiated but is not sent, in the place of one that cannot."""
    return _hidden(offer, lambda part: True)


def hide_refused_pictures(answer: str) -> str:
    """An answer whose refused pictures (port 0) are put so that they can be read: there, but not received."""
    return _hidden(answer, lambda part: part[0].startswith("m=video 0 ") or not _codecs(part))


def _hidden(sdp: str, which: Callable[[list[str]], bool]) -> str:
    parts = _split(sdp)
    of_sound = [line for part in parts if part and part[0].startswith("m=audio ") for line in part if line.startswith(_TRANSPORT)]
    for place, part in enumerate(parts):
        if _is_picture(part) and which(part):
            own = [line for line in part if line.startswith(_TRANSPORT)]
            mid = [line for line in part if line.startswith("a=mid:")]
            transport = own if any(line.startswith("a=ice-pwd:") for line in own) else of_sound
            parts[place] = [
                "m=video 9 UDP/TLS/RTP/SAVPF 96", *transport, *mid, "a=inactive", "a=rtcp:9 IN IP4 0.0.0.0", "a=rtcp-mux", "a=rtpmap:96 VP8/90000"
            ]  # fmt: skip
    return _join(parts)


def refuse_picture(answer: str, offer: str) -> str:
    """The answer to `offer` with its pictures refused: port 0, the formats as offered, and no part of the bundle."""
    parts = _split(answer)
    offered = [part[0] for part in _split(offer) if _is_picture(part)]
    refused = set()
    for place, part in enumerate(parts):
        if _is_picture(part):
            mid = next((line for line in part if line.startswith("a=mid:")), "a=mid:")
            refused.add(mid.removeprefix("a=mid:"))
            parts[place] = [re.sub(r"^m=video \d+", "m=video 0", offered[0]), "c=IN IP4 0.0.0.0", mid, "a=inactive"]
    for place, line in enumerate(parts[0]):
        if line.startswith("a=group:BUNDLE"):
            parts[0][place] = " ".join(one for one in line.split(" ") if one not in refused)
    return _join(parts)
