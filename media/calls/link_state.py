"""What people are told of a link: its colour, and what is done about it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from media.calls.ladder import FULL_SOUND, STEPS, Rung, Sound

Colour = Literal["green", "yellow", "red"]
Done = Literal["", "smaller_picture", "fewer_pictures", "stills", "sound_only", "sound_saving"]
DONE: tuple[Done, ...] = ("", "smaller_picture", "fewer_pictures", "stills", "sound_only", "sound_saving")
"""From nothing to the most."""
YELLOW_LOSS, RED_LOSS = 0.03, 0.10
YELLOW_RTT_S, RED_RTT_S = 0.5, 1.0
"""Speech suffers from 3 % loss or half a second there and back, and breaks from 10 % or a second (ITU-T G.114: 400 ms one way is the most)."""
GOOD_PICTURE = Rung.P360


@dataclass(frozen=True, slots=True)
class LinkState:
    """Of one seat. `up`: what he sends, `down`: what he gets. `done`: the most that is done for the sake of his own link. The rest is what he is to
    send: `send_bits` of picture at most (0: no picture), `height` in lines, `rate` in pictures a second (below 1: a whole picture now and then),
    `sound_bits` for opus."""

    up: Colour
    down: Colour
    done: Done
    send_bits: int
    height: int
    rate: float
    sound_bits: int


def colour(lost: float, rtt_s: float, queue_s: float, done: Done) -> Colour:
    """绿: nothing is lacking. 黄: one hears or sees it. 红: speech is in danger, or pictures are gone for its sake."""
    delay = rtt_s + queue_s
    if lost >= RED_LOSS or delay >= RED_RTT_S or done in ("sound_only", "sound_saving"):
        return "red"
    if lost >= YELLOW_LOSS or delay >= YELLOW_RTT_S or done:
        return "yellow"
    return "green"


def done_for(rungs: list[Rung], sound: Sound, *, limited: bool) -> Done:
    """What is done where pictures stand at `rungs` and voices at `sound`; nothing while the link has shown no limit (a call that begins small is
    not in trouble)."""
    if not limited:
        return ""
    if sound != FULL_SOUND:
        return "sound_saving"
    if not rungs:
        return ""
    if max(rungs) == Rung.NONE:
        return "sound_only"
    if max(rungs) == Rung.STILLS:
        return "stills"
    if min(rungs) <= Rung.STILLS:
        return "fewer_pictures"
    return "smaller_picture" if min(rungs) < GOOD_PICTURE else ""


def worst(first: Done, second: Done) -> Done:
    return max(first, second, key=DONE.index)


def sending(rung: Rung, bits: int) -> tuple[int, int, float]:
    """Picture bits, lines and pictures a second for somebody who is to send at `rung`."""
    step = STEPS[rung]
    return min(bits, step.most), step.height, step.rate
