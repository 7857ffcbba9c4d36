"""Which house is near: a place sent in the chat, or 附近的卫生院. In danger 120 comes first, and the place goes to who was alerted."""

from __future__ import annotations

from urllib.parse import quote

from bot.channels.message import ChannelName, Place
from bot.channels.outgoing import Link, Text
from bot.dialogue import patients
from bot.dialogue.turn import Reply, Turn
from core.people.commands_nearby import NearestHouses, NearestHousesView, NearHouse

HOW = "请把您的位置发给我:点输入框右边的「+」→「位置」→「发送位置」,我告诉您最近的卫生室和医院。\n情况急的话不要等,马上打 **120**。"
_NONE = "这附近没有登记了位置的卫生室或医院。请问问村里人,或者打 12320 卫生热线。\n情况急的话不要等,马上打 **120**。"
_MAP = "https://apis.map.qq.com/uri/v1/marker"
"""Tencent's maps by address (lbs.qq.com, URI API, marker): opened by the person himself; it holds where the house is, not where he is."""


async def located(turn: Turn) -> Reply:
    """A point on the map."""
    place = turn.incoming.place
    if place is None:
        return turn.say(HOW)
    if turn.state.in_danger and not turn.staff:
        return await patients.tell(turn, said(place), subject=turn.state.subject)
    found: NearestHousesView = await turn.ask(NearestHouses(latitude=place.latitude, longitude=place.longitude))
    if not found.houses:
        return turn.say(_NONE)
    lines = ["离这里最近的(直线距离,路上会远一些):"]
    lines += [f"{number} {_line(one)}" for number, one in enumerate(found.houses, 1)]
    lines.append("去之前最好先打电话问问开没开门。情况急的话不要等,马上打 **120**。")
    if turn.incoming.channel not in (ChannelName.OFFICIAL_ACCOUNT, ChannelName.MINI_PROGRAM):
        return turn.say("\n".join(lines))  # where an address can only be shown as it is, it would be longer than the answer
    first = found.houses[0]
    link = Link(title=f"在地图上看 {first.full_name}", url=_on_map(first), description=f"约 {spoken_km(first.km)}")
    return Reply((Text(text="\n".join(lines)), link), turn.state)


def said(place: Place) -> str:
    """The place as words for who is sent there: its label, or its degrees where it has none."""
    return place.label.strip() or f"地图位置:北纬 {place.latitude:.5f},东经 {place.longitude:.5f}"


def spoken_km(km: float) -> str:
    """800 米, 1.2 公里, 14 公里."""
    if km < 0.95:
        return f"{max(1, round(km * 10)) * 100} 米"
    return f"{km:.1f} 公里" if km < 9.95 else f"{round(km)} 公里"


def _line(one: NearHouse) -> str:
    kind = "" if one.kind_label[-3:] in one.full_name else f"({one.kind_label})"
    phone = f",电话 {one.phone}" if one.phone else ""
    return f"**{one.full_name}**{kind},约 {spoken_km(one.km)}{phone}"


def _on_map(one: NearHouse) -> str:
    marker = f"coord:{one.latitude:.6f},{one.longitude:.6f};title:{_plain(one.full_name)};addr:{_plain(one.region_name or one.full_name)}"
    return f"{_MAP}?marker={quote(marker, safe=':,;')}&referer=huizhen"


def _plain(words: str) -> str:
    return "".join(letter for letter in words if letter not in ":;,")
