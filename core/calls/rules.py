"""Who sits where, how long a ticket lasts, when somebody has dropped and when a call is over. Pure; times are real time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from core.calls.commands import Seat, Trouble
from core.foundation.actor import Role

SEATS: tuple[Seat, ...] = ("patient", "village_doctor", "expert")
"""Those that every call has. A relative beside the patient has none of his own: he speaks and is seen with him."""
GUEST_SEATS: tuple[Seat, ...] = ("second_expert", "interpreter", "student")
"""Those that a room gets when the moderator invites somebody and lets him in; one of each."""
LISTENS_ONLY: frozenset[str] = frozenset({"student"})
"""Nobody gets anything of what these send, whatever their device does."""
SEAT_LABELS: dict[str, str] = {
    "patient": "患者", "village_doctor": "村医", "expert": "专家", "second_expert": "第二位专家", "interpreter": "翻译", "student": "旁听的学员",
}
SEAT_OF_ROLE: dict[Role, Seat] = {Role.VISITOR: "patient", Role.VILLAGE_DOCTOR: "village_doctor", Role.EXPERT: "expert"}
ROLE_OF_SEAT: dict[str, Role] = {"patient": Role.VISITOR, "village_doctor": Role.VILLAGE_DOCTOR, "expert": Role.EXPERT}
ROLE_OF_SEAT.update(dict.fromkeys(GUEST_SEATS, Role.VISITOR))
INVITED = "invited_to_call"
"""The relation of a guest."""

TICKET_LIFE = timedelta(minutes=2)
HEARD_OF_WITHIN = timedelta(seconds=45)
"""Whoever's connection was not seen for so long has dropped, even if nobody said so (the process that held it died)."""
EMPTY_FOR = timedelta(seconds=60)
"""A call that nobody is in any more ends after this time: who drops comes back to the same call."""
NOBODY_CAME_FOR = timedelta(minutes=3)
LOOK_AGAIN = timedelta(seconds=30)
MEASURED_AT_LEAST = 3
"""Fewer measurements of a link than this are no quality of it."""
TRIED_BEFORE = timedelta(minutes=10)
"""What went wrong on the way in so long before the call was opened belongs to it: devices are tried first."""

TROUBLES: dict[Trouble, str] = {
    "refused_camera": "没有允许使用摄像头和麦克风",
    "no_device": "没有找到摄像头或麦克风",
    "device_busy": "摄像头或麦克风被别的程序占用",
    "no_network": "没有网络",
    "no_media_path": "网络不让视频通过",
    "unfit_browser": "这个浏览器不能视频",
    "wrong_device": "这台设备不能视频,要换一台",
    "weak_network": "网络太慢",
}
LINK_WORDS = {"green": "好", "yellow": "一般", "red": "差"}
RUNG_WORDS = {
    "1080p": "1080p", "720p": "720p", "480p": "480p", "360p": "360p", "180p": "180p", "stills": "一张张的图片", "audio": "只有声音",
    "audio12": "只有声音",
}
ATTEMPT_OVER = ("joined", "reopened", "left", "dropped", "removed", "declined")
"""What somebody does or what becomes of him, after which a trouble of his is a new one."""
_CAUSES: dict[str, str] = {"declined": "说现在不能视频", "not_admitted": "在门外等,没有请进来"}
_CAUSES.update({str(trouble): words for trouble, words in TROUBLES.items()})
_SIDES = {"expert": "专家没有进来", "inviting": "村医和患者没有进来", "nobody": "没有人进来"}
_INVITING = frozenset({"patient", "village_doctor"})

