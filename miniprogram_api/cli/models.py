"""`huizhen models status`: how each version of the model of candidate diseases was used, how often doctors agreed, and whether it drifts."""

from __future__ import annotations

import argparse
import asyncio

from core.candidates.commands import Agreement, DriftView, ModelStatus, ModelsView, ModelView, Share
from core.candidates.rules import MOVED, RECENT_LEAST, REFERENCE_CASES, STEADY
from core.foundation.clock import shanghai
from core.practice_rooms import load_rooms
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.signing import OPERATOR, open_for_signing
from miniprogram_api.cli.refusals import explain_settings

STATES = {"few": "太少,还比不了", "steady": "稳定", "shifting": "有些变化", "moved": "明显变了"}


def run(given: argparse.Namespace) -> int:
    """0; 1 where nothing can be opened; 2 where the model in use has drifted."""
    settings = explain_settings()
    if settings is None:
        return 1
    try:
        return asyncio.run(_run(settings))
    except FileNotFoundError:
        print(f"没有主密钥 {settings.secrets_dir / 'keyring.key'}:请先运行 huizhen keys(演示则先 make run 一次)。")
        return 1


async def _run(settings: Settings) -> int:
    load_rooms()
    async with open_for_signing(settings) as practice:
        found: ModelsView = await practice.ask(OPERATOR, ModelStatus())
    print("\n".join(told(found)))
    current = found.models[0].drift if found.models else None
    return 2 if current is not None and current.state == "moved" else 0


def told(found: ModelsView) -> list[str]:
    """The lines, the version in use first."""
    if not found.models:
        return ["还没有给任何会诊算过候选诊断。"]
    return [line for one in found.models for line in _lines(one)]


def _lines(one: ModelView) -> list[str]:
    last = f"最近 {shanghai(one.last_at):%Y-%m-%d %H:%M}"
    lines = [f"模型 {one.model}  {one.digest[:12]}", f"  用了 {one.uses} 次,{last};签了意见、没写编码诊断的 {one.uncoded} 次"]
    lines += [f"  {label}:{_agreed(shares)}" for label, shares in (("与签名诊断(全部)", one.all), ("其中签名前看过的", one.seen))]
    reference = f"最初 {one.reference} 次" if one.reference else f"还没有(要最初 {REFERENCE_CASES} 次)"
    return [*lines, f"  对照:{reference}", f"  漂移:{_drift(one.drift)}"]


def _agreed(shares: Agreement) -> str:
    if not shares.first.of:
        return "还没有写编码诊断的"
    parts = (("第 1 位", shares.first), ("前 3 位", shares.among_three), ("前 5 位", shares.among_five), ("都不在", shares.none))
    return ";".join(f"{label} {_share(share)}" for label, share in parts) + "(95% 区间)"


def _share(share: Share) -> str:
    return f"{share.count}/{share.of}({share.low:.2f}–{share.high:.2f})"


def _drift(found: DriftView | None) -> str:
    if found is None:
        return "还没有比过(每天比一次)"
    moved = ",".join(f"{name} {index:.2f}" for name, index in found.moved)
    few = f",要 {RECENT_LEAST} 次" if found.state == "few" else ""
    return f"{found.day} {STATES[found.state]}(最近 {found.cases} 次{few})" + (f":{moved}(PSI {STEADY:g} 起有变化,{MOVED:g} 起明显)" if moved else "")
