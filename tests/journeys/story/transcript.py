"""The transcript as people would read it, with the time of each step."""

from __future__ import annotations

import re
import time
from typing import Any, TextIO


class Transcript:
    """Writes lines as they happen; ``begin`` opens a numbered step and ``end`` tells how long it took."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._start = time.monotonic()
        self._step = self._start

    def line(self, text: str = "") -> None:
        print(text, file=self._out, flush=True)

    def begin(self, title: str) -> None:
        self._step = time.monotonic()
        self.line(f"\n━━ {title}")

    def end(self) -> None:
        self.line(f"   └ 用时 {time.monotonic() - self._step:.1f} 秒(自开始 {time.monotonic() - self._start:.1f} 秒)")

    def said(self, who: str, where: str, text: str) -> None:
        first, *rest = text.strip().splitlines() or [""]
        self.line(f"{time.monotonic() - self._start:7.1f}s  {who} · {where}")
        for part in (first, *rest):
            if part.strip():
                self.line(f"            {part}")

    def fact(self, text: str) -> None:
        self.line(f"{time.monotonic() - self._start:7.1f}s  ✓ {text}")


def readable(message: dict[str, Any]) -> str:
    """One message of the simulator as text: words, then 【choices】."""
    kind = message["type"]
    if kind == "menu":
        choices = "".join(f"【{item['content']}】" for item in message["items"])
        return "\n".join(part for part in (message["head"], choices, message["tail"]) if part)
    if kind == "card":
        card = message["card"]
        title = card.get("main_title", {})
        lines = [" · ".join(part for part in (title.get("title"), title.get("desc")) if part), card.get("sub_title_text", "")]
        lines += [f"{item.get('keyname', '')} {item.get('value', '')}" for item in card.get("horizontal_content_list", [])]
        buttons = "".join(f"【{button['text']}】" for button in card.get("button_list", []))
        replaced = message.get("replaced") or card.get("replaced") or ""
        return "\n".join(part for part in (*lines, f"【{replaced}】" if replaced else buttons) if part)
    if kind in ("template", "subscription"):
        return "\n".join([message.get("name", ""), *(f"{name}:{value}" for name, value in message.get("data", {}).items())])
    if kind in ("image", "file", "video", "voice"):
        return f"[{kind}] {message.get('name', '') or message.get('recognition', '')}"
    return re.sub(r"<a [^>]*>([^<]*)</a>", r"【\1】", str(message.get("content") or message.get("title") or kind))
