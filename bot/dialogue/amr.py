"""How long a recording in AMR is, as WeChat sends voices: frames of 20 ms, each with its mode in the first byte (RFC 4867, section 5)."""

from __future__ import annotations

_NARROW, _WIDE = b"#!AMR\n", b"#!AMR-WB\n"
_NARROW_BYTES = (12, 13, 15, 17, 19, 20, 26, 31, 5)
_WIDE_BYTES = (17, 23, 32, 36, 40, 46, 50, 58, 60, 5)
"""Of speech in a frame, by mode; a mode above carries none."""
_FRAME_S = 0.02


def amr_seconds(audio: bytes) -> float | None:
    """The length in seconds, counted frame by frame; None for what is no AMR. A torn last frame counts. Never raises."""
    header, sizes = (_WIDE, _WIDE_BYTES) if audio.startswith(_WIDE) else (_NARROW, _NARROW_BYTES)
    if not audio.startswith(header):
        return None
    at, frames = len(header), 0
    while at < len(audio):
        mode = audio[at] >> 3 & 0x0F
        at += 1 + (sizes[mode] if mode < len(sizes) else 0)
        frames += 1
    return frames * _FRAME_S
