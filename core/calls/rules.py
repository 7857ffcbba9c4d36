"""Who sits where, how long a ticket lasts, when somebody has dropped and when a call is over. Pure; times are real time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from core.calls.commands import Seat, Trouble
from core.foundation.actor import Role

SEATS: tuple[Seat, ...] = ("patient", "village_doctor", "expert")
SEAT_LABELS: dict[str, str] = {"patient": "患者", "village_doctor": "村医", "expert": "专家"}
SEAT_OF_ROLE: dict[Role, Seat] = {Role.VISITOR: "patient", Role.VILLAGE_DOCTOR: "village_doctor", Role.EXPERT: "expert"}

TICKET_LIFE = timedelta(minutes=2)
HEARD_OF_WITHIN = timedelta(seconds=45)
"""Whoever's connection was not seen for so long has dropped, even if nobody said so (the process that held it died)."""
EMPTY_FOR = timedelta(seconds=60)
"""A call that nobody is in any more ends after this time: who drops comes back to the same call."""
NOBODY_CAME_FOR = timedelta(minutes=3)
LOOK_AGAIN = timedelta(seconds=30)

TROUBLES: dict[Trouble, str] = {
    "refused_camera": "没有允许使用摄像头和麦克风",
    "no_device": "没有找到摄像头或麦克风",
    "device_busy": "摄像头或麦克风被别的程序占用",
    "no_network": "没有网络",
    "no_media_path": "网络不让视频通过",
    "unfit_browser": "这个浏览器不能视频",
}

ENTRY_LABELS: dict[str, str] = {
    **{f"call.joined.{seat}": f"{label}进入视频" for seat, label in SEAT_LABELS.items()},
    **{f"call.left.{seat}": f"{label}离开视频" for seat, label in SEAT_LABELS.items()},
    **{f"call.dropped.{seat}": f"{label}的视频断了" for seat, label in SEAT_LABELS.items()},
    **{f"call.trouble.{seat}.{trouble}": f"{label}没能视频:{why}" for seat, label in SEAT_LABELS.items() for trouble, why in TROUBLES.items()},
    "call.ended": "视频结束,共 {length}",
    "call.not_held.nobody": "视频没有开成:没有人进来",
    "call.not_held.expert": "视频没有开成:专家没有进来",
    "call.not_held.inviting": "视频没有开成:村医和患者没有进来",
}
"""What stands on the consultation's timeline."""


def not_held(seats: Iterable[str]) -> str | None:
    """The entry's kind when a call in which only ``seats`` were ever taken was none; None when both sides were there."""
    came = set(seats)
    if not came:
        return "call.not_held.nobody"
    if "expert" not in came:
        return "call.not_held.expert"
    return "call.not_held.inviting" if came == {"expert"} else None


def spoken_length(began: datetime, ended: datetime) -> str:
    """4 分 20 秒."""
    minutes, seconds = divmod(max(0, int((ended - began).total_seconds())), 60)
    return f"{minutes} 分 {seconds} 秒" if minutes else f"{seconds} 秒"


def is_over(*, opened: datetime, empty_since: datetime | None, anybody_came: bool, now: datetime) -> bool:
    """Whether a call with nobody in it is over."""
    if not anybody_came:
        return now - opened >= NOBODY_CAME_FOR
    return empty_since is not None and now - empty_since >= EMPTY_FOR
