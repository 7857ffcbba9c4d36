"""`python -m tests.journeys.story [--seed N] [--base-url URL] [--faults]`: play the story, print its transcript; exit 1 if a step does not happen."""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path

import httpx

from tests.journeys.story.cast import Cast, StepFailed
from tests.journeys.story.files import write_files
from tests.journeys.story.play import Story
from tests.journeys.story.transcript import Transcript
from tests.support.demo import running

FAULTS = {"delay_ms": 200, "duplicate_callbacks": True, "api_error_rate": 0.1}
"""A platform on a bad day: slow, everything twice, one call in ten failing. No callback is lost: the robot's card clicks are sent once only."""
SPOILED_PATIENCE = 2.0


def spoil(base_url: str, seed: int) -> None:
    """Switch the faults on, drawn from ``seed``."""
    httpx.put(f"{base_url}/simulator/conditions", json={**FAULTS, "seed": seed}, timeout=30, trust_env=False).raise_for_status()


def play(base_url: str, seed: int, folder: Path, transcript: Transcript, patience: float = 1.0) -> None:
    """One story against a running system. StepFailed names the step that did not happen; ``patience`` stretches how long each is waited for."""
    cast = Cast(base_url, transcript, patience)
    try:
        Story(cast, transcript, random.Random(seed), write_files(folder)).play()
    finally:
        cast.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="make story", description="把整个故事演一遍")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED") or 1))
    parser.add_argument("--base-url", default="", help="已在运行的演示;不写就自己启动一套")
    parser.add_argument("--faults", action="store_true", help="微信不太平的一天:慢、重复、接口时常失败")
    options = parser.parse_args()
    transcript = Transcript(sys.stdout)
    transcript.line(f"会诊 · 故事(种子 {options.seed})")
    with tempfile.TemporaryDirectory(prefix="huizhen-story-") as folder:
        try:
            if options.base_url:
                if options.faults:
                    spoil(options.base_url, options.seed)
                play(options.base_url, options.seed, Path(folder), transcript, SPOILED_PATIENCE if options.faults else 1.0)
            else:
                transcript.line("正在启动一套全新的演示…")
                with running(Path(folder) / "data", seed=options.seed, hurried=True) as demo:
                    try:
                        if options.faults:
                            spoil(demo.base_url, options.seed)
                        play(demo.base_url, options.seed, Path(folder), transcript, SPOILED_PATIENCE if options.faults else 1.0)
                    except StepFailed:
                        print(demo.logs(), file=sys.stderr)
                        raise
        except StepFailed as failure:
            transcript.line(f"\n✗ 故事停在这里:{failure}")
            return 1
    transcript.line("\n✓ 故事演完了。")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
