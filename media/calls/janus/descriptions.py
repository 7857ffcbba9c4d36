"""Session descriptions that pass through to Janus and back: looked at before, and the engine's stream names put in. Pure text."""

from __future__ import annotations

import re
from collections.abc import Mapping

from media.calls.engine import LONGEST_DESCRIPTION, MOST_SEATS, DescriptionRefused

MOST_SECTIONS = 4
"""Media sections of an offer: sound, picture, and room for a data channel."""
KINDS = ("audio", "video")
_MID = re.compile(r"^a=mid:(\S+)\r?$", re.MULTILINE)
_MEDIA = re.compile(r"^m=(audio|video|application) (\d+) ", re.MULTILINE)


def sections(sdp: str) -> list[str]:
    """The media sections, each beginning with its `m=` line."""
    return ["m=" + one for one in re.split(r"^m=", sdp, flags=re.MULTILINE)[1:]]


def kind_of(section: str) -> str:
    return section[2:].partition(" ")[0]


def mid_of(section: str) -> str:
    found = _MID.search(section)
    return "" if found is None else found[1]


def checked_offer(sdp: str) -> dict[str, str]:
    """The kinds that are offered to send, each with its mid. DescriptionRefused for what is no offer of sound as opus and pictures, one of each
    at most; which codec the pictures have is `media.calls.descriptions.agree`'s to say."""
    parts = _parts(sdp, MOST_SECTIONS)
    kinds: dict[str, str] = {}
    for part in parts:
        kind, mid = kind_of(part), mid_of(part)
        if kind == "application":
            continue
        if kind not in KINDS or kind in kinds or not mid or (kind == "audio" and not _names(part, "opus")):
            raise DescriptionRefused
        kinds[kind] = mid
    mids = [mid_of(part) for part in parts]
    if not kinds or len(set(mids)) != len(mids):
        raise DescriptionRefused
    return kinds


def checked_answer(sdp: str, offer: str) -> None:
    """DescriptionRefused for what cannot be the answer to `offer`: the same sections in the same order, with what a connection needs."""
    asked, answered = sections(offer), _parts(sdp, 2 * MOST_SEATS)
    if [(kind_of(one), mid_of(one)) for one in asked] != [(kind_of(one), mid_of(one)) for one in answered]:
        raise DescriptionRefused


def _parts(sdp: str, most: int) -> list[str]:
    if len(sdp) > LONGEST_DESCRIPTION or not sdp.startswith("v=0") or "\0" in sdp:
        raise DescriptionRefused
    parts = sections(sdp)
    if not 1 <= len(parts) <= most or any(_MEDIA.match(part) is None for part in parts):
        raise DescriptionRefused
    if not all(name in sdp for name in ("\na=ice-ufrag:", "\na=ice-pwd:", "\na=fingerprint:")):
        raise DescriptionRefused
    return parts


def _names(section: str, codec: str) -> bool:
    """Whether the section's own formats have `codec`."""
    formats = section.partition("\n")[0].split()[3:]
    found = re.findall(rf"^a=rtpmap:(\d+) {codec}/", section, flags=re.MULTILINE | re.IGNORECASE)
    return any(one in formats for one in found)


def without_hidden_addresses(sdp: str) -> str:
    """Browsers hide their addresses behind `….local` names, which only their own network could resolve; theirs are learned when they knock."""
    return "".join(line for line in sdp.splitlines(keepends=True) if not (line.startswith("a=candidate:") and ".local " in line))


def accepted(answer: str) -> set[str]:
    """The mids that Janus's answer takes: those whose port is not zero."""
    return {mid_of(part) for part in sections(answer) if not re.match(r"m=\S+ 0 ", part)}


def with_streams(offer: str, streams: Mapping[str, str]) -> str:
    """`offer` with the stream of each mid named as `streams` says, in place of Janus's own names."""
    head = offer[: offer.index("m=")] if "m=" in offer else offer
    written = [head]
    for part in sections(offer):
        stream = streams.get(mid_of(part), mid_of(part))
        lines = [line for line in part.splitlines() if not re.match(r"a=msid:|a=ssrc:\d+ (msid|mslabel|label):", line)]
        lines.append(f"a=msid:{stream} {stream}-{kind_of(part)}")
        written.append("\r\n".join(lines) + "\r\n")
    return "".join(written)