ENTRY_LABELS: dict[str, str] = {
    **{f"call.joined.{seat}": f"{label}进入视频" for seat, label in SEAT_LABELS.items()},
    **{f"call.left.{seat}": f"{label}离开视频" for seat, label in SEAT_LABELS.items()},
    **{f"call.dropped.{seat}": f"{label}的视频断了" for seat, label in SEAT_LABELS.items()},
    **{f"call.trouble.{seat}.{trouble}": f"{label}没能视频:{why}" for seat, label in SEAT_LABELS.items() for trouble, why in TROUBLES.items()},
    **{
        f"call.trouble_before.{seat}.{trouble}": f"{label}没能视频:{why}(约 {{minutes}} 分钟前的事,当时没有网络,现在才报上来)"
        for seat, label in SEAT_LABELS.items() for trouble, why in TROUBLES.items()
    },
    **{f"call.returned.{seat}": f"{label}断线后回到视频" for seat, label in SEAT_LABELS.items()},
    **{f"call.reopened.{seat}": f"{label}重新打开了视频" for seat, label in SEAT_LABELS.items()},
    **{f"call.removed.{seat}": f"主持人请{label}离开视频" for seat, label in SEAT_LABELS.items()},
    **{f"call.waiting.{seat}": f"{label}在视频门外等" for seat, label in SEAT_LABELS.items()},
    **{f"call.admitted.{seat}": f"主持人请{label}进来" for seat, label in SEAT_LABELS.items()},
    **{f"call.refused.{seat}": f"主持人没有请{label}进来" for seat, label in SEAT_LABELS.items()},
    **{f"call.declined.{seat}": f"{label}说现在不能视频" for seat, label in SEAT_LABELS.items()},
    **{f"call.moderator.{seat}": f"请{label}主持视频" for seat, label in SEAT_LABELS.items()},
    **{f"call.invited.{seat}": f"邀请{label}参加视频" for seat, label in SEAT_LABELS.items()},
    **{f"call.said.{seat}": f"{label}在视频里写" for seat, label in SEAT_LABELS.items()},
    **{f"call.shown.{seat}": f"{label}在视频里给大家看一张图" for seat, label in SEAT_LABELS.items()},
    **{f"call.phone.{seat}": f"{label}请打电话联系" for seat, label in SEAT_LABELS.items()},
    **{f"call.quality.{seat}": f"{label}的线路:最差时{{link}},丢包 {{loss}}%,往返 {{rtt}} 毫秒{{rung}}" for seat, label in SEAT_LABELS.items()},
    "call.phone_done": "已打过电话",
    "call.beside": "患者身边有 {count} 位家属",
    "call.locked": "视频已锁上,后来的人要等主持人同意",
    "call.unlocked": "视频不再锁着",
    "call.ended": "视频结束,共 {length}",
    **{f"call.not_held.{side}": f"视频没有开成:{words}" for side, words in _SIDES.items()},
    **{f"call.not_held.{side}.{cause}": f"视频没有开成:{words}({why})" for side, words in _SIDES.items() for cause, why in _CAUSES.items()},
}
"""What stands on the consultation's timeline."""
TOLD_WITH_WORDS = frozenset(f"call.said.{seat}" for seat in SEAT_LABELS)
"""Entries whose words are part of the sentence, for those who treat the patient and for himself."""


def not_held(seats: Iterable[str], causes: Mapping[str, str] | None = None) -> str | None:
    """The entry's kind when a call in which only ``seats`` were ever taken was none; None when both sides were there.

    ``causes``: seat → what was last heard of why its person did not come in (a trouble of his device or network, declined, not_admitted). Where
    nothing was heard of the side that is missing, it did not answer.
    """
    came = set(seats)
    missing: frozenset[str]
    if not came:
        side, missing = "nobody", frozenset(SEATS)
    elif "expert" not in came:
        side, missing = "expert", frozenset({"expert"})
    elif came.isdisjoint(_INVITING):
        side, missing = "inviting", _INVITING
    else:
        return None
    heard = [cause for seat, cause in sorted((causes or {}).items()) if seat in missing and cause in _CAUSES]
    return f"call.not_held.{side}.{heard[0]}" if heard else f"call.not_held.{side}"


def spoken_length(began: datetime, ended: datetime) -> str:
    """4 分 20 秒."""
    minutes, seconds = divmod(max(0, int((ended - began).total_seconds())), 60)
    return f"{minutes} 分 {seconds} 秒" if minutes else f"{seconds} 秒"


def is_over(*, opened: datetime, empty_since: datetime | None, anybody_came: bool, now: datetime) -> bool:
    """Whether a call with nobody in it is over."""
    if not anybody_came:
        return now - opened >= NOBODY_CAME_FOR
    return empty_since is not None and now - empty_since >= EMPTY_FOR
