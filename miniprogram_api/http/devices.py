"""What a browser says of itself, reduced to what its owner recognises and nobody else: iPhone · 微信."""

from __future__ import annotations

LONGEST = 1000
"""Characters of the header that are looked at."""

_DEVICES = (
    ("iPad", "iPad"), ("iPhone", "iPhone"), ("HarmonyOS", "鸿蒙手机"), ("OpenHarmony", "鸿蒙手机"), ("Android", "安卓手机"),
    ("Windows", "Windows 电脑"), ("Macintosh", "Mac 电脑"), ("Linux", "Linux 电脑"),
)
_PROGRAMS = (
    ("wxwork", "企业微信"), ("MicroMessenger", "微信"), ("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("CriOS", "Chrome"),
    ("Safari", "Safari"),
)
"""The first that fits: WeCom calls itself WeChat as well, Chrome calls itself Safari."""


def device_words(user_agent: str) -> str:
    """Kind of device and program, at most 40 characters; "" when the header says neither."""
    looked_at = user_agent[:LONGEST]
    found = [next((words for mark, words in known if mark in looked_at), "") for known in (_DEVICES, _PROGRAMS)]
    return " · ".join(words for words in found if words)
