"""How one link is shared among the sounds and pictures that go over it: sound first, then the pictures that matter most, then the faces. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from media.calls.ladder import FULL_SOUND, STEPS, Rung, Sound, sound_for

_MOVING = STEPS[Rung.P180].least
_STILL = STEPS[Rung.STILLS].least


@dataclass(frozen=True, slots=True)
class Wanted:
    """Somebody's picture that this link could carry: of pictures with a higher `priority` comes all first; `most` bits are of use."""

    seat: str
    priority: int = 0
    most: int = STEPS[Rung.P720].most


@dataclass(frozen=True, slots=True)
class Share:
    """`pictures`: bits for each seat's picture; together with `reserved` (what the voices take) never more than the link bears, unless the voices
    alone are."""

    sound: Sound
    reserved: int
    pictures: dict[str, int]


def share_out(bits: float, voices: int, wanted: Sequence[Wanted]) -> Share:
    """Divide a link of `bits` among `voices` at their full rate and the pictures. As many pictures move as can move decently, the first named
    first; of the rest as many stand still as fit."""
    sound = sound_for(bits, voices)
    reserved = voices * sound.bits
    left = int(bits) - reserved if sound == FULL_SOUND else 0
    pictures = dict.fromkeys((one.seat for one in wanted), 0)
    waiting: list[Wanted] = []
    for priority in sorted({one.priority for one in wanted}, reverse=True):
        group = [one for one in wanted if one.priority == priority and one.most >= _MOVING]
        for one in wanted:
            if one.priority == priority and one.most < _MOVING:
                left -= _still(one, left, pictures)
        moving = group[: max(0, left) // _MOVING]
        waiting += group[len(moving) :]
        left -= _level(moving, left, pictures)
    for one in waiting:
        left -= _still(one, left, pictures)
    return Share(sound, reserved, pictures)


def _still(one: Wanted, bits: int, pictures: dict[str, int]) -> int:
    """As much as a picture that stands still can use, if that much is left; how much was given."""
    if bits < _STILL:
        return 0
    pictures[one.seat] = min(bits, one.most, STEPS[Rung.STILLS].most)
    return pictures[one.seat]


def _level(group: Sequence[Wanted], bits: int, pictures: dict[str, int]) -> int:
    """Equal parts, and what one cannot use to the others; how much was given."""
    left, given = bits, 0
    for place, one in enumerate(sorted(group, key=lambda each: each.most)):
        part = min(one.most, left // (len(group) - place))
        pictures[one.seat] = part
        left -= part
        given += part
    return given
