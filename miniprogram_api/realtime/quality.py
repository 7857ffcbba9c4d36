"""How somebody's link was while he was in the call, in four figures. Pure."""

from __future__ import annotations

import statistics
import typing
from typing import Any

from core.calls.commands import Rung
from core.calls.rules import MEASURED_AT_LEAST

MOST = 2000
"""Measurements that are kept: an hour and a half of one every three seconds; of a longer call every second one after that."""
_WORST = ("green", "yellow", "red")
_LOWEST = typing.get_args(Rung)


class LinkRecord:
    """Collects what his device measures."""

    def __init__(self) -> None:
        self._loss: list[float] = []
        self._rtt_ms: list[float] = []
        self._worst = 0
        self._lowest = -1

    def add(self, loss: float, rtt_ms: float, link: str, rung: str | None) -> None:
        if len(self._loss) >= MOST:
            del self._loss[::2], self._rtt_ms[::2]
        self._loss.append(loss)
        self._rtt_ms.append(rtt_ms)
        self._worst = max(self._worst, _WORST.index(link))
        if rung is not None:
            self._lowest = max(self._lowest, _LOWEST.index(rung))

    def summary(self) -> dict[str, Any]:
        """Fields of `LeaveCall`; none where too little was measured to be said."""
        if len(self._loss) < MEASURED_AT_LEAST:
            return {}
        return {
            "worst_link": _WORST[self._worst], "loss_permille": round(1000 * statistics.median(self._loss)),
            "rtt_ms": round(statistics.median(self._rtt_ms)), "rung": None if self._lowest < 0 else _LOWEST[self._lowest],
        }  # fmt: skip
