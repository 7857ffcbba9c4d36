"""`python -m tests.journeys.story [--seed N] [--base-url URL]`: play the story and print its transcript; exit 1 if a step does not happen."""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path

from tests.journeys.story.cast import Cast, StepFailed
from tests.journeys.story.files import write_files
from tests.journeys.story.play import Story
from tests.journeys.story.transcript import Transcript
from tests.support.demo import running


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
    options = parser.parse_args()
    transcript = Transcript(sys.stdout)
    transcript.line(f"会诊 · 故事(种子 {options.seed})")
    with tempfile.TemporaryDirectory(prefix="huizhen-story-") as folder:
        try:
            if options.base_url:
                play(options.base_url, options.seed, Path(folder), transcript)
            else:
                transcript.line("正在启动一套全新的演示…")
                with running(Path(folder) / "data", seed=options.seed, hurried=True) as demo:
                    try:
                        play(demo.base_url, options.seed, Path(folder), transcript)
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
